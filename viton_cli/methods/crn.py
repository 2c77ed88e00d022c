"""The baseline CRN: the cascaded refinement network of Chen and Koltun on VITON's input.

    p and product at 4x3 ─► module ─► x2 ─► module ─► x2 ... ─► module at 256x192 ─► picture, clothing mask
                            each module also sees p and product at its own size

Source: Chen and Koltun, Photographic Image Synthesis with Cascaded Refinement Networks, ICCV 2017, section 3; filters
and activations from its published code (256 pixels high). VITON section 4.3: "we feed the same input of our generator".

Departures: a fourth channel paints the clothing mask, with VITON's L1 term, since results are laid into the photo by
it; layer norm is a group norm of one group (see `core.composer.Composer`); no set of diverse pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viton_cli.core.generator import Painting
from viton_cli.core.losses import Features, stage1_loss
from viton_cli.core.representation import CHANNELS
from viton_cli.methods.painting import PaintingMethod


class CrnNetwork(nn.Module):
    """Refinement modules, each at twice the size of the one before.

    Args:
        filters: Of the two 3x3 convolutions of each module, coarse to fine.
        inputs: Channels of the input: representation (22) and product picture (3).
    """

    def __init__(self, filters: tuple[int, ...], inputs: int = CHANNELS + 3) -> None:
        super().__init__()
        self.cascade = nn.ModuleList()
        before = 0
        for width in filters:
            layers: list[nn.Module] = []
            for channels in (before + inputs, width):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.GroupNorm(1, width), nn.LeakyReLU(0.2)]
            self.cascade.append(nn.Sequential(*layers))
            before = width
        self.last = nn.Conv2d(before, 4, 1)

    def forward(
        self, representation: Tensor, clothing: Tensor, joints: Tensor | None = None, seen: Tensor | None = None
    ) -> Painting:
        """Paint.

        Args:
            representation: (B, 22, H, W), H and W multiples of 2 to the number of modules less one.
            clothing: (B, 3, H, W) product picture in [-1, 1].
            joints, seen: Not used, the pose maps say the same.
        """
        condition = torch.cat((representation, clothing), 1)
        x = None
        for halvings, module in zip(range(len(self.cascade) - 1, -1, -1), self.cascade):
            here = F.avg_pool2d(condition, 2**halvings)
            if x is not None:
                grown = F.interpolate(x, size=here.shape[2:], mode="bilinear", align_corners=True)
                here = torch.cat((grown, here), 1)
            x = module(here)
        painted = self.last(x).float()
        return Painting(painted[:, :3], painted[:, 3:])


def crn_loss(
    painting: Painting, truth: Tensor, truth_mask: Tensor, features: Features, weights: tuple[float, ...]
) -> dict[str, Tensor]:
    """Its equation 2 (the feature maps' L1, each scaled to weigh alike, and the pixels'), and the mask's L1: this is
    VITON's equation 1, which took its first term from here.

    Args:
        painting: Of `CrnNetwork`. truth: (B, 3, H, W) in [-1, 1]. truth_mask: (B, 1, H, W) in [0, 1].
        features, weights: See `core.losses.stage1_loss`.
    """
    return stage1_loss(painting.image, painting.mask, truth, truth_mask, features, weights)


def build_crn(meta: Mapping[str, Any]) -> CrnNetwork:
    """The network that `meta` describes by its "channels"."""
    return CrnNetwork(tuple(meta["channels"]))


class Crn(PaintingMethod):
    """The method; see `PaintingMethod`."""

    name = "crn"
    build = staticmethod(build_crn)
