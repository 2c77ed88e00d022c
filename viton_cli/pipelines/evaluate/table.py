"""`viton evaluate table`: methods beside each other, as the paper's Table 1 has them, with our measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from viton_cli.config import EvaluateTableConfig, EvaluateVotesConfig
from viton_cli.engines.progress import Progress
from viton_cli.metrics import Score
from viton_cli.pipelines.evaluate.pictures import Evaluation, evaluate_folder
from viton_cli.pipelines.evaluate.rated import named
from viton_cli.pipelines.evaluate.votes import MethodVotes, count_votes

# VITON, Table 1: Inception Score, its deviation, and the share of human votes (chance 50 %). Splits and the network of
# its Inception Score are not stated there: a number of ours is not comparable with it.
PAPER: dict[str, tuple[float, float, float | None]] = {
    "prgan": (2.688, 0.098, 27.3),
    "cagan": (2.981, 0.087, 21.8),
    "crn": (2.449, 0.070, 69.1),
    "encoder-decoder": (2.455, 0.110, 58.4),
    "non-parametric": (3.373, 0.142, 46.4),
    "viton": (2.514, 0.130, 77.2),
}
REAL = (3.312, 0.098, None)
PHOTO, TRUE = "(photo as it is)", "(true pictures)"
VOTES = "viton evaluate votes"


@dataclass(frozen=True)
class MethodTable:
    """A table ready to be printed.

    Attributes:
        header, rows: Cells as text.
        remarks: How each measure was taken, one line each.
        notes, missing: As in `Evaluation`.
        scores: Method to its scores.
        plan: What would be done, of a dry run.
    """

    header: list[str]
    rows: list[list[str]]
    remarks: list[str]
    notes: list[str]
    missing: dict[str, str]
    scores: dict[str, list[Score]] = field(default_factory=dict)
    plan: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        scores = {method: [score.as_dict() for score in found] for method, found in self.scores.items()}
        return {"header": self.header, "rows": self.rows, "remarks": self.remarks, "notes": self.notes,
                "missing": self.missing, "scores": scores, "plan": self.plan}  # fmt: skip


def make_table(config: EvaluateTableConfig, progress: Progress | None = None) -> MethodTable:
    """Score every method's results, and set them beside the paper's numbers.

    Raises:
        BadConfig: No method, or two of one name.
        NothingUsable: A folder that is not there, or votes of which none counts.
        VitonError: As of `evaluate_folder`.
    """
    methods = named(config.results, least=1, command="table NAME=FOLDER ...")
    votes, notes = _votes(config)
    found = {name: evaluate_folder(folder, config, progress) for name, folder in methods.items()}
    notes += [f"{name}: {note}" for name, one in found.items() for note in one.notes]
    missing = {name: why for one in found.values() for name, why in one.missing.items()}
    if config.dry_run:
        plan = "; ".join(f"{name}: {one.plan}" for name, one in found.items())
        return MethodTable([], [], [], notes, missing, plan=plan)
    notes += _unequal(found)
    unknown = sorted(set(votes) - set(methods))
    if unknown:
        notes.append(f"votes for {', '.join(unknown)} are not shown: no such method in this table")
    kinds = list(dict.fromkeys(score.kind for one in found.values() for score in one.scores))
    names = list(dict.fromkeys(s.name for one in found.values() for s in one.scores if s.name != "is"))
    header = [
        "method",
        "results",
        "n",
        "Inception Score",
        "human %",
        *names,
        "paper: Inception Score",
        "paper: human %",
    ]
    rows = []
    for kind in kinds:
        of_kind = {
            name: {s.name: s for s in one.scores if s.kind == kind and not s.group} for name, one in found.items()
        }
        rows += [
            _row(name, kind, scores, names, votes.get(name), missing) for name, scores in of_kind.items() if scores
        ]
        first = next(iter(scores for scores in of_kind.values() if scores))
        rows += _photo_and_truth(kind, first, names)
    if not any(kinds):  # nobody can say which: the column would be empty
        header, rows = [header[0], *header[2:]], [[row[0], *row[2:]] for row in rows]
    protocols = dict.fromkeys((s.name, s.protocol) for one in found.values() for s in one.scores if not s.group)
    remarks = [f"{name}: {protocol}" for name, protocol in protocols]
    remarks.append(
        "paper: VITON, Table 1, on its own data, network and splits unstated: not comparable with our columns"
    )
    if votes:
        remarks.append(f"human %: share of duels won, Wilson interval 95 %, chance 50 % ({VOTES})")
    return MethodTable(header, rows, remarks, notes, missing, {name: one.scores for name, one in found.items()})


def _votes(config: EvaluateTableConfig) -> tuple[dict[str, MethodVotes], list[str]]:
    """What the raters said of each method, and whom and what was left out."""
    if not config.votes:
        return {}, []
    said = count_votes(EvaluateVotesConfig.model_validate({"key": config.key}), [Path(file) for file in config.votes])
    excluded = [f"left out: {rater}: {cause}" for rater, cause in said.excluded.items()]
    return {method.method: method for method in said.methods}, [*said.problems, *excluded, *said.notes]


def _row(
    name: str,
    kind: str,
    scores: dict[str, Score],
    names: Sequence[str],
    votes: MethodVotes | None,
    missing: dict[str, str],
) -> list[str]:
    paper = PAPER.get(name.lower())
    inception = scores.get("is")
    return [
        name, kind, str(max(score.n for score in scores.values())),
        _with(inception.value, inception.spread) if inception else _how_to_fill(missing.get("is")),
        _human(votes) if votes else f"needs {VOTES}",
        *(_plain(scores[column].value) if column in scores else "" for column in names),
        _with(*paper[:2]) if paper else "", f"{paper[2]}" if paper else "",
    ]  # fmt: skip


def _photo_and_truth(kind: str, scores: dict[str, Score], names: Sequence[str]) -> list[list[str]]:
    """The rows of the photo left as it is and, as the paper's last, of the true pictures."""
    inception = scores.get("is")
    rows = []
    if any(score.photo is not None for score in scores.values()):
        photo = {name: score.photo for name, score in scores.items()}
        rows.append(
            [PHOTO, kind, "", _plain(photo.get("is")), "", *(_plain(photo.get(name)) for name in names), "", ""]
        )
    true = _plain(inception.truth) if inception else ""
    rows.append([TRUE, kind, "", true, "", *([""] * len(names)), _with(*REAL[:2]), ""])
    return rows


def _how_to_fill(why: str | None) -> str:
    """The command that fills a cell, short."""
    for start in ("pip install", "viton doctor --fetch"):
        if why and start in why:
            return f"needs {why[why.index(start) :].split(',')[0]}"
    return ""


def _unequal(found: dict[str, Evaluation]) -> list[str]:
    """Methods that were not scored on the same pairs."""
    pairs = {name: {(m.item.person, m.item.garment) for m in one.measured} for name, one in found.items()}
    every = set.intersection(*pairs.values())
    return [
        f"{name}: {len(own - every)} of its {len(own)} pairs are not those of every method, so that rows do not compare"
        for name, own in pairs.items()
        if own != every
    ]


def _human(votes: MethodVotes) -> str:
    low, high = votes.wilson
    return f"{100 * votes.share:.1f} [{100 * low:.1f}, {100 * high:.1f}] n={votes.n}"


def _with(value: float, spread: float | None) -> str:
    return f"{value:.3f}" + (f" ± {spread:.3f}" if spread is not None else "")


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}" if abs(value) < 10 else f"{value:.2f}"
