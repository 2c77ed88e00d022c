"""A raw cut made tidy: its largest piece, without holes but for true gaps, without thin hangers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

# By eye, as in `plain`. Departures are from its model of the background, in units of the background's noise.
OPENING = 0.004  # of the longer side: thinner hangers are cut off
GAP, EXACT = 3.0, 1.5  # departures that a gap's pixels, and half of them, may show
GAP_AREA, GAP_OFFSET, GAP_TALL = 0.002, 0.35, 1.3  # of the garment; of half its width off its middle; times its width
NECK = 0.2  # of half the width off the middle, and of the height below the top: where an open neck lies
PIECE = 0.1  # of the largest piece: smaller ones are dropped


def tidy(mask: Bools, distance: Floats | None = None) -> Bools:
    """Largest piece (and others of a tenth of its size), holes filled but for true gaps, thin hangers cut off.

    Args:
        mask: (h, w) a raw cut.
        distance: Departure from a background model; with it, holes that show exactly the background stay open.
    """
    radius = max(1, round(OPENING * max(mask.shape)))
    size = 2 * radius + 1
    opened = ndimage.binary_opening(np.pad(mask, size, mode="edge"), ball(radius))[size:-size, size:-size]
    opened = _large_pieces(opened)
    filled = ndimage.binary_fill_holes(opened)
    if distance is None:
        return np.asarray(filled)
    holes = ndimage.binary_opening(filled & (distance < GAP), ball(radius))
    return np.asarray(filled & ~_true_gaps(holes, filled, distance))


def _true_gaps(holes: Bools, filled: Bools, distance: Floats) -> Bools:
    """Holes that show the background, not a print of the background's colour.

    Gaps are as exact as the background. Those between sleeve and body lie off the middle and are taller than wide;
    one in the middle of the collar shows what is behind an open neck.
    """
    gaps = np.zeros_like(holes)
    if not holes.any():
        return gaps
    columns = np.flatnonzero(filled.any(0))
    rows = np.flatnonzero(filled.any(1))
    middle, half = (columns[0] + columns[-1]) / 2, max(1.0, (columns[-1] - columns[0]) / 2)
    labels, _ = ndimage.label(holes)
    for index, box in enumerate(ndimage.find_objects(labels), 1):
        part = labels[box] == index
        area, tall, wide = part.sum(), part.shape[0], part.shape[1]
        offset = abs((box[1].start + box[1].stop) / 2 - middle) / half
        exact = np.median(distance[box][part]) < EXACT
        beside = area > GAP_AREA * filled.sum() and offset > GAP_OFFSET and tall > GAP_TALL * wide
        neck = offset < NECK and box[0].stop < rows[0] + NECK * rows.size
        if exact and (beside or neck):
            gaps[box] |= part
    return gaps


def _large_pieces(mask: Bools) -> Bools:
    """The largest connected piece and those of at least a tenth of its area."""
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    return np.asarray((areas >= PIECE * areas.max())[labels] & (labels > 0))


def ball(radius: int) -> Bools:
    """A disc as a structuring element."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(x * x + y * y <= radius * radius + radius)
