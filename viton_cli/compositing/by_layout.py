"""The regions, from the layout that stage 1 predicts of the dressed person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.compositing.body import above_hem, soft
from viton_cli.compositing.painted import BELOW, FILLS, HAIR, LOWER, SCENE, SKIN, Bools, Floats, Painted, Regions
from viton_cli.compositing.wearer import Wearer
from viton_cli.imaging.planes import carry_planes
from viton_cli.vocabulary import labels as L
from viton_cli.vocabulary import layout as classes

# What is painted where the layout says so, once the garment itself is taken away.
FILL_OF = {
    classes.BACKGROUND: SCENE,
    classes.HEAD: SKIN,
    classes.SKIN: SKIN,
    classes.LEGS: SKIN,
    classes.LOWER: BELOW,
    classes.SHOES: BELOW,
    classes.OTHER: SCENE,
}
NEAR = 6.0  # network pixels: a wider gap between the warped garment and the layout is no gap but a hem
LAID = 0.9  # opacity from which the warped garment leaves no gap
NARROWEST = 0.7  # network pixels: half the width below which a gap is noise
RIM = 1.5  # network pixels: how far the colour of a cuff or hem strays beyond its label
TIPS = 3.0  # network pixels around cloth between hair that are painted as hair
DECIDED = 3  # times that the shares of the fills are squared: bands of mixture would look like mist


def regions_by_layout(wearer: Wearer, painted: Painted) -> Regions:
    """Sort the pixels of a part of the photo.

    Args:
        wearer: The person. painted: With a layout.
    """
    assert painted.layout is not None
    labels, pixel, size = wearer.labels, wearer.pixel, wearer.part.size
    *layout, laid = carry_planes(np.concatenate([painted.layout, painted.laid[None]]), wearer.frame, wearer.part)
    dressed = sum(layout[index] for index in classes.GARMENT_LAYERS)

    # An arm that shows stays in front, but where the layout puts a sleeve on it, or the garment's trunk over the upper
    # arm: a forearm across the belly is in front of any garment.
    sleeve = layout[classes.L_SLEEVE] + layout[classes.R_SLEEVE] > 0.5
    covered = (sleeve | ((dressed > 0.5) & ~wearer.forearms)) & ~wearer.hands
    front = wearer.ahead | (wearer.arms & ~covered) | wearer.fingers

    # A dress or a long coat goes on as a skirt below the new garment's hem.
    skirt = wearer.long & ~above_hem(laid > 0.5, wearer.pose)
    front &= ~wearer.strands
    old = wearer.replaced & ~skirt & ~front | wearer.collar | wearer.strands
    fills = _fills(layout, ndimage.binary_dilation(wearer.strands, iterations=max(round(TIPS * pixel), 1)))
    old |= _rim(old, labels, fills, pixel) & ~wearer.hands
    front &= ~old
    # The neckline is the garment's own: what is open there is open.
    open_ = (dressed > 0.5) & (laid < LAID) & ~front & ~skirt & ~wearer.throat
    open_ &= _near(laid > 0.5, open_, NEAR * pixel)
    # The layout's hands are broader than the photo's: what was cloth beside one, above the hem, is cloth again.
    open_ |= old & wearer.hands & (layout[classes.SKIN] > 0.5) & (laid < LAID) & above_hem(laid > 0.5, wearer.pose)
    open_ = ndimage.binary_opening(open_, iterations=max(round(NARROWEST * pixel), 1))
    # With the cloth beside it, so that no seam is left between the two.
    beside = ndimage.binary_dilation(open_, iterations=max(round(2 * pixel), 1)) & (laid >= 0.5)
    gap = soft(open_ | beside, 0.5 * pixel)
    return Regions(old, front, fills, np.ones(size, np.float32), gap, labels, pixel)


def _near(mask: Bools, asked: Bools, reach: float) -> Bools:
    """(h, w) pixels nearer to the mask than `reach`, right where they are `asked` for."""
    near = np.zeros(mask.shape, bool)
    if not mask.any() or not asked.any():
        return near
    margin = int(reach) + 1
    window = tuple(
        slice(max(found[0] - margin, 0), found[-1] + margin + 1)
        for found in (np.flatnonzero(asked.any(1)), np.flatnonzero(asked.any(0)))
    )
    if mask[window].any():
        near[window] = ndimage.distance_transform_edt(~mask[window]) < reach
    return near


def _rim(old: Bools, labels: NDArray[np.uint8], fills: Floats, pixel: float) -> Bools:
    """(h, w) arms and lower clothes along the old garment, where the same is painted beside it: cuffs and hems leave a
    line of their colour there, and nothing is lost by going a little further."""
    reach = ndimage.binary_dilation(old, iterations=max(round(RIM * pixel), 1)) & ~old
    bare = np.isin(labels, L.ARMS) & (fills[SKIN] > 0.5)
    below = np.isin(labels, LOWER) & (fills[BELOW] > 0.5)
    return np.asarray(reach & (bare | below))


def _fills(layout: list[Floats], tips: Bools) -> Floats:
    shares = np.full((len(FILLS), *layout[0].shape), 1e-3, np.float32)
    for index, to in FILL_OF.items():
        shares[to] += layout[index]
    shares[HAIR] += layout[classes.HEAD] * tips
    shares[SKIN] -= layout[classes.HEAD] * tips
    for _ in range(DECIDED):
        shares *= shares
    return np.asarray(shares / shares.sum(0), np.float32)
