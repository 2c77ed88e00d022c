"""`viton tryon`: every person in every garment.

A person is looked at once, a garment is cut once, and pictures are read and written beside the networks' work.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future
from typing import Any

from viton_cli.config import TryOnConfig
from viton_cli.devices import use_device
from viton_cli.engines.overlap import Writer, read_ahead
from viton_cli.engines.progress import Progress, Summary
from viton_cli.engines.share import Share
from viton_cli.errors import BadConfig, VitonError
from viton_cli.pages.gallery import write_gallery
from viton_cli.pages.index import write_index
from viton_cli.pipelines.run_config import begin
from viton_cli.pipelines.staged import on_stores
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon.api import TryOn
from viton_cli.pipelines.tryon.inputs import is_folder
from viton_cli.pipelines.tryon.lights import count_lights, entries_of, without_aside
from viton_cli.pipelines.tryon.on_ray import check_ray, work_on_ray
from viton_cli.pipelines.tryon.one_pair import one_pair
from viton_cli.pipelines.tryon.outcomes import Outcomes, swap_guess
from viton_cli.pipelines.tryon.plan import DECISIVE, Plan, pairs_in, plan_of
from viton_cli.pipelines.tryon.views import GarmentViews
from viton_cli.pipelines.tryon.watch import watch
from viton_cli.records import Garment, Person, Photo, Result
from viton_cli.threads import use_threads

log = logging.getLogger(__name__)
LONG = 20  # pairs, from which on the size of the work is said first


def tryon(config: TryOnConfig, progress: Progress | None = None, tools: Tools | None = None) -> Summary:
    """Do what `viton tryon` does.

    Args:
        config: The settings. progress: Hears how it goes.
        tools: Finder, cutter and method to work with, instead of those that the settings name.

    Raises:
        VitonError: Nothing could be begun (no photos, bad pairs, unknown names). What fails later fails for its photo
            or pair alone, and stands in the summary and the manifest.
    """
    return on_stores(_tryon, config, progress or Progress(), tools, config.watch)


def _tryon(config: TryOnConfig, progress: Progress, tools: Tools | None) -> Summary:
    if config.shard and not is_folder(config.out):
        raise BadConfig(f"--out {config.out}: --shard needs a folder")
    if config.engine == "ray" and tools is not None:
        raise BadConfig("engine ray makes finder, cutter and method itself, in each of its processes: give none")
    share = Share(config.shard, divided=is_folder(config.out))
    progress = share.heard(progress)
    tools = tools or Tools(config)
    use_threads(config.threads)
    use_device(config.device)
    if config.watch:
        return watch(config, tools, progress, fill)
    plan = plan_of(config, share, tools, progress)
    if not is_folder(config.out):
        with swap_guess(plan, tools).explained():
            return one_pair(
                config, plan.wanted, plan.people, plan.store, TryOn(config, tools), progress, plan.corrections
            )
    return share.sum(fill(plan, tools, progress))


def fill(plan: Plan, tools: Tools, progress: Progress) -> Summary:
    """Make this share's pairs that are not finished, and what a person looks at."""
    folder, config = plan.folder, plan.config
    total, count = (sum(len(garments) for garments in pairs.values()) for pairs in (plan.wanted, plan.ahead))
    done = Summary("pair", config.out, skipped=total - count)
    if config.dry_run:
        done.planned = count
        return done
    if config.engine == "ray":
        check_ray(plan)
    if count:
        TryOn(config, tools).load()  # what it lacks is told before anything is written
    begin(folder.ledger, config, DECISIVE, config.overwrite)
    folder.manifest.begin()
    if count:
        _work(plan, tools, progress, done)
    folder.manifest.end()
    count_lights(done, config, entries_of(folder.manifest, pairs_in(plan.wanted)))
    pairs = plan.pairing.wanted
    folder.manifest.settle(
        lambda: write_gallery(folder, without_aside(pairs, entries_of(folder.manifest, plan.pairing.pairs)))
    )
    return done


def _work(plan: Plan, tools: Tools, progress: Progress, done: Summary) -> None:
    """Make the pairs."""
    count = sum(map(len, plan.ahead.values()))
    if count >= LONG:
        progress.note(plan.size())
    progress.start(count, "pair")
    began = time.monotonic()
    try:
        if plan.config.engine == "ray":
            work_on_ray(plan, tools, done, progress)
        else:
            _work_here(plan, tools, progress, done)
    except BaseException:
        write_index(plan.folder)  # what is finished can be looked at
        raise
    finally:
        done.seconds = time.monotonic() - began


def _work_here(plan: Plan, tools: Tools, progress: Progress, done: Summary) -> None:
    with Writer(plan.config.workers) as writer:
        run = _Run(plan, tools, writer, done, progress)

        def read(person: str) -> Photo:
            plan.contents.of(plan.photos["person", person])  # before it is read: if it changes, that is seen
            return plan.people.read(person)

        for person, photo in read_ahead(plan.ahead, read, 1):
            run.person(person, photo, plan.ahead[person])
    run.count_lost()


class _Run(Outcomes):
    """The work on pairs, with all it needs at hand."""

    def __init__(self, plan: Plan, tools: Tools, writer: Writer, done: Summary, progress: Progress) -> None:
        super().__init__(plan, tools, done, progress)
        self.garments, self.writer = GarmentViews(tools.method, plan.store), writer
        self.corrections = plan.corrections

    def person(self, id: str, photo: Future[Photo], garments: list[str]) -> None:
        """All pairs of one person. A photo that cannot be used fails them all and is named once."""
        began = time.monotonic()
        try:
            person = self.corrections.find(self.tools, id, photo.result())
            view = self.tools.method.prepare_person(person)
        except Exception as error:
            cause = self.cause(error, id)
            for garment in garments:
                self.failed(id, garment, cause)
            if guess := self.swap.failed(error):
                self.progress.note(guess)
            return
        self.swap.found()
        seconds = time.monotonic() - began
        self.notes(person.photo.source or id, person.checks)
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
        self.refresh()
        began = time.monotonic()
        self.folder.sources.of(*ids)  # hashed before it is read, as the person's photo is
        try:
            garment, garment_view = self.garments.get(id)
        except Exception as error:
            self.failed(*ids, self.cause(error, id))
            return
        seconds = {"person": person_seconds, "garment": time.monotonic() - began}
        if id not in self.told:
            self.told.add(id)
            self.notes(garment.photo.source or id, garment.checks)
            self.writer.submit(self.folder.write_thumb, garment.photo.image, "garment", id)
        try:
            wishes = self.corrections.of_pair(*ids)
            result = self.tools.dress(view, garment_view, self.folder.config.steps, wishes)
        except Exception as error:
            self.failed(*ids, self.cause(error, " with ".join(ids)))
            return
        laps = ", ".join(f"{name} {lap:.3f} s" for name, lap in {**seconds, **result.seconds}.items())
        log.debug("%s: %s", " with ".join(ids), laps)
        self.writer.submit(self._write, person, garment, result, seconds)
        self.made(*ids, [check for check in result.checks if check not in {*person.checks, *garment.checks}])

    def _write(self, person: Person, garment: Garment, result: Result, seconds: dict[str, float]) -> None:
        try:
            self.folder.write_pair(person, garment, result, seconds)
        except VitonError as error:  # its photo is gone or another one by now, or something not ours is in its place
            self.lost.append((person.photo.id, garment.photo.id, error))
