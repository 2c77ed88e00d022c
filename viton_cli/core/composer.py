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
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs in (6, width, width):
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.GroupNorm(1, width), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 1, 1))

    def forward(self, warped: Tensor, coarse: Tensor) -> Tensor:
        """Alpha (B, 1, H, W) in (0, 1) from warped clothing c' and coarse result I', both (B, 3, H, W) in [-1, 1]."""
        return torch.sigmoid(self.layers(torch.cat((warped, coarse), 1)))


def light_gain(light: Tensor) -> Tensor:
    """Factor on the garment's colours (B, 3, H, W) from stage 1's log ratio of brightness: smooth and bounded.

    Departure: the paper's garment keeps the light of its own photo. Only what changes slowly is light; the print of the
    garment, finer than about `COARSE` pixels, is not touched.
    """
    small = F.avg_pool2d(light, COARSE, COARSE, ceil_mode=True, count_include_pad=False)
    smooth = F.interpolate(small, size=light.shape[2:], mode="bilinear", align_corners=False)
    return torch.exp(smooth.clamp(-BRIGHTEST, BRIGHTEST))


def relight(image: Tensor, gain: Tensor) -> Tensor:
    """`image` (B, 3, H, W) in [-1, 1] with its colours times `gain` (B, 3, H, W), black staying black."""
    return ((image + 1) * gain - 1).clamp(-1, 1)


def compose(alpha: Picture, warped: Picture, coarse: Picture) -> Picture:
    """alpha * c' + (1 - alpha) * I', tensors or arrays of any range. Source: equation 2."""
    return alpha * warped + (1 - alpha) * coarse
