"""What votes between two pictures say: shares, intervals, Bradley-Terry strengths, tests, agreement of the raters.

Everything starts from `wins`, (P, M, M): how often method a was preferred to method b on pair p. Votes on one pair of
person and garment are not independent of each other; what treats them so (Wilson, binomial) is said to do so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

Array = NDArray[np.float64]
# Votes added each way between every two methods, so that a method that won or lost every duel has a finite strength.
PRIOR = 0.1
STEPS, STEP_CAP, CLOSE = 60, 2.0, 1e-10


def shares(wins: NDArray[Any]) -> Array:
    """Share of its duels that each method won, (..., M), from wins (..., M, M); NaN without duels.

    Source: VITON section 4.5. In a round-robin chance is 50 % and the shares average to 50 %.
    """
    won, lost = wins.sum(-1), wins.sum(-2)
    total = won + lost
    found: Array = np.divide(won, total, out=np.full(total.shape, np.nan), where=total > 0)
    return found


def wilson(won: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share; votes are taken as independent."""
    if not total:
        return float("nan"), float("nan")
    interval = binomtest(won, total).proportion_ci(level, "wilson")
    return float(interval.low), float(interval.high)


def against_chance(won: int, total: int) -> float:
    """p of the exact two-sided binomial test against one half; 1 without votes. Votes are taken as independent."""
    return float(binomtest(won, total).pvalue) if total else 1.0


def holm(p: NDArray[Any]) -> Array:
    """p values corrected for their number, valid whatever their dependence.

    Source: Holm 1979, the sequentially rejective procedure.
    """
    order = np.argsort(p)
    steps = np.asarray(p, np.float64)[order] * np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected


def strengths(wins: NDArray[Any]) -> Array:
    """Bradley-Terry strengths s, (..., M), that sum to 0: a is preferred to b with chance 1 / (1 + exp(s_b - s_a)).

    The most likely ones, with a tenth of a vote added each way between every two methods (`PRIOR`), by Newton's method.

    Source: Bradley and Terry 1952.
    """
    methods = wins.shape[-1]
    won = np.asarray(wins, np.float64) + PRIOR * (1 - np.eye(methods))
    met = won + won.swapaxes(-1, -2)
    strength = np.zeros(won.shape[:-1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(strength[..., None, :] - strength[..., :, None]))
        slope = (won - met * chance).sum(-1)
        weight = met * chance * (1 - chance)
        # The likelihood does not know the strengths' common level: 1/M everywhere holds it still.
        curve = weight.sum(-1)[..., None] * np.eye(methods) - weight + 1 / methods
        step = np.clip(np.linalg.solve(curve, slope[..., None])[..., 0], -STEP_CAP, STEP_CAP)
        strength = strength + step - (strength + step).mean(-1, keepdims=True)
        if np.abs(step).max(initial=0.0) < CLOSE:
            break
    return strength


def bootstrap(wins: NDArray[Any], repetitions: int, seed: int) -> tuple[Array, Array]:
    """Shares and strengths, (R, M) each, of R samples of the pairs, drawn with replacement with all their votes."""
    pairs, methods = wins.shape[:2]
    drawn = np.random.default_rng(seed).multinomial(pairs, np.full(pairs, 1 / pairs), repetitions)
    sampled = (drawn @ wins.reshape(pairs, -1)).reshape(repetitions, methods, methods)
    return shares(sampled), strengths(sampled)


def interval(values: Array, level: float = 0.95) -> tuple[Array, Array]:
    """The middle `level` of values (R, M), for each of the M; samples in which a method has no vote are left out."""
    tail = 50 * (1 - level)
    bounds = np.full((2, values.shape[1]), np.nan)
    for method in range(values.shape[1]):
        known = values[np.isfinite(values[:, method]), method]
        if len(known):
            bounds[:, method] = np.percentile(known, [tail, 100 - tail])
    return bounds[0], bounds[1]


def krippendorff(counts: NDArray[Any]) -> float:
    """Krippendorff's alpha of nominal answers; NaN where nothing was answered twice, or all answers are the same.

    Args:
        counts: (U, V): how many raters gave answer v to question u. Questions with one answer do not count.

    Source: Krippendorff, Content Analysis, chapter 11: 1 - observed / expected disagreement.
    """
    counts = np.asarray(counts, np.float64)
    counts = counts[counts.sum(1) >= 2]
    answers = counts.sum(1)
    total = answers.sum()
    observed = ((answers**2 - (counts**2).sum(1)) / (answers - 1)).sum() / total if total else np.nan
    expected = (total**2 - (counts.sum(0) ** 2).sum()) / (total * (total - 1)) if total > 1 else np.nan
    return float(1 - observed / expected) if expected > 0 else float("nan")


def blind_agreement(first: NDArray[Any], second: NDArray[Any]) -> tuple[float, float, int]:
    """Agreement of raters about blind two-way questions.

    Args:
        first, second: (U,): how many raters took the one and the other picture of question u.

    Returns:
        Krippendorff's alpha, the share of pairs of raters that agree, and the number of questions asked twice or more.
        Which picture is "first" is arbitrary, so each question counts in both ways: guessing then agrees half the time,
        also where one method is always better.
    """
    counts = np.stack([first, second], 1)
    counts = counts[counts.sum(1) >= 2].astype(np.float64)
    answers = counts.sum(1)
    met = (answers * (answers - 1)).sum()
    agree = float((counts * (counts - 1)).sum() / met) if met else float("nan")
    return krippendorff(np.concatenate([counts, counts[:, ::-1]])), agree, len(counts)
