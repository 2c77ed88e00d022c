"""One browser for all tests of the pages, and a small folder of results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, browser
from results_folder import Folder, entries
from stand_ins import photo


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def page(chromium: Browser) -> Browser:
    """The browser, with nothing heard, saved or kept so far."""
    chromium.open_blank()
    return chromium


@pytest.fixture
def small(tmp_path: Path) -> Folder:
    """Six results with pictures, of two people in three garments."""
    folder = Folder(tmp_path / "out", [{**entry, "photo": f"../{entry['person']}.png"} for entry in entries(2, 3)])
    for entry in folder.manifest.read():
        ids = entry["person"], entry["garment"]
        photo(tmp_path / f"{ids[0]}.png")
        for path in (folder.output(*ids), folder.strip(*ids), folder.edited(*ids), folder.thumb("pair", *ids)):
            photo(path, (200, 30, 30))
        photo(folder.thumb("person", ids[0]))
        photo(folder.thumb("garment", ids[1]))
    return folder
