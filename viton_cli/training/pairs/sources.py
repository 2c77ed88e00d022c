"""Training sources: `PATH` (a prepared folder) or `FORMAT:PATH` (a data set in its own layout)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from viton_cli.data import DATASETS
from viton_cli.data.base import Dataset


def open_sources(entries: Iterable[str]) -> list[Dataset]:
    """Open every `--data` entry.

    Raises:
        UnknownName: The format is not known. BadDataset: The folder is not of that format.
    """
    return [DATASETS.get(name)(path) for name, path in map(source_of, entries)]


def source_of(entry: str) -> tuple[str, Path]:
    """Format and path of a `--data` entry."""
    name, colon, path = entry.partition(":")
    if not colon or Path(entry).exists():  # a path may hold a colon
        name, path = "prepared", entry
    return name, Path(path).expanduser()
