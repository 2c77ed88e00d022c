"""`viton evaluate votes`: what the raters of a sheet said, with intervals, tests and their agreement."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viton_cli.config import EvaluateVotesConfig
from viton_cli.errors import NothingUsable, VitonError
from viton_cli.files import check_apart, expand, write_text
from viton_cli.metrics import preference
from viton_cli.pipelines.evaluate.answers import Answer, latest, read_answers
from viton_cli.pipelines.evaluate.key import find_keys

FEW_PAIRS = 10
Interval = tuple[float, float]


@dataclass(frozen=True)
class MethodVotes:
    """What the votes say of one method. Intervals hold 95 %.

    Attributes:
        method: Its name.
        n: Votes in whose duel it was.
        won: Votes for it.
        share: won / n, the paper's number; chance is 0.5.
        wilson: Interval of the share, votes taken as independent.
        bootstrap: Interval of the share, pairs drawn anew with all their votes.
        strength, strength_interval: Bradley-Terry strength in log odds (all sum to 0), and its interval over pairs.
        p, p_holm: Two-sided binomial test against 0.5, and corrected for the number of methods.
    """

    method: str
    n: int
    won: int
    share: float
    wilson: Interval
    bootstrap: Interval
    strength: float
    strength_interval: Interval
    p: float
    p_holm: float


@dataclass(frozen=True)
class DuelVotes:
    """What the votes say of two methods: how often `first` was preferred; `p_holm` is corrected for all duels."""

    first: str
    second: str
    n: int
    won: int
    share: float
    wilson: Interval
    p: float
    p_holm: float


@dataclass
class Votes:
    """Everything `viton evaluate votes` prints.

    Attributes:
        methods: The best first.
        duels: Every two methods that met.
        n, raters, pairs: Votes, raters and pairs that count.
        alpha, agree, repeated: Krippendorff's alpha, share of pairs of raters that agree, questions asked twice.
        excluded: Rater to why their votes do not count.
        problems: Files that could not be read.
        notes: What the reader should know.
        plan: What would be done, of a dry run.
    """

    methods: list[MethodVotes]
    duels: list[DuelVotes]
    n: int
    raters: int
    pairs: int
    alpha: float
    agree: float
    repeated: int
    excluded: dict[str, str]
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    plan: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`; a number that cannot be had is null."""
        plain: dict[str, Any] = _without_nan(asdict(self))
        return plain


def count_votes(config: EvaluateVotesConfig, files: Sequence[str | Path]) -> Votes:
    """Do what `viton evaluate votes` does.

    Args:
        config: Settings. files: Files of answers, or patterns.

    Raises:
        NothingUsable: No votes that count.
        BadConfig: A key that was given cannot be read.
    """
    files = expand(files)
    if config.out:
        check_apart(config.out, [*files, *map(Path, config.key)])
    keys = find_keys(files, config.key)
    given, problems = [], []
    for path in files:
        try:
            given += read_answers(path, keys)
        except VitonError as error:
            problems.append(str(error))
    answers, repeats = latest(given)
    if config.dry_run:
        raters = len({answer.rater for answer in answers})
        plan = f"would count {len(answers)} answers of {raters} raters in {len(files)} files"
        return Votes([], [], 0, raters, 0, math.nan, math.nan, repeats, {}, problems, plan=plan)
    excluded, catch_notes = _failed_catches(answers, config.catch_pass)
    counted = [a for a in answers if a.rater not in excluded and a.trial.spoilt is None and a.choice is not None]
    if not counted:
        reasons = problems + [f"{rater}: {cause}" for rater, cause in excluded.items()]
        raise NothingUsable(f"no votes that count ({'; '.join(reasons) or 'only catch trials or no answers'})")
    votes = _statistics(counted, config)
    votes.excluded, votes.problems = excluded, problems
    late = sum(a.choice is None and a.trial.spoilt is None and a.rater not in excluded for a in answers)
    votes.notes += catch_notes
    votes.notes += [f"{late} trials without an answer (the time ran out)"] if late else []
    votes.notes += [f"{repeats} answers were given again later; the last of each counts"] if repeats else []
    if votes.pairs < FEW_PAIRS:
        votes.notes.append(f"only {votes.pairs} pairs: the intervals over pairs are rough")
    if config.out:
        write_text(config.out, _table(counted))
    return votes


