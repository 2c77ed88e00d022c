"""The built-in perception network: one small encoder, one pose head, one parsing head.

    image 3xHxW ─ stem 1/2 ─ inverted residuals 1/4, 1/8, 1/16, 1/32
                    │              ╰── pose pyramid (48 ch.) ──► 18 joint maps at 1/4, 18 "absent" logits
                    ╰───────────────── parsing decoder ─────────► 22 label maps at 1/4 and at 1/2

The encoder has the shape of EfficientNet-Lite0 (Tan and Le 2019, "EfficientNet", without squeeze-and-excitation and
with ReLU6), so that its published weights can be the starting point (`efficientnet`). Everything else, and
every weight after training, is this project's. There is no batch norm: when the published weights are read it is folded
into the convolutions.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viton_cli.perception.builtin.depthwise import DepthwiseConv2d
from viton_cli.vocabulary.labels import FLIP_JOINTS, FLIP_LABELS, N_JOINTS, N_LABELS

STRIDE = 32  # heights and widths the network takes are multiples of this

# (expansion channels, kernel, stride, output channels, residual) of each inverted residual, by resolution.
ENCODER = (
    ((96, 3, 2, 24, False), (144, 3, 1, 24, True)),  # 1/4
    ((144, 5, 2, 40, False), (240, 5, 1, 40, True)),  # 1/8
    ((240, 3, 2, 80, False), (480, 3, 1, 80, True), (480, 3, 1, 80, True),
     (480, 5, 1, 112, False), (672, 5, 1, 112, True), (672, 5, 1, 112, True)),  # 1/16
    ((672, 5, 2, 192, False), (1152, 5, 1, 192, True), (1152, 5, 1, 192, True), (1152, 5, 1, 192, True),
     (1152, 3, 1, 320, False)),  # 1/32
)  # fmt: skip
STEM, LATERALS, TOP, POSE = 16, (24, 40, 112), 1280, 48


class Perceived(NamedTuple):
    """What the network says of a batch.

    Attributes:
        joints: (B, 18, H/4, W/4) logits of where each joint is.
        absent: (B, 18) logit that the joint is not in the picture or cannot be seen. A soft maximum over the cells and
            this one value together is the distribution of the joint.
        labels: (B, 22, H/2, W/2) label logits.
        coarse: (B, 22, H/4, W/4) label logits of the intermediate decoder stage (training only).
    """

    joints: Tensor
    absent: Tensor
    labels: Tensor
    coarse: Tensor


def conv(inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> nn.Conv2d:
    """A convolution padded so that only `stride` changes the size."""
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)


class Separable(nn.Module):
    """Depthwise 3x3, ReLU6, pointwise, optional ReLU6."""

    def __init__(self, inputs: int, outputs: int, relu: bool = True) -> None:
        super().__init__()
        self.depthwise, self.pointwise, self.relu = DepthwiseConv2d(inputs, 3), conv(inputs, outputs), relu

    def forward(self, x: Tensor) -> Tensor:
        x = self.pointwise(F.relu6(self.depthwise(x), inplace=True))
        return F.relu6(x, inplace=True) if self.relu else x


class InvertedResidual(nn.Module):
    """Expand, depthwise, project (Sandler et al. 2018)."""

    def __init__(self, inputs: int, expansion: int, kernel: int, stride: int, outputs: int, residual: bool) -> None:
        super().__init__()
        self.expand = conv(inputs, expansion)
        self.depthwise = DepthwiseConv2d(expansion, kernel, stride)
        self.project = conv(expansion, outputs)
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = F.relu6(self.expand(x), inplace=True)
        y = self.project(F.relu6(self.depthwise(y), inplace=True))
        return x + y if self.residual else y


class Encoder(nn.Module):
    """Image (B, 3, H, W) in [-1, 1] to features at 1/2 (16), 1/4 (24), 1/8 (40), 1/16 (112), 1/32 (1280 channels)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv(3, 32, 3, stride=2)
        self.stem_separable = Separable(32, STEM, relu=False)
        self.stages = nn.ModuleList()
        channels = STEM
        for stage in ENCODER:
            blocks = []
            for expansion, kernel, stride, outputs, residual in stage:
                blocks.append(InvertedResidual(channels, expansion, kernel, stride, outputs, residual))
                channels = outputs
            self.stages.append(nn.Sequential(*blocks))
        self.top = conv(channels, TOP)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem_separable(F.relu6(self.stem(x), inplace=True))
        features = [x]
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        features[-1] = F.relu6(self.top(x), inplace=True)
        return features


