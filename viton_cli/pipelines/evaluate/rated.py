"""The results that people are to compare: those pairs of person and garment of which every method has one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from viton_cli.errors import BadConfig, NothingUsable
from viton_cli.files import Entries, list_inputs, list_photos, read_photo
from viton_cli.pipelines.evaluate.matching import listed
from viton_cli.pipelines.names import pair_name, safe

Pair = tuple[str, str]


@dataclass(frozen=True)
class Rated:
    """What a sheet is made of.

    Attributes:
        methods: Name to folder.
        pairs: (person id, garment id), in order.
        results: For each method, the file of each pair.
        people, clothes: Id to the file of the photo.
        notes: What the maker of the sheet should know.
    """

    methods: dict[str, Path]
    pairs: list[Pair]
    results: list[dict[Pair, Path]]
    people: dict[str, Path]
    clothes: dict[str, Path]
    notes: list[str]


def find_rated(folders: list[str], person: Entries, clothes: Entries, limit: int, seed: int) -> Rated:
    """Look for what can be compared.

    Args:
        folders: FOLDER or NAME=FOLDER of each method's results, called PERSON__GARMENT.
        person, clothes: The photos: files, folders, patterns.
        limit: At most so many pairs, drawn by `seed`.
        seed: See above.

    Raises:
        BadConfig: Fewer than two methods, or two of one name.
        NothingUsable: A folder without pictures, or no pair of which every method has a result.
    """
    methods = named(folders)
    notes: list[str] = []
    people, garments = (dict(list_inputs(entries, note=notes.append)) for entries in (person, clothes))
    results = [_results(folder, people, garments, notes.append) for folder in methods.values()]
    for (name, folder), found in zip(methods.items(), results):
        if not found:
            raise NothingUsable(
                f"{folder}: no result of {name} called PERSON__GARMENT of who is in {listed(person)} "
                f"and what is in {listed(clothes)}"
            )
    shared = sorted(set.intersection(*map(set, results)))
    if not shared:
        raise NothingUsable(f"{', '.join(map(str, methods.values()))}: no pair of which every method has a result")
    for name, found in zip(methods, results):
        missing = len(set.union(*map(set, results)) - set(found))
        if missing:
            notes.append(f"{name}: {missing} pairs that others have are missing; they are left out for every method")
    if len(shared) > limit:
        notes.append(f"{limit} of {len(shared)} pairs are taken, by seed {seed}; --limit takes more")
        shared = sorted(Random(seed).sample(shared, limit))
    notes += _sizes(methods, [found[shared[0]] for found in results])
    return Rated(methods, shared, results, people, garments, notes)


def named(folders: list[str], least: int = 2, command: str = "sheet A B --person ...") -> dict[str, Path]:
    """Name to folder of FOLDER or NAME=FOLDER; a folder's name is its last part.

    Args:
        folders: As given.
        least: How many there must be.
        command: Of `viton evaluate`, for the message.

    Raises:
        BadConfig: Fewer, or two of one name. NothingUsable: No such folder.
    """
    methods: dict[str, Path] = {}
    for text in folders:
        name, mark, where = text.partition("=")
        path = Path(where if mark and not Path(text).exists() else text)
        name = name if mark and not Path(text).exists() else path.resolve().name
        if not path.is_dir():
            raise NothingUsable(f"{path}: no such folder of results")
        if name in methods:
            raise BadConfig(f"two methods are called '{name}': give names, such as first={methods[name]} second={path}")
        methods[name] = path
    if len(methods) < least:
        many = "two methods or more" if least > 1 else "one method or more"
        raise BadConfig(f"give the folders of results of {many}: viton evaluate {command}")
    return methods


def _sizes(methods: dict[str, Path], first: list[Path]) -> list[str]:
    """A note if the methods' pictures differ in size, which raters may see."""
    sizes = []
    for path in first:
        image = read_photo(path).image
        sizes.append((image.shape[1], image.shape[0]))
    if len(set(sizes)) == 1:
        return []
    told = ", ".join(f"{name} {width}x{height}" for name, (width, height) in zip(methods, sizes))
    lowest = min(height for _, height in sizes)
    return [f"the methods' pictures differ in size ({told}); --height {lowest} shows none larger than another"]


def _results(
    folder: Path, people: dict[str, Path], clothes: dict[str, Path], note: Callable[[str], None]
) -> dict[Pair, Path]:
    """The results in a folder by the pair that they show; everything else there is passed over."""
    persons = {safe(id): id for id in people}
    garments = {pair_name("x", id).removeprefix("x__"): id for id in clothes}
    found = {}
    for name, path in list_photos(folder, note=note):
        person, mark, garment = name.rpartition("__")
        if mark and person in persons and garment in garments:
            found[persons[person], garments[garment]] = path
    return found
