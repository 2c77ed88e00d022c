"""Folders in stores (`s3://`, `gs://`, `memory://` ...), through fsspec. A run works on folders of this machine that
stand for them.

Of what is read, the names are laid out here, and `bring` fetches those files that are needed. `Mirror` stands for the
folder that is written.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from viton_cli.errors import BadConfig, MissingExtra
from viton_cli.files.temporary import temporary

TOGETHER = 8  # files that are on their way at a time
PAUSE, SHARE = 15.0, 20  # seconds at least between two rounds of writing; a round may take one in so many
RECORDS = re.compile(r"(\.viton|manifest)(-\d+-of-\d+(\.ended)?)?\.jsonl")
SMALL = re.compile(r"thumbs/.*|config\.yaml")  # what is read again of an output
_read: dict[str, Store] = {}  # folders of this machine that stand for one that is read
_fetched: set[str] = set()
_places: dict[str, str] = {}  # what stands for an address here


class Store:
    """A folder, or one file, of a store.

    Args:
        url: Its address.

    Raises:
        MissingExtra: What speaks to such stores is not installed. BadConfig: There are no such stores.
    """

    def __init__(self, url: str) -> None:
        import fsspec

        self.url = url.rstrip("/")
        try:
            self.fs, root = fsspec.core.url_to_fs(self.url)
        except ImportError as error:
            raise MissingExtra(f"{url}: needs a package: pip install 'viton-cli[cloud]' ({error})") from None
        except ValueError as error:
            raise BadConfig(f"{url}: {error}") from None
        self.root = str(root).rstrip("/")

    def list(self) -> dict[str, int]:
        """Size of each file below the folder, by its name relative to it ("" for the one file itself).

        Raises:
            OSError: The store does not answer, or refuses.
        """

        def find() -> dict[str, Any]:
            self.fs.invalidate_cache()
            return dict(self.fs.find(self.root, detail=True))

        found = self._called(find)
        names = {path[len(self.root) :].lstrip("/"): int(about.get("size") or 0) for path, about in found.items()}
        for name in names:
            if ".." in name.split("/") or "\\" in name or "\0" in name:
                raise BadConfig(f"{self.url}: holds a file called '{name}', which no folder of this machine can hold")
        return names

    def get(self, name: str, path: Path) -> None:
        """Fetch one file; it appears in one step."""
        path.parent.mkdir(parents=True, exist_ok=True)
        half = temporary(path)
        self._called(lambda: self.fs.get_file(self._path(name), str(half)))
        os.replace(half, path)

    def put(self, path: Path, name: str) -> None:
        """Write one file."""
        data = path.read_bytes()
        self._called(lambda: self.fs.pipe_file(self._path(name), data))

    def remove(self, name: str) -> None:
        """Take one file away."""
        self._called(lambda: self.fs.rm_file(self._path(name)))

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}" if name else self.root

    def _called(self, act: Callable[[], Any]) -> Any:
        """What the store says. Whatever its library raises is an error of the store's address."""
        try:
            return act()
        except FileNotFoundError:
            raise
        except Exception as error:
            cause = " ".join(str(error).split()) or type(error).__name__
            raise OSError(getattr(error, "errno", None) or 5, cause, self.url) from error


def lay_out(url: str, folder: Path, endings: Collection[str]) -> Path:
    """Make an empty file for each picture of a store's folder, so that it is listed as any folder is.

    Returns:
        What stands for the address: the folder, or the one file.
    """
    store = Store(url)
    names = [name for name in store.list() if PurePosixPath(name or store.root).suffix.lower() in endings]
    folder.mkdir(parents=True, exist_ok=True)
    one = folder / PurePosixPath(store.root).name
    for name in names:
        path = folder / name if name else one
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    place = one if names == [""] else folder
    _read[os.path.abspath(place)] = store
    return place


def bring(paths: Iterable[Path]) -> int:
    """Fetch those of these files that lie in a store and are not here yet; how many those were."""
    wanted: list[tuple[Store, str, Path]] = []
    for path in dict.fromkeys(paths) if _read else ():
        if (found := _store_of(path)) and str(path) not in _fetched:
            wanted.append((*found, path))
    in_parallel(lambda one: one[0].get(one[1], one[2]), wanted)
    _fetched.update(str(path) for *_, path in wanted)
    return len(wanted)


