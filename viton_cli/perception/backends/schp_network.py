"""Augmented CE2P, the network of Self-Correction Human Parsing, without the heads that only its training needs.

A dilated ResNet-101 with a three-convolution stem, pyramid pooling, a decoder that mixes in the first stage, an edge
branch, and a fusion of decoder and edge features that gives the labels. Parameters are called as in the published
checkpoints (their `fushion` included).

Source: Li et al., Self-Correction for Human Parsing, 2019, section 3.1; Ruan et al., Devil in the Details (CE2P), 2019;
Zhao et al., Pyramid Scene Parsing, 2017. Departure: In-Place Activated BatchNorm is replaced by its equal for
inference, batch norm (then leaky ReLU 0.01 outside the ResNet) with the absolute value of the scale.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

# The decoder's own labels and the edges: supervised in training, no part of the answer.
TRAINING_HEADS = ("decoder.conv4.", "edge.conv4.", "edge.conv5.")
RESNET_101 = (3, 4, 23, 3)
_EPSILON = 1e-5


class NormLeaky(nn.BatchNorm2d):
    """Batch norm and leaky ReLU in one module, so that the checkpoints' numbering holds."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.leaky_relu(super().forward(x), 0.01)


class Bottleneck(nn.Module):
    """ResNet's 1x1, 3x3, 1x1 block with four times `width` channels out."""

    def __init__(self, channels: int, width: int, stride: int, dilation: int, projects: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = (
            nn.Sequential(nn.Conv2d(channels, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))
            if projects
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class PyramidPooling(nn.Module):
    """Averages over 1, 2x2, 3x3 and 6x6 cells beside the features, narrowed to 512 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(cells), nn.Conv2d(2048, 512, 1, bias=False), NormLeaky(512))
            for cells in (1, 2, 3, 6)
        )
        self.bottleneck = _conv_norm(2048 + 4 * 512, 512, 3)

    def forward(self, x: Tensor) -> Tensor:
        pooled = [_resize(stage(x), x) for stage in self.stages]
        y: Tensor = self.bottleneck(torch.cat([*pooled, x], 1))
        return y


class Decoder(nn.Module):
    """Context at 1/16 and the first stage at 1/4 to 256 channels at 1/4."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = _conv_norm(512, 256)
        self.conv2 = _conv_norm(256, 48)
        self.conv3 = nn.Sequential(*_conv_norm(256 + 48, 256), *_conv_norm(256, 256))

    def forward(self, context: Tensor, early: Tensor) -> Tensor:
        y: Tensor = self.conv3(torch.cat([_resize(self.conv1(context), early), self.conv2(early)], 1))
        return y


class Edge(nn.Module):
    """Features of the first three stages, 256 channels each, at 1/4."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = _conv_norm(256, 256)
        self.conv2 = _conv_norm(512, 256)
        self.conv3 = _conv_norm(1024, 256)

    def forward(self, x1: Tensor, x2: Tensor, x3: Tensor) -> Tensor:
        return torch.cat([self.conv1(x1), _resize(self.conv2(x2), x1), _resize(self.conv3(x3), x1)], 1)


class SchpNetwork(nn.Module):
    """Photo to logits.

    Args:
        n_labels: 20 (LIP, CIHP) or 18 (ATR).
        blocks: Bottlenecks of the four stages. Fewer than ResNet-101's is for tests.
    """

    def __init__(self, n_labels: int, blocks: tuple[int, int, int, int] = RESNET_101) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 3, 2, 1, bias=False), nn.BatchNorm2d(64)
        self.conv2, self.bn2 = nn.Conv2d(64, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64)
        self.conv3, self.bn3 = nn.Conv2d(64, 128, 3, 1, 1, bias=False), nn.BatchNorm2d(128)
        self.layer1 = _stage(128, 64, blocks[0], stride=1)
        self.layer2 = _stage(256, 128, blocks[1], stride=2)
        self.layer3 = _stage(512, 256, blocks[2], stride=2)
        self.layer4 = _stage(1024, 512, blocks[3], stride=1, dilation=2)
        self.context_encoding = PyramidPooling()
        self.decoder = Decoder()
        self.edge = Edge()
        self.fushion = nn.Sequential(*_conv_norm(1024, 256), nn.Dropout2d(0.1), nn.Conv2d(256, n_labels, 1))

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) normalised BGR to logits (B, n_labels, about H/4, about W/4), corners on corners."""
        x = functional.relu(self.bn1(self.conv1(image)))
        x = functional.relu(self.bn2(self.conv2(x)))
        x = functional.relu(self.bn3(self.conv3(x)))
        x1 = self.layer1(functional.max_pool2d(x, 3, 2, 1))
        x2 = self.layer2(x1)
        x3 = self.layer3(x2)
        context = self.context_encoding(self.layer4(x3))
        logits: Tensor = self.fushion(torch.cat([self.decoder(context, x1), self.edge(x1, x2, x3)], 1))
        return logits


def without_in_place_norm(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A published checkpoint's tensors as this network takes them.

    In-Place Activated BatchNorm scales by |weight| + 1e-5, so that it can be undone; its weights are the only vectors
    called `weight`. The heads of training are left out.
    """
    return {
        name: tensor.abs() + _EPSILON if name.endswith(".weight") and tensor.ndim == 1 else tensor
        for name, tensor in state.items()
        if not name.startswith(TRAINING_HEADS)
    }


def _conv_norm(channels: int, width: int, kernel: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False), NormLeaky(width))


def _stage(channels: int, width: int, blocks: int, stride: int, dilation: int = 1) -> nn.Sequential:
    first = Bottleneck(channels, width, stride, dilation, projects=True)
    rest = [Bottleneck(4 * width, width, 1, dilation, projects=False) for _ in range(blocks - 1)]
    return nn.Sequential(first, *rest)


def _resize(x: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(x, like.shape[2:], mode="bilinear", align_corners=True)
