"""Pixels of the old garment that the labels call something else, found by their colour.

Perception's labels are soft where a hand lies on a hip and where a hem meets trousers: pieces of the old garment are
called arm, trousers or neck there and would stay in the picture. Their colour tells: it is one of the garment's, and
none of what the label says.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.compositing.painted import LOWER, REPLACED, Bools, Picture
from viton_cli.imaging.filling import grow
from viton_cli.vocabulary import labels as L

STEP = 24  # grey levels of a bin of the colour histograms
BINS = 256 // STEP + 1
BLUR = 0.7  # bins by which a histogram is smoothed
SURE = 2.0  # network pixels from its edge within which a label is not believed to be pure
TIMES = 6.0  # as often among the garment's colours as among those of its label: then a pixel is the garment's
COMMON = 5e-5  # share of the garment's pixels that a colour's bin must hold at least
LEAST = 60  # pixels that a histogram needs
HAIR_TIPS = 10.0  # network pixels from the garment within which it may show through hair
MIXED = 0.3  # share of the garment's colour in a pixel of hair from which it counts as the garment's
TELL_APART = 100.0  # grey levels between two colours, of which a mixture can then be told
SPECK = 1.5  # network pixels squared: fewer in a piece are noise

# What is looked through: labels, those that show what its colours are, and how far from the garment, in network pixels.
GROUPS = (
    (LOWER, LOWER, 40.0),
    (L.ARMS, (L.FACE, *L.ARMS, L.NECK_SKIN), 25.0),
    ((L.BACKGROUND,), (L.BACKGROUND,), 5.0),
)


def leftovers(labels: NDArray[np.uint8], photo: Picture, pixel: float) -> Bools:
    """(h, w) what is labelled as something that stays but has the old garment's colours.

    Args:
        labels: (h, w). photo: (h, w, 3). pixel: Of the network, in pixels of these.
    """
    old = np.isin(labels, REPLACED)
    inner = _inner(old, pixel)
    found = np.zeros(labels.shape, bool)
    if inner.sum() < LEAST:
        return found
    bins = (photo // STEP).astype(np.int64)
    index = (bins[..., 0] * BINS + bins[..., 1]) * BINS + bins[..., 2]
    away = ndimage.distance_transform_edt(~old)
    garment = _histogram(index[inner])
    for searched, shown, reach in GROUPS:
        own = _inner(np.isin(labels, shown), pixel) & (away > 2 * SURE * pixel)
        if own.sum() < LEAST:
            continue
        theirs = _histogram(index[own])
        suspect = (garment > COMMON) & (garment > TIMES * theirs)
        found |= suspect[index] & np.isin(labels, searched) & (away <= reach * pixel)
    # Only what touches the garment is of it.
    pieces, count = ndimage.label(found | old)
    if not count:
        return found
    touching = np.unique(pieces[inner])
    found &= np.isin(pieces, touching)
    pieces, count = ndimage.label(found)
    sizes = ndimage.sum_labels(found, pieces, np.arange(count + 1))
    return np.asarray(found & (sizes[pieces] > SPECK * pixel**2))


def through_hair(labels: NDArray[np.uint8], photo: Picture, pixel: float) -> Bools:
    """(h, w) the old garment between strands of hair, or in one pixel with them. Arguments as of `leftovers`."""
    hair, old = labels == L.HAIR, np.isin(labels, REPLACED)
    garment = _inner(old, pixel)
    near = ndimage.distance_transform_edt(~old) <= HAIR_TIPS * pixel if garment.any() else garment
    tips = hair & near
    if not tips.any() or (hair & ~near).sum() < LEAST:
        return np.zeros(labels.shape, bool)
    strand = np.median(photo[hair & ~near], 0)
    across = grow(photo, garment)[tips] - strand
    apart = np.maximum((across**2).sum(1), 1.0)
    share = ((photo[tips] - strand) * across).sum(1) / apart
    found = np.zeros(labels.shape, bool)
    found[tips] = (share > MIXED) & (apart > TELL_APART**2)
    return found


def _inner(area: Bools, pixel: float) -> Bools:
    return np.asarray(ndimage.distance_transform_edt(area) > SURE * pixel)


def _histogram(index: NDArray[np.int64]) -> NDArray[np.float64]:
    """(BINS^3,) share of the pixels in each bin, smoothed."""
    counts = np.bincount(index, minlength=BINS**3).reshape(BINS, BINS, BINS).astype(np.float64)
    return np.asarray(ndimage.gaussian_filter(counts / counts.sum(), BLUR).ravel())
