"""From the rows of a measure to a score that cannot be misread: value, interval, n, protocol, and the photo's own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from viton_cli.metrics.metric import Metric, Reference, Rows, Weights

RESAMPLES = 1000
SET_RESAMPLES, MANY_SET_RESAMPLES, MANY = 100, 20, 400  # of distances between sets; beyond MANY pictures fewer
FEWEST_PEOPLE = 3  # of whom a bootstrap can say something
LEVEL, Z = 0.95, 1.959964
SEED = 0


@dataclass(frozen=True)
class Score:
    """A number that cannot be misread.

    Attributes:
        name: The measure.
        value: Its value over all items.
        protocol: All that another library would have to do alike: window, range, colour, averaging.
        n: Number of pictures it is the score of.
        higher_is_better: Which way is up.
        low, high: Its 95 % interval, by a bootstrap over people; None where nothing can be said.
        spread: The standard deviation given with it by custom (over splits or subsets), if there is one.
        photo: The same measure for the photo left as it is, and its interval; None if the photo was not given.
        truth: The same measure of the true pictures themselves, where it can be taken without a comparison ("is").
        people: How many people the pictures are of.
        kind: "paired" (the person's own garment), "unpaired" (another), or "" (not known, or of no matter).
        group: "skin_group=dark" where it is the score of a group, else "".
    """

    name: str
    value: float
    protocol: str
    n: int
    higher_is_better: bool
    low: float | None = None
    high: float | None = None
    spread: float | None = None
    photo: float | None = None
    photo_low: float | None = None
    photo_high: float | None = None
    truth: float | None = None
    people: int | None = None
    kind: str = ""
    group: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON: what cannot be said there (infinite) is "inf"."""
        return {k: str(v) if isinstance(v, float) and not math.isfinite(v) else v for k, v in asdict(self).items()}


def score(
    metric: Metric, rows: Rows, people: Sequence[str], reference: Reference | None = None
) -> tuple[float, float | None, float | None]:
    """Value of a measure and its 95 % interval.

    The interval comes from a bootstrap over people: pictures of one person are drawn together, since they are not
    independent. Of means it is that of the percentiles; of distances between sets, whose resamples are biased, 1.96
    standard deviations to either side.

    Args:
        metric: The measure.
        rows: (n, d) rows.
        people: Whose picture each row is.
        reference: Of sets: the true pictures; matched ones are drawn with their results.
    """
    scorer = metric.scorer(rows, reference)
    value = scorer(None, None)
    if len(set(people)) < FEWEST_PEOPLE or not math.isfinite(value):
        return value, None, None
    of_sets = rows.shape[1] > 1
    count = RESAMPLES if not of_sets else SET_RESAMPLES if len(rows) <= MANY else MANY_SET_RESAMPLES
    drawn = _drawn(tuple(people), count)
    others: Sequence[Weights | None] = [None] * count
    if reference is not None:
        others = drawn if reference.matched else _drawn(tuple(map(str, range(len(reference.rows)))), count, SEED + 1)
    values = np.array([scorer(weights, other) for weights, other in zip(drawn, others)])
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return value, None, None
    if of_sets:
        half = Z * float(values.std(ddof=1))
        return value, value - half, value + half
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return value, float(low), float(high)


@lru_cache(maxsize=16)  # the measures of one set of results all ask for the same
def _drawn(people: tuple[str, ...], count: int, seed: int = SEED) -> tuple[Weights, ...]:
    """How often each item counts in each resample: as often as its person was drawn."""
    names = {name: index for index, name in enumerate(dict.fromkeys(people))}
    of = np.array([names[name] for name in people])
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(names), (count, len(names)))
    return tuple(np.bincount(one, minlength=len(names))[of].astype(np.float64) for one in drawn)
