"""Which person goes with which garment: everyone with everything, one by one, or as a pairs file says.

Everything a pairs file speaks of is looked up here, before anything is begun; `files.pairs` is its grammar.
"""

from __future__ import annotations

import difflib
import os
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from viton_cli.errors import BadPairs
from viton_cli.files import PairRow, read_pairs, stem
from viton_cli.files.pairs import several
from viton_cli.pipelines.names import RESERVED, pair_name

# What a line may say besides of its person and of how the garment is worn (`tryon.corrections`).
CORRECTIONS = ("person_mask", "joints", "labels", "who", "sleeves", "length", "tuck")

Photos = Sequence[tuple[str, Path]]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Pairing:
    """The pairs of a run.

    Attributes:
        wanted: Person id to the ids of the garments to be put on.
        rows: The line of the pairs file that speaks of a pair, if there is one.
        masks: Garment id to the mask that the pairs file gives.
        outputs: What a pair's result is to be called, without ending, where the pairs file says so.
        notes: What the user should know, one line each.
    """

    wanted: dict[str, list[str]]
    rows: dict[Pair, PairRow] = field(default_factory=dict)
    masks: dict[str, Path] = field(default_factory=dict)
    outputs: dict[Pair, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def pairs(self) -> list[Pair]:
        """(person id, garment id) of all, person by person."""
        return [(person, garment) for person, garments in self.wanted.items() for garment in garments]


@dataclass(frozen=True)
class Found:
    """A line of a pairs file and the photos it speaks of, by id.

    Attributes:
        garment: The one in the column of that name.
        unpaired: The one in the column of that name, if the line has it.
    """

    row: PairRow
    person: str
    garment: str
    unpaired: str | None = None


def pairs_of(
    pairing: str,
    persons: Photos,
    garments: Photos,
    limit: int | None = None,
    shuffle: bool = False,
    seed: int = 0,
    ending: str = ".png",
    waits: bool = False,
) -> Pairing:
    """The pairs of a try-on run.

    Of a line with a garment and an unpaired one the unpaired one is put on; lines with the verdict "reject" are left
    out.

    Args:
        pairing: "all", "zip" (first in first, second in second ...) or a pairs file.
        persons, garments: (id, file) of the photos there are.
        limit: At most so many pairs: the first ones, of the shuffled order if they are shuffled.
        shuffle: Put the pairs into a random order, which depends on nothing but `seed` and the pairs.
        seed: Of that order.
        ending: Of the results.
        waits: Leave out what a file says of photos that are not there (yet).

    Raises:
        BadPairs: The file cannot be read, names a photo or mask that is not there, or an output that cannot be one;
            "zip" of lists of different length.
    """
    found = Pairing({})
    if pairing == "all":
        pairs = [(person, garment) for person, _ in persons for garment, _ in garments]
    elif pairing == "zip":
        if len(persons) != len(garments):
            raise BadPairs(f"--pairing zip: {len(persons)} people but {len(garments)} garments")
        pairs = [(person, garment) for (person, _), (garment, _) in zip(persons, garments)]
    else:
        found = _from_file(_file(pairing), persons, garments, ending, waits)
        pairs = found.pairs
    if shuffle:
        random.Random(seed).shuffle(pairs)
    wanted: dict[str, list[str]] = {}
    for person, garment in pairs[:limit]:
        wanted.setdefault(person, []).append(garment)
    return Pairing(wanted, found.rows, found.masks, found.outputs, found.notes)


def find_pairs(path: Path, persons: Photos, garments: Photos, waits: bool = False) -> list[Found]:
    """The lines of a pairs file with the ids of their photos, in its order; if it `waits`, only those that are there.

    Raises:
        BadPairs: Unreadable, or lines that name a photo that is not there; the text names file and lines.
    """
    people, clothes = _Names("person", persons, path), _Names("garment", garments, path)
    found: list[Found] = []
    problems: list[tuple[str, str]] = []
    for row in read_pairs(path, CORRECTIONS):
        try:
            # Only the first lines are shown; to look for names like those of thousands would take minutes.
            near = not problems
            unpaired = clothes.find(row.unpaired, near) if row.unpaired else None
            found.append(Found(row, people.find(row.person, near), clothes.find(row.garment, near), unpaired))
        except LookupError as error:
            problems.append((row.where, str(error.args[0])))
    if problems and not waits:
        raise BadPairs(several(problems))
    return found


def masks_in(found: Sequence[Found], path: Path) -> dict[str, Path]:
    """Garment id to its mask, of the lines that name one; a mask belongs to the garment that is put on.

    Raises:
        BadPairs: A mask that is not there, or two for one garment.
    """
    masks: dict[str, tuple[Path, str]] = {}
    for line in found:
        if line.row.mask is None:
            continue
        garment, file = line.unpaired or line.garment, path.parent / line.row.mask
        if not file.is_file():
            raise BadPairs(f"{line.row.where}: there is no mask {file}")
        before, where = masks.setdefault(garment, (file, line.row.where))
        if before != file:
            raise BadPairs(f"{line.row.where}: another mask for '{garment}' than in line {where.rpartition(':')[2]}")
    return {garment: file for garment, (file, _) in masks.items()}


def _file(pairing: str) -> Path:
    near = difflib.get_close_matches(pairing, ("all", "zip"), 1, 0.5)
    if not Path(pairing).exists() and not re.search(r"[./\\]", pairing):
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise BadPairs(f"--pairing {pairing}: cannot be opened; it is all, zip or a pairs file{hint}")
    return Path(pairing)


def _from_file(path: Path, persons: Photos, garments: Photos, ending: str, waits: bool) -> Pairing:
    lines = find_pairs(path, persons, garments, waits)
    kept = [line for line in lines if line.row.verdict != "reject"]
    if waits:
        kept = [line for line in kept if line.row.mask is None or (path.parent / line.row.mask).is_file()]
    if not kept and not waits:
        raise BadPairs(f"{path}: no pairs in this file but rejected ones")
    wanted: dict[str, dict[str, None]] = {}
    rows: dict[Pair, PairRow] = {}
    for line in kept:
        pair = line.person, line.unpaired or line.garment
        wanted.setdefault(pair[0], {})[pair[1]] = None
        before = rows.setdefault(pair, line.row)
        if before.output != line.row.output:
            raise BadPairs(f"{line.row.where}: the pair of line {before.where.rpartition(':')[2]}, with another output")
    found = Pairing({person: list(clothes) for person, clothes in wanted.items()}, rows, masks_in(kept, path))
    found.outputs.update(_outputs(found, ending))
    notes = [f"{path}: {len(lines) - len(kept)} rejected pairs are left out"] if len(kept) < len(lines) else []
    idle = [(len(all_) - len(used), len(all_), what) for all_, used, what in (
        (persons, {person for person, _ in rows}, "people"), (garments, {garment for _, garment in rows}, "garments"),
    )]  # fmt: skip
    told = [f"{count} of {total} {what}" for count, total, what in idle if count]
    if told and not waits:
        notes.append(f"{path}: {' and '.join(told)} are in no pair")
    return Pairing(found.wanted, rows, found.masks, found.outputs, tuple(notes))


def _outputs(pairing: Pairing, result: str) -> dict[Pair, str]:
    """What the results are to be called, where the file says so.

    Raises:
        BadPairs: A name that leads out of the folder, is no file name everywhere, or is another result's too.
    """
    outputs: dict[Pair, str] = {}
    taken: dict[str, str] = {}
    for pair in sorted(pairing.pairs, key=lambda pair: pairing.rows[pair].output is None):
        row = pairing.rows[pair]
        if row.output is not None:
            ending = PurePosixPath(row.output).suffix.lower()
            if ending not in ("", result) and stem(row.output) != row.output:
                raise BadPairs(f"{row.where}: output '{row.output}': results are written as {result}")
            outputs[pair] = stem(row.output)
            if cause := _unfit(outputs[pair]):
                raise BadPairs(f"{row.where}: output '{row.output}' {cause}")
        name = outputs.get(pair, pair_name(*pair))
        if name.casefold() in taken:
            raise BadPairs(f"{row.where}: output '{name}' is that of line {taken[name.casefold()]} too")
        taken[name.casefold()] = row.where.rpartition(":")[2]
    return outputs


def _unfit(name: str) -> str | None:
    """Why a result cannot be called so; None if it can."""
    parts = name.split("/")
    if PurePosixPath(name).is_absolute() or ".." in parts or re.match(r"[A-Za-z]:", name):
        return "leads out of the folder of results"
    if any(not part or part[0] == "." or part[-1] in ". " or len(part.encode()) > 120 for part in parts):
        return "is no plain file name"
    if re.search(r'[<>:"\\|?*]', name):
        return "has a character that no file name has everywhere"
    if parts[0].casefold() in RESERVED or re.fullmatch(r"(sheet(-\d+)?|index)", name.casefold()):
        return "is a name the run keeps for itself"
    return None


class _Names:
    """Photos by id, by name with ending, by the last part of either, and by their path from the pairs file."""

    def __init__(self, kind: str, photos: Photos, file: Path) -> None:
        self.kind = kind
        self.folder = file.parent.resolve()
        self.ids: dict[str, set[str]] = {}
        for id, path in photos:
            last = id.rsplit("/", 1)[-1]
            folder = id[: len(id) - len(last)]
            for name in (id, f"{folder}{path.name}", last, path.name, path.stem):
                self.ids.setdefault(name, set()).add(id)
        self.exact = {id for id, _ in photos}
        self.paths = {path.resolve(): id for id, path in photos}

    def find(self, name: str, guess: bool = True) -> str:
        """The id of the photo called so; `guess`: where there is none, say which name is like it.

        Raises:
            LookupError: There is none, or several; with a text for a person.
        """
        name = name.removeprefix("./")
        if name in self.exact:
            return name
        ids = self.ids.get(name, set())
        if len(ids) > 1:
            raise LookupError(f"'{name}' could be any of {', '.join(sorted(ids))}")
        if ids:
            return next(iter(ids))
        path = Path(os.path.normpath(self.folder / name))
        for place in (path, path.resolve()) if os.path.lexists(path) else (path,):
            if place in self.paths:
                return self.paths[place]
        near = difflib.get_close_matches(name, self.ids, n=1) if guess else []
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        raise LookupError(f"there is no {self.kind} called '{name}'{hint}")
