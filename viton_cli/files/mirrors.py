"""Folders that stand for ones that lie elsewhere: what is written here is written there too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

_mirrors: dict[str, Mirror] = {}


class Mirror(Protocol):
    """What a folder stands for that lies elsewhere: `files.stores.Mirror`."""

    folder: Path

    def is_there_alone(self, path: Path) -> bool:
        """Whether only the size of a file is known here."""
        ...

    def written(self, path: Path) -> None:
        """A file was written here."""
        ...

    def grown(self, path: Path) -> None:
        """A file of records has grown here."""
        ...

    def removed(self, path: Path) -> None:
        """A file was taken away here."""
        ...

    def fetch_records(self) -> None:
        """Bring the records of other processes here."""
        ...

    def flush(self) -> None:
        """Write there what was written here."""
        ...


def mirror_of(folder: Path) -> Mirror | None:
    """What a folder stands for, if it stands for anything."""
    return _mirrors.get(os.path.abspath(folder))


@contextmanager
def mirrored(mirror: Mirror) -> Iterator[None]:
    """While this lasts, what is written into a folder is also written to where the folder stands for."""
    name = os.path.abspath(mirror.folder)
    _mirrors[name] = mirror
    try:
        yield
        mirror.flush()
    except BaseException:
        with suppress(OSError):  # what was finished stays
            mirror.flush()
        raise
    finally:
        del _mirrors[name]
