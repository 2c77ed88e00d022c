"""The page, in Gradio: what there is to see, and what happens when it is touched."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import gradio as gr

from viton_cli.errors import VitonError
from viton_cli.lights import check_of, light_of
from viton_cli.pipelines.demo.room import KINDS, Fitting, FittingRoom, Wish, in_the_page
from viton_cli.pipelines.demo.samples import Sample
from viton_cli.pipelines.demo.visits import Visits

THEME = gr.themes.Default(
    primary_hue="blue", font=("system-ui", "sans-serif"), font_mono=("ui-monospace", "monospace"), radius_size="md"
)
STYLE = files("viton_cli.pages").joinpath("front", "demo.css").read_text(encoding="utf-8")
HOUR = 3600
SHEET = 12  # examples shown at a time
WAITING = 20  # visitors that may wait for their turn
HEAD = """<header><h1>Try on</h1><p>A photo of a person, a photo of a garment: the person in the garment.
Everything is worked out on this machine, nothing is sent, and what you give is deleted when you close this page.
</p></header>"""
NOTHING_YET = '<p class="nothing">Choose a photo of a person and one of a garment. The result will be here.</p>'
HEADLINES = {
    "good": "Nothing seems to have gone wrong.",
    "doubtful": "Look at this result before you use it.",
    "bad": "This result is most likely wrong.",
    "failed": "This cannot be done.",
}
KIND_NAMES = {"auto": "as its photo says", "top": "a top", "outerwear": "a jacket or coat", "dress": "a dress"}
Given = dict[str, Any] | None


def build(room: FittingRoom, visits: Visits, people: list[Sample], clothes: list[Sample], kind: str) -> gr.Blocks:
    """The page.

    Args:
        room: Where visitors are dressed. visits: What they leave behind.
        people, clothes: The examples. kind: What garments are taken for unless the visitor says so.
    """
    page = gr.Blocks(title="Try on", analytics_enabled=False, delete_cache=(60, HOUR), fill_width=True)
    with page:
        gr.HTML(HEAD, padding=False)
        with gr.Row(equal_height=False):
            with gr.Column(min_width=300):
                person = _picture("Person", "person", ["upload", "webcam", "clipboard"])
                _offer(people, person, "people", room.folder)
            with gr.Column(min_width=300):
                garment = _picture("Garment", "garment", ["upload", "clipboard"])
                _offer(clothes, garment, "garments", room.folder)
                with gr.Accordion("Corrections", open=False, elem_id="corrections"):
                    kinds = gr.Dropdown(
                        [(KIND_NAMES.get(name, name), name) for name in KINDS], value=kind, label="The garment is",
                        elem_id="kind",
                    )  # fmt: skip
                    mask = _picture("Mask of the garment: white where it is", "mask", ["upload"], height=180)
            with gr.Column(min_width=300):
                button = gr.Button("Try on", variant="primary", size="lg", elem_id="go")
                words = gr.HTML(NOTHING_YET, elem_id="words", padding=False)
                slider = gr.ImageSlider(
                    label="Before and after", elem_id="slider", interactive=False, visible=False, max_height=640,
                    buttons=["fullscreen"],
                )  # fmt: skip
                keep = gr.DownloadButton("Download at full size", variant="primary", visible=False, elem_id="keep")
                with gr.Accordion("Steps", open=False, visible=False, elem_id="steps") as fold:
                    steps = gr.Gallery(
                        label="Steps", show_label=False, columns=3, height="auto", object_fit="contain",
                        buttons=["fullscreen"], interactive=False, elem_id="strip",
                    )  # fmt: skip
        given = [person, garment, kinds, mask]
        button.click(
            _in_the_page(room, visits), given, [words, slider, keep, fold, steps],
            preprocess=False, show_progress_on=words, concurrency_id="room", api_visibility="private",
        )  # fmt: skip
        picture, told = gr.File(visible=False, label="picture"), gr.JSON(visible=False, label="told")
        gr.Button(visible=False).click(
            _for_programs(room, visits), given, [picture, told],
            preprocess=False, concurrency_id="room", api_name="tryon",
        )  # fmt: skip
        for place in (person, garment, mask):
            place.change(
                _remember(visits), place, preprocess=False, queue=False, show_progress="hidden",
                api_visibility="private",
            )  # fmt: skip
        page.unload(_forget(visits))
    page.queue(max_size=WAITING, default_concurrency_limit=1)
    return page


def _picture(label: str, id: str, sources: list[Any], height: int = 380) -> gr.Image:
    return gr.Image(
        label=label, elem_id=id, sources=sources, type="filepath", image_mode=None, height=height, buttons=[],
        webcam_options=gr.WebcamOptions(mirror=False),
    )  # fmt: skip


def _offer(samples: list[Sample], place: gr.Image, of: str, folder: Path) -> None:
    """Examples under a place, which are put into it when they are clicked."""
    if not samples:
        return
    shelf = gr.Dataset(
        label=f"Or one of these {of}", components=[gr.Image(visible=False)], type="index",
        samples=[[str(sample.thumb)] for sample in samples], samples_per_page=SHEET, elem_id=f"examples-{of}",
    )  # fmt: skip

    def pick(number: int) -> str:
        copy = folder / secrets.token_hex(16) / samples[number].path.name  # deleted as if it had been uploaded
        copy.parent.mkdir()
        return str(shutil.copyfile(samples[number].path, copy))

    shelf.click(pick, shelf, place, queue=False, show_progress="hidden", api_visibility="private")


def _in_the_page(room: FittingRoom, visits: Visits) -> Callable[..., tuple[Any, ...]]:
    def click(person: Given, garment: Given, kind: str, mask: Given, request: gr.Request) -> tuple[Any, ...]:
        try:
            done = room.dress(_wish(person, garment, kind, mask))
        except VitonError as error:
            told = _words("failed", [("failed", str(error), "")])
            return (
                told,
                gr.ImageSlider(visible=False),
                gr.DownloadButton(visible=False),
                gr.Accordion(visible=False),
                [],
            )
        visits.note(str(request.session_hash), *done.files)
        return (
            verdict(done.told),
            gr.ImageSlider((str(done.before), str(done.after)), visible=True),
            gr.DownloadButton(value=str(done.picture), visible=True),
            gr.Accordion(visible=True),
            [(str(path), name) for path, name in done.steps],
        )

    return click


def _for_programs(room: FittingRoom, visits: Visits) -> Callable[..., tuple[str, dict[str, Any]]]:
    def tryon(
        person: Given, garment: Given, kind: str, garment_mask: Given, request: gr.Request
    ) -> tuple[str, dict[str, Any]]:
        """Dress a person in a garment: the picture, and what is to be said of it."""
        try:
            wish = _wish(person, garment, kind, garment_mask)
            visits.note(str(request.session_hash), *wish.files)
            done: Fitting = room.dress(wish, steps=False)
        except VitonError as error:
            raise gr.Error(str(error), print_exception=False) from None
        visits.note(str(request.session_hash), *done.files)
        return str(done.picture), done.told

    return tryon


def _wish(person: Given, garment: Given, kind: str, mask: Given) -> Wish:
    """What is asked for.

    Raises:
        VitonError: One of the two pictures is missing.
    """
    files = [_file(given) for given in (person, garment)]
    for path, name in zip(files, ("person", "garment")):
        if path is None:
            raise VitonError(f"no photo of a {name} yet")
    assert files[0] and files[1]
    return Wish(files[0], files[1], _file(mask), kind)


def _file(given: Given) -> Path | None:
    """The file of what Gradio hands over; it has seen that it was uploaded."""
    return Path(given["path"]) if given and given.get("path") else None


def _remember(visits: Visits) -> Callable[..., None]:
    def note(given: Given, request: gr.Request) -> None:
        path = _file(given)
        if path is not None:
            visits.note(str(request.session_hash), path)

    return note


def _forget(visits: Visits) -> Callable[..., None]:
    def leave(request: gr.Request) -> None:
        visits.leave(str(request.session_hash))

    return leave


def verdict(told: dict[str, Any]) -> str:
    """What is to be said of a result (`Fitting.told`), as HTML."""
    checks = [check_of(each) for each in told["checks"]]
    lines = [(light_of([check]), str(check), in_the_page(check.cure)) for check in checks]
    return _words(told["light"], lines, told["quality"])


def _words(light: str, lines: list[tuple[str, str, str]], quality: float | None = None) -> str:
    """What is to be said, as HTML: a headline, and a line each of (light, text, cure)."""
    figure = "" if quality is None else f' <span class="quality">quality {quality:.2f}</span>'
    items = "".join(
        f'<li class="{each}">{escape(text)}{f"<br><span>{escape(cure)}</span>" if cure else ""}</li>'
        for each, text, cure in lines
    )
    return f'<p class="light {light}" role="status">{HEADLINES[light]}{figure}</p><ul class="checks">{items}</ul>'
