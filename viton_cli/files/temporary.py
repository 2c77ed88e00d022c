"""Half-written files and folders for a while: their names, and taking away those that a killed run has left."""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
_NAME = re.compile(r"\.viton-([0-9a-f]{8})-(\d+)-[0-9a-f]{16}\.tmp")
_DAY = 24 * 3600.0


def temporary(path: Path) -> Path:
    """A new hidden name beside `path`, which says who writes it."""
    return path.with_name(f".viton-{_HOST}-{os.getpid()}-{secrets.token_hex(8)}.tmp")


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that only this user can read, gone afterwards; those that killed runs have left are taken away first."""
    place = Path(tempfile.gettempdir())
    for left in place.glob(".viton-*.tmp"):
        if (found := _NAME.fullmatch(left.name)) and left.is_dir() and _is_left(left, *found.groups()):
            shutil.rmtree(left, ignore_errors=True)
    folder = temporary(place / "folder")
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def of_path(path: Path, error: OSError) -> OSError:
    """The same error of the file that was asked for: a user knows nothing of a temporary one."""
    return OSError(error.errno or errno.EIO, error.strerror or str(error), str(path))


def sweep(folder: Path, deep: bool = False) -> None:
    """Take away what runs that are no more have left half written in a folder, with `deep` also below it."""
    for place, _, names in os.walk(folder):
        for name in names:
            if (found := _NAME.fullmatch(name)) and _is_left(Path(place, name), *found.groups()):
                with suppress(OSError):
                    Path(place, name).unlink()
        if not deep:
            return


def _is_left(path: Path, host: str, process: str) -> bool:
    """Whether whoever wrote it is gone; of another machine, whether it is a day old."""
    if host == _HOST and os.name == "posix":
        try:
            os.kill(int(process), 0)
        except (ProcessLookupError, OverflowError):
            return True
        except OSError:
            return False
        return False
    try:
        return time.time() - path.stat().st_mtime > _DAY
    except OSError:
        return False
