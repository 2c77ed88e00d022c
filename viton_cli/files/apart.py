"""No output path is an input path: told by the files themselves, so that links do not deceive."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from viton_cli.errors import BadConfig

Identity = tuple[int, int]


def check_apart(
    out: Path, inputs: Iterable[Path], roots: Iterable[Path] = (), written: Iterable[Path] = (), option: str = "--out"
) -> None:
    """See that a run reads nothing that it writes. Nothing is written.

    Args:
        out: The output, a folder or a file; it need not exist.
        inputs: Folders and files that are read: none may be `out` or lie in it.
        roots: Folders that are read as a whole: `out` may not lie in one of them either.
        written: Files that will be written: none may be one of `inputs`, by a hard or symbolic link.
        option: What `out` was given with.

    Raises:
        BadConfig: One is; the text names both.
    """
    read = list(inputs)
    own = _identity(out)
    inside: dict[str, bool] = {}
    files: dict[Identity, Path] = {}
    for path in read:
        identity = _identity(path)
        if identity is None:
            continue
        if identity == own:
            raise BadConfig(f"{option} {out}: is also read ({path}); give another {option}")
        parent = os.path.dirname(os.path.realpath(path))
        if own is not None and parent not in inside:
            inside[parent] = own in _line(Path(parent))
        if inside.get(parent):
            raise BadConfig(f"{option} {out}: {path}, which is read, lies in it; give another {option}")
        files[identity] = path
    line = set(_line(Path(os.path.realpath(out))))
    for root in roots:
        if _identity(root) in line:
            raise BadConfig(f"{option} {out}: lies in {root}, which is read as a whole; give another {option}")
    for path in written:
        same = files.get(identity) if (identity := _identity(path)) else None
        if same is not None:
            raise BadConfig(
                f"{option} {out}: {path} would be written and is {same}, which is read; give another {option}"
            )


def _identity(path: Path) -> Identity | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _line(path: Path) -> list[Identity]:
    """A folder and all above it, as far as they are there."""
    return [identity for place in (path, *path.parents) if (identity := _identity(place))]
