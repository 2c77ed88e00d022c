"""Which result is compared with which true picture, and which photo it was made from.

The truth of a result is named by a pairs file, or by the result's own name. The person's own picture is the truth of
the garment worn in it and of no other: it is taken only where a pairs file, or equal names of person and garment (the
field's way of saying so), say that it shows that garment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from viton_cli.config import ScoringConfig
from viton_cli.errors import BadPairs, NothingUsable
from viton_cli.files import (
    PHOTO_ENDINGS,
    Entries,
    Manifest,
    PairRow,
    expand,
    list_inputs,
    list_photos,
    read_pairs,
    stem,
)
from viton_cli.pipelines.names import RESERVED, pair_name


@dataclass(frozen=True)
class Item:
    """One result, and the files it can be compared with.

    Attributes:
        name, person, garment: Ids; without a garment in its name `garment` is "".
        paired: Whether the person wears their own garment; None where only the pictures can tell.
        edited: The mask of where it may differ from the photo.
    """

    name: str
    person: str
    garment: str
    paired: bool | None
    result: Path
    truth: Path | None = None
    photo: Path | None = None
    edited: Path | None = None


class Pictures:
    """The pictures of an input option, found by id, or by the last part of it where that is one picture's."""

    def __init__(self, entries: Entries | None, note: Callable[[str], None]) -> None:
        self.all = list_inputs(entries, note=note) if entries else []
        self._ids = dict(self.all)
        self._last: dict[str, Path | None] = {}
        for id, path in self.all:
            last = id.rsplit("/", 1)[-1]
            self._last[last] = None if last in self._last else path

    def find(self, id: str) -> Path | None:
        """The picture called so."""
        return self._ids.get(id) or self._last.get(id)


@dataclass(frozen=True)
class _Result:
    """A picture to score: its name, the folder that name is relative to, and whom its run says it shows in what."""

    name: str
    root: Path
    path: Path
    ids: tuple[str, str] | None


def match(results: Entries, config: ScoringConfig) -> tuple[list[Item], list[str]]:
    """The results, sorted by name, and what should be known about those that lack something.

    Raises:
        NothingUsable: No result, or a folder without pictures. BadPairs: The pairs file, or a truth it names.
    """
    if (pair := _two_files(results, config)) is not None:
        return [pair], []
    notes: list[str] = []
    found = list(_results(results, notes.append))
    roots = list(dict.fromkeys(result.root for result in found))
    people, notes_of_run = _photos_of(roots, config)
    reference, photos = Pictures(config.reference, notes.append), Pictures(people, notes.append)
    notes = list(dict.fromkeys([*notes, *notes_of_run]))  # a folder may be given twice
    rows = read_pairs(config.pairs) if config.pairs else []
    named = _names(rows)
    shared = Counter(result.name for result in found)
    used: set[str] = set()
    outside, items = [], []
    for result in found:
        name = result.name
        row = named.get(name)
        person, garment = (row.ids if row else None) or result.ids or _split(name)
        if row:
            used.add(row.where)
            assert config.pairs
            truth, own = _truth_of_row(row, reference, config.pairs)
        else:
            truth, own = _truth_by_name(name, person, garment, reference)
        edited = result.root / "edited" / f"{name}.png"
        shown = name if shared[name] == 1 else f"{result.root}/{name}"
        if config.pairs and not row:
            outside.append(shown)
            continue
        photo = photos.find(person)
        mask = edited if edited.is_file() else None
        items.append(Item(shown, person, garment, own, result.path, truth, photo, mask))
    if config.pairs:
        notes += _told(len(outside), f"results are in no line of {config.pairs} and are left out", outside)
        lines = [f"{row.ids[0]}__{row.ids[1]}" for row in rows if row.where not in used]
        notes += _told(len(lines), f"pairs of {config.pairs} have no result", lines)
    if not items:
        raise NothingUsable(f"{listed(results)}: holds no result that {config.pairs or 'can be scored'} speaks of")
    return items, notes + _lacking(items, reference)


def listed(entries: Entries) -> str:
    """What an input option was given, for a message."""
    return ", ".join([str(entries)] if isinstance(entries, (str, Path)) else map(str, entries))


def _two_files(results: Entries, config: ScoringConfig) -> Item | None:
    """One result and one true picture, which belong together whatever their names; else None."""

    def only(entries: Entries | None) -> Path | None:
        files = expand(entries) if entries else []
        return files[0] if len(files) == 1 and files[0].is_file() else None

    result, truth = only(results), only(config.reference)
    if result is None or truth is None:
        return None
    return Item(result.stem, result.stem, "", None, result, truth, only(config.person))


def _results(entries: Entries, note: Callable[[str], None]) -> Iterator[_Result]:
    """Results, sorted by name, each once, without what a try-on run writes beside them."""
    found: dict[Path, _Result] = {}
    run = cache(_ids_of_run)
    for entry in expand(entries):
        own = entry if entry.is_dir() else entry.parent
        root = next((folder for folder in (own, *own.parents) if run(folder)), own)
        for id, path in list_photos(entry, note=note):
            name = id if root == own else f"{own.relative_to(root).as_posix()}/{id}"
            beside = name.split("/")[0] in RESERVED or _is_sheet(name) or path.suffix.lower() not in PHOTO_ENDINGS
            if beside and (entry.is_dir() or run(root)):
                continue
            found.setdefault(path.resolve(), _Result(name, root, path, run(root).get(name)))
    return iter(sorted(found.values(), key=lambda result: (result.name, str(result.root))))


