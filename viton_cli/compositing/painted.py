"""What the networks hand to the composition, and what it decides of each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viton_cli.core.warp import Warp
from viton_cli.imaging.product import Product
from viton_cli.vocabulary import labels as L

Mask = NDArray[np.float32]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]

# Labels a new garment replaces, those that always lie in front of it, and those of the lower body.
REPLACED = (L.UPPER, L.COAT, L.DRESS, L.JUMPSUITS)
IN_FRONT = (L.HAT, L.HAIR, L.SUNGLASSES, L.FACE, L.GLOVE, L.SCARF, L.BAG)
LOWER = (L.PANTS, L.SKIRT, L.L_LEG, L.R_LEG)

# What can show where the old garment was, in the order of `Regions.fills`.
FILLS = ("background", "skin", "lower clothes", "hair")
SCENE, SKIN, BELOW, HAIR = range(len(FILLS))


@dataclass(frozen=True, eq=False)
class Painted:
    """What the networks and the warp have to say, in the network frame (h, w).

    Attributes:
        coarse: (h, w, 3) uint8, I'.
        mask: (h, w) the predicted clothing mask M.
        alpha: (h, w) the composition mask.
        product: The garment.
        warp: From it to the frame.
        laid: (h, w) where the warp lays it, in [0, 1].
        gain: (h, w, 3) factor on the garment's colours, which brings it into the photo's light.
        layout: (10, h, w) shares of `vocabulary.layout.LAYOUT`; None from a generator that predicts none.
    """

    coarse: Picture
    mask: Mask
    alpha: Mask
    product: Product
    warp: Warp
    laid: Mask
    gain: Floats
    layout: Floats | None = None


@dataclass(frozen=True, eq=False)
class Regions:
    """What is decided of each pixel (h, w) of the part at its working size.

    Attributes:
        old: The garment that goes, as the labels have it.
        front: What lies in front of the new garment, as the labels have it.
        fills: (4, h, w) shares of `FILLS` where the old garment was, adding to 1.
        limit: In [0, 1], the most that the new garment may cover where nothing lies in front of it.
        gap: In [0, 1], new garment where the warp left it open; its colours go on there.
        labels: Of the part.
        pixel: Size of a network pixel, in pixels of the part: the labels' edges are no surer than this.
    """

    old: Bools
    front: Bools
    fills: Floats
    limit: Mask
    gap: Mask
    labels: NDArray[np.uint8]
    pixel: float
