"""The baseline PRGAN: the pose-guided person generation of Ma et al. on VITON's input.

    p, product ─► G1, a U-Net with a bottleneck of 64 numbers ─► first picture, clothing mask
    first picture, product ─► G2, a U-Net ─► difference map; first picture + difference = result
    result or truth, with the product ─► discriminator

Source: Ma et al., Pose Guided Person Image Generation, NIPS 2017, section 3, and its published code (filters and the
factor 50 of its 256 pixels). VITON section 4.3: fed the same as VITON (p and product), to rebuild the reference image.

Departures: a fourth channel of G1 paints the clothing mask, with VITON's L1 term, since results are laid into the photo
by it; all three networks are trained at once, where Ma et al. train G1 first; the discriminator judges patches, where
theirs ends in one number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viton_cli.core.generator import Painting
from viton_cli.core.representation import CHANNELS
from viton_cli.methods.adversarial import Discriminator, Judged, judge, says
from viton_cli.methods.painting import PaintingMethod

LEVELS1, LEVELS2 = 6, 4
BOTTLENECK = 64
PIXELS = 50.0  # factor on the second stage's L1 beside the adversarial term


@dataclass(frozen=True, eq=False)
class PrganPainting(Painting):
    """What the networks say of the dressed person; `image` is the result.

    Attributes:
        first: (B, 3, H, W), the picture of G1.
        judged: By the discriminator; None where no truth was given.
    """

    first: Tensor | None = None
    judged: Judged | None = None


class UNet(nn.Module):
    """3x3 convolutions, two a level, filters growing by `width` a level; strided ones between levels, skips, ReLU.

    Args:
        inputs, outputs: Channels.
        width: Filters of the first level. levels: How many.
        bottom: (height, width) of the last level, if all of it is to go through `BOTTLENECK` numbers.
    """

    def __init__(
        self, inputs: int, outputs: int, width: int, levels: int, bottom: tuple[int, int] | None = None
    ) -> None:
        super().__init__()
        filters = [width * (level + 1) for level in range(levels)]
        self.first = nn.Conv2d(inputs, width, 3, 1, 1)
        self.down, self.shrink = nn.ModuleList(), nn.ModuleList()
        self.up, self.grow = nn.ModuleList(), nn.ModuleList()
        for level, count in enumerate(filters):
            self.down.append(_Pair(count))
            if level < levels - 1:
                self.shrink.append(nn.Conv2d(count, filters[level + 1], 3, 2, 1))
        self.squeeze: nn.Module | None = None
        below = filters[-1]
        if bottom is not None:
            pixels = bottom[0] * bottom[1]
            self.squeeze = nn.Sequential(
                nn.Flatten(), nn.Linear(filters[-1] * pixels, BOTTLENECK), nn.Linear(BOTTLENECK, width * pixels),
                nn.Unflatten(1, (width, *bottom)),
            )  # fmt: skip
            below = width
        for level, count in zip(range(levels - 1, -1, -1), reversed(filters)):
            self.up.append(_Pair(below + count))
            if level:
                self.grow.append(nn.Conv2d(below + count, filters[level - 1], 1))
            below = filters[level - 1]
        self.last = nn.Conv2d(2 * width, outputs, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H, W), H and W multiples of 2 to the number of levels less one."""
        x = F.relu(self.first(x))
        skips = []
        for level, pair in enumerate(self.down):
            x = pair(x)
            skips.append(x)
            if level < len(self.shrink):
                x = F.relu(self.shrink[level](x))
        if self.squeeze is not None:
            x = self.squeeze(x)
        for level, pair in enumerate(self.up):
            x = pair(torch.cat((x, skips.pop()), 1))
            if level < len(self.grow):
                x = F.relu(self.grow[level](F.interpolate(x, scale_factor=2.0)))
        out: Tensor = self.last(x)
        return out


class _Pair(nn.Module):
    """Two convolutions and a way around them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1), nn.ReLU(), nn.Conv2d(channels, channels, 3, 1, 1), nn.ReLU()
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.convs(x)
        return out


class PrganNetwork(nn.Module):
    """G1, G2 and the discriminator.

    Args:
        width: Filters of the first level of both U-Nets, and half of those of the discriminator's first layer.
        size: (height, width) of the frame, multiples of 32: the bottleneck of G1 fixes it.
    """

    def __init__(self, width: int, size: tuple[int, int]) -> None:
        super().__init__()
        bottom = size[0] >> (LEVELS1 - 1), size[1] >> (LEVELS1 - 1)
        self.first = UNet(CHANNELS + 3, 4, width, LEVELS1, bottom)
        self.second = UNet(6, 3, width, LEVELS2)
        self.discriminator = Discriminator(6, max(width // 2, 1), 4)

    def forward(
        self, representation: Tensor, clothing: Tensor, joints: Tensor | None = None, seen: Tensor | None = None,
        truth: Tensor | None = None,
    ) -> PrganPainting:  # fmt: skip
        """Paint.

        Args:
            representation: (B, 22, H, W). clothing: (B, 3, H, W) product picture in [-1, 1].
            joints, seen: Not used, the pose maps say the same.
            truth: (B, 3, H, W) in [-1, 1]; with it the discriminator is asked too.
        """
        painted = self.first(torch.cat((representation, clothing), 1)).float()
        first, mask = painted[:, :3], painted[:, 3:]
        # G2 corrects what G1 painted; it does not tell G1 what to paint.
        result = first.detach() + self.second(torch.cat((clothing, first.detach()), 1)).float()
        judged = None if truth is None else judge(self.discriminator, truth, clothing, result, clothing)
        return PrganPainting(result, mask, first=first, judged=judged)


def prgan_loss(painting: PrganPainting, truth: Tensor, truth_mask: Tensor, body: Tensor) -> dict[str, Tensor]:
    """Its equations 2 to 4, and VITON's L1 of the clothing mask.

    Args:
        painting: With what the discriminator says. truth: (B, 3, H, W) in [-1, 1]. truth_mask: (B, 1, H, W) in [0, 1].
        body: (B, 1, H, W), 1 on the person: errors there count twice (Ma et al. draw it around the joints).

    Returns:
        "loss" and its terms.
    """
    assert painting.first is not None and painting.judged is not None
    judged, weight = painting.judged, 1 + body
    terms = {
        "first": ((painting.first - truth).abs() * weight).mean(),
        "second": ((painting.image - truth).abs() * weight).mean(),
        "mask": (torch.sigmoid(painting.mask) - truth_mask).abs().mean(),
        "fool": says(judged.fooled, real=True),
        "discriminator": (says(judged.real, real=True) + says(judged.fake, real=False)) / 2,
    }
    loss = terms["first"] + PIXELS * terms["second"] + terms["mask"] + terms["fool"] + terms["discriminator"]
    return {"loss": loss, **terms}


def build_prgan(meta: Mapping[str, Any]) -> PrganNetwork:
    """The network that `meta` describes by its "width" and "size"."""
    return PrganNetwork(int(meta["width"]), (int(meta["size"][0]), int(meta["size"][1])))


class Prgan(PaintingMethod):
    """The method; see `PaintingMethod`."""

    name = "prgan"
    build = staticmethod(build_prgan)
