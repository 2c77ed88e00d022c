"""`viton explain`: one try-on, every step of it in one picture, and which of them most likely went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from viton_cli.config import ExplainConfig
from viton_cli.errors import BadConfig, NoGarmentFound, NoPersonFound, VitonError
from viton_cli.files import check_apart, write_image
from viton_cli.imaging.drawing import draw_labels, tile
from viton_cli.lights import SEVERITIES, STEPS, Check, check_of, light_of
from viton_cli.perception.by_hand import Known
from viton_cli.perception.garments.cut import GIVE_MASK
from viton_cli.perception.person import ANOTHER_PHOTO
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon.api import TryOn
from viton_cli.pipelines.tryon.corrections import corrections_of
from viton_cli.pipelines.tryon.folder import steps_of
from viton_cli.pipelines.tryon.given import as_mask, as_photo
from viton_cli.pipelines.tryon.lights import verdict_of
from viton_cli.records import Garment, Person, Photo, Result

Picture = NDArray[np.uint8]
TALL, COLUMNS = 448, 4  # height of one step's picture; steps in a row
# Names of the pictures, in the order in which they are shown: the step of the flow each shows, and a caption.
SHOWN = {
    "photo": ("photo", "photo: what the networks see of it"),
    "pose": ("joints", "joints"),
    "parse": ("labels", "labels: skin, clothes, hair"),
    "cut": ("product", "product: what is cut out of its photo"),
    "representation": ("labels", "representation: all that is kept of the person"),
    "layout": ("layout", "layout: red trunk, green and blue sleeves"),
    "places": ("places", "places: from where on the product"),
    "warped clothing": ("warp", "warped garment"),
    "coarse image": ("layout", "coarse image"),
    "clothing mask": ("layout", "clothing mask"),
    "composition mask": ("result", "composition mask: white shows the garment"),
    "result": ("result", "result"),
}
NOTHING = "nothing looks wrong"


@dataclass(frozen=True, eq=False)
class Explanation:
    """What became of one try-on.

    Attributes:
        light: One of `lights.LIGHTS`; "failed" where there is no result.
        step, why, cure: Where it most likely went wrong, of `lights.STEPS`, and what to do; "" where nothing did.
        quality: Of the result. signs: What that rests on.
        checks: Everything there is to say. picture: All steps.
    """

    light: str
    step: str
    why: str
    cure: str
    quality: float | None
    signs: dict[str, float]
    checks: list[dict[str, Any]]
    picture: Picture

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        told = {name: value for name, value in vars(self).items() if name != "picture"}
        return told | {"signs": {name: round(value, 4) for name, value in self.signs.items()}}

    def __str__(self) -> str:
        """In lines for a person."""
        quality = "" if self.quality is None else f", quality {self.quality:.2f}"
        lines = [f"{self.light}{quality}"]
        lines.append(f"most likely wrong: {self.step}: {self.why}" if self.step else self.why)
        return "\n".join([*lines, *([f"cure: {self.cure}"] if self.cure else [])])


def explain(config: ExplainConfig, person: Path, garment: Path) -> Explanation:
    """Dress one person in one garment, and show every step; written to `config.out`.

    What is refused is tried on all the same, so that there is something to see.

    Raises:
        BadImage, BadMask: A file cannot be read. BadConfig: Something is where the picture would be written.
    """
    out = where(config, person, garment)
    said = corrections_of(config, {"person": person}, {}, Path()).people.get("person")
    check_apart(
        out, [*(said.files if said else ()), *([config.clothes_mask] if config.clothes_mask else [])], written=[out]
    )
    photo = as_photo(person, "person")
    found = _explained(config, photo, as_photo(garment, "garment"), said.known(photo) if said else None)
    write_image(out, found.picture)
    return found


def where(config: ExplainConfig, person: Path, garment: Path) -> Path:
    """The file that will be written.

    Raises:
        BadConfig: Something is there already, or it is one of the photos.
    """
    out = config.out or Path(f"{person.stem}__{garment.stem}.explained.png")
    if config.out is None and out.exists():
        raise BadConfig(f"{out}: is there already; name another file (--out)")
    check_apart(out, [person, garment], written=[out])
    return out


def _explained(config: ExplainConfig, person: Photo, garment: Photo, known: Known | None) -> Explanation:
    engine = TryOn(config)
    failures: list[Check] = []
    wearer, cut, result = None, None, None
    try:
        wearer = engine.tools.find(person, known)
    except NoPersonFound as error:
        failures.append(Check(str(error), "bad", "joints", ANOTHER_PHOTO))
    mask = None if config.clothes_mask is None else as_mask(config.clothes_mask, garment.full_size, garment.size)
    try:
        cut = engine.cut(garment, mask)
    except NoGarmentFound as error:
        failures.append(Check(str(error), "bad", "product", GIVE_MASK))
        cut = _all_the_same(config, engine.tools, garment, mask)
    if wearer is not None and cut is not None:
        try:
            result = engine.dress(wearer, cut, steps=True)
        except VitonError as error:
            failures.append(Check(str(error), "bad", "warp", GIVE_MASK))
    checks = [*failures, *(wearer.checks if wearer else ()), *(cut.checks if cut else ())]
    checks += result.checks if result else ()
    return _told(person, garment, wearer, cut, result, checks, bool(failures))


def _all_the_same(config: ExplainConfig, tools: Tools, photo: Photo, mask: Any) -> Garment | None:
    """A garment that was refused by its kind; None of one that cannot be cut out."""
    try:
        again = Tools(config.model_copy(update={"kind": "top"}), tools.finder, tools.cutter, tools.method)
        return again.cut(photo, mask)
    except VitonError:
        return None


def _told(
    person: Photo,
    garment: Photo,
    wearer: Person | None,
    cut: Garment | None,
    result: Result | None,
    checks: list[str],
    failed: bool,
) -> Explanation:
    told = [check_of(check) for check in dict.fromkeys(checks)]
    worst = culprit(told)
    pictures = {"photo": person.image, "garment": garment.image}
    if wearer is not None and result is not None:
        pictures |= steps_of(wearer, result)
    elif wearer is not None:
        empty = Result(person.image, np.zeros(person.size, np.bool_))
        pictures |= {name: shown for name, shown in steps_of(wearer, empty).items() if name != "result"}
    if cut is not None:
        pictures["cut"] = draw_labels(garment.image, (cut.mask <= 0.5).astype(np.uint8), 0.7)
    elif "cut" not in pictures:
        pictures["cut"] = garment.image
    step, why, cure = (worst.step, str(worst), worst.cure) if worst else ("", NOTHING, "")
    verdict = verdict_of(checks, result.quality if result else None)
    light = "failed" if failed else light_of(told)
    return Explanation(
        light, step, why, cure, verdict["quality"], result.signs if result else {}, verdict["checks"],
        sheet_of(pictures, step, f"{light}: {why}" + (f" ({cure})" if cure else "")),
    )  # fmt: skip


def culprit(checks: list[Check]) -> Check | None:
    """The check that says best what went wrong: the most severe one, and of those the earliest in the flow; None where
    none is a fault."""
    faults = [check for check in checks if check.severity != "info"]
    order = {step: number for number, step in enumerate((*STEPS, ""))}
    return min(faults, key=lambda check: (-SEVERITIES.index(check.severity), order[check.step]), default=None)


def sheet_of(pictures: dict[str, Picture], step: str, title: str) -> Picture:
    """All steps that there are in one picture, the step that went wrong framed in red, and a line above."""
    shown, captions = [], []
    for name, (of_step, caption) in SHOWN.items():
        if name in pictures:
            picture = Image.fromarray(pictures[name]).convert("RGB")
            picture = picture.resize((max(round(picture.width * TALL / picture.height), 1), TALL))
            if of_step == step:
                ImageDraw.Draw(picture).rectangle((0, 0, picture.width - 1, TALL - 1), outline="#d00000", width=8)
            shown.append(np.asarray(picture))
            captions.append(caption)
    tiles = tile(shown, COLUMNS, captions)
    sheet = Image.new("RGB", (tiles.shape[1], tiles.shape[0] + 24), "white")
    letters = title.encode("latin-1", "replace").decode("latin-1")[: tiles.shape[1] // 6]
    ImageDraw.Draw(sheet).text((6, 6), letters, fill="#a00000" if step else "black")
    sheet.paste(Image.fromarray(tiles), (0, 24))
    return np.asarray(sheet)
