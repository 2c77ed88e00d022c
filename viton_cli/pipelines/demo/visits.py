"""Whose files are whose, so that those of a visitor who has left can be deleted."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path


class Visits:
    """The files of each open page or client. Safe from several threads.

    Args:
        folder: Only files in it are deleted, whatever else is noted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._files: dict[str, set[Path]] = {}
        self._left: set[str] = set()
        self._lock = threading.Lock()

    def note(self, visitor: str, *files: Path) -> None:
        """These are a visitor's; who has left already while they were made has them deleted at once."""
        with self._lock:
            self._files.setdefault(visitor, set()).update(path.resolve() for path in files)
        if visitor in self._left:
            self.leave(visitor)

    def leave(self, visitor: str) -> None:
        """Delete what is nobody else's: who upload the same file share one."""
        with self._lock:
            self._left.add(visitor)
            own = self._files.pop(visitor, set())
            for path in own.difference(*self._files.values()):
                if self.folder not in path.parents:
                    continue
                path.unlink(missing_ok=True)
                with suppress(OSError):  # it holds something else
                    path.parent.rmdir()
