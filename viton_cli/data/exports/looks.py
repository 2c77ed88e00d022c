"""Which person and garment stand under which number.

The layouts of the field know who wears what by name: a person and the garment they wear have one number. So a person
who wears several garments is there several times, and so is a garment that several people wear.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from viton_cli.data.prepared import Prepared
from viton_cli.errors import BadDataset

Kind = Literal["upper", "lower", "dress"]
SPLITS = ("train", "test")


@dataclass(frozen=True)
class Name:
    """Where something stands: its number, its split, and the kind of the garment that is worn or is it."""

    number: int
    split: str
    kind: Kind = "upper"


@dataclass(frozen=True)
class Look:
    """What stands under one number.

    Attributes:
        name: The number.
        person: Id of the prepared person; None where a garment stands alone.
        garment: Id of the garment that person wears; None if it is not known.
    """

    name: Name
    person: str | None
    garment: str | None

    @property
    def key(self) -> tuple[str, str, str]:
        """What the number stands for, whatever the number is."""
        return self.name.split, self.person or "", self.garment or ""


@dataclass(frozen=True)
class Looks:
    """All numbers of an export, and who is to try on what.

    Attributes:
        all: In the order of their numbers.
        unpaired: (number of the person, number of the garment) of the test split.
        notes: What the user should know, one line each.
    """

    all: tuple[Look, ...] = ()
    unpaired: tuple[tuple[int, int], ...] = ()
    notes: tuple[str, ...] = ()

    def worn(self, split: str) -> list[Look]:
        """The looks of a split whose person and garment are both known."""
        return [look for look in self.all if look.name.split == split and look.person and look.garment]

    def names(self) -> dict[int, Name]:
        """Names by number."""
        return {look.name.number: look.name for look in self.all}

    def without(self, keys: Iterable[tuple[str, str, str]]) -> Looks:
        """The same without some looks and the pairs they are in."""
        gone = set(keys)
        kept = tuple(look for look in self.all if look.key not in gone)
        numbers = {look.name.number for look in kept}
        pairs = tuple(pair for pair in self.unpaired if set(pair) <= numbers)
        return replace(self, all=kept, unpaired=pairs)


@dataclass
class _Book:
    """Looks being numbered; numbers given before are kept."""

    before: Mapping[tuple[str, str, str], int]
    kinds: Mapping[str, Kind]
    looks: dict[tuple[str, str, str], Look] = field(default_factory=dict)
    last: int = 0

    def __post_init__(self) -> None:
        self.last = max(self.before.values(), default=0)

    def add(self, split: str, person: str | None, garment: str | None) -> int:
        key = split, person or "", garment or ""
        if key not in self.looks:
            number = self.before.get(key)
            if number is None:
                self.last += 1
                number = self.last
            kind = self.kinds.get(garment or "", "upper")
            self.looks[key] = Look(Name(number, split, kind), person, garment)
        return self.looks[key].name.number

    def of_garment(self, split: str, garment: str) -> int:
        """A number under which a garment stands in a split."""
        for look in self.looks.values():
            if (look.name.split, look.garment) == (split, garment):
                return look.name.number
        return self.add(split, None, garment)


def number_looks(
    data: Prepared, kinds: Mapping[str, Kind], before: Mapping[tuple[str, str, str], int] | None = None
) -> Looks:
    """Number everything that a prepared folder's lists speak of.

    Worn pairs keep their split. Who is in unpaired ones alone, and everybody where there are no pairs at all, comes
    into "test", since nothing can be learnt from them. Test people without an unpaired garment get the next one's, as
    in the lists of the field.

    Args:
        data: The prepared folder.
        kinds: Garment id to its kind; "upper" where it is not known.
        before: Numbers of an earlier export, by `Look.key`.
    """
    people = [entry.id for entry in data.entries() if entry.kind == "person"]
    clothes = [entry.id for entry in data.entries() if entry.kind == "garment"]
    book = _Book(before or {}, kinds)
    worn = {split: _pairs(data, split, people, clothes) for split in SPLITS}
    for split in SPLITS:
        for person, garment in worn[split]:
            book.add(split, person, garment)
    others = [pair for split in SPLITS for pair in _pairs(data, split, people, clothes, "unpaired")]
    notes = []
    if not book.looks and not others and people and clothes:
        turns = range(max(len(people), len(clothes)))
        others = [(people[i % len(people)], clothes[i % len(clothes)]) for i in turns]
        notes.append("no pairs are known: each person is to try on another garment, all in the test split")
    training = {person for person, _ in worn["train"]}
    held = [pair for pair in others if pair[0] in training]
    if held:
        notes.append(f"{len(held)} unpaired pairs are of people in the train split, whose lists have no place for them")
    tested = dict.fromkeys(person for person, _ in worn["test"])
    wanted = [pair for pair in others if pair[0] not in training]
    named = {person for person, _ in wanted}
    pairs: list[tuple[int, int]] = []
    for person, garment in wanted:
        own = next((g for p, g in worn["test"] if p == person), None)
        pairs.append((book.add("test", person, own), book.of_garment("test", garment)))
    pairs += _turned(book, [person for person in tested if person not in named], clothes, notes)
    absent = set(people) - {look.person for look in book.looks.values()}
    if absent:
        notes.append(f"{len(absent)} of {len(people)} people are in no pair and are left out")
    ordered = sorted(book.looks.values(), key=lambda look: look.name.number)
    return Looks(tuple(ordered), tuple(dict.fromkeys(pairs)), tuple(notes))


def _turned(book: _Book, people: list[str], clothes: list[str], notes: list[str]) -> list[tuple[int, int]]:
    """Each of these people with the garment of the next test person of the same kind, or another garment there is."""
    pairs = []
    for kind in ("upper", "lower", "dress"):
        looks = [look for look in book.looks.values() if look.person and look.name.split == "test"]
        looks = [look for look in looks if look.name.kind == kind and look.garment]
        rest = [garment for garment in clothes if book.kinds.get(garment, "upper") == kind]
        for place, look in enumerate(looks):
            if look.person not in people:
                continue
            turn = [other.garment for other in (*looks[place + 1 :], *looks[:place])]
            garment = next((g for g in (*turn, *rest) if g and g != look.garment), look.garment)
            if garment == look.garment:
                notes.append(f"{look.person}: there is no other garment to try on than the own one")
            pairs.append((look.name.number, book.of_garment("test", garment or "")))
    return pairs


def _pairs(
    data: Prepared, split: str, people: list[str], clothes: list[str], setting: Literal["paired", "unpaired"] = "paired"
) -> list[tuple[str, str]]:
    """Pairs of a list whose pictures are there; none if there is no such list."""
    try:
        rows = data.pairs(split, setting)
    except BadDataset:
        return []
    have, on = set(people), set(clothes)
    return [(person, garment) for person, garment in dict.fromkeys(rows) if person in have and garment in on]
