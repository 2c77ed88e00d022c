"""What varies in the colours when a triplet is seen again. Pictures are float (3, h, w) from 0 to 255 here.

The garment changes colour on the product and in the truth alike; the photo's light changes in person and truth alike,
the product's by itself.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from viton_cli.training.pairs.pair_augment import Recolouring
from viton_cli.vocabulary import labels as L

RECOLOURED, SOFT = 0.7, 0.3  # shares of examples whose garment has another colour, and whose pictures are blurred
SKIN = torch.zeros(256, dtype=torch.bool)
SKIN[[L.FACE, L.L_ARM, L.R_ARM, L.L_LEG, L.R_LEG, L.NECK_SKIN]] = True
NOISES = 2**21  # numbers of noise that are drawn once; a picture gets a piece of them


def recolour(picture: Tensor, alpha: Tensor, colours: Recolouring) -> Tensor:
    """`picture` in new colours where `alpha` (1, h, w) in [0, 1] is 1."""
    matrix, gain = torch.from_numpy(colours.matrix), torch.from_numpy(np.asarray(colours.gain, np.float32))
    at = alpha.reshape(-1).nonzero()[:, 0]
    chosen = picture.reshape(3, -1)[:, at]
    turned = (matrix @ chosen / 255).clamp_(0, 1)
    changed = (turned.pow_(colours.gamma) * gain[:, None]).clamp_(0, 1) * 255
    out = picture.reshape(3, -1).clone()
    out[:, at] = chosen + alpha.reshape(-1)[at] * (changed - chosen)
    return out.reshape(picture.shape)


def skin_tone(rng: np.random.Generator) -> Tensor:
    """(3, 1, 1) factor on the colours of skin; a small one: the head is all that tells stage 1 of the exposure."""
    return _factor(np.exp(rng.normal(0, 0.03) + rng.normal(0, 0.015, 3)))


def on_skin(picture: Tensor, labels: Tensor, tone: Tensor) -> Tensor:
    """`picture` with skin, by its labels (h, w) uint8, times `tone`."""
    at = SKIN[labels.reshape(-1).long()].nonzero()[:, 0]
    out = picture.reshape(3, -1).clone()
    out[:, at] *= tone[:, 0]
    return out.reshape(picture.shape)


class PhotoLight:
    """Contrast, brightness and white balance of a photo."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.contrast = 1 + rng.uniform(-0.12, 0.12)
        self.gain = _factor(1 + rng.uniform(-0.12, 0.12) + rng.normal(0, 0.03, 3))

    def __call__(self, picture: Tensor) -> Tensor:
        scaled = picture * (self.contrast * self.gain)
        return scaled.add_((127.5 * (1 - self.contrast)) * self.gain).clamp_(0, 255)


def product_light(picture: Tensor, alpha: Tensor, rng: np.random.Generator) -> Tensor:
    """The garment lighter or darker on a ground that stays white."""
    gain = _factor(1 + rng.uniform(-0.04, 0.04) + rng.normal(0, 0.015, 3))
    return torch.where(alpha > 0, (255 + (picture * gain - 255) * alpha).clamp(0, 255), picture)


def soften(picture: Tensor, rng: np.random.Generator) -> Tensor:
    """Now and then out of focus by a pixel."""
    if rng.random() >= SOFT:
        return picture
    return F.avg_pool2d(F.pad(picture[None], (1, 1, 1, 1), mode="replicate"), 3, 1)[0]


def grain(picture: Tensor, rng: np.random.Generator, most: float) -> Tensor:
    """With noise of up to `most` of 255."""
    start = int(rng.integers(max(NOISES - picture.numel(), 1)))
    piece = _noise()[start : start + picture.numel()].reshape(picture.shape)
    return torch.add(picture, piece, alpha=most * rng.uniform())


@cache
def _noise() -> Tensor:
    """Normal noise, drawn once: to draw it anew for every picture was a tenth of all augmentation."""
    return torch.randn(NOISES, generator=torch.Generator().manual_seed(0))


def _factor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.asarray(values, np.float32))[:, None, None]
