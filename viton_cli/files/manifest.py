"""Manifests: what a run has done, one JSON object a line.

Several processes that fill one folder, on however many machines, wait for nothing and lock nothing: each appends to a
file of its own, `manifest-I-of-N.jsonl`, and readers see all of them and `manifest.jsonl` as one. The last of the N to
end puts them together.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from viton_cli.errors import BadDataset
from viton_cli.files.atomic import append_line, write_bytes
from viton_cli.files.mirrors import mirror_of
from viton_cli.files.ownership import claim, remove

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

    Args:
        path: The file. part: "-I-of-N" of one of several processes (`engines.share`); "" where one does all.
    """

    def __init__(self, path: Path, part: str = "") -> None:
        self.path = Path(path)
        self.own = self.path.with_name(f"{self.path.stem}{part}.jsonl")
        self._lock = threading.Lock()

    def append(self, entry: dict[str, Any]) -> None:
        """Add one line.

        Raises:
            NotOurs: The file is not this toolkit's.
        """
        with self._lock:
            append_line(self.own, _line({**entry, "version": VERSION}))

    def read(self) -> list[dict[str, Any]]:
        """The entries, the last of each key, in the order in which each key first came; empty if there is no file.

        Raises:
            BadDataset: A line was written by a later version.
        """
        # The parts first: one that is gone by then has been put into the whole, which is read after it.
        parts = [content for part in self._parts() if (content := _content(part)) is not None]
        entries: dict[tuple[object, ...], dict[str, Any]] = {}
        for content in (_content(self.path) or "", *parts):
            for entry in _entries(content, self.path):
                entries[_key(entry)] = entry
        return list(entries.values())

    def begin(self) -> None:
        """Before the first line of a run: take this process's part up again, and put away those of runs that are over.

        A folder is filled by one process, or by N that share the work: not by both at the same time.
        """
        if self.own == self.path:
            self._fold(self._parts())
            return
        self._fold([part for part in self._parts() if _shares(part) != _shares(self.own)])
        ended = self._ended(self.own)
        if ended.is_file():
            write_bytes(self.own, ended.read_bytes())
            claim(self.own)
            remove(ended)

    def end(self) -> None:
        """After the last line: one line a key; the last process of several puts together what all have written."""
        with self._lock:
            if self.own == self.path:
                write_bytes(self.path, self._whole())
                return
            lines = {_key(entry): entry for entry in _entries(_content(self.own) or "", self.own)}
            ended = self._ended(self.own)
            write_bytes(ended, b"".join(_line(entry) + b"\n" for entry in lines.values()))
            remove(self.own)
            count, stem = int(_shares(self.own)), self.path.stem
            parts = [self._ended(self.path.with_name(f"{stem}-{i + 1}-of-{count}.jsonl")) for i in range(count)]
            if (mirror := mirror_of(self.path.parent)) is not None:
                mirror.flush()
                mirror.fetch_records()
            if all(part.is_file() for part in parts):
                self._fold(parts)

    def settle(self, write: Callable[[], None]) -> None:
        """Call `write`, which makes something of all the lines; again if another process has begun or ended meanwhile,
        whose lines it may lack."""
        while True:
            before = self._state()
            write()
            if self._state() == before:
                return

    def _fold(self, parts: list[Path]) -> None:
        """Put parts of processes that have ended into the whole. Two may do so at once: both write the same."""
        if parts:
            write_bytes(self.path, self._whole())
            for part in parts:
                remove(part)

    def _whole(self) -> bytes:
        return b"".join(_line(entry) + b"\n" for entry in self.read())

    def _parts(self) -> list[Path]:
        """The parts there are, those that were written to last at the end."""
        found = [path for path in self.path.parent.glob("*.jsonl") if _is_part(path, self.path)]
        return sorted(found, key=lambda path: (_changed(path), path.name))

    def _state(self) -> tuple[set[str], int]:
        return {path.name for path in self._parts()}, _changed(self.path)

    @staticmethod
    def _ended(part: Path) -> Path:
        return part.with_name(f"{part.stem}.ended.jsonl")


def _key(entry: dict[str, Any]) -> tuple[str, ...]:
    fields = PHOTO_FIELDS if "id" in entry else PAIR_FIELDS
    return tuple(str(entry.get(field)) for field in fields)


def _is_part(path: Path, whole: Path) -> bool:
    return re.fullmatch(rf"{re.escape(whole.stem)}-\d+-of-\d+(\.ended)?\.jsonl", path.name) is not None


def _shares(part: Path) -> str:
    """N of manifest-I-of-N.jsonl."""
    return part.name.split(".")[0].rpartition("-")[2]


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _content(path: Path) -> str | None:
    """What a file holds; None if there is none."""
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None


def _entries(content: str, path: Path) -> Iterator[dict[str, Any]]:
    """The sound lines of a file.

    Raises:
        BadDataset: A line was written by a later version.
    """
    for line in content.split("\n"):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(entry, dict) or not _is_sound(entry):
            continue
        if isinstance(entry.get("version"), int) and entry["version"] > VERSION:
            raise BadDataset(f"{path}: written by a later version of viton; this one knows {VERSION}")
        yield entry


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
