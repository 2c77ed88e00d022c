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
    opened: list[Dataset] = []
    for entry in entries:
        name, colon, path = str(entry).partition(":")
        if not colon or Path(entry).exists():  # a path may hold a colon
            name, path = "prepared", str(entry)
        opened.append(DATASETS.get(name)(Path(path).expanduser()))
    return opened
