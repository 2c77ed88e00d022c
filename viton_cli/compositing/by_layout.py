"""The regions, from the layout that stage 1 predicts of the dressed person."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from viton_cli.compositing.body import above_hem, forearms, hands, long_garment, network_pixel, pose_in, soft, throat
from viton_cli.compositing.painted import (
    BELOW,
    FILLS,
    IN_FRONT,
    REPLACED,
    SCENE,
    SKIN,
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
    layout = np.stack([carry(plane, frame, part) for plane in painted.layout])
    laid = carry(painted.laid, frame, part)
    dressed = layout[list(classes.GARMENT_LAYERS)].sum(0)

    # An arm that shows stays in front, but where the layout puts a sleeve on it, or the garment's trunk over the upper
    # arm: a forearm across the belly is in front of any garment.
    sleeve = layout[classes.L_SLEEVE] + layout[classes.R_SLEEVE] > 0.5
    fore, hand = forearms(pose, part.size), hands(pose, part.size)
    covered = (sleeve | ((dressed > 0.5) & ~fore)) & ~hand
    photo = crop(person.photo.image, part).astype(np.uint8)
    front = np.isin(labels, IN_FRONT) | (np.isin(labels, L.ARMS) & ~covered) | missed_fingers(labels, photo, hand)

    # A dress or a long coat goes on as a skirt below the new garment's hem.
    skirt = long_garment(labels, pose) & ~above_hem(laid > 0.5, pose)
    old = np.isin(labels, REPLACED) & ~skirt & ~front | high_collar(labels, photo)
    near = ndimage.distance_transform_edt(laid < 0.5) < NEAR * pixel if (laid > 0.5).any() else laid > 0.5
    # The neckline is the garment's own: what is open there is open.
    open_ = (dressed > 0.5) & (laid < 0.9) & near & ~front & ~skirt & ~throat(pose, part.size)
    gap = soft(ndimage.binary_opening(open_, iterations=max(round(0.7 * pixel), 1)), 0.5 * pixel)
    return Regions(old, front, _fills(layout), np.ones(part.size, np.float32), gap, labels, pixel)


def _fills(layout: Floats) -> Floats:
    shares = np.full((len(FILLS), *layout.shape[1:]), 1e-3, np.float32)
    for index, to in FILL_OF.items():
        shares[to] += layout[index]
    shares **= DECIDED
    return np.asarray(shares / shares.sum(0), np.float32)
