"""Manifests: what a run has done, one JSON object a line."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from viton_cli.files.atomic import write_bytes

# Fields that tell one manifest line from another; each kind of manifest uses those it has.
KEY_FIELDS = ("kind", "id", "person", "garment")


class Manifest:
    """A `manifest.jsonl`: one JSON object a line, appended as the work goes on, so that a killed run can be carried on.

    Lines with the same kind, id, person and garment speak of the same thing: the last one counts. Lines that cannot be
    read (the last one of a run that was killed) are passed over. Safe to append to from several threads.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._whole = False

    def append(self, entry: dict[str, Any]) -> None:
        """Add one line."""
        line = _line(entry)
        with self._lock:
            if not self._whole:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                if self.path.exists() and self.path.read_bytes()[-1:] not in (b"", b"\n"):
                    line = b"\n" + line
                self._whole = True
            with self.path.open("ab") as stream:
                stream.write(line)

    def read(self) -> list[dict[str, Any]]:
        """The entries, the last of each key, in the order in which each key first came; empty if there is no file."""
        if not self.path.exists():
            return []
        entries: dict[tuple[object, ...], dict[str, Any]] = {}
        for line in self.path.read_bytes().decode("utf-8", "surrogateescape").split("\n"):
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                entries[tuple(str(entry.get(field)) for field in KEY_FIELDS)] = entry
        return list(entries.values())

    def compact(self) -> None:
        """Rewrite the file so that each key has one line."""
        with self._lock:
            write_bytes(self.path, b"".join(_line(entry) for entry in self.read()))


def _line(entry: dict[str, Any]) -> bytes:
    # A name that is not UTF-8 comes as lone surrogates: their escape by backslash is also JSON's, and reads back.
    return (json.dumps(entry, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
