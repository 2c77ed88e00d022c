"""Runs of try-on with stand-ins for the networks."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from viton_cli.config import TryOnConfig
from viton_cli.engines.progress import Progress, Summary
from viton_cli.files import Manifest
from viton_cli.pipelines.tryon import tryon


class Spoken(Progress):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.problems: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def check(self, text: str, severity: str) -> None:
        self.notes.append(f"{severity}: {text}")

    def problem(self, text: str) -> None:
        self.problems.append(text)


def run(folders: SimpleNamespace, progress: Progress | None = None, **settings: Any) -> Summary:
    given = {"person": str(folders.people), "clothes": str(folders.clothes), "out": str(folders.out), **settings}
    return tryon(TryOnConfig(**given), progress)


def manifest(folders: SimpleNamespace) -> dict[tuple[str, str], dict[str, Any]]:
    return {(e["person"], e["garment"]): e for e in Manifest(folders.out / "manifest.jsonl").read()}


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
