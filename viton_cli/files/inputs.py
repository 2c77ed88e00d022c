"""What an input option was given: files, folders and patterns, one or several, as one list of photos."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from viton_cli.errors import NothingUsable
from viton_cli.files.listing import list_photos

Photos = list[tuple[str, Path]]
Entries = str | Path | Sequence[str | Path]


def list_inputs(entries: Entries, without: Path | None = None, note: Callable[[str], None] | None = None) -> Photos:
    """All pictures of several files, folders and patterns as (id, path), sorted by id.

    One entry gives the ids of `list_photos`. With several, two photos of one id keep their endings, and where that does
    not tell them apart, as many of the folders above them as it takes. A file that is given twice counts once.

    Args:
        entries: Files, folders, patterns ("people/*.jpg", "**" for any depth); one or several.
        without, note: See `list_photos`.

    Raises:
        NothingUsable: An entry does not exist, holds no picture, or is a pattern that fits no file.
    """
    parts = [list_photos(path, without, note) for path in expand(entries)]
    if len(parts) == 1:
        return parts[0]
    seen: dict[Path, tuple[str, Path]] = {}
    for id, path in (photo for part in parts for photo in part):
        seen.setdefault(path.resolve(), (id, path))
    return _apart(list(seen.values()))


def expand(entries: Entries) -> list[Path]:
    """The files and folders that entries stand for, patterns resolved, each in the order given.

    Raises:
        NothingUsable: A pattern that fits no file.
    """
    found: list[Path] = []
    for entry in [entries] if isinstance(entries, (str, Path)) else entries:
        path = Path(entry).expanduser()
        if not has_pattern(str(entry)):  # a name may hold brackets
            found.append(path)
            continue
        fitting = sorted(glob.glob(str(path), recursive=True))
        if not fitting:
            raise NothingUsable(f"{entry}: no file fits this pattern")
        found += map(Path, fitting)
    return list(dict.fromkeys(found))


def has_pattern(entry: str) -> bool:
    """Whether an entry stands for whatever fits it, and is no file's name."""
    return glob.has_magic(entry) and not os.path.lexists(Path(entry).expanduser())


def _apart(photos: Photos) -> Photos:
    """Photos with ids that differ, whatever the case of their letters."""
    most = max(len(path.absolute().parts) for _, path in photos)
    ids = [id for id, _ in photos]
    for longer in (_with_ending, *(_with_folders(depth) for depth in range(1, most))):
        shared = Counter(id.casefold() for id in ids)
        if max(shared.values()) == 1:
            break
        ids = [longer(*photo) if shared[id.casefold()] > 1 else id for id, photo in zip(ids, photos)]
    return sorted((id, path) for id, (_, path) in zip(ids, photos))


def _with_ending(id: str, path: Path) -> str:
    return id if id.endswith(path.suffix) else id + path.suffix


def _with_folders(depth: int) -> Callable[[str, Path], str]:
    def name(id: str, path: Path) -> str:
        above = path.absolute().parts[1 : -1 - id.count("/")][-depth:]
        return "/".join((*above, id))

    return name
