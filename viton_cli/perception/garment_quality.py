"""How far a garment mask can be trusted, from the picture alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


def mask_quality(mask: Bools, lab: Floats) -> float:
    """Share of the contour on true edges, less where the mask lies off the middle or along the picture's border.

    Args:
        mask: (h, w) the cut.
        lab: (h, w, 3) the picture.

    Returns:
        [0, 1].
    """
    area = float(mask.mean())
    if area < 0.01 or area > 0.97:
        return 0.0
    contact = max(0.0, _border_contact(mask) - 0.03)
    return float(contour_strength(mask, lab) * max(0.0, 1.0 - 1.5 * contact) * _ramp(_centredness(mask), 0.2, 0.4))


def agreement(mask: Bools, chance: Floats) -> float:
    """Overlap (intersection over union) of a mask with a map of probabilities of the same size, [0, 1]."""
    return float(np.minimum(mask, chance).sum() / max(1e-6, float(np.maximum(mask, chance).sum())))


def _centredness(mask: Bools) -> float:
    """Overlap (intersection over union) with a box of the same area, and the picture's shape, about the middle."""
    height, width = mask.shape
    scale = float(np.sqrt(mask.mean()))
    half_height, half_width = max(1, round(scale * height / 2)), max(1, round(scale * width / 2))
    y, x = height // 2, width // 2
    box = mask[max(0, y - half_height) : y + half_height, max(0, x - half_width) : x + half_width]
    both = float(box.sum())
    return both / (float(mask.sum()) + box.size - both)


def contour_strength(mask: Bools, lab: Floats) -> float:
    """Share of the contour that runs along edges clearly stronger than is usual in the background."""
    squared = np.zeros(mask.shape, np.float32)
    for channel in range(3):
        smooth = ndimage.gaussian_filter(lab[..., channel], 0.8)
        squared += np.square(ndimage.sobel(smooth, 0)) + np.square(ndimage.sobel(smooth, 1))
    peak = ndimage.maximum_filter(np.sqrt(squared) / 8, 5)
    rim = mask & ~ndimage.binary_erosion(mask, border_value=1)
    if not rim.any():
        return 0.0
    away = ~mask & (ndimage.distance_transform_edt(~rim) > 6)
    usual = float(np.median(peak[away])) if away.any() else 0.0
    return float(np.mean(peak[rim] > max(0.8, 1.25 * usual)))


def _border_contact(mask: Bools) -> float:
    """Share of the picture's border that the mask covers."""
    border = np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]])
    return float(border.mean())


def _ramp(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))
