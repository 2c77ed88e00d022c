"""The losses of equations 1 and 3, on numbers that can be worked out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from viton_cli.core.losses import (
    LAMBDA_TV,
    LAMBDA_WARP,
    PIXEL_STAGE1,
    PIXEL_STAGE2,
    VGG_STAGE1,
    VGG_STAGE2,
    mask_iou,
    perceptual_loss,
    stage1_loss,
    stage2_loss,
    total_variation,
)


def twice_and_thrice(image: Tensor) -> list[Tensor]:
    """Two feature maps whose differences are 2 and 3 times those of the pictures."""
    return [2 * image, 3 * image[..., ::2, ::2]]


def flat(value: float, channels: int = 3, size: int = 4) -> Tensor:
    return torch.full((2, channels, size, size), value)


def logit(p: float) -> float:
    return float(torch.logit(torch.tensor(p)))


def test_perceptual_loss_is_the_weighted_sum_of_mean_differences() -> None:
    loss = perceptual_loss(twice_and_thrice, flat(0.5), flat(0.1), (10.0, 1.0))
    assert float(loss) == pytest.approx(10 * 0.8 + 1.2)
    assert float(perceptual_loss(twice_and_thrice, flat(0.5), flat(0.1), (0.0, 1.0))) == pytest.approx(1.2)


def test_perceptual_loss_teaches_the_result_and_not_the_truth() -> None:
    result, truth = flat(0.5).requires_grad_(), flat(0.1).requires_grad_()
    perceptual_loss(twice_and_thrice, result, truth, (1.0, 1.0)).backward()
    assert result.grad is not None and (result.grad >= 0).all() and result.grad.any()
    assert truth.grad is None


def test_stage1_is_pixels_and_mask_and_features() -> None:
    terms = stage1_loss(flat(0.3), flat(logit(0.25), 1), flat(-0.1), flat(1.0, 1), twice_and_thrice, (1.0, 0.0))
    assert float(terms["pixel"]) == pytest.approx(0.4)
    assert float(terms["mask"]) == pytest.approx(0.75)
    assert float(terms["perceptual"]) == pytest.approx(0.8)
    assert float(terms["loss"]) == pytest.approx(0.4 + 0.75 + 0.8)


def test_stage1_of_a_perfect_answer_is_nothing() -> None:
    truth = torch.rand(2, 3, 4, 4) * 2 - 1
    mask = (torch.rand(2, 1, 4, 4) > 0.5).float()
    terms = stage1_loss(truth, 200 * mask - 100, truth, mask, twice_and_thrice, (1.0, 1.0))
    assert float(terms["loss"]) == pytest.approx(0, abs=1e-6)


def test_stage2_by_hand() -> None:
    alpha, garment = flat(0.5, 1), torch.zeros(2, 1, 4, 4)
    garment[..., :2] = 1  # half of the picture
    alpha[..., 0] = 1.0  # one step of 0.5, four rows high, in each picture
    terms = stage2_loss(flat(0.2), alpha, flat(0.0), garment, twice_and_thrice, (0.0, 1.0), 0.1, 0.01)
    assert float(terms["pixel"]) == pytest.approx(0.2)
    assert float(terms["perceptual"]) == pytest.approx(0.6)
    assert float(terms["alpha"]) == pytest.approx((1.0 + 0.5) / 4)
    assert float(terms["tv"]) == pytest.approx(4 * 0.5)
    assert float(terms["loss"]) == pytest.approx(0.2 * 0.2 + 0.6 - 0.1 * 0.375 + 0.01 * 2.0)


def test_more_of_the_garment_is_rewarded_and_only_where_there_is_garment() -> None:
    """The sign of the |alpha| term: with pictures equal, the gradient pulls alpha up on the garment alone."""
    same, garment = flat(0.0), torch.zeros(2, 1, 4, 4)
    garment[..., 1:3, 1:3] = 1
    alpha = flat(0.5, 1).requires_grad_()
    stage2_loss(same, alpha, same, garment, twice_and_thrice, (1.0, 1.0))["loss"].backward()
    assert alpha.grad is not None
    assert (alpha.grad[garment > 0] < 0).all() and not alpha.grad[garment == 0].any()
    assert float(alpha.grad.sum()) == pytest.approx(-LAMBDA_WARP * float(garment.mean()))


def test_total_variation_of_a_step_edge_is_its_height_times_its_length() -> None:
    x = torch.zeros(1, 1, 5, 7)
    x[..., 3:] = 0.25
    assert float(total_variation(x)) == pytest.approx(5 * 0.25)
    x = torch.zeros(3, 1, 5, 7)
    x[:, :, 2, 2] = 1  # a dot has four sides; three pictures count as their mean
    assert float(total_variation(x)) == pytest.approx(4)
    assert float(total_variation(flat(0.7))) == 0


def test_the_weights_are_those_of_paper_and_code() -> None:
    """Stage 1: factor * 3 / 5 / 128; stage 2: factor * 0.8 / 3 / 128, of conv3_2 and deeper only."""
    factors = (2.5 / 5.3, 1 / (2.7 * 1.2), 1 / (1.35 * 2.3), 1 / (0.67 * 8.2), 1 / 0.16)
    assert pytest.approx([f * 3 / 5 / 128 for f in factors], rel=2e-3) == VGG_STAGE1
    assert VGG_STAGE2[:2] == (0, 0)
    assert pytest.approx([f * 0.8 / 3 / 128 for f in factors[2:]], rel=2e-3) == VGG_STAGE2[2:]
    assert (PIXEL_STAGE1, PIXEL_STAGE2, LAMBDA_WARP, LAMBDA_TV) == (1.0, 0.2, 0.1, 5e-6)


def test_mask_iou() -> None:
    a, b = torch.zeros(4, 1, 4, 4), torch.zeros(4, 1, 4, 4)
    a[0, :, :2], b[0, :, 1:3] = 1, 1  # overlap of one row in three
    a[1], b[1] = 1, 1
    a[2] = 1
    assert mask_iou(a, b).tolist() == pytest.approx([1 / 3, 1, 0, 1])
    assert mask_iou(0.49 * a, b).tolist() == pytest.approx([0, 0, 1, 1]), "cut at a half"
