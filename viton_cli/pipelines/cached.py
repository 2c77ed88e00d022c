"""Finder and cutter that remember what they found, from one run to the next (`--cache`).

What is remembered goes by everything it depends on: the photo's pixels and the given mask's, the settings of
perception, the weights, the version of this toolkit.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viton_cli import __version__
from viton_cli.config import Perception, PrepareConfig, TryOnConfig
from viton_cli.errors import BadConfig, NoPersonFound
from viton_cli.files.cache import Arrays, Cache, user_folder
from viton_cli.lights import Check, as_dict, check_of
from viton_cli.pipelines.contents import made_with
from viton_cli.records import Frame, Garment, Parsing, Person, Photo, Pose

if TYPE_CHECKING:
    from viton_cli.pipelines.tools import Cutter, Finder

log = logging.getLogger(__name__)
DECISIVE = ("pose", "pose_source", "parsing", "parsing_source", "label_set")
AUTO = Path("auto")  # the value of --cache that stands for the user's cache folder
Size = tuple[int, int]


def open_memory(settings: Perception) -> Memory | None:
    """What a run remembers in; None if it was not asked to.

    Raises:
        BadConfig: The folder cannot be one, or is in the output.
    """
    if not isinstance(settings, (PrepareConfig, TryOnConfig)) or settings.cache is None:
        return None
    folder = user_folder() if settings.cache == AUTO else settings.cache.expanduser()
    out = Path(settings.out).resolve()
    if out in (folder.resolve(), *folder.resolve().parents):
        raise BadConfig(f"--cache {settings.cache}: lies in --out {settings.out}; give another folder")
    named = settings.pose_source is not None or settings.parsing_source is not None
    return Memory(Cache(folder, int(settings.cache_size * 1e9)), made_with(settings, DECISIVE), named)


def clear_memory(folder: Path | None, dry_run: bool = False) -> tuple[Path, int, int]:
    """Throw everything away that was remembered in a folder, by default the user's; says where, how many, how large."""
    place = user_folder() if folder is None or folder == AUTO else folder.expanduser()
    return place, *Cache(place, 0).clear(dry_run)


@dataclass(eq=False)
class Memory:
    """A cache, and what all that is remembered in this run was made with.

    Attributes:
        cache: The folder. made_with: Hash of settings and weights.
        named: Whether what is found may depend on a photo's name: given joints and labels are looked up by it.
    """

    cache: Cache
    made_with: str
    named: bool = False
    failed: bool = False

    def key(self, what: str, photo: Photo, *more: object) -> str:
        """What a photo's findings are remembered by."""
        digest = hashlib.sha256()
        name = photo.id if self.named else ""
        about = [what, __version__, self.made_with, name, photo.full_size, photo.alpha is not None]
        arrays = [part for part in (photo.image, photo.alpha, *more) if isinstance(part, np.ndarray)]
        about += [part if not isinstance(part, np.ndarray) else part.shape for part in (photo.image, *more)]
        digest.update(json.dumps(about).encode("utf-8", "surrogateescape"))
        for array in arrays:
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def keep(self, key: str, arrays: Arrays, about: dict[str, Any]) -> None:
        """Remember; a folder that cannot be written costs the memory and not the run."""
        try:
            self.cache.put(key, {**arrays, "about": np.frombuffer(json.dumps(about).encode(), np.uint8)})
        except OSError as error:
            if not self.failed:
                log.warning("%s: cannot be written (%s): the run goes on without it", self.cache.folder, error.strerror)
            self.failed = True

    def find(self, key: str) -> tuple[Arrays, dict[str, Any]] | None:
        """What was remembered: arrays, and the rest."""
        arrays = self.cache.get(key)
        if arrays is None or "about" not in arrays:
            return None
        try:
            about = json.loads(bytes(arrays.pop("about")))
        except ValueError:
            return None
        return (arrays, about) if isinstance(about, dict) else None


class CachedFinder:
    """A finder of people that looks at each photo once. Photos that show nobody are looked at each time.

    Args:
        finder: Looks. memory: Remembers.
    """

    def __init__(self, finder: Finder, memory: Memory) -> None:
        self.finder, self.memory = finder, memory

    def find(self, photo: Photo, size: Size = (256, 192)) -> Person:
        """See `tools.Finder`."""
        known = self._known(photo, size)
        return known or self._kept(self.finder.find(photo, size), size)

    def find_all(self, photos: Sequence[Photo], size: Size = (256, 192)) -> Sequence[Person | NoPersonFound]:
        """See `tools.Finder`."""
        known = [self._known(photo, size) for photo in photos]
        unknown = [photo for photo, person in zip(photos, known) if person is None]
        found = iter(self.finder.find_all(unknown, size) if unknown else ())
        all_ = [person or next(found) for person in known]
        for person, before in zip(all_, known):
            if before is None and isinstance(person, Person):
                self._kept(person, size)
        return all_

    def _known(self, photo: Photo, size: Size) -> Person | None:
        if (known := self.memory.find(self.memory.key("person", photo, size))) is None:
            return None
        arrays, about = known
        try:
            pose = Pose(arrays["joints"], arrays["seen"], arrays["sure"])
            box = tuple(map(int, about["box"]))
            frame = Frame((box[0], box[1], box[2], box[3]), (size[0], size[1]))
            parsing = Parsing(arrays["labels"], arrays.get("confidence"))
            return Person(photo, pose, parsing, frame, _checks(about), float(about["score"]))
        except (KeyError, TypeError, ValueError, IndexError):
            return None

    def _kept(self, person: Person, size: Size) -> Person:
        arrays: Arrays = {"joints": person.pose.joints, "seen": person.pose.seen, "sure": person.pose.confidence}
        arrays["labels"] = person.parsing.labels
        if person.parsing.confidence is not None:
            arrays["confidence"] = person.parsing.confidence
        about = {
            "box": list(map(int, person.frame.box)),
            "checks": [as_dict(check) for check in person.checks],
            "score": float(person.score),
        }
        if tuple(person.frame.size) == tuple(size):
            self.memory.keep(self.memory.key("person", person.photo, size), arrays, about)
        return person


class CachedCutter:
    """A cutter that cuts each garment once.

    Args:
        cutter: Cuts. memory: Remembers.
    """

    def __init__(self, cutter: Cutter, memory: Memory) -> None:
        self.cutter, self.memory = cutter, memory

    def __call__(self, photo: Photo, mask: NDArray[np.float32] | None) -> Garment:
        """See `tools.Cutter`."""
        key = self.memory.key("garment", photo, *([] if mask is None else [mask]))
        return self._known(key, photo) or self._kept(key, self.cutter(photo, mask))

    def _known(self, key: str, photo: Photo) -> Garment | None:
        if (known := self.memory.find(key)) is None:
            return None
        arrays, about = known
        try:
            return Garment(
                photo, arrays["mask"], arrays.get("inner"), float(about["quality"]), str(about["kind"]),
                str(about["sleeves"]), _checks(about),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError):
            return None

    def _kept(self, key: str, garment: Garment) -> Garment:
        arrays = {"mask": garment.mask} | ({} if garment.inner is None else {"inner": garment.inner})
        about = {"quality": float(garment.quality), "kind": garment.kind, "sleeves": garment.sleeves}
        self.memory.keep(key, arrays, {**about, "checks": [as_dict(check) for check in garment.checks]})
        return garment


def _checks(about: dict[str, Any]) -> tuple[Check, ...]:
    return tuple(map(check_of, about["checks"]))
