"""Feature extractors of the perceptual loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Convolutions of each block of VGG-16 and VGG-19 (Simonyan & Zisserman 2015): channels and how many.
VGG_BLOCKS = {
    16: ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)),
    19: ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)),
}
MEAN = (123.68, 116.779, 103.939)  # of ImageNet, RGB, 0..255


class Vgg(nn.Module):
    """conv1_2, conv2_2, conv3_2, conv4_2 and conv5_2 of VGG, as the paper's loss takes them.

    As in the published code: input 0..255 RGB minus the mean, average pooling instead of maximum pooling.

    Args:
        depth: 16 or 19.
        shrink: Look at the pictures this many times smaller: the loss costs shrink**2 less.
    """

    mean: Tensor

    def __init__(self, depth: int, shrink: int = 1) -> None:
        super().__init__()
        self.shrink = shrink
        self.blocks = nn.ModuleList()
        channels = 3
        for width, count in VGG_BLOCKS[depth]:
            block = []
            for _ in range(count):
                block.append(nn.Conv2d(channels, width, 3, padding=1))
                channels = width
            self.blocks.append(nn.ModuleList(block))
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.requires_grad_(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, H, W) in [-1, 1] to the five feature maps after their ReLU."""
        x = (F.avg_pool2d(image, self.shrink) + 1) * 127.5 - self.mean
        maps = []
        for number, block in enumerate(self.blocks):
            if number:
                x = F.avg_pool2d(x, 2)
            assert isinstance(block, nn.ModuleList)
            for position, layer in enumerate(block):
                x = F.relu(layer(x))
                if position == 1:
                    maps.append(x)
                    if number == len(self.blocks) - 1:
                        break  # deeper layers are not looked at
        return maps


class EncoderFeatures(nn.Module):
    """Features of the perception encoder: about fifty times cheaper than VGG, and always at hand.

    Each position's channels are scaled to unit length (as LPIPS does), so that all layers weigh alike.

    Args:
        encoder: Module from images in [-1, 1] to a list of feature maps.
    """

    def __init__(self, encoder: Callable[[Tensor], list[Tensor]]) -> None:
        super().__init__()
        self.encoder = encoder
        if isinstance(encoder, nn.Module):
            encoder.requires_grad_(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, H, W) in [-1, 1] to feature maps from 1/2 to 1/32."""
        return [F.normalize(feature, dim=1, eps=1e-3) for feature in self.encoder(image)]