def _up(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class PosePyramid(nn.Module):
    """Top-down pyramid of 48 channels from 1/32 to 1/4; joint maps at 1/4."""

    def __init__(self) -> None:
        super().__init__()
        self.top = Separable(TOP, POSE)
        self.laterals = nn.ModuleList(Separable(c, POSE) for c in LATERALS)
        self.heatmaps = conv(POSE, N_JOINTS)
        self.absent = nn.Sequential(nn.Linear(TOP, 64), nn.ReLU(), nn.Linear(64, N_JOINTS))

    def forward(self, features: list[Tensor]) -> tuple[Tensor, Tensor]:
        _, quarter, eighth, sixteenth, top = features
        x = self.top(top)
        for feature, lateral in zip((sixteenth, eighth, quarter), reversed(self.laterals)):
            x = _up(x) + lateral(feature)
        return self.heatmaps(x), self.absent(top.mean((2, 3)))


class ParsingDecoder(nn.Module):
    """Label maps. Context from the deepest features (and their mean over the picture), detail from the shallow ones."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.context = conv(TOP, width)
        self.scene = nn.Sequential(nn.Dropout(0.3), nn.Linear(TOP, width))
        self.laterals = nn.ModuleList(conv(c, width) for c in LATERALS)
        self.merges = nn.ModuleList(
            nn.Sequential(nn.GroupNorm(8, width), nn.ReLU(), conv(width, width, 3), nn.GroupNorm(8, width), nn.ReLU())
            for _ in range(3)
        )
        self.coarse = conv(width, N_LABELS)
        half = width // 2
        self.detail = nn.Sequential(conv(3, half, 3, stride=2), nn.ReLU())
        self.fine = conv(STEM + half + width, half)
        self.fine_merge = nn.Sequential(nn.GroupNorm(8, half), nn.ReLU(), conv(half, half, 3), nn.ReLU())
        self.labels = conv(half, N_LABELS)

    def forward(self, image: Tensor, features: list[Tensor]) -> tuple[Tensor, Tensor]:
        stem, quarter, eighth, sixteenth, top = features
        x = self.context(top) + self.scene(top.mean((2, 3)))[:, :, None, None]
        for feature, lateral, merge in zip((sixteenth, eighth, quarter), reversed(self.laterals), self.merges):
            x = merge(_up(x) + lateral(feature))
        coarse = self.coarse(x)
        y = self.fine(torch.cat((stem, self.detail(image), _up(x)), 1))
        return self.labels(self.fine_merge(y)) + _up(coarse), coarse


class PerceptionNet(nn.Module):
    """Pose and parsing of the one person a picture is about.

    Args:
        width: Channels of the parsing decoder.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.encoder, self.pose, self.parsing = Encoder(), PosePyramid(), ParsingDecoder(width)

    def forward(self, image: Tensor) -> Perceived:
        """image: (B, 3, H, W) RGB in [-1, 1], H and W multiples of 32."""
        features = self.encoder(image)
        joints, absent = self.pose(features)
        labels, coarse = self.parsing(image, features)
        return Perceived(joints, absent, labels, coarse)


def see_both_ways(net: PerceptionNet, images: Tensor) -> Perceived:
    """What the network says of pictures (B, 3, H, W) and of their mirror images, as the mean of the probabilities.

    The logits of joints and absence together, and those of labels, are logarithms of these means; `coarse` is that of
    the pictures as they are.
    """
    out = net(torch.cat((images, images.flip(3))).contiguous(memory_format=torch.channels_last))
    count = len(images)
    sides, labels = list(FLIP_JOINTS), list(FLIP_LABELS)

    def mean(plain: Tensor, mirrored: Tensor) -> Tensor:
        return ((plain.softmax(1) + mirrored.softmax(1)) / 2).clamp_min(1e-12).log()

    turned = out.joints[count:].flip(3)[:, sides], out.absent[count:][:, sides]
    every = [
        torch.cat((joints.flatten(2), absent[:, :, None]), 2).flatten(0, 1)
        for joints, absent in ((out.joints[:count], out.absent[:count]), turned)
    ]
    joints = mean(*every).reshape(count, N_JOINTS, -1)
    return Perceived(
        joints[:, :, :-1].reshape(out.joints[:count].shape),
        joints[:, :, -1],
        mean(out.labels[:count], out.labels[count:].flip(3)[:, labels]),
        out.coarse[:count],
    )


def decode_joints(joints: Tensor, absent: Tensor) -> tuple[Tensor, Tensor]:
    """Joint positions and probabilities from the network's logits.

    The joint is at the mean of the 5x5 cells around the most likely one, weighted by their probability (sub-cell
    precision); its confidence is the probability that it is in the picture at all, times how much of that
    probability the 5x5 cells hold.

    Args:
        joints: (B, J, h, w) logits. absent: (B, J) logits.

    Returns:
        (B, J, 2) float (x, y) in pixels of the network's input, and (B, J) confidence in [0, 1].

    Convention: cell (i, j) of a map at stride 4 covers input pixels 4i..4i+3, so its centre is at 4i + 1.5.
    """
    b, j, h, w = joints.shape
    every = torch.cat((joints.flatten(2), absent[:, :, None]), 2).softmax(2)
    cells = every[:, :, :-1].reshape(b, j, h, w)
    peak = cells.flatten(2).argmax(2)
    py, px = peak // w, peak % w
    ys = torch.arange(h, device=joints.device)
    xs = torch.arange(w, device=joints.device)
    near = ((ys[None, None, :, None] - py[:, :, None, None]).abs() <= 2) & (
        (xs[None, None, None, :] - px[:, :, None, None]).abs() <= 2
    )
    local = cells * near
    mass = local.sum((2, 3)).clamp_min(1e-12)
    x = (local.sum(2) * xs).sum(2) / mass
    y = (local.sum(3) * ys).sum(2) / mass
    return torch.stack((x, y), 2) * 4 + 1.5, mass
