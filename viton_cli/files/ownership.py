"""Which files of an output folder are this toolkit's own: only those are ever replaced or taken away.

A run takes its output folder before it writes anything into it. From then on every file that is written there goes
through the folder's ledger, `.viton.jsonl`, which names each file with its size and SHA-256 before the file comes into
being. A file that is not in the ledger, or that somebody has changed since, is somebody's work and stays as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from viton_cli.errors import BadConfig, NotOurs
from viton_cli.files.mirrors import mirror_of
from viton_cli.files.temporary import of_path, sweep

LEDGER = ".viton.jsonl"
VERSION = 1  # of the ledger
# What a file manager leaves in a folder that is empty to its owner.
LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}
_taken: dict[str, Ledger] = {}


class Ledger:
    """The record of what was written into a folder; safe to use from several threads and processes.

    Args:
        folder: The folder. It need not be there yet.
        kind: Which command writes: "tryon", "prepare", "train" ...
        part: Of one of several processes, which may be on several machines: what its own file is called by. All read
            those of all.
    """

    def __init__(self, folder: Path, kind: str, part: str = "") -> None:
        self.folder, self.kind = Path(os.path.abspath(folder)), kind
        self.path = self.folder / f".viton{part}.jsonl"
        self._lock = threading.Lock()
        self._hashes: dict[str, set[str]] = {}
        self._sizes: dict[str, set[int]] = {}
        self._whole: set[str] = set()  # ours whatever they hold: files that grow line by line
        self.made_by: str | None = None
        self.mirror = mirror_of(self.folder)
        self._load()

    def is_finished(self, path: Path) -> bool:
        """Whether a file is there at a size at which it was written."""
        sizes = self._sizes.get(self._name(path), ())
        try:
            return bool(sizes) and os.stat(path).st_size in sizes
        except OSError:
            return False

    def is_ours(self, path: Path, data: bytes | None = None) -> bool:
        """Whether a file may be replaced: it is not there, is as it was written, or is the beginning of `data`."""
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return not os.path.islink(path)
        if not stat.S_ISREG(status.st_mode):
            return False
        name = self._name(path)
        if name in self._whole or status.st_size == 0:
            return True
        if self.mirror is not None and self.mirror.is_there_alone(path):
            return status.st_size in self._sizes.get(name, ())
        content = Path(path).read_bytes()
        if data is not None and data.startswith(content):  # whole already, or cut short: nothing is lost
            return True
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self._hashes.get(name, ()):
            self._load()  # another process of this run may have written it
        return name in self._whole or digest in self._hashes.get(name, ())

    def announce(self, path: Path, data: bytes) -> None:
        """Enter a file that is about to be written.

        Raises:
            NotOurs: Something else is in its place.
        """
        if not self.is_ours(path, data):
            raise NotOurs(_foreign(path))
        name, digest = self._name(path), hashlib.sha256(data).hexdigest()
        with self._lock:
            if digest in self._hashes.get(name, ()) and len(data) in self._sizes.get(name, ()):
                return
            self._append({"file": name, "bytes": len(data), "sha256": digest})
            self._note(name, len(data), digest)

    def claim(self, path: Path, adopt: bool = False) -> None:
        """Enter a file that will grow line by line; with `adopt` one that is there already, whatever it holds.

        Raises:
            NotOurs: Something else is in its place.
        """
        name = self._name(path)
        if name in self._whole:
            return
        if not adopt and not self.is_ours(path):
            raise NotOurs(_foreign(path))
        with self._lock:
            self._append({"file": name})
            self._whole.add(name)

    def begin(self, clean: bool = True) -> None:
        """Take the folder: make it, take away what a killed run left half written, if it is to be `clean`, check all
        writing from now on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.made_by is None:
            with self._lock:
                self._append({"viton": self.kind, "version": VERSION}, self.folder / LEDGER)
            self.made_by = self.kind
        if clean:
            sweep(self.folder, deep=True)
        _taken[str(self.folder)] = self

    def give_back(self) -> None:
        """Undo `begin` where nothing was written after it: a command that cannot be begun leaves nothing."""
        _taken.pop(str(self.folder), None)
        with suppress(OSError):
            if os.listdir(self.folder) == [LEDGER] and not self._sizes and not self._whole:
                (self.folder / LEDGER).unlink()
                self.folder.rmdir()

    def gather(self) -> None:
        """Enter what processes have entered elsewhere that worked for this one; those of shards are left."""
        for part in self.folder.glob(".viton-*.jsonl"):
            if not re.fullmatch(r"\.viton-\d+-of-\d+\.jsonl", part.name):
                lines = part.read_bytes()
                self._read(lines.decode("utf-8", "replace"))
                with self._lock, open(self.path, "ab") as stream:
                    stream.write(lines)
                part.unlink(missing_ok=True)

    def reload(self) -> None:
        """See what other processes have written meanwhile."""
        self._load()

    def _append(self, line: dict[str, Any], path: Path | None = None) -> None:
        path = path or self.path
        try:
            plain = getattr(os, "O_BINARY", 0)  # else Windows turns line ends
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | plain, 0o666)
            try:
                os.write(handle, (json.dumps(line) + "\n").encode())
            finally:
                os.close(handle)
        except OSError as error:
            raise of_path(path, error) from error
        if self.mirror is not None:
            self.mirror.grown(path)

    def _load(self) -> None:
        for path in [self.folder / LEDGER, *self.folder.glob(".viton-*.jsonl")]:
            if path.is_file():
                self._read(path.read_bytes().decode("utf-8", "replace"))

    def _read(self, content: str) -> None:
        for text in content.split("\n"):
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):  # torn when a run was killed: its file was not written
                continue
            if not isinstance(line, dict):
                continue
            if "viton" in line:
                self.made_by = str(line["viton"])
                if line.get("version") != VERSION:
                    raise BadConfig(
                        f"{self.folder}: was written by another version of viton ({LEDGER} is version "
                        f"{line.get('version')}, this one knows {VERSION}); give another --out"
                    )
            elif isinstance(line.get("bytes"), int):
                self._note(str(line.get("file")), line["bytes"], str(line.get("sha256")))
            else:
                self._whole.add(str(line.get("file")))
        self.made_by = self.made_by or self.kind

    def _note(self, name: str, size: int, digest: str) -> None:
        self._hashes.setdefault(name, set()).add(digest)
        self._sizes.setdefault(name, set()).add(size)

    def _name(self, path: Path) -> str:
        return os.path.relpath(os.path.abspath(path), self.folder).replace(os.sep, "/")


