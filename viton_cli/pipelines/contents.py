"""What a result was made from, told by content: photos, masks, weights and settings as hashes.

Dates and names do not tell: an older photo of the same name may take the place of the one that was used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from viton_cli.checkpoints import shipped
from viton_cli.config import Perception
from viton_cli.files import sha256


class Contents:
    """SHA-256 of files, each read once.

    Args:
        given: Hashes of what is no file (from a pipe), by the path it goes by.
    """

    def __init__(self, given: Mapping[Path, str] | None = None) -> None:
        self._known = dict(given or {})

    def of(self, path: Path) -> str | None:
        """Hash of a file; None if it cannot be read, which is told where it is used."""
        if path not in self._known:
            try:
                self._known[path] = sha256(path)
            except OSError:
                return None
        return self._known[path]


def made_with(settings: Perception, decisive: Iterable[str]) -> str:
    """One hash of all that decides how results look, photos and masks aside.

    Args:
        settings: A command's settings.
        decisive: Names of those that matter. Of a file or folder the content counts.
    """
    parts: dict[str, object] = {"shipped": {name: entry.get("sha256") for name, entry in shipped().items()}}
    for name in decisive:
        value = getattr(settings, name)
        # A name of shipped weights may also be a path's: only what is there is read.
        path = Path(value) if value and (isinstance(value, Path) or name == "weights") else None
        parts[name] = _tree(path) if path and path.exists() else str(value)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("utf-8", "surrogateescape")).hexdigest()


def _tree(path: Path) -> object:
    """Content of a file, or of all files of a folder; of a run's folder only the weights, which alone are read."""
    if path.is_file():
        return sha256(path)
    weights = sorted(path.glob("*.safetensors"))
    files = weights or sorted(file for file in path.rglob("*") if file.is_file())
    return [[file.relative_to(path).as_posix(), sha256(file)] for file in files]
