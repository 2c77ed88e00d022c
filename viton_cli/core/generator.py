"""Stage 1: the multi-task encoder-decoder G_C that paints the coarse result and the clothing mask.

Two of them: `Generator` is the paper's; `LayoutGenerator` has two more tasks and is what ships.

Source: VITON section 3.2 and 4.2; layer details from the published code (model_zalando_mask_content.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viton_cli.core.pose_coordinates import COORDINATES, pose_coordinates
from viton_cli.core.representation import CHANNELS, PARTS, leave_out
from viton_cli.vocabulary.layout import LAYOUT

# Channels after the first layer and at each halving of the size after it; residual blocks behind each.
LITE_CHANNELS = (64, 96, 160, 256, 320, 320)
LITE_BLOCKS = (0, 1, 2, 2, 2, 1)
MARGIN = 0.1  # of the frame, by which a place may lie outside the product's picture


@dataclass(frozen=True, eq=False)
class Painting:
    """What stage 1 says of the dressed person.

    Attributes:
        image: (B, 3, H, W) in [-1, 1], the coarse result I'.
        mask: (B, 1, H, W), logits of the clothing mask M.
        layout: (B, 10, H, W), logits of `LAYOUT`; None from the paper's generator, as all below.
        places: (B, 2, H, W), (x, y) in pixels of the product's picture: what each garment pixel shows.
        scale: (B, 1, H, W), log of the expected |error| of `places`, in garment heights.
        light: (B, 3, H, W), log of the garment's brightness on the person over that in its own photo, by channel.
    """

    image: Tensor
    mask: Tensor
    layout: Tensor | None = None
    places: Tensor | None = None
    scale: Tensor | None = None
    light: Tensor | None = None


class Generator(nn.Module):
    """The paper's: a U-Net of six 4x4 convolutions of stride 2 down and six transposed ones up, skips between.

    Filters, times `width`/64: 64-128-256-512-512-512 down, 512-512-256-128-64-4 up. As in pix2pix: leaky ReLU 0.2
    before every encoder layer but the first, ReLU before every decoder layer, batch norm on all layers but the first
    and the last, dropout 0.5 on the first decoder layer, weights drawn from N(0, 0.02).

    Departure: the mask channel ends in a sigmoid instead of the code's tanh, since its target is 0 or 1.

    Args:
        width: Filters of the first layer; 64 is the paper's.
        inputs: Channels of the input: representation (22) and product picture (3).
        without: Parts of the representation that it never sees, of `representation.PARTS`.
    """

    def __init__(self, width: int = 64, inputs: int = CHANNELS + 3, without: Sequence[str] = ()) -> None:
        super().__init__()
        self.without = known_parts(without)
        w = width
        down = (w, 2 * w, 4 * w, 8 * w, 8 * w, 8 * w)
        up = (8 * w, 8 * w, 4 * w, 2 * w, w, 4)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level, (a, b) in enumerate(zip((inputs, *down), down)):
            layers: list[nn.Module] = [nn.LeakyReLU(0.2)] if level else []
            layers.append(nn.Conv2d(a, b, 4, 2, 1, bias=level == 0))
            layers += [nn.BatchNorm2d(b)] if level else []
            self.down.append(nn.Sequential(*layers))
        skips = (0, *reversed(down[:-1]))  # channels that arrive beside the layer below
        for level, (a, b) in enumerate(zip((down[-1], *up), up)):
            last = level == len(up) - 1
            layers = [nn.ReLU(), nn.ConvTranspose2d(a + skips[level], b, 4, 2, 1, bias=last)]
            layers += [] if last else [nn.BatchNorm2d(b)]
            layers += [nn.Dropout(0.5)] if level == 0 else []
            self.up.append(nn.Sequential(*layers))
        self.apply(_initialise)

    def forward(
        self, representation: Tensor, clothing: Tensor, joints: Tensor | None = None, seen: Tensor | None = None
    ) -> Painting:
        """Paint.

        Args:
            representation: (B, 22, H, W), H and W multiples of 64.
            clothing: (B, 3, H, W) product picture in [-1, 1].
            joints, seen: (B, 18, 2) and (B, 18); not used, the pose maps say the same.
        """
        x = torch.cat((leave_out(representation, self.without), clothing), 1)
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        x = self.up[0](skips.pop())
        for layer in self.up[1:]:
            x = layer(torch.cat((x, skips.pop()), 1))
        x = x.float()  # whatever the layers compute in
        return Painting(torch.tanh(x[:, :3]), x[:, 3:])


class LayoutGenerator(nn.Module):
    """Coarse result and clothing mask as the paper's, and beside them the layout of the dressed person and the places.

    Our extension of the multi-task generator: the layout says what each pixel shows, the places which point of the
    product's picture a garment pixel shows, the light how much brighter it is there than on the product's picture.

    Departures from the paper's network: it works at half the frame's size (2x2 pixels are stacked into channels on the
    way in and unstacked on the way out), has residual blocks at each size, enlarges by repetition and a convolution,
    and also sees `pose_coordinates`, which are computed from the joints of the pose maps.

    Args:
        channels: After the first layer, and at each halving of the size after it.
        blocks: Residual blocks at each of these sizes, on the way down and up again.
        inputs: Channels of the input: representation (22) and product picture (3).
        without: Parts of the representation that it never sees, of `representation.PARTS`; without the pose, nor does
            it see coordinates along the body.
    """

    def __init__(
        self,
        channels: tuple[int, ...] = LITE_CHANNELS,
        blocks: tuple[int, ...] = LITE_BLOCKS,
        inputs: int = CHANNELS + 3,
        without: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.without = known_parts(without)
        self.split = [3, 1, len(LAYOUT), 2, 1, 3]  # channels of each field of `Painting`
        outputs = sum(self.split)
        self.stem = nn.Conv2d(4 * inputs + COORDINATES, channels[0], 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels[0])
        self.down, self.deep = nn.ModuleList(), nn.ModuleList()
        self.up, self.fine = nn.ModuleList(), nn.ModuleList()
        for wide, narrow, count in zip(channels, channels[1:], blocks[1:]):
            layers = (nn.ReLU(), nn.Conv2d(wide, narrow, 4, 2, 1, bias=False), nn.BatchNorm2d(narrow))
            self.down.append(nn.Sequential(*layers))
            self.deep.append(nn.Sequential(*(_Residual(narrow) for _ in range(count))))
        for low, skip, count in zip(channels[:0:-1], channels[-2::-1], blocks[-2::-1]):
            layers = (nn.ReLU(), nn.Conv2d(low + skip, skip, 3, 1, 1, bias=False), nn.BatchNorm2d(skip))
            self.up.append(nn.Sequential(*layers))
            self.fine.append(nn.Sequential(*(_Residual(skip) for _ in range(count))))
        self.last = nn.Conv2d(channels[0], 4 * outputs, 3, 1, 1)

    def forward(self, representation: Tensor, clothing: Tensor, joints: Tensor, seen: Tensor) -> Painting:
        """Paint.

        Args:
            representation: (B, 22, H, W), H and W multiples of 64.
            clothing: (B, 3, H, W) product picture in [-1, 1].
            joints, seen: (B, 18, 2) (x, y) in the frame and (B, 18) bool, those of the representation.
        """
        height, width = representation.shape[2:]
        x = torch.cat((leave_out(representation, self.without), clothing), 1)
        seen = torch.zeros_like(seen) if "pose" in self.without else seen
        coordinates = pose_coordinates(joints, seen, (height, width)).to(x)
        x = self.norm(self.stem(torch.cat((F.pixel_unshuffle(x, 2), coordinates), 1)))
        skips = [x]
        for layer, blocks in zip(self.down, self.deep):
            x = blocks(layer(x))
            skips.append(x)
        x = skips.pop()
        for layer, blocks in zip(self.up, self.fine):
            skip = skips.pop()
            x = blocks(layer(torch.cat((F.interpolate(x, size=skip.shape[2:]), skip), 1)))
        x = F.pixel_shuffle(self.last(F.relu(x)), 2).float()
        image, mask, layout, places, scale, light = torch.split(x, self.split, 1)
        frame = x.new_tensor([width, height]).view(1, 2, 1, 1)
        places = (torch.sigmoid(places) * (1 + 2 * MARGIN) - MARGIN) * frame
        return Painting(torch.tanh(image), mask, layout, places, scale, light)


def known_parts(without: Sequence[str]) -> tuple[str, ...]:
    """Parts of the representation, if that is what they are.

    Raises:
        ValueError: One is not.
    """
    if strange := sorted(set(without) - set(PARTS)):
        raise ValueError(f"the representation has no part '{strange[0]}'; it has {', '.join(PARTS)}")
    return tuple(without)


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.norm.weight)  # a block begins as the identity

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.norm(self.conv(F.relu(x)))
        return out


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
