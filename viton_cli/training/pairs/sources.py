"""Training sources: `PATH` (a prepared folder) or `FORMAT:PATH` (a data set in its own layout)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from viton_cli.data import DATASETS
from viton_cli.data.base import Dataset
from viton_cli.files import expand


def open_sources(entries: Iterable[str]) -> list[Dataset]:
    """Open every `--data` entry; a pattern stands for all folders that fit it.

    Raises:
        UnknownName: The format is not known. BadDataset: The folder is not of that format.
    """
    opened: list[Dataset] = []
    for name, path in map(source_of, entries):
        opened += [DATASETS.get(name)(folder) for folder in expand(path)]
    return opened


def source_of(entry: str) -> tuple[str, Path]:
    """Format and path of a `--data` entry."""
    name, colon, path = entry.partition(":")
    if not colon or Path(entry).exists():  # a path may hold a colon
        name, path = "prepared", entry
    return name, Path(path).expanduser()
