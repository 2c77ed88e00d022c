"""How far a garment mask can be trusted, from the picture alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


def mask_quality(mask: Bools, lab: Floats, prior: Floats) -> float:
    """Product of four doubts, each in [0, 1]; 0.5 and more has been a usable mask.

    Args:
        mask: (h, w) the cut.
        lab: (h, w, 3) the picture.
        prior: (h, w) the segmenter's probability of garment.

    Returns:
        Agreement with the segmenter, contour on edges, plausible area, and little contact with the picture's border.
    """
    area = float(mask.mean())
    if area < 0.01 or area > 0.97:
        return 0.0
    agreement = float(np.minimum(mask, prior).sum() / np.maximum(mask, prior).sum())
    contact = _border_contact(mask)
    size = min(1.0, area / 0.04)
    return float(_ramp(agreement, 0.45, 0.85) * _ramp(contour_strength(mask, lab), 0.2, 0.7) * size * _ramp(-contact, -0.6, -0.2))


def contour_strength(mask: Bools, lab: Floats) -> float:
    """Share of the contour that runs along edges clearly stronger than those of the garment's inside and outside."""
    smooth = np.stack([ndimage.gaussian_filter(lab[..., c], 0.8) for c in range(3)], -1)
    gradient = np.zeros(mask.shape, np.float32)
    for channel in range(3):
        gradient += np.square(ndimage.sobel(smooth[..., channel], 0)) + np.square(ndimage.sobel(smooth[..., channel], 1))
    gradient = np.sqrt(gradient) / 8
    rim = mask & ~ndimage.binary_erosion(mask, border_value=1)
    if not rim.any():
        return 0.0
    away = ndimage.distance_transform_edt(~rim) > 6
    usual = float(np.median(gradient[away])) if away.any() else 0.0
    peak = ndimage.maximum_filter(gradient, 5)
    usual_peak = float(np.median(peak[away])) if away.any() else usual
    return float(np.mean(peak[rim] > max(0.8, 1.25 * usual_peak)))


def _border_contact(mask: Bools) -> float:
    """Share of the picture's border that the mask covers."""
    border = np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]])
    return float(border.mean())


def _ramp(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))
