"""index.html of a try-on folder: the page to judge its results on, made from the manifest, whatever run made them."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote

from viton_cli.errors import shown
from viton_cli.files import write_text
from viton_cli.lights import LIGHTS, Check, check_of, light_of
from viton_cli.pages.bundle import page

if TYPE_CHECKING:
    from viton_cli.pipelines.tryon.folder import TryOnFolder

T = TypeVar("T")
PAUSE = 5.0  # seconds at least between two writings while a run goes on
SHARE = 20  # a writing may take one in so many seconds


class LiveIndex:
    """The page of a run that goes on: written at once, and then now and then.

    Args:
        folder: The run's.
    """

    def __init__(self, folder: TryOnFolder) -> None:
        self.folder = folder
        self.next = 0.0

    def refresh(self, ahead: int) -> None:
        """Write the page if that is due; `ahead` is how many pairs are still to be made."""
        began = time.monotonic()
        if began < self.next:
            return
        write_index(self.folder, ahead)
        ended = time.monotonic()
        self.next = ended + max(PAUSE, SHARE * (ended - began))


def write_index(folder: TryOnFolder, ahead: int = 0) -> None:
    """Write index.html with every result of the folder; `ahead` pairs are still to be made by a run that goes on."""
    write_text(folder.path / "index.html", page("results", "Try-on results", page_data(folder, ahead)))


def page_data(folder: TryOnFolder, ahead: int) -> dict[str, Any]:
    """What the page is given: people, garments and checks once each, and results that name them by number."""
    there = _files(folder.path)
    people, garments, checks = _Table[str](), _Table[str](), _Table[Check]()
    photos: dict[str, str] = {}
    results = []
    for entry in folder.manifest.read():
        person, garment = entry.get("person"), entry.get("garment")
        if not isinstance(person, str) or not isinstance(garment, str):
            continue
        if isinstance(entry.get("photo"), str):
            photos[person] = entry["photo"]
        # Everything of a pair is called like its result (`TryOnFolder`); the page makes the same names.
        aside = entry.get("aside") is True
        name = folder.output(person, garment).relative_to(folder.path).with_suffix("").as_posix()
        picture = f"aside/{name}" if aside else name
        files = {
            "f": f"{picture}.png", "j": f"{picture}.jpg", "w": f"{picture}.webp",
            "t": f"thumbs/{name}.jpg", "s": f"steps/{name}.jpg", "m": f"edited/{name}.png",
        }  # fmt: skip
        seconds, quality, changed = entry.get("seconds"), entry.get("quality"), entry.get("changed")
        results.append([
            people.place(person), garments.place(garment), light_in(entry), _number(quality),
            [checks.place(check_of(check)) for check in entry.get("checks") or []], quote(name),
            "a" * aside + "".join(flag for flag, path in files.items() if path in there),
            round(sum(seconds.values()), 2) if isinstance(seconds, dict) and seconds else None,
            _number(changed), entry.get("cause"),
        ])  # fmt: skip

    def thumb(kind: str, id: str) -> str | None:
        path = folder.thumb(kind, id).relative_to(folder.path).as_posix()
        return quote(path) if path in there else None

    return {
        "people": [{"id": shown(p), "thumb": thumb("person", p), "photo": _url(photos.get(p))} for p in people.values],
        "garments": [{"id": shown(g), "thumb": thumb("garment", g)} for g in garments.values],
        "checks": [[str(check), check.severity, check.cure] for check in checks.values],
        "results": results,
        "ahead": ahead,
    }


def light_in(entry: Mapping[str, Any]) -> str:
    """How far a result can be trusted: one of LIGHTS, as its manifest line says or as its checks do."""
    if entry.get("status") != "ok":
        return "failed"
    return str(entry["light"]) if entry.get("light") in LIGHTS else light_of(entry.get("checks") or [])


class _Table(Generic[T]):
    """Values by the order in which they first came."""

    def __init__(self) -> None:
        self._places: dict[T, int] = {}

    def place(self, value: T) -> int:
        return self._places.setdefault(value, len(self._places))

    @property
    def values(self) -> list[T]:
        return list(self._places)


def _files(folder: Path) -> set[str]:
    """Every file below a folder, as relative POSIX paths: one walk is quicker than asking for each."""
    return {
        Path(where, name).relative_to(folder).as_posix() if where != str(folder) else name
        for where, _, names in os.walk(folder)
        for name in names
    }


def _number(value: object) -> float | None:
    return round(float(value), 5) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _url(path: str | None) -> str | None:
    """A file's path, relative to the folder or absolute, as a link of the page."""
    if path is None or "://" in path:  # a browser does not look into stores
        return None
    return Path(path).as_uri() if Path(path).is_absolute() else quote(os.fsencode(Path(path).as_posix()))
