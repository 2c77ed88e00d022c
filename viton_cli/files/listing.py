"""The photos of a folder, and the ids they go by."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from pathlib import Path

from viton_cli.errors import NothingUsable
from viton_cli.files.ownership import is_made_by_us

# HEIC is listed so that such a photo is named as unreadable instead of being passed over in silence.
PHOTO_ENDINGS: tuple[str, ...] = (
    ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif",
)  # fmt: skip


def list_photos(path: Path, without: Path | None = None) -> list[tuple[str, Path]]:
    """All pictures of a file or folder as (id, path), folders read recursively, sorted by id.

    An id is the name relative to `path` without its ending. Where two files would share an id (`a.jpg`, `a.png`, also
    `A.png` on a file system that ignores case) each keeps its ending. Hidden files and other endings are passed over,
    and so are folders below `path` that this toolkit wrote, and the folder `without`: a run's own output, where that
    lies inside its input.

    Raises:
        NothingUsable: `path` does not exist or holds no picture.
    """
    path = Path(path)
    if path.is_file():
        return [(_plain(path.stem), path)]
    if not path.is_dir():
        raise NothingUsable(f"{path}: no such file or folder")
    found: list[Path] = []
    apart = without.resolve() if without else None
    for folder, folders, names in os.walk(path):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and Path(folder, name).resolve() != apart
            and not is_made_by_us(Path(folder, name))
        ]
        found += [
            Path(folder, name)
            for name in names
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in PHOTO_ENDINGS
        ]
    if not found:
        raise NothingUsable(f"{path}: no pictures in this folder (looked for {', '.join(PHOTO_ENDINGS)})")
    full = [_plain(file.relative_to(path).as_posix()) for file in found]
    ids = [os.path.splitext(name)[0] for name in full]
    while True:
        shared = Counter(name.casefold() for name in ids)
        longer = [whole if shared[name.casefold()] > 1 else name for whole, name in zip(full, ids)]
        if longer == ids:
            return sorted(zip(ids, found))
        ids = longer


def _plain(name: str) -> str:
    """Composed Unicode, so that a name is the same on every file system."""
    return unicodedata.normalize("NFC", name)
