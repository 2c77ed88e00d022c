"""Shorter garments out of longer ones: hem and sleeves cut off the product and off the true picture alike.

What the network has to learn of a garment is where it ends on a person, and that follows from its proportions. A few
hundred garments show too few of them. A cut garment is another garment with exact answers: what is cut off is no
garment any more, and what shows in its place is not known and not asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from viton_cli.data.triplets import L_SLEEVE, R_SLEEVE, TRUNK
from viton_cli.imaging.product import MARGIN
from viton_cli.training.pairs.views import View

OFTEN = 0.35  # share of examples whose hem is cut, and of those whose sleeves are
HEM = (0.5, 0.95)  # of the trunk's height, where a hem may come to lie
SLEEVE = (0.12, 0.87)  # of a sleeve's length, where a cuff may come to lie
SHORTEST = 28.0  # pixels: a sleeve shorter than this is left as it is
FEWEST = 80  # pixels of a part that can be cut

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Sleeve:
    """A sleeve's way from shoulder to cuff on the product: start (x, y), and the way divided by its squared length."""

    start: tuple[float, float]
    way: tuple[float, float]

    def along(self, x: Tensor, y: Tensor) -> Tensor:
        """Share of the sleeve's length at points of the product's picture."""
        return (x - self.start[0]) * self.way[0] + (y - self.start[1]) * self.way[1]


@dataclass(frozen=True)
class Cut:
    """Where a garment is cut, in pixels of the product's picture.

    Attributes:
        hem: Row below which the trunk goes; None: it stays. sleeves: Of each part (`data.triplets`) that is cut, its
            way. share: Of the way, beyond which they go.
    """

    hem: float | None
    sleeves: dict[int, Sleeve]
    share: float

    def gone(self, part: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Which pixels go, by their part and their places on the product; NaN places stay."""
        gone = torch.zeros(part.shape, dtype=torch.bool)
        if self.hem is not None:
            gone |= (part == TRUNK) & (y > self.hem)
        for name, sleeve in self.sleeves.items():
            gone |= (part == name) & (sleeve.along(x, y) > self.share)
        return gone


def random_cut(rng: np.random.Generator, part: NDArray[np.uint8]) -> Cut | None:
    """A cut of a product whose parts (h, w) are known, 0 beside it; None: this time it is left as it is."""
    hem_is, hem_at, sleeves_are, share = rng.random(4)
    hem, sleeves = None, {}
    rows = np.flatnonzero((part == TRUNK).any(1))
    if hem_is < OFTEN and (part == TRUNK).sum() > FEWEST:
        hem = rows[0] + (HEM[0] + (HEM[1] - HEM[0]) * hem_at) * (rows[-1] - rows[0])
    if sleeves_are < OFTEN:
        found = {name: sleeve_of(part, name) for name in (L_SLEEVE, R_SLEEVE)}
        sleeves = {name: sleeve for name, sleeve in found.items() if sleeve is not None}
    if hem is None and not sleeves:
        return None
    return Cut(hem, sleeves, SLEEVE[0] + (SLEEVE[1] - SLEEVE[0]) * share)


def sleeve_of(part: NDArray[np.uint8], name: int) -> Sleeve | None:
    """The way of a sleeve; None if there is none, or too short a one."""
    points = np.argwhere(part == name)[:, ::-1].astype(np.float64)
    trunk = np.argwhere(part == TRUNK)[:, 1]
    if len(points) < FEWEST or len(trunk) < FEWEST:
        return None
    # The shoulder is the inner end of the sleeve's upper quarter, the cuff what is farthest from it.
    upper = points[points[:, 1] <= np.percentile(points[:, 1], 25)]
    outwards = np.sign(points[:, 0].mean() - trunk.mean())
    start = upper[np.argsort(outwards * upper[:, 0])[: max(len(upper) // 4, 5)]].mean(0)
    away = np.hypot(*(points - start).T)
    way = points[away >= np.percentile(away, 94)].mean(0) - start
    length = float(np.hypot(*way))
    if length < SHORTEST:
        return None
    return Sleeve((float(start[0]), float(start[1])), (float(way[0]) / length**2, float(way[1]) / length**2))


def whole_parts(part: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Parts (h, w) of a product carried on to all of its mask (h, w; 255 = garment), rim and seams too."""
    if not (part > 0).any():
        return np.zeros_like(part)
    nearest = ndimage.distance_transform_edt(part == 0, return_distances=False, return_indices=True)
    return np.where(mask > 0, part[tuple(nearest)], 0).astype(np.uint8)


def reframed(view: View, solid: Bools) -> View:
    """The view of a product of which only `solid` (h, w) is left, as that fills the frame (`imaging.product`)."""
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    tall, wide = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    height, width = view.stored
    zoom = max(tall / height, wide / width) / (1 - 2 * MARGIN)
    middle = torch.tensor([columns[0] + columns[-1] - (width - 1), rows[0] + rows[-1] - (height - 1)]) / 2
    bumps = None if view.bumps is None else view.bumps * zoom
    return replace(view, matrix=view.matrix * zoom, shift=view.shift * zoom + middle, bumps=bumps)
