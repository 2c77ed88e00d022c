"""Shape contexts: what they must not notice, and that matches are right where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from viton_cli.core.warp.shape_context import assign, match_shapes, matching_cost, mean_distance, shape_contexts


def shape(n: int = 60, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """A wavy closed curve: (1, n, 2) points and (1, n) directions."""
    waves = np.random.default_rng(seed).normal(size=3) * [0.2, 0.15, 0.1]
    t = torch.arange(n, dtype=torch.float64) * (2 * np.pi / n)
    radius = 1 + sum(float(w) * torch.cos((k + 2) * t + k) for k, w in enumerate(waves))
    x = 30 * torch.stack([radius * torch.cos(t), 1.5 * radius * torch.sin(t)], -1)
    ahead = x.roll(-1, 0) - x.roll(1, 0)
    return x[None], torch.atan2(ahead[:, 1], ahead[:, 0])[None]


def contexts(x: torch.Tensor) -> torch.Tensor:
    return shape_contexts(x, mean_distance(x))


def test_rows_are_distributions() -> None:
    histogram = contexts(shape()[0])
    assert histogram.shape == (1, 60, 60)
    assert bool((histogram >= 0).all())
    assert torch.allclose(histogram.sum(-1), torch.ones(1, 60, dtype=torch.float64))


def test_a_point_straight_right_and_near_falls_into_the_first_bins() -> None:
    x = torch.tensor([[[0.0, 0.0], [1.0, 0.1]]], dtype=torch.float64)
    histogram = shape_contexts(x, torch.tensor([100.0]))
    assert histogram[0, 0].argmax() == 0 and histogram[0, 0, 0] == 1.0
    # Seen from the other end the neighbour lies to the left: half a turn, six bins of twelve, further.
    assert histogram[0, 1].argmax() == 6


@pytest.mark.parametrize(("radius", "ring"), [(0.1, 0), (0.2, 1), (0.3, 2), (0.6, 3), (1.5, 4)])
def test_rings_are_equal_in_log_radius(radius: float, ring: int) -> None:
    x = torch.tensor([[[0.0, 0.0], [radius, 0.01 * radius]]], dtype=torch.float64)
    assert int(shape_contexts(x, torch.ones(1))[0, 0].argmax()) // 12 == ring


def test_points_beyond_the_outer_radius_count_nowhere() -> None:
    x = torch.tensor([[[0.0, 0.0], [2.5, 0.0]]], dtype=torch.float64)
    assert float(shape_contexts(x, torch.ones(1)).sum()) == 0


def test_moving_and_scaling_a_shape_changes_nothing() -> None:
    x, _ = shape()
    assert torch.allclose(contexts(x), contexts(3.7 * x + 11.3))


def test_a_turn_by_one_bin_turns_the_histogram() -> None:
    x, _ = shape()
    a = torch.tensor(np.pi / 6)
    turned = x @ torch.stack([torch.stack([a.cos(), a.sin()]), torch.stack([-a.sin(), a.cos()])]).double()
    before, after = contexts(x).reshape(60, 5, 12), contexts(turned).reshape(60, 5, 12)
    # Rounding may carry a point over a bin's edge; nearly all must agree.
    assert float((after - before.roll(1, -1)).abs().sum(-1).sum(-1).mean()) < 0.05


def test_permuted_samples_give_permuted_histograms_and_the_same_matches() -> None:
    (x, a), order = shape(), torch.randperm(60, generator=torch.manual_seed(0))
    assert torch.allclose(contexts(x[:, order]), contexts(x)[:, order])
    matches, _ = match_shapes(x, a, x[:, order], a[:, order], iterations=1)
    assert torch.equal(order[matches[0]], torch.arange(60))


def test_cost_of_a_shape_with_itself() -> None:
    x, a = shape()
    cost = matching_cost(contexts(x), a, contexts(x), a)[0]
    assert torch.allclose(cost.diagonal(), torch.zeros(60, dtype=torch.float64), atol=1e-5)
    assert torch.allclose(cost, cost.T, atol=1e-6)
    assert float(cost.min()) >= 0 and float(cost.max()) <= 1 + 1e-6


def test_cost_is_nine_parts_chi_square_and_one_part_tangent() -> None:
    a, b = torch.tensor([[[0.75, 0.25, 0.0]]]), torch.tensor([[[0.25, 0.25, 0.5]]])
    chi_square = 0.5 * ((0.5**2) / 1.0 + 0.0 + 0.5)
    cost = matching_cost(a, torch.zeros(1, 1), b, torch.full((1, 1), np.pi / 2))
    assert float(cost) == pytest.approx(0.9 * chi_square + 0.1 * 0.5, abs=1e-6)


def test_dummies_take_what_costs_more_than_they_do() -> None:
    cost = torch.tensor([[[0.1, 0.9], [0.9, 0.6]]])
    assert assign(cost, dummies=2, dummy_cost=0.25).tolist() == [[0, -1]]
    assert assign(cost, dummies=0, dummy_cost=0.25).tolist() == [[0, 1]]


def test_assignment_is_one_to_one() -> None:
    matches = assign(torch.rand(2, 30, 30, generator=torch.manual_seed(0)))
    for row in matches:
        kept = row[row >= 0]
        assert len(kept.unique()) == len(kept)


def test_a_bent_shape_is_found_again() -> None:
    x, a = shape()
    bent = x + torch.stack([4 * torch.sin(x[..., 1] / 20), 3 * torch.cos(x[..., 0] / 15)], -1)
    ahead = bent.roll(-1, 1) - bent.roll(1, 1)
    matches, spline = match_shapes(x, a, bent, torch.atan2(ahead[..., 1], ahead[..., 0]))
    right = (matches[0] - torch.arange(60) + 30) % 60 - 30
    assert float((right[matches[0] >= 0].abs() <= 2).double().mean()) > 0.95
    assert float((spline(x) - bent).norm(dim=-1).median()) < 2.0


def test_a_batch_is_its_members() -> None:
    (x, a), (y, b) = shape(), shape(seed=1)
    both, _ = match_shapes(torch.cat([x, y]), torch.cat([a, b]), torch.cat([y, x]), torch.cat([b, a]))
    assert torch.equal(both[:1], match_shapes(x, a, y, b)[0])
    assert torch.equal(both[1:], match_shapes(y, b, x, a)[0])
