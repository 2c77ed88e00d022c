"""How steeply pictures change."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

SOBEL = 8.0  # what Sobel's operator makes of a slope of 1 a pixel


def steepness(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w) length of the gradient of one channel (h, w), in its units a pixel."""
    return np.asarray(np.hypot(ndimage.sobel(values, axis=0), ndimage.sobel(values, axis=1)) / SOBEL, np.float32)


def channels_steepness(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w) sum of the gradients' lengths of the channels of (h, w, C)."""
    total = np.zeros(image.shape[:2], np.float32)
    for channel in range(image.shape[2]):
        total += steepness(image[..., channel])
    return total
