"""Pairs files: who is to wear, or wears, what. One grammar for every command and every data set.

A file is CSV (columns separated by commas, tabs or blanks) or JSONL (one object a line). With a header, or as JSON
keys, the columns are `person` and `garment`, and any of

    truth     the picture of that person in that garment
    unpaired  a garment that the person does not wear, to be tried on
    mask      a file with the garment's mask
    output    what the result is to be called
    kind      upper, lower or dress
    verdict   keep or reject: what somebody said of the result

Other columns are kept as `PairRow.more`; one that is nearly called like a known one is taken for a slip. Without a
header the two columns are person and garment, as in the lists of VITON, VITON-HD and Dress Code; a third is the kind
where it is one (GP-VTON's lists), else the unpaired garment. Names have their ending or not, or are paths relative to
the file. Blank lines, lines that begin with "#", a byte order mark and the line ends of every system are understood.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from viton_cli.errors import BadPairs
from viton_cli.files.listing import PHOTO_ENDINGS

COLUMNS = ("person", "garment", "truth", "unpaired", "mask", "output", "kind", "verdict")
# What others call the first two.
ALSO = {
    "people": "person", "model": "person", "image": "person", "person_id": "person", "garments": "garment",
    "cloth": "garment", "clothes": "garment", "clothing": "garment", "product": "garment", "garment_id": "garment",
}  # fmt: skip
KINDS = {"upper": "upper", "lower": "lower", "dress": "dress"}
KINDS |= {"upper_body": "upper", "lower_body": "lower", "dresses": "dress"}
VERDICTS = ("keep", "reject")
JSON_ENDINGS = (".jsonl", ".ndjson", ".json")
LONGEST = 4096  # characters of a field: the longest path there is
TOLD = 5  # bad lines named in one message


@dataclass(frozen=True)
class PairRow:
    """One line of a pairs file, as it stands there; a column that is absent or empty is None.

    Attributes:
        where: "FILE:LINE", for messages.
        person, garment: Names with or without ending, or paths relative to the file.
        truth, unpaired, mask, output, verdict: See the module.
        kind: "upper", "lower" or "dress".
        more: Every other column by name; text in CSV, any value in JSONL.
    """

    where: str
    person: str
    garment: str
    truth: str | None = None
    unpaired: str | None = None
    mask: str | None = None
    output: str | None = None
    kind: str | None = None
    verdict: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def ids(self) -> tuple[str, str]:
        """Person and garment without the ending of a picture."""
        return stem(self.person), stem(self.garment)


def read_pairs(path: Path, known: Collection[str] = ()) -> list[PairRow]:
    """Read a pairs file, in its order.

    Args:
        path: The file.
        known: Names of further columns the caller understands; a column nearly called like one is a slip as well.

    Raises:
        BadPairs: Unreadable, without pairs, or lines that are not understood; one line that names file and lines.
    """
    path = Path(path)
    text = _text(path)
    numbered = enumerate(io.StringIO(text, newline=None), start=1)
    lines = [(number, line.strip("\n")) for number, line in numbered if line.strip() and line.lstrip()[0] != "#"]
    if not lines:
        raise BadPairs(f"{path}: no pairs in this file")
    names = [*COLUMNS, *known]
    if lines[0][1].lstrip().startswith("{") or path.suffix.lower() in JSON_ENDINGS:
        parse = partial(_object, names=names)
    else:
        header, mark = _header(path, *lines[0], names)
        parse = partial(_cells_by_name, header=header, mark=mark)
        lines = lines[1:] if header else lines
    rows: list[PairRow] = []
    problems: list[tuple[str, str]] = []
    for number, line in lines:
        try:
            rows.append(_row(f"{path}:{number}", parse(line)))
        except _Unfit as unfit:
            problems.append((f"{path}:{number}", str(unfit)))
    if problems:
        raise BadPairs(several(problems))
    if not rows:
        raise BadPairs(f"{path}: no pairs in this file, only a header")
    return rows


def stem(name: str) -> str:
    """A name without the ending of a picture, if it has one."""
    base, dot, ending = name.rpartition(".")
    return base if dot and f".{ending.lower()}" in PHOTO_ENDINGS else name


def several(problems: list[tuple[str, str]]) -> str:
    """What is wrong with some lines, (FILE:LINE, cause) each, as one line: the first in full, the others by number."""
    (where, cause), rest = problems[0], problems[1:]
    if not rest:
        return f"{where}: {cause}"
    others = ", ".join(place.rpartition(":")[2] for place, _ in rest[: TOLD - 1])
    left = len(rest) - (TOLD - 1)
    return f"{where}: {cause}; also wrong: line {others}" + (f" and {left} more" if left > 0 else "")


class _Unfit(Exception):
    """What is wrong with one line."""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadPairs(f"{path}: not a text file (UTF-8)") from None
    except OSError as error:
        raise BadPairs(f"{path}: cannot be opened ({error.strerror or error})") from None


def _header(path: Path, number: int, line: str, names: list[str]) -> tuple[list[str] | None, str | None]:
    """The columns' names and what separates them, if this line is a header; else None, and each line for itself.

    Raises:
        BadPairs: A header, with a column that cannot be meant.
    """
    try:
        columns = _columns([re.sub(r"[\s-]+", "_", cell) for cell in _cells(line)])
        if "person" in columns and "garment" in columns:
            _check_columns(columns, names)
            return columns, _mark(line)
        lacking = {"person", "garment"} - set(columns)
        slips = [(c, near) for c in columns for near in difflib.get_close_matches(c, lacking, 1, 0.75)]
        if len(lacking) == 1 and slips:
            raise _Unfit(f"unknown column '{slips[0][0]}' (did you mean '{slips[0][1]}'?)")
    except _Unfit as unfit:
        raise BadPairs(f"{path}:{number}: {unfit}") from None
    return None, None


def _columns(names: Collection[str]) -> list[str]:
    """Names of columns in our words."""
    plain = [name.strip().casefold() for name in names]
    return [name if ALSO.get(name, name) in plain else ALSO.get(name, name) for name in plain]


def _check_columns(columns: list[str], names: list[str]) -> None:
    """Raises _Unfit for a column that is there twice, or nearly called like a known one."""
    for name in columns:
        if name and columns.count(name) > 1:
            raise _Unfit(f"column '{name}' is there twice")
        near = difflib.get_close_matches(name, names, 1, 0.8)
        if near and name not in (*names, *ALSO):
            raise _Unfit(f"unknown column '{name}' (did you mean '{near[0]}'?)")


def _mark(line: str) -> str | None:
    """What separates the columns of a line; None for blanks."""
    return "\t" if "\t" in line else "," if "," in line else None


def _cells(line: str, mark: str | None = None) -> list[str]:
    mark = mark or _mark(line)
    if mark is None:
        return line.split()
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=mark, skipinitialspace=True, strict=True))]
    except csv.Error as error:
        cause = "a quote is not closed" if "end of data" in str(error) else str(error)
        raise _Unfit(_too_long(line) or cause) from None


def _cells_by_name(line: str, header: list[str] | None, mark: str | None) -> dict[str, Any]:
    """The cells of a line by the names of their columns."""
    cells = _cells(line, mark)
    if header is None:
        if len(cells) not in (2, 3) or not all(cells):
            hint = " (columns are separated by commas, tabs or blanks)" if ";" in line else ""
            raise _Unfit(f"{len(cells)} columns, expected 2 or 3 (person, garment): '{_shown(line)}'{hint}")
        third = "kind" if len(cells) == 3 and cells[2].casefold() in KINDS else "unpaired"
        return dict(zip(("person", "garment", third), cells))
    if len(cells) > len(header):
        raise _Unfit(f"{len(cells)} columns, the header has {len(header)}: '{_shown(line)}'")
    return dict(zip(header, cells))


def _object(line: str, names: list[str]) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise _Unfit(_too_long(line) or f"not a JSON object: '{_shown(line)}'") from None
    if not isinstance(found, dict):
        raise _Unfit(f"not a JSON object but a {type(found).__name__}: one object a line is wanted")
    columns = _columns(found)
    _check_columns(columns, names)
    return dict(zip(columns, found.values()))


def _row(where: str, cells: dict[str, Any]) -> PairRow:
    """The record of one line.

    Raises:
        _Unfit: A value that cannot be one.
    """
    own = {name: _value(name, cells.get(name)) for name in COLUMNS}
    more = {name: value for name, value in cells.items() if name not in COLUMNS and value not in (None, "")}
    for name, value in more.items():
        if isinstance(value, str):
            _value(name, value)
    if own["person"] is None or own["garment"] is None:
        raise _Unfit(f"no {'person' if own['person'] is None else 'garment'} (expected 'person garment')")
    kind, verdict = own.pop("kind"), own.pop("verdict")
    if kind is not None and kind.casefold() not in KINDS:
        raise _Unfit(f"unknown kind '{_shown(kind)}'; known: upper, lower, dress")
    if verdict is not None and verdict.casefold() not in VERDICTS:
        raise _Unfit(f"unknown verdict '{_shown(verdict)}'; known: {', '.join(VERDICTS)}")
    kind, verdict = kind and KINDS[kind.casefold()], verdict and verdict.casefold()
    return PairRow(where, kind=kind, verdict=verdict, more=more, **own)  # type: ignore[arg-type]


def _value(name: str, value: object) -> str | None:
    """A cell as text; None if it is empty."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise _Unfit(f"'{name}' is {_shown(json.dumps(value))}, expected text")
    text = str(value).strip()
    if len(text) > LONGEST:
        raise _Unfit(f"'{name}' has {len(text):,} characters (at most {LONGEST:,})")
    if bad := re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", text):
        raise _Unfit(f"'{name}' holds the character {bad[0]!a}, which no name has")
    return text or None


def _too_long(line: str) -> str | None:
    longest = max((len(part) for part in re.split(r"[,\t\s\"]", line)), default=0)
    return f"a field of {longest:,} characters (at most {LONGEST:,})" if longest > LONGEST else None


def _shown(text: str, cap: int = 60) -> str:
    """Text of a line, short enough for a message."""
    text = " ".join(text.split())
    return text if len(text) <= cap else text[: cap - 1] + "…"
