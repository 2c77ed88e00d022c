"""The regions, from the layout that stage 1 predicts of the dressed person."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from viton_cli.compositing.body import above_hem, forearms, hands, network_pixel, pose_in, soft
from viton_cli.compositing.painted import (
    BELOW,
    BESIDE,
    FILLS,
    IN_FRONT,
    REPLACED,
    SCENE,
    SKIN,
    Bools,
    Floats,
    Mask,
    Painted,
    Regions,
)
from viton_cli.imaging.frames import box_in, carry, crop
from viton_cli.records import Frame, Person
from viton_cli.vocabulary import labels as L
from viton_cli.vocabulary import layout as G

# What is painted where the layout says so, once the garment itself is taken away.
FILL_OF = {
    G.BACKGROUND: SCENE, G.HEAD: SKIN, G.SKIN: SKIN, G.LEGS: SKIN, G.LOWER: BELOW, G.SHOES: BELOW, G.OTHER: SCENE,
}  # fmt: skip
RIM = 1.6  # network pixels around the old garment that go with it: its colour bleeds into them
NEAR = 6.0  # network pixels: a wider gap between the warped garment and the layout is no gap but a hem
DECIDED = 3.0  # power that sharpens the shares of the fills: bands of mixture would look like mist


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
    laid = painted.warp.apply(painted.product.sharp_mask, part.size, box_in(frame, part), fill=0.0).clip(0, 1)
    dressed = layout[list(G.GARMENT_LAYERS)].sum(0)

    # An arm that shows stays in front, but where the layout puts a sleeve on it, or the garment's trunk over the upper
    # arm: a forearm across the belly is in front of any garment.
    sleeve = layout[G.L_SLEEVE] + layout[G.R_SLEEVE] > 0.5
    fore, hand = forearms(pose, part.size), hands(pose, part.size)
    covered = (sleeve | ((dressed > 0.5) & ~fore)) & ~hand
    front = np.isin(labels, IN_FRONT) | (np.isin(labels, L.ARMS) & ~covered)

    # A dress goes on as a skirt below the new garment's hem.
    skirt = np.isin(labels, (L.DRESS, L.JUMPSUITS)) & ~above_hem(laid > 0.5, pose)
    old = np.isin(labels, REPLACED) & ~skirt
    around = ndimage.binary_dilation(old, iterations=max(round(RIM * pixel), 1))
    old |= around & np.isin(labels, BESIDE)

    near = ndimage.distance_transform_edt(laid < 0.5) < NEAR * pixel if (laid > 0.5).any() else laid > 0.5
    open_ = (dressed > 0.6) & (laid < 0.9) & near & old
    gap = soft(ndimage.binary_opening(open_, iterations=max(round(pixel), 1)), 0.5 * pixel)
    cover = 1 - _held(front, pixel)
    beside = old | np.isin(labels, BESIDE)
    return Regions(_removed(old, pixel) * cover * beside, _fills(layout), cover, gap, labels)


def _fills(layout: Floats) -> Floats:
    shares = np.full((len(FILLS), *layout.shape[1:]), 1e-4, np.float32)
    for index, to in FILL_OF.items():
        shares[to] += layout[index]
    shares **= DECIDED
    return np.asarray(shares / shares.sum(0), np.float32)


def _removed(old: Bools, pixel: float) -> Mask:
    """1 on what goes, with a soft edge outside it."""
    edge = soft(old, 0.4 * pixel)
    return np.where(old, 1.0, np.where(edge > 0.05, edge, 0.0)).astype(np.float32)


def _held(front: Bools, pixel: float) -> Mask:
    """1 on what lies in front, with a soft edge outside it."""
    edge = soft(front, 0.5 * pixel)
    return np.where(front, 1.0, np.where(edge > 0.3, edge, 0.0)).astype(np.float32)