def _failed_catches(answers: list[Answer], least: float) -> tuple[dict[str, str], list[str]]:
    """Raters who took too many spoilt pictures, and a note on those who met no catch trial."""
    caught: dict[str, list[bool]] = defaultdict(list)
    for answer in answers:
        results = caught[answer.rater]
        if answer.trial.spoilt is not None:
            results.append(answer.choice is not None and answer.choice != answer.trial.spoilt)
    excluded = {
        rater: f"{len(right) - sum(right)} of {len(right)} catch trials failed"
        for rater, right in sorted(caught.items())
        if right and sum(right) < least * len(right)
    }
    untested = sorted(rater for rater, right in caught.items() if not right)
    return excluded, [f"no catch trial answered, counted all the same: {', '.join(untested)}"] if untested else []


def _statistics(answers: list[Answer], config: EvaluateVotesConfig) -> Votes:
    names = sorted({method for answer in answers for method in answer.methods})
    pairs = sorted({answer.pair for answer in answers})
    wins = _wins(answers, names, pairs)
    total = wins.sum(0)
    won, n = total.sum(1), total.sum(1) + total.sum(0)
    share, strength = preference.shares(total), preference.strengths(total)
    drawn_shares, drawn_strengths = preference.bootstrap(wins, config.bootstrap, config.seed)
    share_bounds, strength_bounds = preference.interval(drawn_shares), preference.interval(drawn_strengths)
    p = np.array([preference.against_chance(int(w), int(m)) for w, m in zip(won, n)])
    corrected = preference.holm(p)
    methods = [
        MethodVotes(
            name, int(n[i]), int(won[i]), float(share[i]), preference.wilson(int(won[i]), int(n[i])),
            (float(share_bounds[0][i]), float(share_bounds[1][i])), float(strength[i]),
            (float(strength_bounds[0][i]), float(strength_bounds[1][i])), float(p[i]), float(corrected[i]),
        )
        for i, name in enumerate(names)
    ]  # fmt: skip
    alpha, agree, repeated = preference.blind_agreement(*_questions(answers))
    return Votes(
        sorted(methods, key=lambda m: -m.strength), _duels(total, names), len(answers),
        len({a.rater for a in answers}), len(pairs), alpha, agree, repeated, {},
    )  # fmt: skip


def _wins(answers: list[Answer], names: list[str], pairs: list[tuple[str, str]]) -> NDArray[np.int64]:
    """(P, M, M): how often the one method was preferred to the other on each pair."""
    place, row = {name: i for i, name in enumerate(names)}, {pair: i for i, pair in enumerate(pairs)}
    wins = np.zeros((len(pairs), len(names), len(names)), np.int64)
    for answer in answers:
        left, right = (place[method] for method in answer.methods)
        better, worse = (left, right) if answer.choice == "left" else (right, left)
        wins[row[answer.pair], better, worse] += 1
    return wins


def _questions(answers: list[Answer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many raters took the one and the other method, for each pair and two methods."""
    first: Counter[Any] = Counter()
    second: Counter[Any] = Counter()
    for answer in answers:
        left, right = answer.methods
        question = answer.pair, *sorted((left, right))
        better = left if answer.choice == "left" else right
        (first if better == question[1] else second)[question] += 1
    asked = sorted(set(first) | set(second))
    return np.array([first[q] for q in asked]), np.array([second[q] for q in asked])


def _duels(total: NDArray[np.int64], names: list[str]) -> list[DuelVotes]:
    met = [(i, j) for i, j in combinations(range(len(names)), 2) if total[i, j] + total[j, i]]
    counts = [(int(total[i, j]), int(total[i, j] + total[j, i])) for i, j in met]
    p = np.array([preference.against_chance(*count) for count in counts])
    return [
        DuelVotes(names[i], names[j], n, won, won / n, preference.wilson(won, n), float(one), float(several))
        for (i, j), (won, n), one, several in zip(met, counts, p, preference.holm(p))
    ]


def _table(answers: list[Answer]) -> str:
    """The votes that count as CSV, methods by name."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        ["sheet", "rater", "list", "trial", "person", "garment", "left", "right", "preferred", "seconds", "at"]
    )
    for answer in sorted(answers, key=lambda a: (a.place, a.rater)):
        left, right = answer.methods
        better = left if answer.choice == "left" else right
        seconds = "" if answer.seconds is None else answer.seconds
        writer.writerow(
            [answer.place[0], answer.rater, *answer.place[1:], *answer.pair, left, right, better, seconds, answer.at]
        )
    return stream.getvalue()


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(part) for part in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