def _is_sheet(name: str) -> bool:
    return name == "sheet" or (name.startswith("sheet-") and name[len("sheet-") :].isdigit())


def _photos_of(roots: Sequence[Path], config: ScoringConfig) -> tuple[Entries | None, list[str]]:
    """The photos: the given ones, else those of the try-on runs that wrote the results, if they are there."""
    if config.person:
        return config.person, []
    people: dict[str, Path] = {}
    for root in roots:
        try:
            settings = yaml.safe_load((root / "config.yaml").read_text(encoding="utf-8"))
            given = settings["person"]
        except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError):
            continue
        people.update((str(entry), root) for entry in (given if isinstance(given, list) else [given]))
    if not people:
        return None, ["no photos to compare with: give --person DIR, since a score means little without that of the "
                      "photo left as it is"]  # fmt: skip
    there, notes = [], []
    for entry, root in people.items():
        try:
            is_there = all(path.exists() for path in expand(entry))
        except NothingUsable:
            is_there = False
        if is_there:
            there.append(entry)
            notes.append(f"photos left as they are: {entry} (from {root / 'config.yaml'})")
        else:
            notes.append(f"{entry}, the photos of this run, is not there: give --person to have the photo's own score")
    return there or None, notes


def _ids_of_run(results: Path) -> dict[str, tuple[str, str]]:
    """Name of each result of a try-on folder to its person and garment, from the manifest."""
    entries = Manifest(results / "manifest.jsonl").read()
    return {
        stem(str(entry["output"])): (str(entry["person"]), str(entry["garment"]))
        for entry in entries
        if entry.get("output") and {"person", "garment"} <= set(entry)
    }


def _split(name: str) -> tuple[str, str]:
    person, _, garment = name.partition("__")
    return person, garment


def _names(rows: Sequence[PairRow]) -> dict[str, PairRow]:
    """What the result of each line may be called: as the line says, PERSON__GARMENT, or, where a person has but one
    line, PERSON."""
    lines: dict[str, int] = {}
    for row in rows:
        lines[row.ids[0]] = lines.get(row.ids[0], 0) + 1
    found: dict[str, PairRow] = {}
    for row in rows:
        person, garment = row.ids[0], stem(row.unpaired) if row.unpaired else row.ids[1]
        names = [stem(row.output)] if row.output else [pair_name(person, garment), f"{person}__{garment}"]
        if lines[person] == 1:
            names.append(person)
        for name in names:
            found.setdefault(name, row)
    return found


def _truth_of_row(row: PairRow, reference: Pictures, pairs: Path) -> tuple[Path | None, bool | None]:
    """The true picture a line names, and whether it is the person's own.

    Raises:
        BadPairs: The picture is not there.
    """
    own = row.unpaired is None and row.ids[0] == row.ids[1]
    if row.truth is None and not own:
        return None, False
    name = row.truth or row.person
    beside = [pairs.parent / folder / name for folder in ("", "image")]
    files = [
        file for file in (*beside, *(file.with_name(file.name + ending) for file in beside for ending in PHOTO_ENDINGS))
    ]
    found = reference.find(stem(name)) or next((file for file in files if file.is_file()), None)
    if found is None:
        raise BadPairs(f"{row.where}: there is no true picture '{name}' (looked in --reference and beside the file)")
    return found, stem(name) == row.ids[0]


def _truth_by_name(name: str, person: str, garment: str, reference: Pictures) -> tuple[Path | None, bool | None]:
    """The true picture of a result's own name; of `A__A`, worn by the person already, the picture `A`."""
    if (same := reference.find(name)) is not None:
        return same, None
    return (reference.find(person), True) if garment and person == garment else (None, None)


def _lacking(items: Sequence[Item], reference: Pictures) -> list[str]:
    notes = []
    alone = [item for item in items if item.truth is None]
    notes += _told(len(alone), "results have no true picture: only what needs none is measured of them",
                   [item.name for item in alone])  # fmt: skip
    if any(reference.find(item.person) for item in alone):
        notes.append("a person's own picture is not the truth of another garment: name the truth PERSON__GARMENT, or "
                     "give --pairs FILE with the columns person, garment, truth")  # fmt: skip
    if any(item.photo for item in items):
        lost = [item.name for item in items if item.photo is None]
        notes += _told(len(lost), "results have no photo in --person", lost)
    if any(item.result.suffix.lower() in (".jpg", ".jpeg", ".webp") for item in items):
        notes.append("some results are JPEG or WebP: their compression counts as change; write PNG for measuring")
    return notes


def _told(count: int, what: str, names: Sequence[str]) -> list[str]:
    if not count:
        return []
    return [f"{count} {what}: {', '.join(names[:3])}{' ...' if count > 3 else ''}"]
