"""docs/results.jpg, the picture in the README: people of examples/ in garments of examples/, chosen before looking.

python tests/benchmarks/results_picture.py [docs/results.jpg]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli import TryOn
from viton_cli.files import read_photo, write_image

PEOPLE = ("p01", "p02", "p03", "p04")
CLOTHES = ("g01", "g02", "g04", "g05", "g06", "g07")
HEIGHT, WIDTH, ROW = 300, 225, 120


def fitted(image: NDArray[np.uint8], size: tuple[int, int]) -> Image.Image:
    """The picture in a white cell of (width, height)."""
    picture = Image.fromarray(image)
    picture.thumbnail(size, Image.Resampling.LANCZOS)
    cell = Image.new("RGB", size, "white")
    cell.paste(picture, ((size[0] - picture.width) // 2, (size[1] - picture.height) // 2))
    return cell


def main(out: Path) -> None:
    engine = TryOn()
    clothes = [engine.cut(read_photo(Path(f"examples/clothes/{name}.jpg"))) for name in CLOTHES]
    sheet = Image.new("RGB", (WIDTH * (len(CLOTHES) + 1), ROW + HEIGHT * len(PEOPLE)), "white")
    for column, garment in enumerate(clothes, start=1):
        sheet.paste(fitted(garment.photo.image, (WIDTH, ROW)), (column * WIDTH, 0))
    for row, name in enumerate(PEOPLE):
        person = engine.find(read_photo(Path(f"examples/people/{name}.jpg")))
        pictures = [person.photo.image, *(engine.run(person, garment).image for garment in clothes)]
        for column, picture in enumerate(pictures):
            sheet.paste(fitted(picture, (WIDTH, HEIGHT)), (column * WIDTH, ROW + row * HEIGHT))
    write_image(out, np.asarray(sheet))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/results.jpg"))