def look(
    folder: Path, kind: str, force: bool = False, fixed: Iterable[str] = (), adopt: bool = False, part: str = ""
) -> Ledger:
    """See whether a run may write into a folder, and write nothing yet (`Ledger.begin` does).

    Args:
        folder: The output folder; it need not exist.
        kind: Which command asks.
        force: Write beside files that are not this toolkit's.
        fixed: Names of files and folders that every run makes there.
        adopt: The files there are known to be of an earlier version of this toolkit.
        part: See `Ledger`.

    Raises:
        BadConfig: It holds other files and `force` is off, or was made by another command or version.
        NotOurs: A file of somebody's has one of the `fixed` names.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        raise BadConfig(f"{folder}: is not a folder")
    ledger = Ledger(folder, kind, part)
    if ledger.made_by is None and folder.is_dir() and os.listdir(folder):
        ledger.reload()  # another process of this run may have begun it this moment
    if ledger.made_by not in (None, kind):
        raise BadConfig(f"{folder}: was made by viton {ledger.made_by}; give another --out")
    if ledger.made_by is None and folder.is_dir() and not adopt:
        if is_made_by_us(folder):
            raise BadConfig(f"{folder}: was made by an earlier version of viton; give another --out")
        if not force and any(name not in LITTER for name in os.listdir(folder)):
            raise BadConfig(
                f"{folder}: holds files but no manifest of viton; give another --out, or --force to write beside them"
            )
    if not adopt:
        for path in (folder / name for name in fixed):
            if not ledger.is_ours(path) and not (ledger.made_by and path.is_dir()):
                raise NotOurs(_foreign(path))
    return ledger


def ledger_of(path: Path) -> Ledger | None:
    """The ledger of the taken folder in which a file lies, if it lies in one."""
    if not _taken:
        return None
    whole = Path(os.path.abspath(path))
    return next((_taken[str(parent)] for parent in whole.parents if str(parent) in _taken), None)


def claim(path: Path) -> None:
    """`Ledger.claim` of the taken folder in which a file lies, if it lies in one."""
    if (ledger := ledger_of(path)) is not None:
        ledger.claim(path)


def remove(path: Path) -> None:
    """Take a file away, if it is there and this toolkit wrote it; anything else stays."""
    ledger = ledger_of(path)
    if ledger is not None and os.path.lexists(path) and ledger.is_ours(path):
        path.unlink(missing_ok=True)
        if ledger.mirror is not None:
            ledger.mirror.removed(path)


def is_made_by_us(folder: Path) -> bool:
    """Whether a folder holds a ledger, or a manifest of this toolkit."""
    if (folder / LEDGER).is_file():
        return True
    manifest = folder / "manifest.jsonl"
    if not manifest.is_file():
        return False
    try:
        with manifest.open("rb") as stream:
            line = json.loads(stream.readline(1 << 16))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(line, dict) and "status" in line and ({"person", "garment"} <= set(line) or "id" in line)


def refuse_results(folder: Path, what: str) -> None:
    """See that photos are not looked for in a folder that this toolkit wrote.

    Raises:
        BadConfig: It is one. `what`: the option that names it.
    """
    if is_made_by_us(folder):
        raise BadConfig(f"{what} {folder}: a folder that viton wrote: its pictures are no photos")


def _foreign(path: Path) -> str:
    return f"{path}: is not as viton wrote it, and is left as it is; move it away, or give another --out"
