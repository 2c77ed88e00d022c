"""What a person looks at after a try-on run: sheet.jpg (more pages if need be), and index.html (index.py)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from viton_cli.files import open_picture, remove, write_image
from viton_cli.imaging.lettering import write_words
from viton_cli.pages.index import write_index

if TYPE_CHECKING:
    from viton_cli.pipelines.tryon.folder import TryOnFolder

CELL = (160, 120)  # height, width of a cell of the sheet
MARGIN = 14
ROWS, COLUMNS = 16, 14  # cells of one page, headers included
LIST_TRIPLES = 4  # pairs in a row where few of the possible pairs were asked for


def write_gallery(folder: TryOnFolder, wanted: dict[str, list[str]]) -> None:
    """Write index.html for the whole folder and, once all pairs of a run are there, sheet.jpg, sheet-2.jpg ..."""
    told = {(entry.get("person"), entry.get("garment")) for entry in folder.manifest.read()}
    if any((person, garment) not in told for person, garments in wanted.items() for garment in garments):
        write_index(folder)  # other processes are at work on the rest
        return
    pages = list(_pages(folder, wanted))
    for number, cells in enumerate(pages, start=1):
        write_image(folder.path / ("sheet.jpg" if number == 1 else f"sheet-{number}.jpg"), _draw(cells))
    for old in folder.path.glob("sheet-*.jpg"):
        page = old.stem.removeprefix("sheet-")
        if page.isdigit() and int(page) > len(pages):
            remove(old)
    write_index(folder)


Cell = tuple[Path, str] | None


def _pages(folder: TryOnFolder, wanted: dict[str, list[str]]) -> Iterator[list[list[Cell]]]:
    """Cells of each page: people down and garments across, or, where that would be mostly empty, pair after pair."""
    garments = list(dict.fromkeys(garment for clothes in wanted.values() for garment in clothes))
    count = sum(len(clothes) for clothes in wanted.values())

    def head(kind: str, id: str, sign: str = "") -> Cell:
        return folder.thumb(kind, id), f"{sign}{id}"

    def result(person: str, garment: str, caption: str = "") -> Cell:
        return folder.thumb("pair", person, garment), caption

    if 2 * count >= len(wanted) * len(garments):
        people = list(wanted)
        for top in range(0, len(people), ROWS - 1):
            for left in range(0, len(garments), COLUMNS - 1):
                across = garments[left : left + COLUMNS - 1]
                rows = [[None, *(head("garment", garment) for garment in across)]]
                for person in people[top : top + ROWS - 1]:
                    cells = (result(person, garment) if garment in wanted[person] else None for garment in across)
                    rows.append([head("person", person), *cells])
                yield rows
        return
    triples = [
        [head("person", person), head("garment", garment, "+ "), result(person, garment, "= result")]
        for person, clothes in wanted.items()
        for garment in clothes
    ]
    rows = [
        [cell for triple in triples[i : i + LIST_TRIPLES] for cell in triple]
        for i in range(0, len(triples), LIST_TRIPLES)
    ]
    for top in range(0, len(rows), ROWS):
        yield rows[top : top + ROWS]


def _draw(rows: list[list[Cell]]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    height, width = CELL
    columns = max(len(row) for row in rows)
    sheet = Image.new("RGB", (columns * (width + 4) + 4, len(rows) * (height + MARGIN + 4) + 4), "white")
    draw = ImageDraw.Draw(sheet)
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if cell is None:
                continue
            path, caption = cell
            left, top = 4 + x * (width + 4), 4 + y * (height + MARGIN + 4)
            write_words(draw, (left, top), caption, width)
            if path.is_file():
                with open_picture(path) as opened:
                    opened.thumbnail((width, height))
                    place = left + (width - opened.width) // 2, top + MARGIN + (height - opened.height) // 2
                    sheet.paste(opened, place)
            else:
                box = left, top + MARGIN, left + width, top + MARGIN + height
                draw.rectangle(box, outline="#cccccc")
                draw.text((left + 8, top + MARGIN + height // 2 - 6), "failed", fill="#aa0000")
    return np.asarray(sheet)
