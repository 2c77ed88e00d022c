"""Groups of people, so that nobody is served worse unseen."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from viton_cli.errors import BadConfig

MOST = 8  # values of a column beyond which it says nothing about groups (colours, notes)
THIRDS = ("low", "middle", "high")


def read_groups(path: Path) -> dict[str, dict[str, str]]:
    """Person id to {column: group} of a CSV with a header whose first column is the id.

    A column of more than 8 different numbers is cut into thirds (low, middle, high); one of more than 8 different words
    is left out.

    Raises:
        BadConfig: Unreadable, or no such table.
    """
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadConfig(f"{path}: cannot be read as a CSV of people ({error})") from None
    rows = [row for row in rows if row and not row[0].startswith("#")]
    if len(rows) < 2 or len(rows[0]) < 2:
        raise BadConfig(f"{path}: expected a header (id and at least one column) and a line a person")
    uneven = next((number for number, row in enumerate(rows, start=1) if len(row) != len(rows[0])), None)
    if uneven:
        raise BadConfig(f"{path}: row {uneven} has {len(rows[uneven - 1])} columns, the header {len(rows[0])}")
    header, people = rows[0], rows[1:]
    found: dict[str, dict[str, str]] = {row[0].strip(): {} for row in people}
    for index, column in enumerate(header[1:], start=1):
        for person, group in zip(found, _grouped([row[index].strip() for row in people])):
            if group:
                found[person][column.strip()] = group
    return found


def groups_of(person: str, groups: dict[str, dict[str, str]]) -> tuple[str, dict[str, str]]:
    """The id a person's photo belongs to and its groups: that id itself, or the longest one that the name begins with
    and that ends where a word does (`w0001` of `w0001_2b`). The photo's own id and none where nobody is meant."""
    last = person.rsplit("/", 1)[-1]
    fits = [id for id in groups if last == id or (last.startswith(id) and not last[len(id)].isalnum())]
    id = max(fits, key=len, default="")
    return (id, groups[id]) if id else (person, {})


def _grouped(values: list[str]) -> list[str | None]:
    if len(set(values)) <= MOST:
        return [value or None for value in values]
    try:
        numbers = np.array([float(value) for value in values])
    except ValueError:
        return [None] * len(values)
    cuts = np.quantile(numbers, [1 / 3, 2 / 3])
    return [THIRDS[int(np.searchsorted(cuts, number, side="left"))] for number in numbers]
