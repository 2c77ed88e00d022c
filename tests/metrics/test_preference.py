"""Votes as mathematics: shares, intervals, strengths, corrections and agreement against what is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from viton_cli.metrics import preference


def simulate(strengths: NDArray[np.float64], pairs: int, votes: int, seed: int) -> NDArray[np.int64]:
    """(P, M, M) votes of a round-robin whose outcomes follow Bradley and Terry."""
    chance = np.random.default_rng(seed)
    win = 1 / (1 + np.exp(strengths[None, :] - strengths[:, None]))
    methods = len(strengths)
    wins = np.zeros((pairs, methods, methods), np.int64)
    for a in range(methods):
        for b in range(a + 1, methods):
            won = chance.binomial(votes, win[a, b], pairs)
            wins[:, a, b], wins[:, b, a] = won, votes - won
    return wins


def test_shares_of_a_round_robin_average_to_one_half() -> None:
    wins = simulate(np.array([1.0, 0.2, -0.3, -0.9]), 20, 3, 0).sum(0)
    assert preference.shares(wins).mean() == pytest.approx(0.5)
    assert np.isnan(preference.shares(np.zeros((2, 2)))).all()


def test_wilson_is_that_of_the_literature() -> None:
    # CP-VTON's 67.5 % of 200 votes.
    assert preference.wilson(135, 200) == pytest.approx((0.607, 0.736), abs=5e-4)
    assert np.isnan(preference.wilson(0, 0)).all()


def test_two_sided_binomial() -> None:
    assert preference.against_chance(5, 10) == 1.0
    assert preference.against_chance(10, 10) == pytest.approx(2 / 2**10)
    assert preference.against_chance(0, 0) == 1.0


def test_holm_multiplies_the_smallest_most_and_keeps_the_order() -> None:
    # 4 * .01, 3 * .02, then max(2 * .03, .06), then max(.04, .06)
    assert preference.holm(np.array([0.03, 0.01, 0.04, 0.02])) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert preference.holm(np.array([0.5, 0.9])) == pytest.approx([1.0, 1.0])
    assert len(preference.holm(np.array([]))) == 0


def test_strengths_of_two_methods_are_the_log_odds() -> None:
    strength = preference.strengths(np.array([[0, 30], [10, 0]]))
    assert strength[0] - strength[1] == pytest.approx(np.log(30.1 / 10.1)) and strength.sum() == pytest.approx(0)


def test_strengths_are_where_the_likelihood_is_flat() -> None:
    wins = simulate(np.array([0.8, 0.0, -0.8]), 10, 5, 3).sum(0) + preference.PRIOR * (1 - np.eye(3))
    strength = preference.strengths(wins - preference.PRIOR * (1 - np.eye(3)))
    expected = 1 / (1 + np.exp(strength[None, :] - strength[:, None]))
    assert (wins.sum(1) - ((wins + wins.T) * expected).sum(1)) == pytest.approx(np.zeros(3), abs=1e-6)


def test_a_method_that_never_lost_has_a_finite_strength() -> None:
    strength = preference.strengths(np.array([[0, 40, 40], [0, 0, 20], [0, 20, 0]]))
    assert np.isfinite(strength).all() and strength[0] > strength[1] == pytest.approx(strength[2])


def test_intervals_hold_the_true_strengths_as_often_as_they_say() -> None:
    true = np.array([1.0, 0.5, 0.1, -0.2, -0.5, -0.9])
    held = []
    for seed in range(40):
        low, high = preference.interval(preference.bootstrap(simulate(true, 40, 2, seed), 400, seed)[1])
        held.append((low <= true) & (true <= high))
    assert 0.88 <= np.mean(held) <= 0.99


def test_pairs_that_vote_as_one_widen_the_interval_over_pairs() -> None:
    apart = simulate(np.zeros(2), 40, 10, 0)
    together = simulate(np.zeros(2), 40, 1, 0) * 10

    def width(wins: NDArray[np.int64]) -> float:
        low, high = preference.interval(preference.bootstrap(wins, 500, 0)[0])
        return float(high[0] - low[0])

    assert width(together) > 2 * width(apart)


def test_krippendorff_is_that_of_his_example() -> None:
    # Computing Krippendorff's Alpha-Reliability (2011), part C: 4 observers, 12 units, nominal, missing data: 0.743.
    observers = [
        "1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 .",
    ]  # fmt: skip
    answers = [row.split() for row in observers]
    counts = np.array([[[row[u] for row in answers].count(str(v)) for v in range(1, 6)] for u in range(12)])
    assert preference.krippendorff(counts) == pytest.approx(0.743, abs=5e-4)


def test_blind_agreement_of_one_mind_of_guessing_and_of_nobody() -> None:
    assert preference.blind_agreement(np.array([3, 3, 3]), np.array([0, 0, 0])) == (pytest.approx(1.0), 1.0, 3)
    guesses = np.random.default_rng(0).binomial(4, 0.5, 4000)
    alpha, agree, _ = preference.blind_agreement(guesses, 4 - guesses)
    assert alpha == pytest.approx(0, abs=0.03) and agree == pytest.approx(0.5, abs=0.02)
    alpha, agree, repeated = preference.blind_agreement(np.array([1, 0]), np.array([0, 1]))
    assert np.isnan(alpha) and np.isnan(agree) and repeated == 0
