"""Outlines of masks: where they lie and which way they run, what is cleaned away, the walk around two of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import find_contours

from viton_cli.core.warp.outlines import clean, contours, join, signed_area, walk


def test_outlines_run_clockwise_and_sit_between_the_pixels() -> None:
    square = np.zeros((8, 8), np.float32)
    square[2:5, 3:7] = 1
    (line,) = contours(square)
    assert np.allclose([line.min(0), line.max(0)], [[2.5, 1.5], [6.5, 4.5]])
    x, y = line[:-1].T
    assert np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) > 0


@given(seed=st.integers(0, 10_000), smooth=st.floats(0.0, 2.0), solid=st.booleans())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_outlines_are_those_of_marching_squares(seed: int, smooth: float, solid: bool) -> None:
    rng = np.random.default_rng(seed)
    mask = ndimage.gaussian_filter(rng.random(rng.integers(3, 40, 2)), smooth)
    mask = ((mask > mask.mean()) if solid else mask).astype(np.float32)
    expected = find_contours(np.pad(mask.astype(float), 1), 0.5)
    ours = contours(mask)
    assert len(ours) == len(expected)
    assert np.allclose(sorted(map(len, ours)), sorted(map(len, expected)))
    same = [sorted(area_and_place(line) for line in lines) for lines in (ours, [x[:, ::-1] - 1 for x in expected])]
    assert np.allclose(*same)
    assert all(np.array_equal(line[0], line[-1]) for line in ours)


def area_and_place(line: NDArray[np.float64]) -> tuple[float, float, float]:
    """Area inside, and the mean of the vertices: neither depends on where the outline starts nor which way it runs."""
    return round(abs(signed_area(line)), 9), *np.round(line[:-1].mean(0), 9)


def test_holes_run_the_other_way() -> None:
    ring = np.pad(np.ones((9, 9), np.float32), 2)
    ring[5:8, 5:8] = 0
    outer, hole = contours(ring)
    assert signed_area(outer) > 0 > signed_area(hole)


def test_pieces_are_joined_and_specks_are_not() -> None:
    panels = np.zeros((80, 80), np.float32)
    panels[10:70, 20:32], panels[10:70, 40:52] = 1, 1
    joined = join(panels)
    assert joined[20:60, 32:40].all() and not joined[:, :18].any() and not joined[:, 54:].any()
    specked = np.zeros((80, 80), np.float32)
    specked[10:70, 20:32], specked[30:33, 40:43] = 1, 1
    assert np.array_equal(join(specked), specked)
    apart = np.zeros((80, 80), np.float32)
    apart[10:70, 5:15], apart[10:70, 60:70] = 1, 1
    assert np.array_equal(join(apart), apart)


def test_clean_drops_specks_and_closes_holes() -> None:
    mask = np.zeros((40, 40), np.float32)
    mask[5:30, 5:30] = 1
    mask[10:14, 10:14] = 0
    mask[35, 35] = 1
    cleaned = clean(mask)
    assert cleaned[35, 35] == 0 and cleaned[12, 12] == 1
    assert clean(mask, holes=0.001)[12, 12] == 0


def test_the_cheapest_walk_goes_round_once() -> None:
    n, turn = 20, 7
    cost = np.ones((1, n, 2 * n))
    cost[0, np.arange(n), (2 * np.arange(n) + turn) % (2 * n)] = 0.0
    walked = walk(cost, 0.01 * np.abs(np.arange(6) - 2.0))
    assert walked[0].tolist() == ((2 * np.arange(n) + turn) % (2 * n)).tolist()
