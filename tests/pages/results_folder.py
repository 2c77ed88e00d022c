"""A try-on folder, drawn here, and its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from browser import Browser

from viton_cli.files import Manifest
from viton_cli.pages.index import page_data, write_index
from viton_cli.pipelines.names import pair_name, safe

CARDS = "document.querySelectorAll('.result').length"
VIEWER = "document.querySelector('dialog[open]')"


class Folder:
    """A try-on folder as the page sees it: names as `TryOnFolder` gives them, a manifest written here."""

    def __init__(self, path: Path, entries: list[dict[str, Any]] | None = None) -> None:
        self.path, self.manifest = path, Manifest(path / "manifest.jsonl")
        if entries is not None:
            path.mkdir(parents=True, exist_ok=True)
            self.manifest.path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")

    def output(self, person: str, garment: str) -> Path:
        return self.path / f"{pair_name(person, garment)}.png"

    def strip(self, person: str, garment: str) -> Path:
        return self.path / "steps" / f"{pair_name(person, garment)}.jpg"

    def edited(self, person: str, garment: str) -> Path:
        return self.path / "edited" / f"{pair_name(person, garment)}.png"

    def thumb(self, kind: str, id: str, garment: str = "") -> Path:
        return self.path / "thumbs" / (f"{pair_name(id, garment)}.jpg" if kind == "pair" else f"{kind}/{safe(id)}.jpg")


def write(folder: Folder, ahead: int = 0) -> Path:
    write_index(folder, ahead)  # type: ignore[arg-type]
    return folder.path / "index.html"


def data_of(folder: Folder) -> dict[str, Any]:
    return page_data(folder, 0)  # type: ignore[arg-type]


def entries(people: int, garments: int) -> list[dict[str, Any]]:
    """Results in turn good, doubtful, bad; every 50th failed."""
    made = []
    for number in range(people * garments):
        person, garment = divmod(number, garments)
        checks: list[Any] = [[], ["sleeves change"], [{"severity": "bad", "text": "on the torso"}]][number % 3]
        entry = {"person": f"p{person:03d}", "garment": f"g{garment:03d}", "status": "ok", "checks": checks}
        entry |= {"quality": (number * 37 % 100) / 100, "changed": 0.2, "seconds": {"warp": 0.25, "person": 0.5}}
        if number % 50 == 49:
            entry |= {"status": "failed", "cause": f"p{person:03d}: no person found"}
        made.append(entry)
    return made


def choose(page: Browser, name: str, value: str) -> float:
    """Choose in a list; milliseconds until the page shows it."""
    return float(
        page.js(
            f"(() => {{ const s = document.getElementById('{name}'); s.value = '{value}'; const t = performance.now();"
            " s.dispatchEvent(new Event('change')); document.body.getBoundingClientRect();"
            " return performance.now() - t; })()"
        )
    )


def counts(page: Browser) -> str:
    return str(page.js("document.querySelector('#counts').textContent"))
