"""Where on a garment's flat picture each of its pixels in the photo is shown: the map of `flatten`, read backwards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Floats = NDArray[np.float32]

NEIGHBOURS = 4  # moved points that a place is the mean of
NEAR = 2.5  # pixels of the photo's picture from the nearest of them, beyond which a place is not known
WIDTH = 2.0  # of these pixels: at this distance a point counts 1/e
SPREAD = 6.0  # pixels of the flat picture by which neighbours may differ: more is a fold of the map


def flat_places(spots: Floats, laid: Floats, garment: NDArray[np.bool_]) -> Floats:
    """Places of a garment's pixels, from the points that were moved.

    Args:
        spots: (n, 2) pixels of a picture of the person that `flatten` moved.
        laid: (n, 2) where it moved each, in pixels of the flat picture.
        garment: (h, w), where the person's picture shows the garment.

    Returns:
        (h, w, 2) float32 (x, y), NaN where no moved spot is near or near ones went far apart.
    """
    out = np.full((*garment.shape, 2), np.nan, np.float32)
    wanted = np.argwhere(garment)[:, ::-1]
    if len(spots) < NEIGHBOURS or not len(wanted):
        return out
    distance, index = cKDTree(spots).query(wanted, k=NEIGHBOURS)
    weights = np.exp(-((distance / WIDTH) ** 2)) + 1e-9
    mean = (laid[index] * weights[..., None]).sum(1) / weights.sum(1)[:, None]
    spread = np.abs(laid[index] - mean[:, None]).max((1, 2))
    good = (distance[:, 0] < NEAR) & (spread < SPREAD)
    out[wanted[good, 1], wanted[good, 0]] = mean[good]
    return out
