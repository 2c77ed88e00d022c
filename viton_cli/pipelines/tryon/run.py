"""`viton tryon`: every person in every garment.

A person is looked at once, a garment is cut once, and pictures are read and written beside the networks' work.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from viton_cli.config import MethodConfig, TryOnConfig
from viton_cli.engines.overlap import Writer, read_ahead
from viton_cli.engines.progress import Progress, Summary
from viton_cli.errors import BadConfig, VitonError
from viton_cli.files import look, picture_size
from viton_cli.lights import check_of
from viton_cli.pages.gallery import write_gallery
from viton_cli.pages.index import LiveIndex, write_index
from viton_cli.pipelines.contents import Contents, made_with
from viton_cli.pipelines.garment_store import GarmentStore
from viton_cli.pipelines.pairing import pairs_of
from viton_cli.pipelines.run_config import begin
from viton_cli.pipelines.swapped import SwapGuess
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon.api import TryOn
from viton_cli.pipelines.tryon.folder import FIXED, Sources, TryOnFolder
from viton_cli.pipelines.tryon.inputs import check_inputs, ending_of, is_folder, list_given
from viton_cli.pipelines.tryon.lights import count_lights, entries_of, without_aside
from viton_cli.pipelines.tryon.one_pair import one_pair
from viton_cli.pipelines.tryon.views import GarmentViews
from viton_cli.records import Garment, Person, Photo, Result
from viton_cli.threads import use_threads

log = logging.getLogger(__name__)
DECISIVE = (*MethodConfig.model_fields, "strip", "image_format", "quality")  # settings on which results depend
LONG = 20  # pairs, from which on the size of the work is said first
BYTES_A_PIXEL = 1.5  # of a photo in a quickly packed PNG: 1.0 for clean studio photos, 2.0 for grainy street photos


def tryon(config: TryOnConfig, progress: Progress | None = None, tools: Tools | None = None) -> Summary:
    """Do what `viton tryon` does.

    Args:
        config: The settings. progress: Hears how it goes.
        tools: Finder, cutter and method to work with, instead of those that the settings name.

    Raises:
        VitonError: Nothing could be begun (no photos, bad pairs, unknown names). What fails later fails for its photo
            or pair alone, and stands in the summary and the manifest.
    """
    progress = progress or Progress()
    people, clothes = (
        list_given(config.person, config.out, "--person", progress.note),
        list_given(config.clothes, config.out, "--clothes", progress.note),
    )
    if people.given and clothes.given:
        raise BadConfig("--person - and --clothes -: only one of them can come from stdin")
    if config.seed is not None and not config.shuffle:
        raise BadConfig("--seed belongs to --shuffle")
    pairing = pairs_of(
        config.pairing,
        list(people.files.items()),
        list(clothes.files.items()),
        config.limit,
        config.shuffle,
        config.seed or 0,
        ending_of(config),
    )
    for note in pairing.notes:
        progress.note(note)
    wanted = pairing.wanted
    tools = tools or Tools(config)
    garments = list(clothes.files.items())
    store = GarmentStore(garments, tools.cut, config.clothes_mask, clothes.given, pairing.masks)
    files = [*people.files.values(), *clothes.files.values(), *store.masks.values()]
    check_inputs(config, files, pairing)
    engine = TryOn(config, tools)
    use_threads(config.threads)
    swap = SwapGuess(len(wanted), (path for id, path in garments if id not in clothes.given), tools)
    if not is_folder(config.out):
        with swap.explained():
            return one_pair(config, wanted, people, store, engine, progress)

    photos = {("person", id): path for id, path in people.files.items()}
    photos |= {("garment", id): path for id, path in clothes.files.items()}
    contents = Contents({**people.hashes, **clothes.hashes})
    sources = Sources(photos, store.masks, contents, made_with(config, DECISIVE))
    folder = TryOnFolder(config, sources, look(Path(config.out), "tryon", config.force, FIXED), pairing.outputs)
    finished = folder.finished(wanted)
    ahead = {person: [g for g in garments if (person, g) not in finished] for person, garments in wanted.items()}
    ahead = {person: garments for person, garments in ahead.items() if garments}
    total, count = (sum(len(garments) for garments in pairs.values()) for pairs in (wanted, ahead))
    done = Summary("pair", config.out, skipped=total - count)
    if config.dry_run:
        done.planned = count
        return done
    if ahead:
        engine.load()  # what it lacks is told before anything is written
    begin(folder.ledger, config, DECISIVE, config.overwrite)
    if ahead:
        if count >= LONG:
            disk = BYTES_A_PIXEL * sum(_pixels(photos["person", p]) * len(garments) for p, garments in ahead.items())
            progress.note(f"{count} pairs of {len(ahead)} people, about {disk / 1e6:.0f} MB in {config.out}")
        progress.start(count, "pair")
        began = time.monotonic()
        try:
            with Writer(config.workers) as writer:
                run = _Run(tools, GarmentViews(tools.method, store), folder, writer, done, progress, count, swap)

                def read(person: str) -> Photo:
                    contents.of(photos["person", person])  # before it is read: if it changes meanwhile, that is seen
                    return people.read(person)

                for person, photo in read_ahead(ahead, read, 1):
                    run.person(person, photo, ahead[person])
            run.count_lost()
        except BaseException:
            write_index(folder)  # what is finished can be looked at
            raise
        finally:
            done.seconds = time.monotonic() - began
    folder.manifest.compact()
    count_lights(done, config, entries := entries_of(folder.manifest, pairing.pairs))
    write_gallery(folder, without_aside(wanted, entries))
    return done


class _Run:
    """The work on pairs, with all it needs at hand."""

    def __init__(
        self,
        tools: Tools,
        garments: GarmentViews,
        folder: TryOnFolder,
        writer: Writer,
        done: Summary,
        progress: Progress,
        total: int,
        swap: SwapGuess,
    ) -> None:
        self.tools, self.garments, self.folder = tools, garments, folder
        self.writer, self.done, self.progress = writer, done, progress
        self.swap = swap
        self.told: set[str] = set()
        self.lost: list[tuple[str, str, VitonError]] = []  # filled by the writing threads
        self.index, self.total = LiveIndex(folder), total

    def person(self, id: str, photo: Future[Photo], garments: list[str]) -> None:
        """All pairs of one person. A photo that cannot be used fails them all and is named once."""
        began = time.monotonic()
        try:
            person = self.tools.finder.find(photo.result())
            view = self.tools.method.prepare_person(person)
        except Exception as error:
            cause = self._cause(error, id)
            for garment in garments:
                self._failed(id, garment, cause)
            if guess := self.swap.failed(error):
                self.progress.note(guess)
            return
        self.swap.found()
        seconds = time.monotonic() - began
        self._notes(person.photo, person.checks)
        self.writer.submit(self.folder.write_thumb, person.photo.image, "person", id)
        for garment in garments:
            self.pair(person, view, garment, seconds)
            seconds = 0.0

    def pair(self, person: Person, view: Any, id: str, person_seconds: float) -> None:
        """One result.

        Args:
            person: As found. view: The same as the method sees it.
            id: Of the garment.
            person_seconds: What finding the person took, if this is the first pair to need it.
        """
        ids = person.photo.id, id
        self.index.refresh(self.total - self.done.ok - self.done.failed)
        began = time.monotonic()
        self.folder.sources.of(*ids)  # hashed before it is read, as the person's photo is
        try:
            garment, garment_view = self.garments.get(id)
        except Exception as error:
            self._failed(*ids, self._cause(error, id))
            return
        seconds = {"person": person_seconds, "garment": time.monotonic() - began}
        if id not in self.told:
            self.told.add(id)
            self._notes(garment.photo, garment.checks)
            self.writer.submit(self.folder.write_thumb, garment.photo.image, "garment", id)
        try:
            result = self.tools.method.dress(view, garment_view, self.folder.config.steps)
        except Exception as error:
            self._failed(*ids, self._cause(error, " with ".join(ids)))
            return
        laps = ", ".join(f"{name} {lap:.3f} s" for name, lap in {**seconds, **result.seconds}.items())
        log.debug("%s: %s", " with ".join(ids), laps)
        said = {*person.checks, *garment.checks}  # of photos, which are told once
        for check in map(check_of, result.checks):
            if check not in said and check.severity == "bad":
                self.progress.check(f"{self.folder.output(*ids).name}: {check}", "bad")
        self.writer.submit(self._write, person, garment, result, seconds)
        self.done.ok += 1
        self.progress.advance(self.folder.output(*ids).name)

    def _write(self, person: Person, garment: Garment, result: Result, seconds: dict[str, float]) -> None:
        try:
            self.folder.write_pair(person, garment, result, seconds)
        except VitonError as error:  # its photo is gone or another one by now, or something not ours is in its place
            self.lost.append((person.photo.id, garment.photo.id, error))

    def count_lost(self) -> None:
        """Count the pairs as failed that could not be written."""
        for person, garment, error in self.lost:
            self.folder.write_failure(person, garment, self._cause(error, person))
            self.done.ok, self.done.failed = self.done.ok - 1, self.done.failed + 1

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
        for check in map(check_of, checks):
            self.progress.check(f"{photo.source or photo.id}: {check}", check.severity)


def _pixels(path: Path) -> int:
    """Size of a picture by its header; 0 if it cannot be read, which is reported in its turn."""
    try:
        height, width = picture_size(path)
        return height * width
    except VitonError:
        return 0
