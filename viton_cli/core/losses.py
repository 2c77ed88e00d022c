"""The losses of both stages.

Source: VITON equations 1 and 3; weights of the terms from the published code.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

# A feature extractor: images (B, 3, H, W) in [-1, 1] to feature maps, shallow to deep.
Features = Callable[[Tensor], list[Tensor]]

# Weights of VGG-19's conv1_2 ... conv5_2 terms that the published code comes down to, in both stages.
VGG_STAGE1 = (0.002211, 0.001447, 0.001510, 0.000853, 0.029297)
VGG_STAGE2 = (0.0, 0.0, 0.000671, 0.000379, 0.013021)
PIXEL_STAGE1, PIXEL_STAGE2, MASK_STAGE1 = 1.0, 0.2, 1.0
LAMBDA_WARP, LAMBDA_TV = 0.1, 5e-6


def perceptual_loss(features: Features, result: Tensor, truth: Tensor, weights: tuple[float, ...]) -> Tensor:
    """Weighted sum over the feature maps of their mean absolute difference. Source: equation 1, i = 1..5."""
    with torch.no_grad():
        targets = features(truth)
    total = result.new_zeros(())
    for weight, feature, target in zip(weights, features(result), targets):
        if weight:
            total = total + weight * (feature - target).abs().mean()
    return total


def stage1_loss(
    coarse: Tensor,
    mask_logits: Tensor,
    truth: Tensor,
    truth_mask: Tensor,
    features: Features,
    weights: tuple[float, ...],
) -> dict[str, Tensor]:
    """Equation 1: pixels + features + clothing mask.

    Args:
        coarse, truth: (B, 3, H, W) in [-1, 1]. mask_logits: (B, 1, H, W). truth_mask: (B, 1, H, W) in [0, 1].
        features: Extractor. weights: One a feature map (lambda_1..5); the pixels' lambda_0 is 1.

    Returns:
        "loss" and its terms.
    """
    pixel = (coarse - truth).abs().mean()
    mask = (torch.sigmoid(mask_logits) - truth_mask).abs().mean()
    perceptual = perceptual_loss(features, coarse, truth, weights)
    return {
        "loss": PIXEL_STAGE1 * pixel + MASK_STAGE1 * mask + perceptual,
        "pixel": pixel,
        "mask": mask,
        "perceptual": perceptual,
    }


def total_variation(x: Tensor) -> Tensor:
    """Sum of absolute differences of neighbours, per image, averaged over the batch.

    Source: |grad alpha| of equation 3.
    """
    return ((x[..., 1:, :] - x[..., :-1, :]).abs().sum() + (x[..., 1:] - x[..., :-1]).abs().sum()) / x.shape[0]


def stage2_loss(
    result: Tensor, alpha: Tensor, truth: Tensor, garment: Tensor, features: Features, weights: tuple[float, ...],
    lambda_warp: float = LAMBDA_WARP, lambda_tv: float = LAMBDA_TV,
) -> dict[str, Tensor]:  # fmt: skip
    """Equation 3: features - lambda_warp |alpha| + lambda_TV |grad alpha|; the code adds 0.2 times the pixels.

    The minus rewards a larger alpha: more of the true garment, less of its painted copy.

    Args:
        result, truth: (B, 3, H, W) in [-1, 1]. alpha: (B, 1, H, W).
        garment: (B, 1, H, W), where there is warped garment at all; |alpha| is counted there, as the code does.
        features, weights: See `stage1_loss`; only deep features, since low ones punish small misalignments.
        lambda_warp, lambda_tv: Weights of the terms on alpha.

    Returns:
        "loss" and its terms.
    """
    pixel = (result - truth).abs().mean()
    perceptual = perceptual_loss(features, result, truth, weights)
    share = (alpha * garment).mean()
    smooth = total_variation(alpha)
    loss = PIXEL_STAGE2 * pixel + perceptual - lambda_warp * share + lambda_tv * smooth
    return {"loss": loss, "pixel": pixel, "perceptual": perceptual, "alpha": share, "tv": smooth}


def mask_iou(predicted: Tensor, truth: Tensor) -> Tensor:
    """(B,) IoU of two masks (B, 1, H, W) cut at 0.5; 1 where both are empty."""
    a, b = predicted > 0.5, truth > 0.5
    both, either = (a & b).sum((1, 2, 3)).float(), (a | b).sum((1, 2, 3)).float()
    return torch.where(either > 0, both / either.clamp_min(1), torch.ones_like(either))
