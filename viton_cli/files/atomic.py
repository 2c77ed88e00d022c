"""Writing in one step, and hashes.

Every file is written under a hidden temporary name in its folder and then renamed, so that a reader, or a run that was
cut off, never meets half a file.
"""

from __future__ import annotations

import hashlib
import io
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viton_cli.files.ownership import claim, ledger_of
from viton_cli.files.temporary import of_path, temporary


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; line ends as given."""
    write_bytes(path, text.encode())


def write_arrays(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write named arrays as a compressed `.npz`."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    write_bytes(path, stream.getvalue())


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` in one step, making its folder if need be. All writers of the toolkit end here.

    Raises:
        NotOurs: `path` lies in a folder that a run has taken (`files.ownership`), and is a file of somebody's.
        OSError: It names `path`, not the temporary file.
    """
    path = Path(path)
    half = temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if (ledger := ledger_of(path)) is not None:
            ledger.announce(path, data)
        half.write_bytes(data)
        os.replace(half, path)
        if ledger is not None and ledger.mirror is not None:
            ledger.mirror.written(path)
    except BaseException as error:
        with suppress(OSError):
            half.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise of_path(path, error) from error
        raise


def append_line(path: Path, line: bytes) -> None:
    """Add a line to a file that grows, making it and its folder if need be; a torn last line is ended first.

    Raises:
        NotOurs: See `write_bytes`.
        OSError: It names `path`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        claim(path)
        with path.open("a+b") as stream:
            if stream.seek(0, os.SEEK_END):
                stream.seek(-1, os.SEEK_END)
                line = line if stream.read(1) == b"\n" else b"\n" + line
            stream.write(line + b"\n")
        if (ledger := ledger_of(path)) is not None and ledger.mirror is not None:
            ledger.mirror.grown(path)
    except OSError as error:
        raise of_path(path, error) from error


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
