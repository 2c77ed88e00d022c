"""The sheet: a matrix where most pairs were asked for, a list where few were, pages where there are many."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from viton_cli.config import TryOnConfig
from viton_cli.pages import gallery
from viton_cli.pipelines.tryon import tryon

pytestmark = pytest.mark.usefixtures("fakes")


def run(folders: SimpleNamespace, pairing: str = "all") -> list[tuple[int, int]]:
    where: dict[str, Any] = {"person": str(folders.people), "clothes": str(folders.clothes), "out": str(folders.out)}
    tryon(TryOnConfig(**where, pairing=pairing, overwrite=True))
    sizes = []
    for path in sorted(folders.out.glob("sheet*.jpg")):
        with Image.open(path) as opened:
            sizes.append((opened.height // (gallery.CELL[0] + gallery.MARGIN), opened.width // gallery.CELL[1]))
    return sizes


def test_people_down_garments_across(folders: SimpleNamespace) -> None:
    assert run(folders) == [(3, 4)]


def test_few_of_many_pairs_are_listed(folders: SimpleNamespace) -> None:
    for number in range(4):
        folders.photo(folders.people / f"{number}.png")
        folders.photo(folders.clothes / f"{number}.png")
    pairs = folders.root / "pairs.txt"
    pairs.write_text("".join(f"{number} {number}\n" for number in range(4)) + "anna red\n")
    assert run(folders, str(pairs)) == [(2, 12)], "four triples in the first row, one in the second"


def test_many_go_on_pages_and_old_pages_go(folders: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "COLUMNS", 3)
    assert run(folders) == [(3, 2), (3, 3)]
    monkeypatch.setattr(gallery, "COLUMNS", 14)
    assert run(folders) == [(3, 4)]
