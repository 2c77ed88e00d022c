"""What there is to prepare: photos of folders, or the entries of a data set, and the pairs among them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from viton_cli.config import PrepareConfig
from viton_cli.engines.progress import Progress
from viton_cli.errors import BadConfig, BadDataset, NothingUsable
from viton_cli.files import check_apart, expand, list_inputs, refuse_results, stem
from viton_cli.pipelines.garment_store import masks_of
from viton_cli.pipelines.names import safe
from viton_cli.pipelines.pairing import Found, find_pairs, masks_in
from viton_cli.pipelines.prepare.folder import in_test
from viton_cli.records import Pose

Pairs = dict[str, list[tuple[str, str]]]  # name of the file -> (person id, garment id)


@dataclass(frozen=True)
class Job:
    """One photo to prepare; what is known of it beforehand is read in the reading threads, from `known_from`."""

    kind: str
    id: str
    source: Path
    mask: Path | None = None
    split: str | None = None
    labels: Callable[[], Any] | None = None
    pose: Callable[[], Pose | None] | None = None
    from_dataset: bool = False
    known_from: tuple[Path, ...] = ()

    @property
    def files(self) -> list[Path]:
        """All that is read of it: the photo, its mask, what is known beforehand."""
        return list(dict.fromkeys((self.source, *([self.mask] if self.mask else []), *self.known_from)))


def find_jobs(config: PrepareConfig, progress: Progress) -> tuple[list[Job], Pairs]:
    """All photos of a run, and the pairs files to write.

    Raises:
        BadConfig: Settings that do not go together.
        NothingUsable, BadDataset, BadPairs: The input cannot be read.
    """
    jobs, pairs = _from_dataset(config, progress) if config.dataset else _from_folders(config, progress)
    if not jobs:
        raise NothingUsable(f"{config.dataset}: no pictures in this data set")
    return jobs, pairs


def _from_folders(config: PrepareConfig, progress: Progress) -> tuple[list[Job], Pairs]:
    if not config.person and not config.clothes:
        raise BadConfig("nothing to prepare: give --person, --clothes, or --dataset with --format")
    if config.format or config.split:
        raise BadConfig("--format and --split belong to --dataset")
    for option, given in (("--person", config.person), ("--clothes", config.clothes)):
        for path in expand(given or []):
            refuse_results(path, option)
    persons = list_inputs(config.person, config.out, progress.note) if config.person else []
    garments = list_inputs(config.clothes, config.out, progress.note) if config.clothes else []
    masks = masks_of(dict(garments), config.clothes_mask) if config.clothes_mask else {}
    found = find_pairs(config.pairs, persons, garments) if config.pairs else []
    masks |= masks_in(found, config.pairs) if config.pairs else {}
    jobs = [Job("person", safe(id), path) for id, path in persons]
    jobs += [Job("garment", safe(id), path, masks.get(id)) for id, path in garments]
    both = {id for id, _ in garments}
    same = [(id, id) for id, _ in persons if id in both]
    worn, others = _worn_and_others(found) if found else (same, [])
    pairs: Pairs = {}
    for rows, ending in ((worn, ""), (others, "_unpaired")):
        for person, garment in dict.fromkeys(rows):
            split = "test" if in_test(safe(person), config.test_share) else "train"
            pairs.setdefault(f"{split}_pairs{ending}.txt", []).append((safe(person), safe(garment)))
    return jobs, pairs


def _worn_and_others(found: list[Found]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(person, garment) that the person's picture shows, and those it does not.

    A person's picture shows the garment beside it unless the file names truths and another picture, or none, is named
    here. Lines that somebody rejected are left out.
    """
    kept = [line for line in found if line.row.verdict != "reject"]
    has_truths = any(line.row.truth for line in kept)
    worn: list[tuple[str, str]] = []
    others: list[tuple[str, str]] = []
    for line in kept:
        own = not has_truths or (line.row.truth and stem(line.row.truth) == stem(line.row.person))
        (worn if own else others).append((line.person, line.garment))
        if line.unpaired:
            others.append((line.person, line.unpaired))
    return worn, others


def _from_dataset(config: PrepareConfig, progress: Progress) -> tuple[list[Job], Pairs]:
    from viton_cli.data import DATASETS

    if config.person or config.clothes or config.clothes_mask or config.pairs:
        raise BadConfig("--dataset comes alone: --person, --clothes, --clothes-mask and --pairs do not belong to it")
    if not config.format:
        raise BadConfig(f"--dataset needs --format; known: {', '.join(sorted(DATASETS))}")
    kind = DATASETS.get(config.format)
    if config.format != "prepared" and config.dataset:
        refuse_results(config.dataset, "--dataset")
    if config.label_set and "label_set" not in inspect.signature(kind).parameters:
        raise BadConfig(f"--label-set: the label set of --format {config.format} is fixed")
    dataset = kind(config.dataset, **({"label_set": config.label_set} if config.label_set else {}))
    for line in dataset.report():
        progress.note(line)
    splits = [config.split] if config.split else ["train", "test", "val"]
    jobs: dict[tuple[str, str], Job] = {}
    pairs: Pairs = {}
    for split in splits:
        for entry in _or_empty(partial(_entries, dataset, split), needed=bool(config.split)):
            known = tuple(entry.files)
            job = Job(entry.kind, safe(entry.id), entry.image, entry.mask, split, entry.labels, entry.pose, True, known)
            jobs.setdefault((entry.kind, entry.id), job)
        for setting, ending in (("paired", ""), ("unpaired", "_unpaired")):
            found = _or_empty(partial(dataset.pairs, split, setting), needed=False)
            name = f"{'train' if split == 'train' else 'test'}_pairs{ending}.txt"
            named = [(safe(person), safe(garment)) for person, garment in found]
            pairs[name] = list(dict.fromkeys(pairs.get(name, []) + named))  # "val" is "test" where there is only one
    return list(jobs.values()), pairs


def _or_empty(read: Callable[[], list[Any]], needed: bool) -> list[Any]:
    """What a data set has of a split or setting; nothing if it has none such, unless it was asked for by name."""
    try:
        return read()
    except (BadDataset, NothingUsable):
        if needed:
            raise
        return []


def check_inputs(config: PrepareConfig, jobs: list[Job], written: list[Path]) -> None:
    """See that nothing that is read is written.

    Raises:
        BadConfig: See `files.check_apart`.
    """
    masks = expand(config.clothes_mask or [])
    roots = [path for path in (config.dataset, *masks, config.pose_source, config.parsing_source) if path]
    given = [*expand(config.person or []), *expand(config.clothes or []), *([config.pairs] if config.pairs else [])]
    files = [path for job in jobs for path in job.files]
    check_apart(config.out, [*given, *roots, *files], roots=roots, written=written)


def _entries(dataset: Any, split: str) -> list[Any]:
    return list(dataset.entries(split))
