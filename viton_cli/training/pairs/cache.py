"""Examples that were made ready for training, kept in a folder for the next stage and the next run.

The name of a file says what it was made from: a hash over the content of every picture, label map and joints, and over
what was asked for. So nothing in the folder is ever out of date, and several runs may share it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from viton_cli.errors import VitonError
from viton_cli.files import sha256, write_arrays

T = TypeVar("T")
Arrays = dict[str, NDArray[Any]]


def content_key(asked: object, files: Iterable[Path]) -> str:
    """A hash of what was asked for (JSON) and of files, told by content: dates do not tell."""
    digest = hashlib.sha256(json.dumps(asked).encode("utf-8", "surrogateescape"))
    for path in files:
        digest.update(f" {path.name}".encode("utf-8", "surrogateescape"))
        try:
            digest.update(sha256(path).encode())
        except OSError:  # a file that cannot be read is told where it is used
            digest.update(b"-")
    return digest.hexdigest()[:16]


class Kept(Generic[T]):
    """One file of the folder.

    Args:
        folder: None to keep nothing.
        name: Of the file, without ending: `content_key` is to be in it.
        pack, unpack: What is kept, as arrays and back. `unpack` raises anything if they are not whole.
    """

    def __init__(
        self, folder: Path | None, name: str, pack: Callable[[T], Arrays], unpack: Callable[[Arrays], T]
    ) -> None:
        self.path = None if folder is None else folder / f"{name}.npz"
        self.pack, self.unpack = pack, unpack

    def read(self, say: Callable[[str], None]) -> T | None:
        """What was kept; None if nothing was, or if it is damaged, which is said."""
        if self.path is None or not self.path.exists():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as arrays:
                return self.unpack({name: arrays[name] for name in arrays.files})
        except Exception as error:  # NumPy's reader raises whatever it trips over
            cause = " ".join(str(error).split())[:100] or type(error).__name__
            say(f"{self.path}: damaged, and made anew ({cause})")
            return None

    def write(self, made: T, say: Callable[[str], None]) -> None:
        """Keep it, in one step. A full or closed disk costs the next run time, and this one nothing."""
        if self.path is None:
            return
        try:
            write_arrays(self.path, self.pack(made))
        except (OSError, VitonError) as error:
            say(f"not kept for the next run: {error}")
