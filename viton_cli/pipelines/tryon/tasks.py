"""What one process of a cluster does of a try-on run: find a person, cut a garment, dress the one in the other.

Pictures are written into the output folder; what became of each pair goes back to the process that asked (on_ray.py).
"""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from viton_cli.config import TryOnConfig
from viton_cli.errors import VitonError
from viton_cli.files import Ledger, Manifest
from viton_cli.pipelines.contents import Contents
from viton_cli.pipelines.garment_store import GarmentStore
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon.corrections import Corrections
from viton_cli.pipelines.tryon.folder import Pair, Sources, TryOnFolder
from viton_cli.pipelines.tryon.inputs import Given
from viton_cli.records import Garment, Person
from viton_cli.threads import use_threads


@dataclass(frozen=True, eq=False)
class Job:
    """What every task of a run needs to know.

    Attributes:
        config: The settings. threads: Of the networks of each task: another number gives other last digits.
        people, clothes: Id to photo. masks: Garment to its given mask. masks_wanted: Where masks were looked for.
        names: See `TryOnFolder`. made_with: Hash of settings and weights. cwd: What relative paths are relative to.
        corrections: What is said by hand.
    """

    config: TryOnConfig
    threads: int
    people: dict[str, Path]
    clothes: dict[str, Path]
    masks: dict[str, Path]
    names: dict[Pair, str]
    made_with: str
    cwd: str
    corrections: Corrections


@dataclass(frozen=True, eq=False)
class Prepared:
    """A person or garment, and what the method sees of it.

    Attributes:
        record, view: They themselves; None where they cannot be had. hashes: Of the files they were made from.
    """

    record: Any
    view: Any
    hashes: dict[Path, str]


@dataclass(frozen=True)
class Told:
    """What became of a photo or a pair, in a few bytes.

    Attributes:
        cause: Why it failed; None if it did not. defect: Kind and text of the error, if that is one of the toolkit.
        name: Of the photo. checks: What is said of it. seconds: What it took.
        entry: Of the manifest, of a pair that was made.
    """

    cause: VitonError | None = None
    defect: tuple[str, str] | None = None
    name: str = ""
    checks: tuple[str, ...] = ()
    seconds: float = 0.0
    entry: dict[str, Any] | None = None

    @property
    def error(self) -> Exception | None:
        """Why it failed. An error's kind may be one that only the other process knows: it has but the name."""
        if self.defect is not None:
            return type(self.defect[0], (Exception,), {})(self.defect[1])  # type: ignore[no-any-return]
        return self.cause


class Collected(Manifest):
    """A manifest whose lines are sent to the process that asked."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.entries: list[dict[str, Any]] = []

    def append(self, entry: dict[str, Any]) -> None:
        """Keep one line."""
        self.entries.append(entry)


def look(job: Job, id: str) -> tuple[Told, Prepared | None]:
    """A task: one person found."""
    began = time.monotonic()
    try:
        tools, folder = _ready(job)
        contents = Contents()
        said = job.corrections.people.get(id)
        hashes = _hashes(contents, job.people[id], *(said.files if said else []))
        person: Person = job.corrections.find(tools, id, Given(job.people).read(id))
        view = tools.method.prepare_person(person)
        folder.write_thumb(person.photo.image, "person", id)
    except Exception as error:
        return _failure(error), None
    told = Told(name=str(person.photo.source or id), checks=person.checks, seconds=time.monotonic() - began)
    return told, Prepared((person, told.seconds), view, hashes)


def cut(job: Job, id: str) -> tuple[Told, Prepared | None]:
    """A task: one garment cut."""
    began = time.monotonic()
    try:
        tools, folder = _ready(job)
        hashes = _hashes(Contents(), job.clothes[id], *([job.masks[id]] if id in job.masks else []))
        store = GarmentStore(
            [(id, job.clothes[id])], tools.cut, job.config.clothes_mask,
            own_masks={id: job.masks[id]} if id in job.masks else None,
        )  # fmt: skip
        garment: Garment = store.get(id)
        view = tools.method.prepare_garment(garment)
        folder.write_thumb(garment.photo.image, "garment", id)
    except Exception as error:
        return _failure(error), None
    told = Told(name=str(garment.photo.source or id), checks=garment.checks, seconds=time.monotonic() - began)
    return told, Prepared((garment, told.seconds), view, hashes)


def dress(job: Job, person: Prepared | None, garment: Prepared | None) -> Told:
    """A task: one pair made and written."""
    if person is None or garment is None:
        return Told()
    try:
        tools, folder = _ready(job)
        (found, person_seconds), (clothes, garment_seconds) = person.record, garment.record
        wishes = job.corrections.of_pair(found.photo.id, clothes.photo.id)
        result = tools.dress(person.view, garment.view, job.config.steps, wishes)
        photos = {("person", found.photo.id): job.people[found.photo.id]}
        photos[("garment", clothes.photo.id)] = job.clothes[clothes.photo.id]
        contents = Contents({**person.hashes, **garment.hashes})
        folder.sources = Sources(photos, job.masks, contents, job.made_with, job.corrections)
        folder.write_pair(found, clothes, result, {"person": person_seconds, "garment": garment_seconds})
    except Exception as error:
        return _failure(error)
    assert isinstance(folder.manifest, Collected)
    checks = tuple(check for check in result.checks if check not in {*found.checks, *clothes.checks})
    return Told(checks=checks, entry=folder.manifest.entries[-1])


def _ready(job: Job) -> tuple[Tools, TryOnFolder]:
    """Networks and folder of this process of the cluster, made with its first task."""
    os.chdir(job.cwd)
    use_threads(job.threads)
    tools, ledger = _tools(job.config.to_yaml()), _ledger(job.config.out)
    folder = TryOnFolder(job.config, Sources({}, {}, Contents(), job.made_with), ledger, job.names)
    folder.manifest = Collected(folder.path / "manifest.jsonl")
    return tools, folder


@lru_cache(maxsize=1)
def _tools(settings: str) -> Tools:
    return Tools(TryOnConfig(**yaml.safe_load(settings)))


@lru_cache(maxsize=1)
def _ledger(out: str) -> Ledger:
    ledger = Ledger(Path(out), "tryon", f"-{platform.node()}-{os.getpid()}")
    ledger.begin(clean=False)
    return ledger


def _hashes(contents: Contents, *paths: Path) -> dict[Path, str]:
    """Hashes of files, taken before they are read."""
    return {path: digest for path in paths if (digest := contents.of(path)) is not None}


def _failure(error: Exception) -> Told:
    if isinstance(error, VitonError):
        return Told(cause=error)
    return Told(defect=(type(error).__name__, " ".join(str(error).split())))
