"""The pairs files of a prepared folder: who wears what, and what test people are to try on."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from viton_cli.pipelines.prepare.flatten import made_from
from viton_cli.pipelines.prepare.folder import PreparedFolder, in_test
from viton_cli.pipelines.prepare.jobs import Job, Pairs

Rows = list[tuple[str, str]]
PAIRED = ("train_pairs.txt", "test_pairs.txt")  # of people and what they wear
MISSING = (
    "no pairs of a person and the garment worn, which `viton train` learns try-on from: name them with --pairs, "
    "or lay the worn garments flat with --flatten"
)


def write_pairs(folder: PreparedFolder, entries: dict[tuple[str, str], dict[str, Any]], pairs: Pairs) -> list[str]:
    """Write the pairs files.

    Args:
        folder: Where to. entries: Its manifest's, by kind and id.
        pairs: What the user or the data set says of pairs, by name of the file.

    Returns:
        What training lacks, in words.
    """
    ready = {key for key, entry in entries.items() if entry.get("status") == "ok"}
    usable = {
        name: [(p, g) for p, g in rows if ("person", p) in ready and ("garment", g) in ready]
        for name, rows in pairs.items()
    }
    named = _named(pairs)
    for name, row in _laid_flat(folder, entries):
        if row[0] not in named:
            usable.setdefault(name, []).append(row)
    test = usable.get("test_pairs.txt", [])
    if not usable.get("test_pairs_unpaired.txt"):
        usable["test_pairs_unpaired.txt"] = shuffled(test)
    for name, rows in usable.items():
        if rows:
            folder.write_pairs(name, rows)
    if usable.get("train_pairs.txt") or not any(kind == "person" for kind, _ in ready):
        return []
    return [f"all {len(test)} pairs are test pairs, none to train on: see --test-share" if test else MISSING]


def unnamed(jobs: Iterable[Job], pairs: Pairs) -> list[str]:
    """Ids of the people of whom it is not said what they wear."""
    named = _named(pairs)
    return [job.id for job in jobs if job.kind == "person" and job.id not in named]


def _named(pairs: Pairs) -> set[str]:
    return {person for name in PAIRED for person, _ in pairs.get(name, [])}


def shuffled(pairs: Rows) -> Rows:
    """Each test person with a garment that another one wears, in the order of the persons given.

    Source: section 4 tests on test pairs whose garments were shuffled. The shuffle here goes by hashes of the ids: it
    is the same in every run, and stays as it is for most when photos come or go. Every garment is given once, unless
    several people wear it. Nobody gets what they wear; who could get nothing else is left out.
    """
    worn: dict[str, set[str]] = defaultdict(set)
    for person, garment in pairs:
        worn[person].add(garment)
    order = sorted(pairs, key=lambda row: hashlib.sha256("\t".join(row).encode("utf-8", "surrogatepass")).digest())
    given: dict[tuple[str, str], str] = {}
    for place, row in enumerate(order):
        turn = (order[(place + step) % len(order)][1] for step in range(1, len(order)))
        other = next((garment for garment in turn if garment not in worn[row[0]]), None)
        if other is not None:
            given[row] = other
    return list(dict.fromkeys((row[0], given[row]) for row in pairs if row in given))


def _laid_flat(
    folder: PreparedFolder, entries: dict[tuple[str, str], dict[str, Any]]
) -> list[tuple[str, tuple[str, str]]]:
    """(name of the file, (person, garment)) of all garments that were laid flat from what is there now."""
    found = []
    for (kind, id), entry in entries.items():
        person = entry.get("worn_by")
        if kind != "garment" or entry.get("status") != "ok" or not isinstance(person, str):
            continue
        if entry.get("inputs") == made_from(folder, person):
            split = entry.get("split")
            test = split != "train" if split else in_test(person, folder.config.test_share)
            found.append((f"{'test' if test else 'train'}_pairs.txt", (person, id)))
    return sorted(found)  # whichever process wrote its line first
