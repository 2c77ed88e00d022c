"""Manifests: what a run has done, one JSON object a line."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from viton_cli.errors import BadDataset
from viton_cli.files.atomic import append_line, write_bytes

# Of the lines. Version 1 had none, and did not say which content a result was made from.
VERSION = 2
# What a line of `prepare` is of (there "garment" is only what kind of one it is), and what a line of `tryon` is of.
PHOTO_FIELDS, PAIR_FIELDS = ("kind", "id"), ("person", "garment")

_Number = (int, float)
# What the fields hold, and their parts where they have some. A line of odd shape is passed over, like one that is torn.
FIELDS: dict[str, tuple[type, ...]] = {
    "kind": (str,), "id": (str,), "person": (str,), "garment": (str,), "status": (str,), "output": (str, type(None)),
    "cause": (str, type(None)), "source": (str,), "split": (str,), "sha256": (str, type(None)), "version": (int,),
    "seconds": (dict, *_Number), "checks": (list,), "inputs": (dict,), "frame": (list, type(None)),
    "edited": (list, type(None)), "fallback": (str, type(None)),
}  # fmt: skip
PARTS: dict[str, tuple[type, ...]] = {"seconds": _Number, "checks": (str, dict), "frame": _Number, "edited": _Number}


class Manifest:
    """A `manifest.jsonl`: one JSON object a line, appended as the work goes on, so that a killed run can be carried on.

    Lines of the same photo, or of the same pair, speak of the same thing: the last one counts. Lines that cannot be
    read (the last one of a run that was killed) are passed over. Safe to append to from several threads.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()

    def append(self, entry: dict[str, Any]) -> None:
        """Add one line.

        Raises:
            NotOurs: The file is not this toolkit's.
        """
        with self._lock:
            append_line(self.path, _line({**entry, "version": VERSION}))

    def read(self) -> list[dict[str, Any]]:
        """The entries, the last of each key, in the order in which each key first came; empty if there is no file.

        Raises:
            BadDataset: A line was written by a later version.
        """
        if not self.path.is_file():
            return []
        entries: dict[tuple[object, ...], dict[str, Any]] = {}
        for line in self.path.read_bytes().decode("utf-8", "surrogateescape").split("\n"):
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if not isinstance(entry, dict) or not _is_sound(entry):
                continue
            if isinstance(entry.get("version"), int) and entry["version"] > VERSION:
                raise BadDataset(f"{self.path}: written by a later version of viton; this one knows {VERSION}")
            fields = PHOTO_FIELDS if "id" in entry else PAIR_FIELDS
            entries[tuple(str(entry.get(field)) for field in fields)] = entry
        return list(entries.values())

    def compact(self) -> None:
        """Rewrite the file so that each key has one line."""
        with self._lock:
            write_bytes(self.path, b"".join(_line(entry) + b"\n" for entry in self.read()))


def _is_sound(entry: dict[str, Any]) -> bool:
    for name, value in entry.items():
        if not isinstance(value, FIELDS.get(name, (object,))):
            return False
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        if name in PARTS and not all(isinstance(part, PARTS[name]) for part in parts):
            return False
    return True


def _line(entry: dict[str, Any]) -> bytes:
    # A name that is not UTF-8 comes as lone surrogates: their escape by backslash is also JSON's, and reads back.
    return json.dumps(entry, ensure_ascii=False).encode("utf-8", "backslashreplace")