def address_of(path: Path) -> str | None:
    """The address of a file that lies in a store; None for one of this machine."""
    found = _store_of(path) if _read else None
    return f"{found[0].url}/{found[1]}".rstrip("/") if found else None


def stand_for(place: Path, url: str) -> None:
    """Let a file or folder of this machine stand for an address in what is said."""
    _places[str(place)] = url.rstrip("/")


def spoken(text: str) -> str:
    """A text with addresses in the place of what stands for them here."""
    for place, url in _places.items():
        text = text.replace(place, url)
    return text


def forget(folder: Path) -> None:
    """What lies in this folder stands for nothing any more."""
    for known in (_read, _places):
        for place in [place for place in known if Path(folder) in Path(place).parents]:
            del known[place]
    _fetched.difference_update([path for path in _fetched if Path(folder) in Path(path).parents])


def in_parallel(act: Callable[[Any], Any], items: Iterable[Any]) -> None:
    """Do something with each, several at a time; the first error is raised."""
    with ThreadPoolExecutor(TOGETHER) as pool:
        for _ in pool.map(act, items):
            pass


class Mirror:
    """A folder of this machine, empty at first, and the folder of a store that it stands for.

    What is written here goes there in rounds: first the ledger that names the files, then the files, then the manifest
    that says they are finished, so that a run that is killed can be carried on from there.

    Args:
        folder: The one. url: The other.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.store = Path(folder), Store(url)
        try:
            self.there = self.store.list()
        except FileNotFoundError:
            self.there = {}
        self._grown: set[str] = set()
        self._written: set[str] = set()
        self._next = 0.0
        self._lock = threading.Lock()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.fetch_records()
        small = [name for name in self.there if SMALL.fullmatch(name)]
        in_parallel(lambda name: self.store.get(name, self.folder / name), small)
        for name, size in self.there.items():
            path = self.folder / name
            if not path.exists():  # as long as there, and taking no room
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
                os.truncate(path, size)

    def fetch_records(self) -> None:
        """Bring the records of the other processes here; parts first, since one that is gone is in the whole."""
        try:
            names = [name for name in self.store.list() if RECORDS.fullmatch(name) and name not in self._grown]
        except FileNotFoundError:
            return
        for name in sorted(names, key=lambda name: name == "manifest.jsonl"):
            try:
                self.store.get(name, self.folder / name)
            except FileNotFoundError:  # put into the whole by now
                (self.folder / name).unlink(missing_ok=True)

    def is_there_alone(self, path: Path) -> bool:
        """Whether only the size of a file is known here."""
        name = self._name(path)
        return name in self.there and not RECORDS.fullmatch(name) and not SMALL.fullmatch(name)

    def written(self, path: Path) -> None:
        """A file was written here."""
        with self._lock:
            self._written.add(self._name(path))
            self.there.pop(self._name(path), None)
        self._round()

    def grown(self, path: Path) -> None:
        """A file of records has grown here."""
        self._grown.add(self._name(path))

    def removed(self, path: Path) -> None:
        """A file was taken away here."""
        name = self._name(path)
        with self._lock:
            self.there.pop(name, None)
            self._written.discard(name)
            self._grown.discard(name)
            try:
                self.store.remove(name)
            except FileNotFoundError:
                return

    def _round(self) -> None:
        if time.monotonic() >= self._next:
            self.flush()

    def flush(self) -> None:
        """Write there what was written here."""
        with self._lock:
            began = time.monotonic()
            ledgers = sorted(name for name in self._grown if name.startswith(".viton"))
            for names in (ledgers, sorted(self._written), sorted(self._grown - set(ledgers))):
                in_parallel(self._put, names)
            self._written.clear()
            ended = time.monotonic()
            self._next = ended + max(PAUSE, SHARE * (ended - began))

    def _put(self, name: str) -> None:
        try:
            self.store.put(self.folder / name, name)
        except FileNotFoundError:  # taken away meanwhile
            return

    def _name(self, path: Path) -> str:
        return Path(os.path.abspath(path)).relative_to(os.path.abspath(self.folder)).as_posix()


def _store_of(path: Path) -> tuple[Store, str] | None:
    """The store a file lies in, and its name there."""
    whole = Path(os.path.abspath(path))
    for place in (whole, *whole.parents):
        if (store := _read.get(str(place))) is not None:
            return store, "" if place == whole else whole.relative_to(place).as_posix()
    return None
