"""Writing in one step, and hashes.

Every file is written under a hidden temporary name in its folder and then renamed, so that a reader, or a run that was
cut off, never meets half a file.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; line ends as given."""
    write_bytes(path, text.encode())


def write_arrays(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write named arrays as a compressed `.npz`."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    write_bytes(path, stream.getvalue())


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` in one step, making its folder if need be. All writers of the toolkit end here."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
