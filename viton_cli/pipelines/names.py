"""Names: of the files a run writes, and of the photos a pairs file speaks of."""

from __future__ import annotations

import csv
import difflib
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from viton_cli.errors import BadPairs

# Folders of a try-on run; a person's own sub-folder of such a name must not write into them.
RESERVED = ("steps", "edited", "thumbs")
HEADERS = ("person", "people", "model", "image", "person_id")


def safe(id: str) -> str:
    """A file name for an id, sub-folders kept; different ids get different names.

    An id that is a plain name stays as it is. One that is not (odd characters, a leading dot, "__", which joins two
    names, a reserved folder, too long) is changed and gets a short hash of the id.
    """
    parts = id.split("/")
    plain = [_plain(part) for part in parts]
    if plain[0] in RESERVED:
        plain[0] = f"{plain[0]}_"
    if plain != parts:
        plain[-1] = _hashed(plain[-1], id)
    return "/".join(plain)


def pair_name(person: str, garment: str) -> str:
    """`PERSON__GARMENT`: the person's sub-folders are kept as folders, those of the garment are joined with "+"."""
    joined = safe(garment).replace("/", "+")
    if len(joined.encode("utf-8")) > 120:
        joined = _hashed(joined[:24], garment)
    return f"{safe(person)}__{joined}"


def pairs_of(
    pairing: str, persons: Sequence[tuple[str, Path]], garments: Sequence[tuple[str, Path]]
) -> dict[str, list[str]]:
    """Person id to the ids of the garments to be put on: "all", "zip" (first in first, second in second ...) or a file.

    Raises:
        BadPairs: The file cannot be read or names a photo that is not there; "zip" of lists of different length.
    """
    if pairing == "all":
        return {person: [garment for garment, _ in garments] for person, _ in persons}
    if pairing == "zip":
        if len(persons) != len(garments):
            raise BadPairs(f"--pairing zip: {len(persons)} people but {len(garments)} garments")
        return {person: [garment] for (person, _), (garment, _) in zip(persons, garments)}
    wanted: dict[str, list[str]] = {}
    for person, garment, _ in read_pairs(Path(pairing), persons, garments):
        if garment not in wanted.setdefault(person, []):
            wanted[person].append(garment)
    return wanted


def read_pairs(
    path: Path, persons: Sequence[tuple[str, Path]], garments: Sequence[tuple[str, Path]]
) -> list[tuple[str, str, str]]:
    """(person id, garment id, third column or "") of a pairs file, in its order.

    "person garment" a line, separated by blanks, tabs or commas (CSV with quotes), with or without file endings; a
    header line, empty lines and lines that begin with "#" are passed over.

    Raises:
        BadPairs: Unreadable, empty, or a line that names a photo that is not there; the text names file and line.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise BadPairs(
            f"{path}: cannot be opened ({error.strerror or error}); --pairing is all, zip or a file"
        ) from None
    except UnicodeDecodeError:
        raise BadPairs(f"{path}: not a text file") from None
    people, clothes = _Names("person", persons), _Names("garment", garments)
    pairs: list[tuple[str, str, str]] = []
    for number, line in enumerate(lines, start=1):
        columns = _columns(line)
        if not columns or (not pairs and columns[0].lower() in HEADERS and columns[0] not in people):
            continue
        where = f"{path}:{number}"
        if len(columns) < 2:
            raise BadPairs(f"{where}: expected 'person garment', not '{line.strip()}'")
        third = columns[2] if len(columns) > 2 else ""
        pairs.append((people.find(columns[0], where), clothes.find(columns[1], where), third))
    if not pairs:
        raise BadPairs(f"{path}: no pairs in this file")
    return pairs


class _Names:
    """Photos by id, by name with ending, and by the last part of either."""

    def __init__(self, kind: str, photos: Sequence[tuple[str, Path]]) -> None:
        self.kind = kind
        self.ids: dict[str, set[str]] = {}
        for id, path in photos:
            last = id.rsplit("/", 1)[-1]
            folder = id[: len(id) - len(last)]
            for name in (id, f"{folder}{path.name}", last, path.name, path.stem):
                self.ids.setdefault(name, set()).add(id)
        self.exact = {id for id, _ in photos}

    def __contains__(self, name: str) -> bool:
        return name in self.ids

    def find(self, name: str, where: str) -> str:
        name = name.removeprefix("./")
        if name in self.exact:
            return name
        ids = self.ids.get(name, set())
        if len(ids) > 1:
            raise BadPairs(f"{where}: '{name}' could be any of {', '.join(sorted(ids))}")
        if not ids:
            near = difflib.get_close_matches(name, self.ids, n=1)
            hint = f" (did you mean '{near[0]}'?)" if near else ""
            raise BadPairs(f"{where}: there is no {self.kind} called '{name}'{hint}")
        return next(iter(ids))


def _hashed(name: str, id: str) -> str:
    return f"{name}-{hashlib.sha256(id.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _columns(line: str) -> list[str]:
    line = line.strip()
    if not line or line.startswith("#"):
        return []
    if "," in line:
        return [column.strip() for column in next(csv.reader([line], skipinitialspace=True))]
    return [column.strip() for column in (line.split("\t") if "\t" in line else line.split())]


def _plain(part: str) -> str:
    # What Windows or a shell cannot bear, and "+" and "__", which join names.
    # Of two spellings of one name, composed Unicode keeps it: to many file systems they are the same.
    plain = re.sub(r'[\x00-\x1f\x7f<>:"\\|?*+\ud800-\udfff]', "_", unicodedata.normalize("NFC", part))
    plain = re.sub(r"__+", "_", plain).strip("_").rstrip(". ").lstrip(".")
    while len(plain.encode("utf-8")) > 80:
        plain = plain[:-1]
    return plain or "unnamed"
