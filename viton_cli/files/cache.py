"""A folder of arrays by key that may be thrown away at any time: bounded, and readable by its owner alone.

An entry is a `.npz` without pickles, written under another name and then renamed. What is torn, is not of this format,
belongs to somebody else or lies behind a link is no entry, and is written again.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viton_cli.errors import BadConfig

FORMAT = "viton-1"  # the folder of the entries: those of another format are not looked at
LARGEST = 1 << 30  # bytes of an entry
KEEP = 0.9  # of the size that is allowed is left after a clearing
_NAME = re.compile(r"[0-9a-f]{64}\.npz")
Arrays = dict[str, NDArray[Any]]


def user_folder() -> Path:
    """The user's cache folder of this toolkit, as the system has it.

    Raises:
        OSError: There is none.
    """
    from platformdirs import user_cache_path

    return user_cache_path("viton-cli", appauthor=False)


class Cache:
    """Arrays by key, those that were not used longest thrown away first. Several processes may use one folder.

    Args:
        folder: Where it lies; made, with what is above it, on first use.
        most: Bytes it may take.

    Raises:
        BadConfig: The folder is none, or somebody else's.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self.folder, self.most = Path(folder) / FORMAT, most
        self._size: int | None = None
        for path in (Path(folder), self.folder):
            if os.path.lexists(path) and not path.is_dir():
                raise BadConfig(f"--cache {folder}: {path} is not a folder")
        if self.folder.exists() and not _is_mine(self.folder.lstat()):
            raise BadConfig(f"--cache {folder}: {self.folder} is somebody else's; give another folder")

    def get(self, key: str) -> Arrays | None:
        """The arrays of a key; None if there are none, or none that can be read."""
        path = self._path(key)
        try:
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
            with open(handle, "rb") as stream:
                status = os.fstat(handle)
                if not stat.S_ISREG(status.st_mode) or not _is_mine(status) or status.st_size > LARGEST:
                    return None
                data = stream.read()
            with np.load(io.BytesIO(data), allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            with suppress(OSError):
                os.utime(path)  # it was used now
            return arrays if bytes(arrays.pop("key")).decode("ascii") == key else None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError):
            return None

    def put(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep arrays under a key.

        Raises:
            OSError: They cannot be written.
        """
        data = _packed({**arrays, "key": np.frombuffer(key.encode("ascii"), np.uint8)})
        path = self._path(key)
        if len(data) > min(self.most, LARGEST):
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        half = path.with_name(f"{secrets.token_hex(8)}.tmp")
        try:
            handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            with open(handle, "wb") as stream:
                stream.write(data)
            os.replace(half, path)
        except BaseException:
            with suppress(OSError):
                half.unlink(missing_ok=True)
            raise
        self._size = self.size() if self._size is None else self._size + len(data)
        if self._size > self.most:
            self._shrink(int(KEEP * self.most))

    def size(self) -> int:
        """Bytes that the entries take."""
        return sum(size for _, size, _ in self._entries())

    def clear(self, dry_run: bool = False) -> tuple[int, int]:
        """Throw every entry away, and nothing else; returns how many there were, and their bytes. A dry run counts."""
        entries = list(self._entries())
        if dry_run:
            return len(entries), sum(size for _, size, _ in entries)
        self._shrink(0)
        for place in [*self.folder.glob("*/"), self.folder]:
            with suppress(OSError):  # something else is in it
                place.rmdir()
        return len(entries), sum(size for _, size, _ in entries)

    def _shrink(self, most: int) -> None:
        entries = sorted(self._entries(), key=lambda entry: entry[0])
        left = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if left <= most:
                break
            with suppress(OSError):
                path.unlink()
            left -= size
        self._size = left

    def _entries(self) -> Iterator[tuple[int, int, Path]]:
        """(when it was last used, bytes, file) of each entry, and of what killed processes left half written."""
        for path in self.folder.glob("??/*"):
            with suppress(OSError):
                status = path.lstat()
                if stat.S_ISREG(status.st_mode) and (_NAME.fullmatch(path.name) or path.suffix == ".tmp"):
                    yield status.st_mtime_ns, status.st_size, path

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npz"


def _packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, array in arrays.items():
            with packed.open(f"{name}.npy", "w") as part:
                np.lib.format.write_array(part, np.asanyarray(array), allow_pickle=False)
    return stream.getvalue()


def _is_mine(status: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or status.st_uid == os.getuid()
