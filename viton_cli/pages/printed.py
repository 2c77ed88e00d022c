"""Trials on paper: pages with the pictures of each trial, and a form for the answers."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont, ImageOps

from viton_cli.files import write_bytes

DPI = 150
PAGE = (1240, 1754)  # width, height of A4 at 150 dots an inch
EDGE = 70
TRIALS_A_PAGE = 4
LINE = 40  # pixels between the lines of the form
COLUMNS = 3  # of the form
FORM_TOP = 330
NAMES = ("person", "garment", "1", "2")
Pictures = list[Image.Image]


def print_list(
    folder: Path, sheet: str, number: int, question: str, trials: Iterable[Pictures], kind: str
) -> list[Path]:
    """Write one rater's list, the form first, as one PDF or as a PNG a page.

    Args:
        folder: Where to.
        sheet: Id of the sheet.
        number: Of the list, from 1.
        question: What is asked.
        trials: The pictures of each: person, garment, left, right.
        kind: "pdf" or "png".

    Returns:
        The files.
    """
    head = f"sheet {sheet}, list {number}"
    pages = list(_pages(trials, head))
    count = sum(len(rows) for rows, _ in pages)
    drawn = [*_form(head, question, count), *(picture for _, picture in pages)]
    if kind == "pdf":
        stream = io.BytesIO()
        # A fixed date: the same sheet is the same file.
        drawn[0].save(
            stream,
            "PDF",
            save_all=True,
            append_images=drawn[1:],
            resolution=DPI,
            title=head,
            creationDate=None,
            modDate=None,
        )
        path = folder / f"list-{number:02d}.pdf"
        write_bytes(path, stream.getvalue())
        return [path]
    paths = []
    for place, picture in enumerate(drawn, start=1):
        stream = io.BytesIO()
        picture.save(stream, "PNG", dpi=(DPI, DPI))
        paths.append(folder / f"list-{number:02d}-page-{place:02d}.png")
        write_bytes(paths[-1], stream.getvalue())
    return paths


def _pages(trials: Iterable[Pictures], head: str) -> Iterator[tuple[list[Pictures], Image.Image]]:
    """The trials of each page, and the page."""
    ahead, first = iter(trials), 1
    while rows := list(islice(ahead, TRIALS_A_PAGE)):
        picture, draw = _paper(head)
        row_height = (PAGE[1] - EDGE - 130) // TRIALS_A_PAGE
        cell = (PAGE[0] - 2 * EDGE) // len(NAMES)
        for row, pictures in enumerate(rows):
            top = 130 + row * row_height
            draw.text((EDGE, top), f"Trial {first + row}", "black", _font(26))
            for column, (name, image) in enumerate(zip(NAMES, pictures)):
                box = (cell - 16, row_height - 90)
                image = ImageOps.contain(image, box, Image.Resampling.LANCZOS)
                left = EDGE + column * cell + (box[0] - image.width) // 2
                picture.paste(image, (left, top + 66))
                draw.text((left, top + 34), name, "black", _font(24))
        yield rows, picture
        first += len(rows)


def _form(head: str, question: str, count: int) -> Iterator[Image.Image]:
    """Pages with a line to tick for each trial."""
    lines = (PAGE[1] - FORM_TOP - EDGE) // LINE
    for start in range(0, count, lines * COLUMNS):
        picture, draw = _paper(f"{head}: answers")
        draw.text((EDGE, 130), question, "black", _font(26))
        draw.text(
            (EDGE, 180),
            "Tick 1 or 2 for each trial; do not leave any out, and guess where you cannot say.",
            "black",
            _font(24),
        )
        draw.text(
            (EDGE, 240), "Rater: ______________________________      Date: ____________________", "black", _font(26)
        )
        for place in range(min(lines * COLUMNS, count - start)):
            column, line = divmod(place, lines)
            left, top = EDGE + column * 370, FORM_TOP + line * LINE
            draw.text((left, top), f"{start + place + 1:>4}", "black", _font(24))
            for choice in (1, 2):
                at = left + 80 + choice * 90
                draw.text((at - 24, top), str(choice), "black", _font(24))
                draw.rectangle((at, top + 2, at + 24, top + 26), outline="black", width=2)
        yield picture


def _paper(head: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", PAGE, "white")
    draw = ImageDraw.Draw(picture)
    draw.text((EDGE, 60), head, "#444444", _font(24))
    return picture, draw


def _font(size: int) -> Any:
    return ImageFont.load_default(size)
