"""A small network that says where the garment of a product photo probably is: the prior of the graph cut.

It sees the picture squeezed to 96x96, with the coordinates as two more channels, and was trained by
`viton_cli.pipelines.train_garment`. Its edges are coarse on purpose; the cut follows the picture's own edges.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from viton_cli.checkpoints import load_weights, packaged

SIZE = 96
NAME = "garment"


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class GarmentSegmenter(nn.Module):
    """A U-shaped network of 0.35 million parameters; (B, 3, H, W) in [-1, 1] to (B, 1, H/2, W/2) logits."""

    def __init__(self) -> None:
        super().__init__()
        self.down1 = nn.Sequential(_block(14, 32, 2), _block(32, 32))
        self.down2 = nn.Sequential(_block(32, 64, 2), _block(64, 64))
        self.down3 = nn.Sequential(_block(64, 96, 2), _block(96, 96), _block(96, 96))
        self.up3 = _block(96 + 64, 48)
        self.up2 = _block(48 + 32, 24)
        self.up1 = _block(24 + 14, 12)
        self.out = nn.Conv2d(12, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        batch, _, height, width = image.shape
        y = torch.linspace(-1, 1, height // 2, device=image.device).view(1, 1, -1, 1)
        x = torch.linspace(-1, 1, width // 2, device=image.device).view(1, 1, 1, -1)
        where = torch.cat([a.expand(batch, 1, height // 2, width // 2) for a in (y, x)], 1)
        half = torch.cat([F.pixel_unshuffle(image, 2), where], 1)
        quarter = self.down1(half)
        eighth = self.down2(quarter)
        deep = self.down3(eighth)
        # The deepest stage carries a summary of the whole picture: what is background is a question of all of it.
        deep = deep + deep.mean((2, 3), keepdim=True)
        up = self.up3(torch.cat([_double(deep), eighth], 1))
        up = self.up2(torch.cat([_double(up), quarter], 1))
        up = self.up1(torch.cat([_double(up), half], 1))
        logits: Tensor = self.out(up)
        return logits


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


def as_input(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W, 3) uint8 to the network's (3, 96, 96) in [-1, 1]."""
    small = Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.BOX, reducing_gap=2.0)
    return (np.asarray(small, np.float32) / 127.5 - 1.0).transpose(2, 0, 1)


@cache
def network() -> GarmentSegmenter:
    """The network with the weights of the package, read once in a process."""
    tensors, _ = load_weights(packaged(NAME))
    segmenter = GarmentSegmenter()
    segmenter.load_state_dict(tensors)
    return segmenter.eval()


@torch.inference_mode()
def garment_probability(image: NDArray[np.uint8], segmenter: GarmentSegmenter) -> NDArray[np.float32]:
    """(48, 48) probability of garment, over the whole picture and its mirror image together."""
    batch = torch.from_numpy(as_input(image))[None]
    both = torch.sigmoid(segmenter(torch.cat([batch, batch.flip(3)]))[:, 0])
    return ((both[0] + both[1].flip(1)) / 2).numpy()
