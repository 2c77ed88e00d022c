"""`viton prepare`: photos, or a published data set, into the prepared folder that training reads.

Photos are read and results written in threads beside the networks, which look at a batch of photos at once. Under
`accelerate launch` the photos are shared out among the processes.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from viton_cli.config import PrepareConfig
from viton_cli.devices import use_device
from viton_cli.engines.overlap import Writer, batches, read_ahead
from viton_cli.engines.progress import Progress, Summary
from viton_cli.engines.share import Share
from viton_cli.errors import BadConfig, NoPersonFound, NotOurs, VitonError
from viton_cli.files import look, remove
from viton_cli.files.stores import address_of, bring, spoken
from viton_cli.imaging.frames import person_frame, whole_photo
from viton_cli.pipelines.contents import Contents
from viton_cli.pipelines.prepare.export import check_exports, export, with_height
from viton_cli.pipelines.prepare.flatten import Flattening
from viton_cli.pipelines.prepare.folder import DECISIVE, FIXED, PreparedFolder, files_of
from viton_cli.pipelines.prepare.jobs import Job, check_inputs, find_jobs
from viton_cli.pipelines.prepare.pairs import unnamed, write_pairs
from viton_cli.pipelines.prepare.reading import Read, read_job
from viton_cli.pipelines.run_config import begin
from viton_cli.pipelines.staged import on_stores
from viton_cli.pipelines.swapped import SwapGuess
from viton_cli.pipelines.tools import Tools
from viton_cli.records import Frame, Garment, Parsing, Person, Photo
from viton_cli.threads import use_threads

FRAME = (256, 192)
# Photos the networks look at together, and how many pixels these may have: that bounds the memory.
BATCH, BATCH_PIXELS = 4, 24e6


def prepare(config: PrepareConfig, progress: Progress | None = None, tools: Tools | None = None) -> Summary:
    """Do what `viton prepare` does.

    Args:
        config: The settings. progress: Hears how it goes.
        tools: Finder and cutter to work with, instead of those that the settings name.

    Raises:
        VitonError: Nothing could be begun. What fails later fails for its photo alone, and stands in the summary and
            the manifest.
    """
    return on_stores(_prepare, config, progress or Progress(), tools)


def _prepare(config: PrepareConfig, progress: Progress, tools: Tools | None) -> Summary:
    config = with_height(config)
    share = Share(config.shard)
    progress = share.heard(progress)
    jobs, pairs = find_jobs(config, progress)
    bring(path for job in share.of(jobs) for path in job.files)
    if config.shard and config.export:
        raise BadConfig("--export is of the whole folder: give it without --shard, once all shards are there")
    check_exports(config, [job.source for job in jobs])
    if config.dry_run:
        folder = _folder(config, jobs, share)
        before = folder.entries()
        mine = share.of(jobs)
        finished = sum(folder.is_finished(job.kind, job.id, job.files, before) for job in mine)
        done = Summary("photo", str(config.out), skipped=finished, planned=len(mine) - finished)
        return share.sum(done)
    use_threads(config.threads)
    use_device(config.device)
    folder = _folder(config, jobs, share)
    begin(folder.ledger, config, DECISIVE, config.overwrite)
    folder.manifest.begin()
    before = folder.entries()
    mine = share.of(jobs)
    ahead = [job for job in mine if not folder.is_finished(job.kind, job.id, job.files, before)]
    done = Summary("photo", str(config.out), skipped=len(mine) - len(ahead))
    # A data set's own labels need no label set.
    tools = tools or Tools(config.model_copy(update={"label_set": None}) if config.dataset else config)
    people = sum(job.kind == "person" for job in ahead)
    swap = SwapGuess(people, (job.source for job in jobs if job.kind == "garment"), tools)
    run = _Run(config, folder, done, progress, tools, swap)
    if any(job.kind == "person" and (job.labels is None or job.pose is None) for job in ahead):
        _ = tools.finder  # what it lacks fails the run and not each photo
    progress.start(len(ahead), "photo")
    began = time.monotonic()
    try:
        with Writer(config.workers) as writer:
            for batch in batches(read_ahead(ahead, run.read, config.workers, BATCH), _pixels, BATCH, BATCH_PIXELS):
                run.batch(batch, writer)
        run.count_lost()
        if config.flatten:
            Flattening(folder, progress).run(unnamed(mine, pairs), config.workers)
    finally:
        done.seconds = time.monotonic() - began
    folder.manifest.end()
    notes: list[str] = []
    folder.manifest.settle(lambda: notes.extend(write_pairs(folder, folder.entries(), pairs)))
    for note in dict.fromkeys(notes):
        progress.note(note)
    done = share.sum(done)
    if config.export and share.is_main:
        export(config, done, progress)
    return done


def _folder(config: PrepareConfig, jobs: list[Job], share: Share) -> PreparedFolder:
    """The output, after a look at what is there; nothing is written."""
    check_inputs(config, jobs, [path for job in jobs for path in files_of(config, job.kind, job.id).values()])
    return PreparedFolder(
        config,
        look(config.out, "prepare", config.force, (*FIXED, *config.export), part=share.part),
        Contents(),
        share.part,
    )


class _Run:
    """The work on photos, with all it needs at hand."""

    def __init__(
        self,
        config: PrepareConfig,
        folder: PreparedFolder,
        done: Summary,
        progress: Progress,
        tools: Tools,
        swap: SwapGuess,
    ) -> None:
        self.config, self.folder, self.done, self.progress = config, folder, done, progress
        self.tools, self.swap = tools, swap
        self.lost: list[tuple[Job, NotOurs]] = []  # filled by the writing threads

    def read(self, job: Job) -> Read:
        """A photo and what is known of it."""
        self.folder.inputs(job.files)  # hashed before it is read: if it changes meanwhile, that is seen
        return read_job(job)

    def batch(self, batch: list[Waiting], writer: Writer) -> None:
        """Some photos, each failed or done."""
        began = time.monotonic()
        unknown = {
            job.id: read.result().photo
            for job, read in batch
            if job.kind == "person" and not read.exception() and not read.result().is_known
        }
        found: dict[str, Person | NoPersonFound] = {}
        if unknown:
            # If one of them is to blame for an error, each is looked at alone, and the error is told in its turn.
            with suppress(Exception):
                found = dict(zip(unknown, self.tools.finder.find_all(list(unknown.values()), FRAME)))
        together = (time.monotonic() - began) / max(len(unknown), 1)
        for job, read in batch:
            of_person = job.kind == "person" and job.id in unknown
            self.photo(job, read, writer, together if of_person else 0.0, found.get(job.id) if of_person else None)

    def photo(
        self, job: Job, read: Future[Read], writer: Writer, seconds: float, found: Person | NoPersonFound | None
    ) -> None:
        """One photo, failed or done.

        Args:
            job: What to do. read: The photo. writer: Takes what is to be written.
            seconds: Its share of what was done for several together.
            found: What was found in it then, if anything was looked for.
        """
        began = time.monotonic() - seconds
        record: Person | Garment
        try:
            known = read.result()
            if job.kind == "person":
                record = self._person(job, known, found)
            else:
                record = self.tools.cutter(known.photo, known.mask)
        except Exception as error:
            self._failed(job, error, time.monotonic() - began)
            if job.kind == "person" and (guess := self.swap.failed(error)):
                self.progress.note(guess)
        else:
            if job.kind == "person":
                self.swap.found()
            writer.submit(self._write, job, record, time.monotonic() - began)
            self.done.ok += 1
        self.progress.advance(job.id)

    def _failed(self, job: Job, error: Exception, seconds: float) -> None:
        if isinstance(error, VitonError):
            cause = str(error)
        else:
            cause = f"{job.source}: defect of the toolkit: {type(error).__name__}: {' '.join(str(error).split())}"
            self.done.defects += 1
            self.progress.defect(error)
        self.done.failed += 1
        self.done.problems.append(cause)
        self.progress.problem(cause)
        for path in self.folder.files(job.kind, job.id).values():
            remove(path)  # what an earlier run made of an earlier photo
        self._note(job, seconds, status="failed", cause=cause)

    def _person(self, job: Job, read: Read, found: Person | NoPersonFound | None) -> Person:
        if isinstance(found, NoPersonFound):
            raise found
        photo, pose, labels = read.photo, read.pose, read.labels
        if pose is None or labels is None:
            found = found or self.tools.finder.find(photo, FRAME)
        else:
            found = Person(photo, pose, Parsing(labels), person_frame(pose, photo.size, FRAME))
        if pose is not None:
            found = replace(found, pose=pose)
        if labels is not None:
            found = replace(found, parsing=Parsing(labels))
        if job.from_dataset and abs(photo.size[0] * 3 - photo.size[1] * 4) <= 8:
            # Data sets of 3:4 photos are framed already: what they were made for stays comparable.
            found = replace(found, frame=whole_photo(photo.size, FRAME))
        return found

    def _write(self, job: Job, record: Person | Garment, seconds: float) -> None:
        try:
            if isinstance(record, Person):
                self.folder.write_person(job.id, record)
                self._note(job, seconds, _in_file(record.frame, record.photo), record.checks)
            else:
                frame = self.folder.write_garment(job.id, record)
                self._note(job, seconds, _in_file(frame, record.photo), record.checks, garment=record)
        except NotOurs as error:
            self.lost.append((job, error))

    def count_lost(self) -> None:
        """Count the photos as failed in whose files' place something of the user's was found."""
        for job, error in self.lost:
            self.done.ok -= 1
            self._failed(job, error, 0.0)

    def _note(
        self,
        job: Job,
        seconds: float,
        frame: Frame | None = None,
        checks: tuple[str, ...] = (),
        status: str = "ok",
        cause: str | None = None,
        garment: Garment | None = None,
    ) -> None:
        entry: dict[str, Any] = {"id": job.id, "kind": job.kind, "source": address_of(job.source) or str(job.source)}
        entry |= {"status": status, "cause": cause and spoken(cause), "seconds": round(seconds, 3)}
        entry |= {"sha256": self.folder.contents.of(job.source) if status == "ok" else None}
        entry |= {"frame": list(frame.box) if frame else None, "checks": list(checks)}
        if garment:
            entry |= {"quality": round(garment.quality, 3), "garment": garment.kind, "sleeves": garment.sleeves}
        if job.split:
            entry["split"] = job.split
        if status == "ok":
            entry["inputs"] = self.folder.inputs(job.files)
        self.folder.manifest.append(entry)


Waiting = tuple[Job, Future[Read]]


def _pixels(waiting: Waiting) -> float:
    """Of a photo, once it is read; 0 if it cannot be."""
    _, read = waiting
    return 0.0 if read.exception() else float(np.prod(read.result().photo.size))


def _in_file(frame: Frame, photo: Photo) -> Frame:
    """A frame of the working picture, in pixels of the photo's file."""
    (height, width), (full_height, full_width) = photo.size, photo.full_size
    x0, y0, x1, y1 = frame.box
    box = round(x0 * full_width / width), round(y0 * full_height / height)
    return replace(frame, box=(*box, round(x1 * full_width / width), round(y1 * full_height / height)))
