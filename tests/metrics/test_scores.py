"""Distances between sets, and intervals."""

from __future__ import annotations

import numpy as np
import pytest

from viton_cli.metrics import METRICS, Score, Tools
from viton_cli.metrics.distances import frechet, kernel_matrices, mmd
from viton_cli.metrics.scores import score

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 5)), RNG.normal(size=(30, 5)) * 2 + 1


def test_frechet_of_gaussians_by_the_formula() -> None:
    def root(matrix: np.ndarray) -> np.ndarray:
        values, vectors = np.linalg.eigh(matrix)
        return (vectors * np.sqrt(values)) @ vectors.T

    s, t = np.cov(X.T), np.cov(Y.T)
    gap = X.mean(0) - Y.mean(0)
    by_formula = gap @ gap + np.trace(s + t - 2 * root(root(s) @ t @ root(s)))
    assert frechet(X, Y) == pytest.approx(by_formula, rel=1e-9)
    assert frechet(X, Y) == pytest.approx(frechet(Y, X), rel=1e-9)


def test_a_set_against_itself_is_at_no_distance_also_with_more_features_than_pictures() -> None:
    few = RNG.normal(size=(6, 200))
    assert frechet(few, few) == pytest.approx(0, abs=1e-9)
    assert mmd(kernel_matrices(few, few), matched=True) == pytest.approx(0, abs=1e-12)


def test_weights_count_as_repetitions() -> None:
    times = np.array([2.0, 0, 1, 3, *([1] * 36)])
    repeated = np.repeat(X, times.astype(int), axis=0)
    assert frechet(X, Y, times) == pytest.approx(frechet(repeated, Y))


def test_mmd_by_hand() -> None:
    x, y = np.array([[0.0], [1.0]]), np.array([[2.0], [0.0]])
    # kernel (xy + 1)^3: within x k(0, 1) = 1; within y 1; between 1, 1, 27, 1
    assert mmd(kernel_matrices(x, y)) == pytest.approx(1 + 1 - 2 * 30 / 4)
    assert mmd(kernel_matrices(x, y), matched=True) == pytest.approx(1 + 1 - 2 * 28 / 2)


def test_the_interval_of_a_mean_covers_it_as_often_as_it_says() -> None:
    metric = METRICS.get("ssim")(Tools())
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(120):
        low, high = score(metric, rng.normal(0.5, 0.1, (40, 1)), [str(i) for i in range(40)])[1:]
        assert low is not None and high is not None
        hits += low <= 0.5 <= high
    assert 0.87 <= hits / 120 <= 0.99


def test_pictures_of_one_person_are_not_independent() -> None:
    metric = METRICS.get("ssim")(Tools())
    of_people = np.repeat(np.random.default_rng(2).normal(0.5, 0.1, 10), 8)[:, None]
    apart = score(metric, of_people, [str(i) for i in range(80)])
    together = score(metric, of_people, [str(i // 8) for i in range(80)])
    assert apart[0] == together[0]
    assert (together[2] - together[1]) > 2 * (apart[2] - apart[1])  # type: ignore[operator]


def test_two_people_have_no_interval_and_twice_is_the_same() -> None:
    metric = METRICS.get("ssim")(Tools())
    rows = np.array([[0.5], [0.7], [0.9], [0.5]])
    assert score(metric, rows, ["a", "a", "b", "b"]) == (pytest.approx(0.65), None, None)
    value, low, high = score(metric, rows, ["a", "b", "c", "c"])
    assert (value, low, high) == score(metric, rows, ["a", "b", "c", "c"])
    assert low is not None and high is not None and 0.5 <= low < value < high <= 0.9


def test_a_score_without_bound_is_still_json() -> None:
    assert Score("psnr", float("inf"), "", 1, True).as_dict()["value"] == "inf"
