"""The geometry of augmentation: a view of a stored picture, and the exact way back for joints and places."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

WAY_BACK = 5  # rounds of the fixed point: each leaves less than a third of the error, mostly a tenth


@dataclass(frozen=True, eq=False)
class View:
    """A map from pixel centres of a view (h, w) to those of a stored picture (H, W) around the same middle.

    Attributes:
        size: (h, w). stored: (H, W).
        matrix: (2, 2) and shift: (2,), the affine part about the two middles.
        bumps: (2, h, w), what is added: (x, y) in stored pixels; None for none.
        flip: Whether left and right change sides.
    """

    size: tuple[int, int]
    stored: tuple[int, int]
    matrix: Tensor
    shift: Tensor
    bumps: Tensor | None = None
    flip: bool = False

    def positions(self) -> Tensor:
        """(h, w, 2), where each pixel of the view is in the stored picture."""
        middle = _middle(self.size)
        (a, b), (c, d) = self.matrix.tolist()
        across, down = (torch.arange(n, dtype=torch.float32) for n in (self.size[1], self.size[0]))
        across, down = across - middle[0], down - middle[1]
        x0, y0 = (self.shift + _middle(self.stored)).tolist()
        at = torch.stack([across[None] * a + (down[:, None] * b + x0), across[None] * c + (down[:, None] * d + y0)], 2)
        return at if self.bumps is None else at + self.bumps.permute(1, 2, 0)

    def carry(self, points: Tensor) -> Tensor:
        """Points (..., 2) of the stored picture in pixels of the view: the inverse of `positions`."""
        back = torch.linalg.inv(self.matrix).T
        origin = points - self.shift - _middle(self.stored)
        at: Tensor = origin @ back + _middle(self.size)
        if self.bumps is None:
            return at
        for _ in range(WAY_BACK):
            at = (origin - sample(self.bumps, at.reshape(-1, 1, 2))[..., 0].T.reshape(at.shape)) @ back
            at = at + _middle(self.size)
        return at


def plain_view(size: tuple[int, int], stored: tuple[int, int]) -> View:
    """The middle of the stored picture, as it is."""
    return View(size, stored, torch.eye(2), torch.zeros(2))


def person_view(
    rng: np.random.Generator, strength: float, flip: bool, size: tuple[int, int], stored: tuple[int, int]
) -> View:
    """Scale 10 %, aspect 1.2 %, turn 4 degrees, shift 4 %, bumps of .7 px in 256; all times `strength`.

    Hardly any aspect and bumps: where a garment ends on a person follows from the proportions of both, and a network
    that sees them distorted learns not to trust them (6 % and 1.8 px: of kept people's garment 37 % more than 3 % of
    its height off; so, and with `shorten`: 29 %).
    """
    unit = size[0] / 256
    scale = math.exp(rng.uniform(-0.10, 0.10) * strength)
    matrix = _turned(rng, strength, scale, math.exp(rng.uniform(-0.012, 0.012) * strength), flip)
    shift = torch.tensor(rng.uniform(-1, 1, 2) * (8, 10) * strength * unit, dtype=torch.float32)
    return View(size, stored, matrix, shift, bumps(rng, size, (6, 5), 0.7 * strength * unit), flip)


def product_view(rng: np.random.Generator, strength: float, flip: bool, size: tuple[int, int]) -> View:
    """Scale 6 %, aspect 1 %, turn 4 degrees, shift 2 %, bumps of up to 1.8 px in 256; all times `strength`."""
    unit = size[0] / 256
    scale = 1 + (0.03 + rng.uniform(-0.06, 0.06)) * strength
    matrix = _turned(rng, strength, scale, math.exp(rng.uniform(-0.01, 0.01) * strength), flip)
    shift = torch.tensor(rng.uniform(-1, 1, 2) * (4, 5) * strength * unit, dtype=torch.float32)
    height = 1.1 * rng.uniform(0, 1.6) * strength * unit
    return View(size, size, matrix, shift, bumps(rng, size, (5, 4), height), flip)


def bumps(rng: np.random.Generator, size: tuple[int, int], nodes: tuple[int, int], height: float) -> Tensor | None:
    """(2, h, w) smooth random displacement of standard deviation `height` at its nodes; None if that is 0."""
    if height <= 0:
        return None
    coarse = torch.from_numpy(rng.standard_normal((1, 2, *nodes), np.float32)) * height
    quarter = F.interpolate(coarse, (size[0] // 4, size[1] // 4), mode="bicubic", align_corners=False)
    return F.interpolate(quarter, size, mode="bilinear", align_corners=False)[0]


def sample(picture: Tensor, positions: Tensor, nearest: bool = False) -> Tensor:
    """`picture` (C, H, W) float at `positions` (h, w, 2) in its pixels: (C, h, w); its edge goes on beyond it."""
    height, width = picture.shape[1:]
    size = positions.new_tensor([width, height])
    grid = torch.addcmul(1 / size - 1, positions, 2 / size)  # of pixel centres, -1 and 1 at the picture's edges
    mode = "nearest" if nearest else "bilinear"
    return F.grid_sample(picture[None], grid[None], mode=mode, padding_mode="border", align_corners=False)[0]


def nearest(positions: Tensor, size: tuple[int, int]) -> Tensor:
    """(h, w) int64, for a picture of `size` with its pixels in a row: which of them is nearest to each position."""
    column = positions[..., 0].round().clamp_(0, size[1] - 1)
    row = positions[..., 1].round().clamp_(0, size[0] - 1)
    return (row * size[1] + column).long()


def _turned(rng: np.random.Generator, strength: float, scale: float, aspect: float, flip: bool) -> Tensor:
    angle = math.radians(rng.uniform(-4, 4) * strength)
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return turn * torch.tensor([scale * aspect * (-1.0 if flip else 1.0), scale / aspect])


def _middle(size: tuple[int, int]) -> Tensor:
    return torch.tensor([(size[1] - 1) / 2, (size[0] - 1) / 2])
