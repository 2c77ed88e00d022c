"""The photos of a folder, and the ids they go by."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from viton_cli.errors import NothingUsable
from viton_cli.files.ownership import is_made_by_us

# HEIC is listed also where its reader is missing, so that such a photo is named and not passed over in silence.
PHOTO_ENDINGS: tuple[str, ...] = (
    ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif",
)  # fmt: skip


def list_photos(
    path: Path, without: Path | None = None, note: Callable[[str], None] | None = None
) -> list[tuple[str, Path]]:
    """All pictures of a file or folder as (id, path), folders read recursively, sorted by id.

    An id is the name relative to `path` without its ending, in composed Unicode. Where two files would share an id
    (`a.jpg`, `a.png`, also `A.png` on a file system that ignores case) each keeps its ending; where two names are
    spellings of one (composed and decomposed) each keeps its own. Hidden files and other endings are passed over, and
    so are folders below `path` that this toolkit wrote, and the folder `without`: a run's own output, where that lies
    inside its input.

    Args:
        path: The file or folder. without: See above.
        note: Gets a line on each folder that cannot be read, and on each pipe, socket or device named as a picture:
            these are never opened.

    Raises:
        NothingUsable: `path` does not exist or holds no picture.
    """
    path = Path(path)
    say = note or (lambda _: None)
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        cause = "no such file or folder" if missing else getattr(error, "strerror", None) or str(error)
        raise NothingUsable(f"{path}: {cause}") from None
    if stat.S_ISREG(mode):
        return [(plain_name(path.stem), path)]
    if not stat.S_ISDIR(mode):
        raise NothingUsable(f"{path}: a pipe, socket or device, neither a file nor a folder")
    found = _walk(path, without.resolve() if without else None, say)
    if not found:
        raise NothingUsable(f"{path}: no pictures in this folder (looked for {', '.join(PHOTO_ENDINGS)})")
    names = [file.relative_to(path).as_posix() for file in found]
    spellings = Counter(plain_name(name) for name in names)
    full = [name if spellings[plain_name(name)] > 1 else plain_name(name) for name in names]
    ids = [os.path.splitext(name)[0] for name in full]
    while True:
        shared = Counter(name.casefold() for name in ids)
        longer = [whole if shared[name.casefold()] > 1 else name for whole, name in zip(full, ids)]
        if longer == ids:
            return sorted(zip(ids, found))
        ids = longer


def _walk(path: Path, apart: Path | None, say: Callable[[str], None]) -> list[Path]:
    """The files with a picture's ending below a folder."""

    def unreadable(error: OSError) -> None:
        say(f"{error.filename}: folder passed over, it cannot be read ({error.strerror})")

    found: list[Path] = []
    for folder, folders, names in os.walk(path, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".") and _is_input(Path(folder, name), apart)]
        for name in names:
            if name.startswith(".") or os.path.splitext(name)[1].lower() not in PHOTO_ENDINGS:
                continue
            file = Path(folder, name)
            if _is_no_file(file):
                say(f"{file}: passed over, a pipe, socket or device and not a file")
            else:
                found.append(file)
    return found


def _is_input(folder: Path, apart: Path | None) -> bool:
    return folder.resolve() != apart and not is_made_by_us(folder)


def _is_no_file(path: Path) -> bool:
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:  # a link to nowhere, or out of reach: it fails, by name, when it has its turn
        return False


def plain_name(name: str) -> str:
    """Composed Unicode, so that a name is the same on every file system."""
    return unicodedata.normalize("NFC", name)
