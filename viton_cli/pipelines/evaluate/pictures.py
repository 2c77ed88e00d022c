"""`viton evaluate`: results against true pictures of the same name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viton_cli.config import EvaluateConfig
from viton_cli.errors import NothingUsable
from viton_cli.files import Entries, expand, list_inputs, read_photo
from viton_cli.metrics import METRICS, Score

FEW = 50
# Folders that a try-on run writes beside its results.
NOT_RESULTS = ("steps", "edited", "thumbs")


@dataclass(frozen=True, repr=False)
class Evaluation:
    """Scores, and what the reader of them should know."""

    scores: list[Score]
    notes: list[str]

    def __getitem__(self, metric: str) -> float:
        """A metric's value."""
        return next(score.value for score in self.scores if score.name == metric)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"scores": [score.as_dict() for score in self.scores], "notes": self.notes}

    def __repr__(self) -> str:
        return f"<{', '.join(f'{score.name} {score.value:.4f} (n={score.n})' for score in self.scores)}>"


def evaluate(config: EvaluateConfig) -> Evaluation:
    """Score every result that has a true picture.

    A result `PERSON__GARMENT` is compared with the reference of that name, else with the reference `PERSON` (which is
    the true picture where the person is to wear the garment worn in the photo).

    Raises:
        UnknownName: An unknown metric.
        NothingUsable: No result has a reference.
        BadImage: A picture cannot be read, or a pair differs in size: a score over part of the set would mislead.
    """
    metrics = {name: METRICS.get(name)() for name in config.metrics}
    pairs, alone = match(config.results, config.reference)
    if config.dry_run:
        return Evaluation(
            [], [f"would compare {len(pairs)} of {len(pairs) + len(alone)} results by {', '.join(metrics)}"]
        )
    for name, result, reference in pairs:
        first, second = read_photo(result).image, read_photo(reference).image
        for metric in metrics.values():
            metric.add(name, first, second)
    notes = [f"{len(alone)} results have no reference and are left out: {', '.join(alone[:3])}"] if alone else []
    if len(pairs) < FEW:
        notes.append(f"only {len(pairs)} picture{'s' if len(pairs) > 1 else ''}: the scores are rough")
    return Evaluation([metric.score() for metric in metrics.values()], notes)


def match(results: Entries, reference: Entries) -> tuple[list[tuple[str, Path, Path]], list[str]]:
    """(name, result, reference) of the results that have a reference, and the names of those that have none.

    Raises:
        NothingUsable: A folder without pictures, or no result has a reference.
    """
    found, true = list_inputs(results), dict(list_inputs(reference))
    if _are_files(results) and _are_files(reference) and len(found) == len(true) == 1:
        return [(found[0][1].name, found[0][1], next(iter(true.values())))], []
    pairs, alone = [], []
    for name, path in found:
        if not _are_files(results) and (name.split("/")[0] in NOT_RESULTS or _is_sheet(name)):
            continue
        target = true.get(name) or true.get(name.split("__")[0])
        if target is None:
            alone.append(name)
        else:
            pairs.append((name, path, target))
    if not pairs:
        example = f" (such as {alone[0]})" if alone else ""
        truths, made = (", ".join(map(str, expand(entries))) for entries in (reference, results))
        raise NothingUsable(f"{truths}: no picture is named as a result in {made}{example}")
    return pairs, alone


def _are_files(entries: Entries) -> bool:
    return all(entry.is_file() for entry in expand(entries))


def _is_sheet(name: str) -> bool:
    return name == "sheet" or (name.startswith("sheet-") and name[len("sheet-") :].isdigit())
