"""Stage 2: the refinement network G_R, which says where the warped garment is better than the coarse result.

Source: VITON section 3.3 and 4.2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


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


def compose(alpha: Tensor, warped: Tensor, coarse: Tensor) -> Tensor:
    """alpha * c' + (1 - alpha) * I'. Source: equation 2."""
    return alpha * warped + (1 - alpha) * coarse
