"""Stage 2: the refinement network G_R, which says where the warped garment is better than the coarse result.

Source: VITON section 3.3 and 4.2.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

Picture = TypeVar("Picture", Tensor, NDArray[np.float32])

BRIGHTEST = 0.7  # largest logarithm of the gain: twice as bright, half as bright
COARSE = 8  # frame pixels


class Composer(nn.Module):
    """Three 3x3 convolutions with leaky ReLU and a 1x1 one with a sigmoid: the composition mask alpha.

    The published code normalises the three layers with LayerNorm, on which the paper is silent; here it is a group norm
    of one group, which is the same over (C, H, W) and does not fix the picture's size.

    Args:
        width: Filters of the 3x3 layers; 64 is the paper's.
        light: Have a second output, a smooth gain that brings the warped garment into the photo's light. Departure: the
            paper's garment keeps the light of its own photo.
    """

    def __init__(self, width: int = 64, light: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs in (6, width, width):
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.GroupNorm(1, width), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 2 if light else 1, 1))
        self.light = light

    def forward(self, warped: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor | None]:
        """From warped clothing c' and coarse result I', both (B, 3, H, W) in [-1, 1].

        Returns:
            alpha (B, 1, H, W) in (0, 1), and the logarithm of the gain (B, 1, H, W) or None.
        """
        out = self.layers(torch.cat((warped, coarse), 1))
        gain = _smooth(BRIGHTEST * torch.tanh(out[:, 1:])) if self.light else None
        return torch.sigmoid(out[:, :1]), gain


def relight(image: Tensor, gain: Tensor | None) -> Tensor:
    """`image` (B, 3, H, W) in [-1, 1] brightened by exp(gain), black staying black."""
    return image if gain is None else ((image + 1) * torch.exp(gain) - 1).clamp(-1, 1)


def compose(alpha: Picture, warped: Picture, coarse: Picture) -> Picture:
    """alpha * c' + (1 - alpha) * I', tensors or arrays of any range. Source: equation 2."""
    return alpha * warped + (1 - alpha) * coarse


def _smooth(values: Tensor) -> Tensor:
    """(B, 1, H, W) without detail finer than about `COARSE` pixels: light, not the print, may change."""
    small = F.avg_pool2d(values, COARSE, COARSE, ceil_mode=True, count_include_pad=False)
    return F.interpolate(small, size=values.shape[2:], mode="bilinear", align_corners=False)
