"""From what was measured of each result to scores: over all of a kind, by group of people, and one row a picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from viton_cli.config import ScoringConfig
from viton_cli.files import read_photo
from viton_cli.metrics import Metric, Picture, Score, Which
from viton_cli.metrics.metric import Reference
from viton_cli.metrics.scores import score
from viton_cli.pipelines.evaluate.loading import Loader
from viton_cli.pipelines.evaluate.matching import Item, Pictures

FEW, FEW_FOR_INCEPTION = 50, 2048
SEEN: tuple[Which, ...] = ("result", "photo")
Row = dict[tuple[str, Which], Any]  # (measure, picture) to its row of numbers


@dataclass
class Measured:
    """One result and what was measured of it.

    Attributes:
        item: Its files. person: Whose it is. groups: Of that person.
        kind: "paired", "unpaired" or "" (not known).
        rows: (measure, picture) to numbers; where a measure says nothing there is no entry.
    """

    item: Item
    person: str
    groups: dict[str, str]
    kind: str
    rows: Row = field(default_factory=dict)


def scores_of(
    metrics: Sequence[Metric], measured: Sequence[Measured], config: ScoringConfig, loader: Loader
) -> tuple[list[Score], dict[str, str]]:
    """Scores over all pictures of a kind, then by group; and, of a measure that has none, why."""
    scores: list[Score] = []
    unsaid: dict[str, str] = {}
    whole = _Reference(config)
    for label, members in _parts(measured):
        for metric in metrics:
            kind = members[0].kind
            found = _score(metric, members, kind, label, whole, loader)
            if isinstance(found, Score):
                scores.append(found)
            elif not label:
                unsaid.setdefault(metric.name, found)
    return scores, {name: why for name, why in unsaid.items() if name not in {score.name for score in scores}}


def _parts(measured: Sequence[Measured]) -> Iterator[tuple[str, list[Measured]]]:
    """("", all of a kind), then ("column=value", those of a group), kind by kind: kinds are never mixed."""
    for kind in ("paired", "unpaired", ""):
        members = [one for one in measured if one.kind == kind]
        if not members:
            continue
        yield "", members
        labels = sorted({f"{column}={value}" for one in members for column, value in one.groups.items()})
        for label in labels:
            column, _, value = label.partition("=")
            yield label, [one for one in members if one.groups.get(column) == value]


def _passed_over(note: str) -> None:
    """What is passed over of --reference was said when the results were matched with it."""


class _Reference:
    """The true pictures that results without truths of their own are compared with as a set."""

    def __init__(self, config: ScoringConfig) -> None:
        self.entries = config.reference
        self._rows: dict[str, Any] = {}

    def rows(self, metric: Metric, lock: Any) -> Any:
        """(m, d) features of all pictures of --reference; None where none are given."""
        if self.entries is None:
            return None
        if metric.name not in self._rows:
            with lock:
                pictures = (Picture(read_photo(path).image) for _, path in Pictures(self.entries, _passed_over).all)
                self._rows[metric.name] = np.stack([metric.features(picture) for picture in pictures])
        return self._rows[metric.name]


def _score(
    metric: Metric, members: Sequence[Measured], kind: str, label: str, whole: _Reference, loader: Loader
) -> Score | str:
    """The score of some results by one measure, or why there is none."""
    taken = [one for one in members if (metric.name, "result") in one.rows]
    if not taken:
        return _why_nothing(metric)
    rows, people = _stack(metric, taken, "result"), [one.person for one in taken]
    reference = None
    with_truth = all((metric.name, "truth") in one.rows for one in taken)
    if metric.of_sets:
        true = _stack(metric, taken, "truth") if with_truth else whole.rows(metric, loader.lock)
        if true is None:
            return "needs true pictures: give --reference DIR or --pairs FILE with a column truth"
        if min(len(rows), len(true)) < 2:
            return "needs two pictures or more"
        reference = Reference(true, with_truth)
    value, low, high = score(metric, rows, people, reference)
    photo: tuple[float | None, float | None, float | None] = None, None, None
    with_photo = [one for one in taken if (metric.name, "photo") in one.rows]
    if with_photo and len(with_photo) == len(taken):
        photo = score(metric, _stack(metric, with_photo, "photo"), people, reference)
    own = None if metric.of_sets or not with_truth else metric.scorer(_stack(metric, taken, "truth"), None)(None, None)
    protocol = metric.protocol(rows, reference)
    if any(need.startswith("labels") for need in metric.needs):
        protocol += f"; labels: {_source(loader)}"
    return Score(
        metric.name, value, protocol, len(rows), metric.higher_is_better, low, high, metric.spread(rows, reference),
        *photo, own, len(set(people)), kind, label,
    )  # fmt: skip


def _source(loader: Loader) -> str:
    if not loader.given:
        return "found by the built-in parser"
    return f"given ({loader.label_set})" + (", those not given found by the built-in parser" if loader.found else "")


def _stack(metric: Metric, members: Sequence[Measured], which: Which) -> Any:
    return np.stack([np.asarray(one.rows[metric.name, which], np.float64) for one in members])


def _why_nothing(metric: Metric) -> str:
    if "edited" in metric.needs:
        return "needs the masks of a run: viton tryon ... --masks"
    lacking = " and ".join({"truth": "--reference or --pairs", "photo": "--person"}[need]
                           for need in metric.needs if need in ("truth", "photo"))  # fmt: skip
    return f"says nothing of these pictures (needs {lacking})" if lacking else "says nothing of these pictures"


def warnings_of(
    scores: Sequence[Score], measured: Sequence[Measured], config: ScoringConfig, groups: dict[str, Any]
) -> list[str]:
    """What the reader of the scores should know, one line each."""
    notes = []
    if len(measured) < FEW:
        notes.append(f"only {len(measured)} pictures: the scores are rough")
    kinds = sorted({one.kind or "of unknown kind" for one in measured})
    if len(kinds) > 1:
        notes.append(f"the results are {' and '.join(kinds)}: each kind has scores of its own, they are never mixed")
    few = sorted({s.name for s in scores if s.name in ("fid", "kid", "is") and s.n < FEW_FOR_INCEPTION and not s.group})
    if few:
        notes.append(
            f"{', '.join(few)} of fewer than {FEW_FOR_INCEPTION} pictures: compare only with scores of the same n"
        )
    if groups and (nobody := [one.item.name for one in measured if not one.groups]):
        notes.append(f"{len(nobody)} results are of nobody in {config.groups}: {', '.join(nobody[:3])}")
    notes += [f"{s.name}: {s.group} is served worse ({s.value:.4g}, n={s.n}) than all together ({a.value:.4g})"
              for s, a in _worse(scores)]  # fmt: skip
    return notes


def _worse(scores: Sequence[Score]) -> Iterator[tuple[Score, Score]]:
    """Scores of groups whose whole interval lies on the bad side of the score over all."""
    whole = {(s.name, s.kind): s for s in scores if not s.group}
    for one in scores:
        if one.group and one.low is not None and one.high is not None:
            everyone = whole[one.name, one.kind]
            if one.n == everyone.n:  # the group is everybody
                continue
            if one.high < everyone.value if one.higher_is_better else one.low > everyone.value:
                yield one, everyone


def rows_as_csv(measured: Sequence[Measured]) -> str:
    """One line a result: its names, kind and groups, each measure of one picture, and the photo's own."""
    names = list(dict.fromkeys(name for one in measured for (name, _), row in one.rows.items() if len(row) == 1))
    columns = list(dict.fromkeys(column for one in measured for column in one.groups))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["name", "person", "garment", "kind", *columns, *names, *(f"{name} (photo)" for name in names)])
    for one in measured:
        values = [
            format(float(one.rows[name, which][0]), ".6g") if (name, which) in one.rows else ""
            for which in SEEN
            for name in names
        ]
        groups = [one.groups.get(column, "") for column in columns]
        writer.writerow([one.item.name, one.item.person, one.item.garment, one.kind, *groups, *values])
    return stream.getvalue()
