"""What speaks against a result, in numbers: how hard the pair is, how sure the networks were, what the warp left out.

Everything is worked out of what was made on the way; each sign is 0 at best and grows with doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.core.warp import Warp
from viton_cli.imaging.product import Product
from viton_cli.perception.garments.shape import neckline_depth, read_shape
from viton_cli.records import Coarse
from viton_cli.vocabulary import labels as L
from viton_cli.vocabulary import layout as classes

if TYPE_CHECKING:
    from viton_cli.methods.views import GarmentView, PersonView

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

SIGNS = {
    "detail": "how busy the garment is: mean steepness of its brightness, levels a pixel, over 10",
    "bright": "how bright the garment is, of 255",
    "cut": "1 - quality of the garment's mask",
    "pose": "1 - score of the person",
    "unsure": "expected error of the places, mean over the painted garment, in garment heights",
    "apart": "distance of the places told of the pair and of its mirror image, likewise",
    "torn": "difference of the two layouts, mean over old and new garment",
    "vague": "1 - largest share of the layout, likewise",
    "mismatch": "1 - intersection over union of clothing mask and the layout's garment",
    "open": "share of the painted garment that the warp leaves open",
    "unused": "share of the product that the warp leaves out",
    "folded": "share of the warp that is folded",
    "matched": "1 where outlines were matched because places could not be followed",
}
SLEEVE = 0.03  # share of a product from which what lies on one side of its trunk is a sleeve: caps of armholes are less
HEM = 0.2  # lowest part of the product, of its height
ARMS = ((L.R_SHOULDER, L.R_ELBOW, L.R_WRIST), (L.L_SHOULDER, L.L_ELBOW, L.L_WRIST))
STEPS = np.linspace(0, 1, 20, dtype=np.float32)[:, None]
DRAWN = 2  # frame pixels between those that are traced back into the product


@dataclass(frozen=True, eq=False)
class Cloth:
    """What the product's outline tells, in the network frame (h, w).

    Attributes:
        solid: (h, w) the garment. sleeves: (h, w) what lies beside its trunk on the left and on the right; only where
            that is enough to be a sleeve. hem: (h, w) the lowest part of the trunk.
        neckline: Depth in widths of the trunk; 0 also where the inside of the back could not be told from the front.
        detail, bright: See `SIGNS`.
    """

    solid: Bools
    sleeves: tuple[Bools, ...]
    hem: Bools
    neckline: float
    detail: float
    bright: float


def cloth_of(product: Product) -> Cloth:
    """What can be told of the product alone."""
    solid = product.mask > 0.5
    rows = np.flatnonzero(solid.any(1))
    _, _, left, right = read_shape(solid).trunk
    y, x = np.mgrid[: solid.shape[0], : solid.shape[1]]
    beside = (solid & (x < left), solid & (x >= right))
    sleeves = tuple(side for side in beside if side.sum() > SLEEVE * solid.sum())
    hem = solid & (y > rows[-1] - HEM * len(rows)) & (x >= left) & (x < right)
    grey = product.picture.astype(np.float32).mean(2)
    inside = ndimage.binary_erosion(solid, iterations=4)
    if not inside.any():
        inside = solid
    steep = np.hypot(ndimage.sobel(grey, 0), ndimage.sobel(grey, 1)) / 8
    bright = float(grey[inside].mean()) / 255
    return Cloth(solid, sleeves, hem, neckline_depth(solid), float(steep[inside].mean()) / 10, bright)


@dataclass(frozen=True, eq=False)
class Worn:
    """What was painted, in the network frame (h, w).

    Attributes:
        garment: (h, w) where the layout has the garment.
        bare: Shares of each arm from shoulder to wrist that show skin; one for each arm all of which is seen.
        shown: (h, w) of the product: what of it is to be seen.
        neckline: Depth in widths of the trunk.
    """

    garment: Bools
    bare: tuple[float, ...]
    shown: Bools
    neckline: float


def worn_of(coarse: Coarse, warp: Warp, joints: Floats, seen: Bools, product_size: tuple[int, int]) -> Worn:
    """What stage 1 and the warp made of it.

    Args:
        coarse: With a layout. warp: From the product to the frame.
        joints: (18, 2) and seen: (18,) of the person in the frame. product_size: (h, w) of the product's mask.
    """
    assert coarse.layout is not None
    layout = coarse.layout[0].float().numpy()
    garment = layout[list(classes.GARMENT_LAYERS)].sum(0) > 0.5
    top = layout.argmax(0)
    bare = tuple(_share(top == classes.SKIN, joints, arm) for arm in ARMS if seen[list(arm)].all())
    size = top.shape[0] // DRAWN, top.shape[1] // DRAWN
    shown = _shown(warp.origins(size), product_size)
    opened = ndimage.binary_opening(garment)
    depth = neckline_depth(opened) if opened.any() else 0.0
    return Worn(garment, bare, shown, depth)


def signs_of(
    person: PersonView, garment: GarmentView, coarse: Coarse, warp: Warp, laid: Floats, worn: Worn
) -> dict[str, float]:
    """The numbers of `SIGNS`; the method must have predicted a layout.

    Args:
        person, garment: As the method sees them. coarse, warp: What it made of them.
        laid: (h, w) in [0, 1], where the warp lays the garment. worn: See `worn_of`.
    """
    assert coarse.scale is not None and coarse.layout is not None and coarse.apart is not None
    assert coarse.torn is not None
    cloth, new = garment.cloth, worn.garment
    old = np.isin(person.labels[0].numpy(), L.CLOTHES)
    tall = float(np.ptp(np.flatnonzero(cloth.solid.any(1)))) + 1
    mask = coarse.mask[0, 0].float().numpy() > 0.5
    return {
        "detail": cloth.detail,
        "bright": cloth.bright,
        "cut": 1 - garment.garment.quality,
        "pose": 1 - person.person.score,
        "unsure": _mean(coarse.scale, new),
        "apart": _mean(coarse.apart, new) / tall,
        "torn": _mean(coarse.torn, new | old),
        "vague": 1 - _mean(coarse.layout.amax(1, keepdim=True), new | old, 1.0),
        "mismatch": 1 - float((mask & new).sum()) / max(float((mask | new).sum()), 1.0),
        "open": 1 - (float(laid[new].mean()) if new.any() else 0.0),
        "unused": 1 - share_shown(cloth.solid, worn.shown),
        "folded": warp.folded,
        "matched": float(warp.variant != "places" or warp.fallback is not None),
    }


def share_shown(part: Bools, shown: Bools) -> float:
    """How much of a part of the product is to be seen; 1 of an empty one."""
    return float((part & shown).sum()) / float(part.sum()) if part.any() else 1.0


def _shown(origins: Floats, size: tuple[int, int]) -> Bools:
    there = origins[np.isfinite(origins[..., 0])].round().astype(int)
    hit = np.zeros(size, bool)
    hit[there[:, 1].clip(0, size[0] - 1), there[:, 0].clip(0, size[1] - 1)] = True
    return np.asarray(ndimage.binary_dilation(hit, iterations=DRAWN + 1))


def _share(where: Bools, joints: Floats, arm: tuple[int, int, int]) -> float:
    """Share of the way along an arm's bones that lies in `where`; 0 where all of it is out of the frame."""
    shoulder, elbow, wrist = (joints[joint] for joint in arm)
    line = np.concatenate((shoulder + STEPS * (elbow - shoulder), elbow + STEPS * (wrist - elbow))).round().astype(int)
    line = line[(line >= 0).all(1) & (line[:, 0] < where.shape[1]) & (line[:, 1] < where.shape[0])]
    return float(where[line[:, 1], line[:, 0]].mean()) if len(line) else 0.0


def _mean(values: torch.Tensor, where: Bools, empty: float = 0.0) -> float:
    """Mean of (1, 1, h, w) over (h, w)."""
    return float(values[0, 0].float().numpy()[where].mean()) if where.any() else empty
