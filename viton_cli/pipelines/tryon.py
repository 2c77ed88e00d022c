"""`viton tryon`: every person in every garment; and `TryOn`, one pair at a time from Python.

A person is looked at once, a garment is cut once, and pictures are read and written beside the networks' work.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import Future
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.config import MethodConfig, TryOnConfig, load
from viton_cli.errors import BadConfig, BadImage, VitonError
from viton_cli.files import decode_photo, encode_image, list_photos, read_mask, read_photo, write_bytes
from viton_cli.pipelines.gallery import write_gallery
from viton_cli.pipelines.garment_store import GarmentStore, cut
from viton_cli.pipelines.names import pairs_of
from viton_cli.pipelines.overlap import Writer, read_ahead
from viton_cli.pipelines.progress import Progress, Summary
from viton_cli.pipelines.run_config import begin
from viton_cli.pipelines.tryon_folder import TryOnFolder
from viton_cli.records import Garment, Person, Photo, Result

PIPE = "-"
LONG = 20  # pairs, from which on the size of the work is said first
BYTES_A_PIXEL = 1.5  # of a photo in a quickly packed PNG: 1.0 for clean studio photos, 2.0 for grainy street photos
Picture = str | Path | Image.Image | NDArray[np.uint8] | Photo
Photos = list[tuple[str, Path]]


class TryOn:
    """Try-on from Python; the networks are loaded once, on first use.

    Args:
        settings: Those of `config.MethodConfig`: `method`, `weights`, `warp`, `pose`, `parsing` ...

    Raises:
        BadConfig: An unknown or bad setting.
    """

    def __init__(self, **settings: Any) -> None:
        self.config = load(MethodConfig, flags=settings, environment={})
        self.loading = 0.0

    def run(
        self, person: Picture | Person, garment: Picture | Garment, mask: Path | None = None, steps: bool = False
    ) -> Result:
        """Dress one person in one garment.

        Args:
            person: A file, a PIL image, an (H, W, 3) uint8 array, or what `find` gave.
            garment: The same, or what `cut` gave.
            mask: File of the garment's mask.
            steps: Fill `Result.steps`.

        Raises:
            BadImage, BadMask, NoPersonFound, NoGarmentFound: One of the two cannot be used.
        """
        found = person if isinstance(person, Person) else self.find(person)
        cut = garment if isinstance(garment, Garment) else self.cut(garment, mask)
        result: Result = self.method.run(found, cut, steps=steps)
        return result

    def find(self, picture: Picture) -> Person:
        """Pose, labels and crop of the person in a photo."""
        person: Person = self.finder.find(_photo(picture, "person"))
        return person

    def cut(self, picture: Picture, mask: Path | None = None) -> Garment:
        """The garment of a product photo."""
        photo = _photo(picture, "garment")
        return cut(photo, read_mask(mask, photo.size) if mask else None, self.config)

    def load(self) -> None:
        """Load the networks now rather than on first use.

        Raises:
            UnknownName, BadWeights, MissingExtra: They cannot be had.
        """
        began = time.monotonic()
        _ = self.finder, self.method
        self.loading = time.monotonic() - began

    @cached_property
    def finder(self) -> Any:
        """The `PersonFinder`."""
        from viton_cli.perception.person import PersonFinder

        c = self.config
        return PersonFinder(
            pose=c.pose,
            parsing=c.parsing,
            pose_source=c.pose_source,
            parsing_source=c.parsing_source,
            label_set=c.label_set,
        )

    @cached_property
    def method(self) -> Any:
        """The method."""
        from viton_cli.methods import METHODS

        return METHODS.get(self.config.method)(weights=self.config.weights, warp=self.config.warp)


def tryon(config: TryOnConfig, progress: Progress | None = None) -> Summary:
    """Do what `viton tryon` does.

    Raises:
        VitonError: Nothing could be begun (no photos, bad pairs, unknown names). What fails later fails for its photo
            or pair alone, and stands in the summary and the manifest.
    """
    progress = progress or Progress()
    persons, people_given = _list(config.person, config.out)
    garments, clothes_given = _list(config.clothes, config.out)
    if people_given and clothes_given:
        raise BadConfig("--person - and --clothes -: only one of them can come from stdin")
    wanted = pairs_of(config.pairing, persons, garments)
    engine = TryOn(**config.model_dump(include=set(MethodConfig.model_fields)))
    store = GarmentStore(garments, partial(cut, settings=config), config.clothes_mask, clothes_given)
    _set_threads(config.threads)
    if not _is_folder(config.out):
        return _one_pair(config, wanted, dict(persons), people_given, store, engine, progress)

    files = dict(persons)
    sources = {("person", id): path for id, path in persons if id not in people_given}
    sources |= {("garment", id): path for id, path in garments if id not in clothes_given}
    folder = TryOnFolder(config, sources)
    finished = folder.finished()
    ahead = {person: [g for g in clothes if (person, g) not in finished] for person, clothes in wanted.items()}
    ahead = {person: clothes for person, clothes in ahead.items() if clothes}
    total, count = (sum(len(clothes) for clothes in pairs.values()) for pairs in (wanted, ahead))
    done = Summary("pair", config.out, skipped=total - count)
    if config.dry_run:
        done.planned = count
        return done
    begin(folder.path, config, MethodConfig.model_fields, config.overwrite)
    if ahead:
        if count >= LONG:
            disk = BYTES_A_PIXEL * sum(_pixels(files[person]) * len(clothes) for person, clothes in ahead.items())
            progress.note(f"{count} pairs of {len(ahead)} people, about {disk / 1e6:.0f} MB in {config.out}")
        engine.load()
        progress.start(count, "pair")
        began = time.monotonic()
        try:
            with Writer(config.workers) as writer:
                run = _Run(engine, store, folder, writer, done, progress)

                def read(person: str) -> Photo:
                    return people_given[person] if person in people_given else read_photo(files[person], person)

                for person, photo in read_ahead(ahead, read, 1):
                    run.person(person, photo, ahead[person])
        finally:
            done.seconds = time.monotonic() - began
    folder.manifest.compact()
    write_gallery(folder, wanted)
    return done


class _Run:
    """The work on pairs, with all it needs at hand."""

    def __init__(
        self,
        engine: TryOn,
        store: GarmentStore,
        folder: TryOnFolder,
        writer: Writer,
        done: Summary,
        progress: Progress,
    ) -> None:
        self.engine, self.store, self.folder = engine, store, folder
        self.writer, self.done, self.progress = writer, done, progress
        self.told: set[str] = set()

    def person(self, id: str, photo: Future[Photo], garments: list[str]) -> None:
        """All pairs of one person. A photo that cannot be used fails them all and is named once."""
        began = time.monotonic()
        try:
            person = self.engine.find(photo.result())
        except Exception as error:
            cause = self._cause(error, id)
            for garment in garments:
                self._failed(id, garment, cause)
            return
        seconds = time.monotonic() - began
        self._notes(person.photo, person.checks)
        self.writer.submit(self.folder.write_thumb, person.photo.image, "person", id)
        for garment in garments:
            self.pair(person, garment, seconds)
            seconds = 0.0

    def pair(self, person: Person, id: str, person_seconds: float) -> None:
        """One result. `person_seconds` is what finding the person took, if this is the first pair to need it."""
        ids = person.photo.id, id
        began = time.monotonic()
        try:
            garment = self.store.get(id)
        except Exception as error:
            self._failed(*ids, self._cause(error, id))
            return
        seconds = {"person": person_seconds, "garment": time.monotonic() - began}
        if id not in self.told:
            self.told.add(id)
            self._notes(garment.photo, garment.checks)
            self.writer.submit(self.folder.write_thumb, garment.photo.image, "garment", id)
        try:
            result = self.engine.run(person, garment, steps=self.folder.config.steps)
        except Exception as error:
            self._failed(*ids, self._cause(error, " with ".join(ids)))
            return
        self.writer.submit(self.folder.write_pair, person, garment, result, seconds)
        self.done.ok += 1
        self.progress.advance(self.folder.output(*ids).name)

    def _failed(self, person: str, garment: str, cause: str) -> None:
        self.folder.write_failure(person, garment, cause)
        self.done.failed += 1
        self.progress.advance(self.folder.output(person, garment).name)

    def _cause(self, error: Exception, name: str) -> str:
        """The cause in one line; told once, however many pairs it fails."""
        if isinstance(error, VitonError):
            cause = str(error)
        else:
            cause = f"{name}: defect of the toolkit: {type(error).__name__}: {' '.join(str(error).split())}"
            self.done.defects += 1
            self.progress.defect(error)
        if cause not in self.told:
            self.told.add(cause)
            self.done.problems.append(cause)
            self.progress.problem(cause)
        return cause

    def _notes(self, photo: Photo, checks: tuple[str, ...]) -> None:
        for check in checks:
            self.progress.note(f"{photo.source or photo.id}: {check}")


def _one_pair(
    config: TryOnConfig,
    wanted: dict[str, list[str]],
    files: dict[str, Path],
    given: dict[str, Photo],
    store: GarmentStore,
    engine: TryOn,
    progress: Progress,
) -> Summary:
    """A result that goes to a file or to stdout."""
    pairs = [(person, garment) for person, garments in wanted.items() for garment in garments]
    if len(pairs) != 1:
        raise BadConfig(f"--out {config.out}: takes exactly one pair, there are {len(pairs)}; give a folder")
    if config.steps or config.masks:
        raise BadConfig(f"--out {config.out}: --steps and --masks need a folder")
    done = Summary("pair", config.out)
    if config.dry_run:
        done.planned = 1
        return done
    ((person, garment),) = pairs
    engine.load()
    began = time.monotonic()
    found = engine.find(given[person] if person in given else read_photo(files[person], person))
    cut = store.get(garment)
    result = engine.run(found, cut)
    for check in dict.fromkeys((*found.checks, *cut.checks, *result.checks)):
        progress.note(check)
    if config.out == PIPE:
        sys.stdout.buffer.write(encode_image(result.image))
        sys.stdout.buffer.flush()
    else:
        write_bytes(Path(config.out), encode_image(result.image, Path(config.out).suffix))
    done.ok, done.seconds = 1, time.monotonic() - began
    return done


def _list(where: str, out: str) -> tuple[Photos, dict[str, Photo]]:
    """Photos of a file, a folder or a pipe: (id, path) of all, and those that are in memory already."""
    if where == PIPE:
        photo = decode_photo(sys.stdin.buffer.read(), "stdin")
        return [("stdin", Path("stdin"))], {"stdin": photo}
    return list_photos(Path(where), without=Path(out) if _is_folder(out) else None), {}


def _pixels(path: Path) -> int:
    """Size of a picture by its header; 0 if it cannot be read, which is reported in its turn."""
    try:
        with Image.open(path) as opened:
            return opened.width * opened.height
    except (OSError, Image.DecompressionBombError):
        return 0


def _is_folder(out: str) -> bool:
    return out != PIPE and (Path(out).is_dir() or Path(out).suffix.lower() not in (".png", ".jpg", ".jpeg"))


def _photo(picture: Picture, id: str) -> Photo:
    if isinstance(picture, Photo):
        return picture
    if isinstance(picture, (str, Path)):
        return read_photo(Path(picture))
    if isinstance(picture, Image.Image):
        return decode_photo(encode_image(np.asarray(picture.convert("RGB"))), id)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise BadImage(f"{id}: an array must be (H, W, 3) uint8, not {picture.shape} {picture.dtype}")
    return Photo(id, picture)


def _set_threads(threads: int | None) -> None:
    if threads:
        import torch

        torch.set_num_threads(threads)
