"""The regions, from the layout that stage 1 predicts of the dressed person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.compositing.body import above_hem, forearms, hands, long_garment, network_pixel, pose_in, soft, throat
from viton_cli.compositing.leftovers import leftovers, through_hair
from viton_cli.compositing.painted import (
    BELOW,
    FILLS,
    HAIR,
    IN_FRONT,
    LOWER,
    REPLACED,
    SCENE,
    SKIN,
    Bools,
    Floats,
    Painted,
    Regions,
)
from viton_cli.compositing.skin_tone import high_collar, missed_fingers
from viton_cli.imaging.frames import carry, crop
from viton_cli.records import Frame, Person
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
RIM = 1.5  # network pixels: how far the colour of a cuff or hem strays beyond its label
DECIDED = 8.0  # power that sharpens the shares of the fills: bands of mixture would look like mist


def regions_by_layout(person: Person, frame: Frame, part: Frame, painted: Painted) -> Regions:
    """Sort the pixels of a part of the photo.

    Args:
        person: Labels and pose in photo pixels. frame: What the networks saw. part: The pixels wanted.
        painted: With a layout.
    """
    assert painted.layout is not None
    labels = crop(person.parsing.labels, part, fill=L.BACKGROUND, nearest=True).astype(np.uint8)
    pose, pixel = pose_in(person.pose, part), network_pixel(frame, part)
    photo = crop(person.photo.image, part).astype(np.uint8)
    strands = through_hair(labels, photo, pixel)
    labels = np.where(leftovers(labels, photo, pixel), L.UPPER, labels).astype(np.uint8)
    layout = np.stack([carry(plane, frame, part) for plane in painted.layout])
    laid = carry(painted.laid, frame, part)
    dressed = layout[list(classes.GARMENT_LAYERS)].sum(0)

    # An arm that shows stays in front, but where the layout puts a sleeve on it, or the garment's trunk over the upper
    # arm: a forearm across the belly is in front of any garment.
    sleeve = layout[classes.L_SLEEVE] + layout[classes.R_SLEEVE] > 0.5
    fore, hand = forearms(pose, part.size), hands(pose, part.size)
    covered = (sleeve | ((dressed > 0.5) & ~fore)) & ~hand
    front = np.isin(labels, IN_FRONT) | (np.isin(labels, L.ARMS) & ~covered) | missed_fingers(labels, photo, hand)

    # A dress or a long coat goes on as a skirt below the new garment's hem.
    skirt = long_garment(labels, pose) & ~above_hem(laid > 0.5, pose)
    front &= ~strands
    old = np.isin(labels, REPLACED) & ~skirt & ~front | high_collar(labels, photo) | strands
    tips = ndimage.binary_dilation(strands, iterations=max(round(3 * pixel), 1))
    fills = _fills(layout, tips)
    old |= _rim(old, labels, fills, pixel) & ~hand
    front &= ~old
    near = ndimage.distance_transform_edt(laid < 0.5) < NEAR * pixel if (laid > 0.5).any() else laid > 0.5
    # The neckline is the garment's own: what is open there is open.
    open_ = (dressed > 0.5) & (laid < 0.9) & near & ~front & ~skirt & ~throat(pose, part.size)
    # The layout's hands are broader than the photo's: what was cloth beside one, above the hem, is cloth again.
    open_ |= old & hand & (layout[classes.SKIN] > 0.5) & (laid < 0.9) & above_hem(laid > 0.5, pose)
    open_ = ndimage.binary_opening(open_, iterations=max(round(0.7 * pixel), 1))
    # With the cloth beside it, so that no seam is left between the two.
    beside = ndimage.binary_dilation(open_, iterations=max(round(2 * pixel), 1)) & (laid >= 0.5)
    gap = soft(open_ | beside, 0.5 * pixel)
    return Regions(old, front, fills, np.ones(part.size, np.float32), gap, labels, pixel)


def _rim(old: Bools, labels: NDArray[np.uint8], fills: Floats, pixel: float) -> Bools:
    """(h, w) skin and lower clothes along the old garment, where the same is painted beside it: cuffs and hems leave a
    line of their colour there, and nothing is lost by going a little further."""
    reach = ndimage.binary_dilation(old, iterations=max(round(RIM * pixel), 1)) & ~old
    bare = np.isin(labels, L.ARMS) & (fills[SKIN] > 0.5)
    below = np.isin(labels, LOWER) & (fills[BELOW] > 0.5)
    return np.asarray(reach & (bare | below))


def _fills(layout: Floats, tips: Bools) -> Floats:
    shares = np.full((len(FILLS), *layout.shape[1:]), 1e-3, np.float32)
    for index, to in FILL_OF.items():
        shares[to] += layout[index]
    shares[HAIR] += layout[classes.HEAD] * tips
    shares[SKIN] -= layout[classes.HEAD] * tips
    shares **= DECIDED
    return np.asarray(shares / shares.sum(0), np.float32)
