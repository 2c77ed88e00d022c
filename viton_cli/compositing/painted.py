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
# Labels into which the old garment's colour may bleed, so that a rim of them goes with it.
BESIDE = (L.BACKGROUND, L.NECK_SKIN)

# What can show where the old garment was, in the order of `Regions.fills`.
FILLS = ("background", "skin", "lower clothes")
SCENE, SKIN, BELOW = range(len(FILLS))


@dataclass(frozen=True, eq=False)
class Painted:
    """What the networks and the warp have to say, in the network frame (h, w).

    Attributes:
        coarse: (h, w, 3) uint8, I'.
        mask: (h, w) the predicted clothing mask M.
        alpha: (h, w) the composition mask.
        product: The garment.
        warp: From it to the frame.
        layout: (10, h, w) shares of `vocabulary.layout.LAYOUT`; None from a generator that predicts none.
        light: (h, w) factor on the garment's brightness; None for 1.
    """

    coarse: Picture
    mask: Mask
    alpha: Mask
    product: Product
    warp: Warp
    layout: Floats | None = None
    light: Mask | None = None


@dataclass(frozen=True, eq=False)
class Regions:
    """Where what is painted, (h, w) of the part at its working size; all in [0, 1].

    Attributes:
        removed: What is painted anew, beneath the new garment and beside it.
        fills: (3, h, w) shares of `FILLS` there, adding to 1.
        cover: The most that the new garment may cover: 0 where something lies in front of it.
        gap: New garment where the warp left it open; its colours go on there.
        labels: Of the part.
    """

    removed: Mask
    fills: Floats
    cover: Mask
    gap: Mask
    labels: NDArray[np.uint8]
