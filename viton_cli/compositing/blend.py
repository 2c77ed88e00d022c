"""The photo with the garment laid in: the regions painted anew and blended over it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.compositing.regions import Painted, Regions, _box_in, _from_frame, find_regions
from viton_cli.compositing.uncovered import LOWER, Bools, Mask, Picture, _resize, _soft, grow_within
from viton_cli.imaging.frames import crop
from viton_cli.records import Frame, Person
from viton_cli.vocabulary import labels as L

WORKING = 1600  # longest side at which regions are computed; a larger photo's regions are enlarged from there


def lay_in(person: Person, frame: Frame, painted: Painted) -> tuple[Picture, Bools]:
    """The photo with the garment laid in.

    Args:
        person: Photo, labels and pose. frame: The part of the photo the networks saw. painted: What they made of it.

    Returns:
        (H, W, 3) uint8 and (H, W) bool, where it may differ from the photo.
    """
    photo = person.photo.image
    height, width = photo.shape[:2]
    x0, y0, x1, y1 = frame.box
    a, b, c, d = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    out, edited = photo.copy(), np.zeros((height, width), bool)
    if c <= a or d <= b:
        return out, edited
    scale = min(1.0, WORKING / max(d - b, c - a))
    size = max(round((d - b) * scale), 1), max(round((c - a) * scale), 1)
    part = Frame((a, b, c, d), size)
    regions = find_regions(person, frame, part, painted)
    original = crop(photo, part).astype(np.uint8)
    fresh, matte = paint(original, person, part, regions, frame, painted)
    patch = photo[b:d, a:c]
    if scale < 1.0:
        fresh = _resize(fresh, patch.shape[:2])
        matte = _resize(matte, patch.shape[:2])
        opacity = _resize(regions.garment, patch.shape[:2])
        garment = _garment_layer(painted, frame, Frame((a, b, c, d), (d - b, c - a)), opacity > 0)
        share = (opacity * _resize(regions.alpha, patch.shape[:2]))[:, :, None]
        fresh = np.clip(fresh * (1 - share) + garment * share, 0, 255)
    matte = matte[:, :, None]
    blended = patch + matte * (fresh.astype(np.float32) - patch)
    changed = matte[:, :, 0] > 1e-3
    out[b:d, a:c] = np.where(changed[:, :, None], np.clip(blended + 0.5, 0, 255), patch).astype(np.uint8)
    edited[b:d, a:c] = changed
    return out, edited


def paint(
    original: Picture, person: Person, part: Frame, regions: Regions, frame: Frame, painted: Painted
) -> tuple[NDArray[np.float32], Mask]:
    """The part painted anew and the matte (h, w) with which it is blended over the photo."""
    coarse = np.stack([_from_frame(painted.coarse[:, :, i].astype(np.float32), frame, part) for i in range(3)], 2)
    base = original.astype(np.float32)
    labels = regions.labels
    pixel = part.size[0] / painted.mask.shape[0]
    uncovered = regions.skin | regions.lower | regions.scene
    if regions.scene.any():
        known = (labels == L.BACKGROUND) & ~uncovered
        base[regions.scene] = grow_within(original, known, regions.scene)
    if regions.lower.any():
        known = np.isin(labels, LOWER) & ~uncovered
        base[regions.lower] = grow_within(original, known, regions.lower) if known.any() else coarse[regions.lower]
    if regions.skin.any():
        base[regions.skin] = _skin_colours(original, regions, coarse, pixel)
    garment = _garment_layer(painted, frame, part, regions.garment > 0)
    alpha = regions.alpha[:, :, None]
    new = alpha * garment + (1 - alpha) * coarse
    opacity = regions.garment[:, :, None]
    fresh = base * (1 - opacity) + new * opacity
    soft = _soft(uncovered, 0.4 * pixel) * ~regions.front
    matte = np.maximum(regions.garment, np.maximum(soft * (soft > 0.05), uncovered.astype(np.float32)))
    matte[regions.front] = 0
    return np.asarray(fresh, np.float32), np.asarray(matte, np.float32)


def _garment_layer(painted: Painted, frame: Frame, part: Frame, wanted: Bools) -> NDArray[np.float32]:
    """(h, w, 3) the garment from its own photo, as it lies on the person; where the warp left a gap in what is wanted,
    its colours go on."""
    box = _box_in(frame, part)
    layer = painted.warp.apply(painted.product.sharp, part.size, box, fill=255.0)
    there = painted.warp.apply(painted.product.sharp_mask, part.size, box, fill=0.0) > 0.5
    gap = wanted & ~there
    if gap.any() and there.any():
        layer[gap] = grow_within(layer.clip(0, 255).astype(np.uint8), there, gap)
    return np.asarray(layer, np.float32)


def _skin_colours(
    original: Picture, regions: Regions, coarse: NDArray[np.float32], pixel: float
) -> NDArray[np.float32]:
    """(n, 3) skin: the person's own colour (median of what skin shows), light and shade of the coarse result without
    the grain of its pixels, and the roundness of an arm."""
    labels, skin = regions.labels, regions.skin
    shown = np.isin(labels, L.SKIN) & ~skin
    if shown.sum() < 50:
        return coarse[skin]
    # The arms and the neck are the best guide to bare arms and chest; the face may be made up or in shade.
    body = np.isin(labels, (L.L_ARM, L.R_ARM, L.NECK_SKIN)) & ~skin
    own = np.median(original[body if body.sum() > 200 else shown].astype(np.float32), axis=0)
    light = ndimage.gaussian_filter(coarse.mean(2) * skin, 3 * pixel) / np.maximum(_soft(skin, 3 * pixel), 1e-3)
    shade = (light[skin] / max(float(np.median(light[skin])), 1.0)).clip(0.8, 1.15)
    shade *= 1.04 - 0.26 * regions.turn[skin] ** 3
    return np.asarray((own * shade[:, None]).clip(0, 255), np.float32)
