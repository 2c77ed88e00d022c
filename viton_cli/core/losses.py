"""The losses of both stages.

Source: VITON equations 1 and 3; weights of the terms from the published code. `layout_stage1_loss` is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from viton_cli.core.generator import Painting
from viton_cli.vocabulary.layout import (
    BACKGROUND,
    GARMENT,
    L_SLEEVE,
    LEGS,
    OTHER,
    R_SLEEVE,
    SHOES,
    SKIN,
    TRUNK,
    UNCOVERED,
)

# A feature extractor: images (B, 3, H, W) in [-1, 1] to feature maps, shallow to deep.
Features = Callable[[Tensor], list[Tensor]]

# Weights of VGG-19's conv1_2 ... conv5_2 terms that the published code comes down to, in both stages.
VGG_STAGE1 = (0.002211, 0.001447, 0.001510, 0.000853, 0.029297)
VGG_STAGE2 = (0.0, 0.0, 0.000671, 0.000379, 0.013021)
PIXEL_STAGE1, PIXEL_STAGE2, MASK_STAGE1 = 1.0, 0.2, 1.0
FEATURES_STAGE2 = 0.8  # the code's factor on all features in stage 2, which is in their weights
LAMBDA_WARP, LAMBDA_TV = 0.1, 5e-6
# Weights of the terms of `layout_stage1_loss`, and of the layout's classes: small and rare ones would be left out.
DICE, LAYOUT_STAGE1, PLACES, SCALE, LIGHT, RELIT = 0.5, 1.0, 8.0, 0.05, 0.5, 1.5
RARE = {L_SLEEVE: 1.3, R_SLEEVE: 1.3, SKIN: 1.3, LEGS: 3.0, SHOES: 3.0, OTHER: 3.0}
BACKDROP = 0.1  # weight of the picture's pixels off the person: no network could know what is behind somebody
DARK, BRIGHTER = 12.0, 1.5  # of 255, added to both sides of the light's ratio; its logarithm's largest size


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


@dataclass(frozen=True, eq=False)
class Answer:
    """The true answers of a batch of try-ons, and the garment that was put on.

    Attributes:
        image: (B, 3, H, W) in [-1, 1], the person in the garment. worn: (B, 1, H, W), 1 where it shows the garment.
        layout: (B, H, W) int64 of `LAYOUT`; `GARMENT` for garment of which it is not known whether trunk or sleeve,
            `UNCOVERED` for what is no garment and otherwise not known (nor is `image` there).
        places: (B, 2, H, W) (x, y) in pixels of the garment's picture; NaN where not known.
        tall: (B,) height of the garment in its picture, in pixels.
        trust: (B,) in [0, 1], of `places`; below 1 they are an estimate, which says nothing of light.
        clothing: (B, 3, H, W) in [-1, 1], the garment's picture.
    """

    image: Tensor
    worn: Tensor
    layout: Tensor
    places: Tensor
    tall: Tensor
    trust: Tensor
    clothing: Tensor

    @classmethod
    def of(cls, batch: Mapping[str, Tensor]) -> Answer:
        """From a batch that has tensors of these names, among others."""
        return cls(**{field.name: batch[field.name] for field in fields(cls)})


def layout_stage1_loss(
    painting: Painting, answer: Answer, features: Features | None = None, weights: tuple[float, ...] = ()
) -> dict[str, Tensor]:
    """Our extension of equation 1 to the tasks of `LayoutGenerator`.

    The picture's pixels (mostly on the person) and the clothing mask as in equation 1, the mask by cross-entropy and
    Dice instead of L1; beside them the layout by cross-entropy, the places by L1 in garment heights, the scale that a
    Laplace distribution of their error has, and the light by L1, of its logarithm and of the relit garment. Features as
    in equation 1 where an extractor is given.

    Args:
        painting: Of a `LayoutGenerator`. answer: What is true.
        features, weights: See `stage1_loss`.

    Returns:
        "loss" and its terms.
    """
    assert painting.layout is not None and painting.places is not None
    assert painting.scale is not None and painting.light is not None
    person = F.max_pool2d((answer.layout != BACKGROUND).float()[:, None], 5, 1, 2)
    on_person = (BACKDROP + (1 - BACKDROP) * person) * (answer.layout != UNCOVERED)[:, None]
    pixel = ((painting.image - answer.image).abs().mean(1, keepdim=True) * on_person).sum() / on_person.sum()
    mask = F.binary_cross_entropy_with_logits(painting.mask, answer.worn)
    places, scale = _place_losses(painting.places, painting.scale, answer)
    light, relit = _light_losses(painting.light, answer)
    terms = {
        "pixel": pixel,
        "mask": mask,
        "dice": dice_loss(torch.sigmoid(painting.mask), answer.worn),
        "layout": layout_loss(painting.layout, answer.layout),
        "places": places,
        "scale": scale,
        "light": light,
        "relit": relit,
    }
    factors = (PIXEL_STAGE1, MASK_STAGE1, DICE, LAYOUT_STAGE1, PLACES, SCALE, LIGHT, RELIT)
    loss = sum((factor * term for factor, term in zip(factors, terms.values())), pixel.new_zeros(()))
    if features is not None:
        terms["perceptual"] = perceptual_loss(features, painting.image, answer.image, weights)
        loss = loss + terms["perceptual"]
    return {"loss": loss, **terms}


def dice_loss(share: Tensor, truth: Tensor) -> Tensor:
    """1 - twice the common area over the sum of both, of masks (B, 1, H, W) in [0, 1]; the mean over the batch."""
    both, each = (share * truth).sum((1, 2, 3)), share.sum((1, 2, 3)) + truth.sum((1, 2, 3))
    return (1 - (2 * both + 1) / (each + 1)).mean()


def layout_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy of layouts (B, 10, H, W) and (B, H, W), rare classes counted more.

    Where the truth is `GARMENT`, the shares of trunk and sleeves together are what is to be 1; where it is `UNCOVERED`,
    those of all other classes.
    """
    factors = logits.new_tensor([RARE.get(index, 1.0) for index in range(logits.shape[1])])
    logs = F.log_softmax(logits, 1)
    any_part, none = truth == GARMENT, truth == UNCOVERED
    one = F.nll_loss(logs, torch.where(any_part | none, TRUNK, truth), weight=factors, reduction="none")
    one = torch.where(any_part, -torch.logsumexp(logs[:, TRUNK : R_SLEEVE + 1], 1), one)
    others = torch.cat((logs[:, :TRUNK], logs[:, R_SLEEVE + 1 :]), 1)
    return torch.where(none, -torch.logsumexp(others, 1), one).mean()


