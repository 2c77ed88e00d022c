"""Files of answers: JSONL as the page saves it, or CSV as it is typed from paper."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viton_cli.errors import BadDataset
from viton_cli.pipelines.evaluate.key import KEY, Key
from viton_cli.pipelines.evaluate.plan import Trial

FIELDS = ("sheet", "rater", "list", "trial", "choice")
CHOICES = {"1": "left", "left": "left", "2": "right", "right": "right", "0": None, "": None}


@dataclass(frozen=True)
class Answer:
    """One answer, with what it means.

    Attributes:
        rater: Who gave it.
        key: Of the sheet.
        trial: The question.
        place: (sheet, list, trial), numbers from 1.
        choice: "left", "right", or None where the time ran out.
        seconds: How long it took; None on paper.
        at: When, as ISO 8601 text; "" on paper.
    """

    rater: str
    key: Key
    trial: Trial
    place: tuple[str, int, int]
    choice: str | None
    seconds: float | None = None
    at: str = ""

    @property
    def pair(self) -> tuple[str, str]:
        """(person id, garment id)."""
        return self.key.pairs[self.trial.pair]

    @property
    def methods(self) -> tuple[str, str]:
        """What was on the left and on the right."""
        return self.key.methods[self.trial.left], self.key.methods[self.trial.right]


def read_answers(path: Path, keys: Mapping[str, Key]) -> list[Answer]:
    """Read one file, JSONL or CSV, told apart by its first character.

    Raises:
        BadDataset: It cannot be read, or a line is not an answer to a known sheet; the text names the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadDataset(f"{path}: cannot be opened ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise BadDataset(f"{path}: not a text file") from None
    rows = _jsonl(path, text) if text.lstrip()[:1] == "{" else _csv(path, text)
    answers = [_answer(where, row, keys) for where, row in rows]
    if not answers:
        raise BadDataset(f"{path}: no answers in this file")
    return answers


def latest(answers: Iterable[Answer]) -> tuple[list[Answer], int]:
    """One answer for each rater and question, the last given; and how many were given twice."""
    kept: dict[tuple[str, tuple[str, int, int]], Answer] = {}
    count = 0
    for answer in answers:
        count += 1
        before = kept.get((answer.rater, answer.place))
        if before is None or answer.at >= before.at:
            kept[answer.rater, answer.place] = answer
    return list(kept.values()), count - len(kept)


def _jsonl(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise BadDataset(f"{where}: not a JSON object") from None
        if not isinstance(row, dict):
            raise BadDataset(f"{where}: not a JSON object")
        yield where, row


def _csv(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    lacking = set(FIELDS) - set(reader.fieldnames or ())
    if lacking:
        raise BadDataset(f"{path}: neither answers of the page nor a form: no column {', '.join(sorted(lacking))}")
    for row in reader:
        if any(row.values()):
            yield f"{path}:{reader.line_num}", {name: value or "" for name, value in row.items() if name}


def _answer(where: str, row: dict[str, Any], keys: Mapping[str, Key]) -> Answer:
    missing = [name for name in FIELDS if name not in row]
    if missing:
        raise BadDataset(f"{where}: not an answer, it has no '{missing[0]}'")
    sheet = str(row["sheet"]).strip()
    rater = "".join(c if c.isprintable() else " " for c in str(row["rater"])).strip()  # it will stand on a terminal
    if not rater:
        raise BadDataset(f"{where}: the answer has no rater")
    if sheet not in keys:
        raise BadDataset(f"{where}: the {KEY} of sheet {sheet} is not beside the answers; give it with --key")
    key, choice = keys[sheet], str(row["choice"] if row["choice"] is not None else "").strip().casefold()
    if choice not in CHOICES:
        raise BadDataset(f"{where}: choice '{choice}' is none of 1, 2 and 0 (no answer)")
    try:
        place = sheet, int(row["list"]), int(row["trial"])
        if min(place[1:]) < 1:
            raise IndexError
        trial = key.lists[place[1] - 1][place[2] - 1]
        seconds = float(row["seconds"]) if row.get("seconds") not in (None, "") else None
    except (ValueError, TypeError):
        raise BadDataset(f"{where}: list, trial or seconds is not a number") from None
    except IndexError:
        raise BadDataset(f"{where}: sheet {sheet} has no trial {row['trial']} in list {row['list']}") from None
    return Answer(rater, key, trial, place, CHOICES[choice], seconds, str(row.get("at", "")))
