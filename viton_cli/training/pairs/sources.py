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
    for entry in entries:
        name, colon, path = str(entry).partition(":")
        if not colon or Path(entry).exists():  # a path may hold a colon
            name, path = "prepared", str(entry)
        opened += [DATASETS.get(name)(folder) for folder in expand([path])]
    return opened