def _place_losses(places: Tensor, log_scale: Tensor, answer: Answer) -> tuple[Tensor, Tensor]:
    """Mean error in garment heights where the place is known, and the negative log likelihood of that error."""
    known = torch.isfinite(answer.places[:, :1])
    truth = torch.where(known, answer.places, places.detach())
    error = (places - truth).abs().sum(1, keepdim=True) / answer.tall[:, None, None, None]
    weight = known * answer.trust[:, None, None, None]
    total = weight.sum().clamp_min(1)
    log_scale = log_scale.clamp(-7, 2)
    unlikely = error.detach().clamp_max(0.5) * torch.exp(-log_scale) + log_scale
    return (error * weight).sum() / total, (unlikely * weight).sum() / total


def _light_losses(light: Tensor, answer: Answer) -> tuple[Tensor, Tensor]:
    """Error of the log ratio of brightness, worn over product, and of the product relit by it, where exact places tell
    which point is which."""
    known = torch.isfinite(answer.places[:, 0]) & (answer.trust == 1)[:, None, None]
    size = answer.places.new_tensor([answer.places.shape[3], answer.places.shape[2]])
    grid = torch.nan_to_num((answer.places.permute(0, 2, 3, 1) * 2 + 1) / size - 1).clamp(-2, 2)
    product = F.grid_sample(answer.clothing, grid, padding_mode="border", align_corners=False)
    worn, flat = ((image + 1) * 127.5 + DARK for image in (answer.image, product))
    ratio = torch.log(worn / flat).clamp(-BRIGHTER, BRIGHTER)
    relit = ((product + 1) * torch.exp(light.clamp(-BRIGHTER, BRIGHTER))).clamp(0, 2) - 1
    total = known.sum().clamp_min(1)
    errors = (light - ratio).abs().mean(1), (relit - answer.image).abs().mean(1)
    first, second = ((error * known).sum() / total for error in errors)
    return first, second


def total_variation(x: Tensor) -> Tensor:
    """Sum of absolute differences of neighbours, per image, averaged over the batch.

    Source: |grad alpha| of equation 3.
    """
    return ((x[..., 1:, :] - x[..., :-1, :]).abs().sum() + (x[..., 1:] - x[..., :-1]).abs().sum()) / x.shape[0]


def stage2_loss(
    result: Tensor, alpha: Tensor, truth: Tensor, garment: Tensor, features: Features, weights: tuple[float, ...],
    lambda_warp: float = LAMBDA_WARP, lambda_tv: float = LAMBDA_TV, code: bool = True,
) -> dict[str, Tensor]:  # fmt: skip
    """Equation 3: features - lambda_warp |alpha| + lambda_TV |grad alpha|; the code adds 0.2 times the pixels, and
    counts features 0.8 times.

    The minus rewards a larger alpha: more of the true garment, less of its painted copy.

    Args:
        result, truth: (B, 3, H, W) in [-1, 1]. alpha: (B, 1, H, W).
        garment: (B, 1, H, W), where there is warped garment at all; |alpha| is counted there, as the code does.
        features, weights: See `stage1_loss`; only deep features, since low ones punish small misalignments.
        lambda_warp, lambda_tv: Weights of the terms on alpha. code: As in the published code; else as printed.

    Returns:
        "loss" and its terms.
    """
    pixel = (result - truth).abs().mean()
    perceptual = perceptual_loss(features, result, truth, weights)
    share = (alpha * garment).mean()
    smooth = total_variation(alpha)
    picture = PIXEL_STAGE2 * pixel + perceptual if code else perceptual / FEATURES_STAGE2
    loss = picture - lambda_warp * share + lambda_tv * smooth
    return {"loss": loss, "pixel": pixel, "perceptual": perceptual, "alpha": share, "tv": smooth}


def mask_iou(predicted: Tensor, truth: Tensor) -> Tensor:
    """(B,) IoU of two masks (B, 1, H, W) cut at 0.5; 1 where both are empty."""
    a, b = predicted > 0.5, truth > 0.5
    both, either = (a & b).sum((1, 2, 3)).float(), (a | b).sum((1, 2, 3)).float()
    return torch.where(either > 0, both / either.clamp_min(1), torch.ones_like(either))
