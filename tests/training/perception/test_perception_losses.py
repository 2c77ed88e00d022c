"""The losses perception is trained with, by hand."""

from __future__ import annotations

import math

import pytest
import torch

from viton_cli.training.perception.losses import IGNORE, LABEL_WEIGHTS, joint_loss, label_loss
from viton_cli.vocabulary import labels as L

H, W = 12, 10


def joints(
    point: tuple[float, float], seen: bool, logits: torch.Tensor | None = None, absent: float = 0.0, known: bool = True
) -> float:
    maps = torch.zeros(1, 1, H, W) if logits is None else logits
    loss = joint_loss(
        maps, torch.full((1, 1), absent), torch.tensor([[point]]), torch.tensor([[seen]]), torch.tensor([float(known)])
    )
    return float(loss)


def test_knowing_nothing_costs_the_logarithm_of_all_answers() -> None:
    assert joints((21.5, 17.5), True) == pytest.approx(math.log(H * W + 1), rel=1e-5)
    assert joints((0, 0), False) == pytest.approx(math.log(H * W + 1), rel=1e-5)


def test_the_right_answer_costs_least() -> None:
    ys, xs = torch.arange(H), torch.arange(W)
    # Cell (4, 5) has its centre at (21.5, 17.5).
    right = (8 - 0.5 * ((ys - 4.0)[:, None] ** 2 + (xs - 5.0) ** 2))[None, None]
    there, beside, absent = (joints((x, 17.5), seen, right) for x, seen in ((21.5, True), (33.5, True), (21.5, False)))
    assert there < joints((21.5, 17.5), True) < beside and there < absent
    assert joints((0, 0), False, absent=20.0) == pytest.approx(0, abs=1e-5)


def test_the_least_loss_is_the_gaussians_own_entropy() -> None:
    ys, xs = torch.arange(H), torch.arange(W)
    logits = (-0.5 * ((ys - 5.0)[:, None] ** 2 + (xs - 4.25) ** 2))[None, None]
    p = logits.flatten().softmax(0)
    entropy = float(-(p * p.log()).sum())
    assert joints((4 * 4.25 + 1.5, 4 * 5 + 1.5), True, logits, absent=-30.0) == pytest.approx(entropy, rel=1e-4)


def test_unknown_poses_do_not_count() -> None:
    assert joints((21.5, 17.5), True, known=False) == 0
    logits, absent = torch.randn(2, 3, H, W), torch.randn(2, 3)
    points, seen = torch.rand(2, 3, 2) * 30, torch.ones(2, 3, dtype=torch.bool)
    first = joint_loss(logits[:1], absent[:1], points[:1], seen[:1], torch.tensor([1.0]))
    both = joint_loss(logits, absent, points, seen, torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(first, both)


def label_logits(labels: torch.Tensor, strength: float) -> torch.Tensor:
    return strength * torch.nn.functional.one_hot(labels, L.N_LABELS).permute(0, 3, 1, 2).float()


def test_a_perfect_label_map_costs_nothing_and_a_wrong_one_much() -> None:
    weights = torch.tensor(LABEL_WEIGHTS)
    assert len(LABEL_WEIGHTS) == L.N_LABELS
    labels = torch.randint(0, L.N_LABELS, (2, 16, 16))
    assert float(label_loss(label_logits(labels, 40.0), labels, weights)) == pytest.approx(0, abs=1e-3)
    wrong = label_logits((labels + 7) % L.N_LABELS, 40.0)
    assert float(label_loss(wrong, labels, weights)) > 20


def test_label_loss_of_an_even_guess_by_hand() -> None:
    """All pixels background, no idea: log 22, and Dice with background's share of 1/22."""
    labels = torch.zeros(1, 8, 8, dtype=torch.int64)
    both = 64 / 22
    dice = 1 - (2 * both + 1) / (64 + both + 1)
    loss = label_loss(torch.zeros(1, L.N_LABELS, 8, 8), labels, torch.ones(L.N_LABELS))
    assert float(loss) == pytest.approx(math.log(22) + 0.5 * dice, rel=1e-5)


def test_dice_does_not_mind_which_label_of_a_group_it_is() -> None:
    weights = torch.zeros(L.N_LABELS)
    weights[L.UPPER] = 1e-6  # leaves the Dice term alone
    labels = torch.full((1, 8, 8), L.L_ARM)
    left = label_loss(label_logits(labels, 30.0), labels, weights.clamp_min(1e-9))
    right = label_loss(label_logits(torch.full((1, 8, 8), L.R_ARM), 0.0), labels, weights.clamp_min(1e-9))
    assert float(left) < 0.01 < float(right)


def test_ignored_pixels_teach_nothing() -> None:
    weights = torch.tensor(LABEL_WEIGHTS)
    logits = torch.randn(1, L.N_LABELS, 8, 8, requires_grad=True)
    labels = torch.randint(0, L.N_LABELS, (1, 8, 8))
    labels[:, :4] = IGNORE
    label_loss(logits, labels, weights).backward()
    assert logits.grad is not None
    assert not logits.grad[:, :, :4].any() and logits.grad[:, :, 4:].any()
    nothing = label_loss(logits, torch.full((1, 8, 8), IGNORE), weights)
    assert float(nothing.detach()) == 0 and nothing.requires_grad
