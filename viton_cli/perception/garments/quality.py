"""How far a garment mask can be trusted: an estimate of its overlap with the true one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.imaging.gradients import SOBEL

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

WINDOW = 15  # pixels at working size among which the contour should have found the clearest edge
# The rest by eye; what they tell is weighed by `WEIGHTS` below.
LEAST = 0.01  # of the picture: a mask of less, or of all but so much, is of no quality
ALONG, AWAY = 5, 6  # pixels: window about the contour that its edge is looked for in; what is farther is background
CLEAR, CLEARER = 0.8, 1.25  # Lab units a pixel, and times what is usual in the background: a clear edge is above both
SMOOTH = 0.8  # standard deviation, in pixels
FLAT = 0.05  # Lab units a pixel: edges weaker than this are no edges
# Intercept and weights of sharpness, clarity and agreement in the logit of the estimate, fitted by
# tests/benchmarks/fit_garment_quality.py to masks whose true overlap is known.
WEIGHTS = (-4.75, 2.36, 0.7, 5.62)


def mask_quality(mask: Bools, lab: Floats, chance: Floats) -> float:
    """Expected overlap (intersection over union) with the true mask, [0, 1].

    Args:
        mask: (h, w) the cut.
        lab: (h, w, 3) the picture in CIELAB.
        chance: (h, w) probability of garment, of the segmenter.
    """
    if not LEAST < float(mask.mean()) < 1 - LEAST:
        return 0.0
    logit = WEIGHTS[0] + float(np.dot(WEIGHTS[1:], signs(mask, lab, chance)))
    return float(1.0 / (1.0 + np.exp(-logit)))


def signs(mask: Bools, lab: Floats, chance: Floats) -> tuple[float, float, float]:
    """What the estimate rests on, each in [0, 1]: sharpness and clarity of the contour, agreement with the network."""
    steep = steepness(lab)
    rim = mask & ~ndimage.binary_erosion(mask, border_value=1)
    if not rim.any():
        return 0.0, 0.0, agreement(mask, chance)
    peak = ndimage.maximum_filter(steep, 3)
    sharp = float(np.mean(peak[rim] / (ndimage.maximum_filter(steep, WINDOW)[rim] + FLAT)))
    return sharp, clarity(mask, steep), agreement(mask, chance)


def clarity(mask: Bools, steep: Floats) -> float:
    """Share of the contour that runs along edges clearly stronger than is usual in the background.

    Args:
        mask: (h, w) the cut.
        steep: (h, w), of `steepness`.
    """
    rim = mask & ~ndimage.binary_erosion(mask, border_value=1)
    if not rim.any():
        return 0.0
    peak = ndimage.maximum_filter(steep, ALONG)
    away = ~mask & (ndimage.distance_transform_edt(~rim) > AWAY)
    usual = float(np.median(peak[away])) if away.any() else 0.0
    return float(np.mean(peak[rim] > max(CLEAR, CLEARER * usual)))


def agreement(mask: Bools, chance: Floats) -> float:
    """Overlap (intersection over union) of a mask with a map of probabilities of the same size, [0, 1]."""
    return float(np.minimum(mask, chance).sum() / max(1e-6, float(np.maximum(mask, chance).sum())))


def steepness(lab: Floats) -> Floats:
    """(h, w) how steeply the slightly smoothed picture (h, w, 3) changes, in Lab units a pixel."""
    squared = np.zeros(lab.shape[:2], np.float32)
    for channel in range(3):
        smooth = ndimage.gaussian_filter(lab[..., channel], SMOOTH)
        squared += np.square(ndimage.sobel(smooth, 0)) + np.square(ndimage.sobel(smooth, 1))
    return np.asarray(np.sqrt(squared) / SOBEL, np.float32)
