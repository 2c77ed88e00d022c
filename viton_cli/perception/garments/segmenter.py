"""A network that says where the garment of a product photo probably is, and what it is.

    image ─ EfficientNet-Lite0's encoder ─ top-down decoder ─► probability of garment at 1/2
                                         ╰ mean over the garment ─► kind, sleeves

It sees the whole picture at about 36,000 pixels, in whichever of five shapes is nearest to the photo's own. It was
trained by `viton train garment`, starting from EfficientNet-Lite0's published weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from viton_cli.checkpoints import load_weights, packaged
from viton_cli.devices import device_of, placed, used_device
from viton_cli.perception.builtin.network import LATERALS, STEM, TOP, Encoder, conv

Floats = NDArray[np.float32]

NAME = "garment"
SHAPES = ((256, 128), (224, 160), (192, 192), (160, 224), (128, 256))  # (height, width), multiples of 32
KINDS = ("top", "outerwear", "dress", "lower")
SLEEVES = ("none", "short", "long")
GROUPS = 8  # of channels that are normalised together
WIDTHS = (96, 64, 48, 32, 16)  # channels of the decoder at 1/32, 1/16, 1/8, 1/4, 1/2


class GarmentSegmenter(nn.Module):
    """3.6 million parameters; takes (B, 3, H, W) in [-1, 1], H and W multiples of 32."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.context = conv(TOP, WIDTHS[0])
        self.laterals = nn.ModuleList(conv(c, w) for c, w in zip((*reversed(LATERALS), STEM), WIDTHS))
        self.merges = nn.ModuleList(
            nn.Sequential(conv(a, b, 3), nn.GroupNorm(GROUPS, b), nn.ReLU()) for a, b in pairwise(WIDTHS)
        )
        self.garment = conv(WIDTHS[-1], 1)
        self.kind, self.sleeves = nn.Linear(TOP, len(KINDS)), nn.Linear(TOP, len(SLEEVES))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of garment (B, 1, H/2, W/2), and the deepest features (B, 1280, H/32, W/32) for `classify`."""
        *shallow, top = self.encoder(image)
        x = self.context(top)
        for feature, lateral, merge in zip(reversed(shallow), self.laterals, self.merges):
            x = merge(F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False) + lateral(feature))
        return self.garment(x), top

    def classify(self, top: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of kind (B, 4) and sleeves (B, 3) of what `mask` (B, 1, h, w) in [0, 1] covers."""
        weight = F.adaptive_avg_pool2d(mask, (top.shape[2], top.shape[3]))
        mean = (top * weight).sum((2, 3)) / weight.sum((2, 3)).clamp_min(1e-3)
        return self.kind(mean), self.sleeves(mean)


@dataclass(frozen=True, eq=False)
class View:
    """What the network saw in one photo.

    Attributes:
        chance: (h, w) probability of garment, half the network's input size.
        top: The deepest features, for `describe`.
    """

    chance: Floats
    top: Tensor


def nearest_shape(height: int, width: int) -> tuple[int, int]:
    """The input shape of `SHAPES` that squeezes a photo of this size the least."""
    return min(SHAPES, key=lambda shape: abs(np.log(shape[0] / shape[1]) - np.log(height / width)))


def as_input(image: NDArray[np.uint8], shape: tuple[int, int]) -> Floats:
    """(H, W, 3) uint8 to (3, *shape) in [-1, 1]."""
    small = Image.fromarray(image).resize((shape[1], shape[0]), Image.Resampling.BOX, reducing_gap=2.0)
    return (np.asarray(small, np.float32) / 127.5 - 1.0).transpose(2, 0, 1)


def network() -> GarmentSegmenter:
    """The network with the weights of the package, read once in a process and for a device."""
    return _network(used_device())


@cache
def _network(device: str) -> GarmentSegmenter:
    tensors, _ = load_weights(packaged(NAME))
    segmenter = GarmentSegmenter()
    segmenter.load_state_dict(tensors)
    return placed(segmenter.eval())


@torch.inference_mode()
def look(image: NDArray[np.uint8], segmenter: GarmentSegmenter) -> View:
    """What the network says of a photo and its mirror image together."""
    batch = torch.from_numpy(as_input(image, nearest_shape(*image.shape[:2])))[None]
    logits, top = segmenter(torch.cat([batch, batch.flip(3)]))
    both = torch.sigmoid(logits[:, 0])
    return View(((both[0] + both[1].flip(1)) / 2).numpy(), top[:1])


@torch.inference_mode()
def describe(view: View, mask: Floats, segmenter: GarmentSegmenter) -> tuple[dict[str, float], dict[str, float]]:
    """Probabilities of kinds and of sleeves for the garment that `mask` (any size, [0, 1]) covers."""
    top, covered = (part.to(device_of(segmenter)) for part in (view.top, torch.from_numpy(mask)[None, None]))
    kinds, sleeves = segmenter.classify(top, covered)
    return (
        dict(zip(KINDS, kinds[0].softmax(0).tolist(), strict=True)),
        dict(zip(SLEEVES, sleeves[0].softmax(0).tolist(), strict=True)),
    )
