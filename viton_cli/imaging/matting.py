"""The edge of a mask moved to where the photo has it: a guided filter.

Source: He, Sun, Tang, "Guided Image Filtering" (PAMI 2013), colour guide, and He and Sun, "Fast Guided Filter" (2015):
the linear coefficients are worked out small and applied to the guide at its own size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.imaging.frames import carry, resize
from viton_cli.records import Frame

Floats = NDArray[np.float32]
LONGEST = 320  # longest side at which the coefficients are worked out
EPSILON = 1e-3  # of colours in [0, 1]: what varies less than about 3 % is not taken for an edge


@dataclass(frozen=True, eq=False)
class Guided:
    """matte = slope . colour + offset, locally.

    Attributes:
        slope: (h, w, 3), offset: (h, w); colours in [0, 1].
    """

    slope: Floats
    offset: Floats

    def at(self, guide: NDArray[np.uint8], part: Frame, whole: Frame) -> Floats:
        """The matte (H, W) in [0, 1] of another picture of the same, or of a piece of it.

        Args:
            guide: (H, W, 3), what `whole` shows.
            part: The frame of the picture that the coefficients were worked out from. whole: Lies within it.
        """
        planes = [carry(np.ascontiguousarray(self.slope[..., k]), part, whole) * guide[..., k] for k in range(3)]
        matte = carry(self.offset, part, whole) + sum(planes) / np.float32(255)
        return np.asarray(matte.clip(0, 1), np.float32)


def guided(mask: NDArray[np.bool_], guide: NDArray[np.uint8], radius: float) -> Guided:
    """Fit a mask locally by a linear function of the colours.

    Args:
        mask: (H, W). guide: (H, W, 3) the photo there.
        radius: Of the window, in pixels of the mask: as far as its edge may be wrong.
    """
    step = min(1.0, LONGEST / max(mask.shape))
    size = (max(round(mask.shape[0] * step), 1), max(round(mask.shape[1] * step), 1))
    colour = resize(guide.astype(np.float32) / np.float32(255), size)
    wanted = resize(mask.astype(np.float32), size)
    window = 2 * max(round(radius * step), 1) + 1

    def mean(values: Floats) -> Floats:
        return np.asarray(ndimage.uniform_filter(values, (window, window, *(1,) * (values.ndim - 2))), np.float32)

    middle, share = mean(colour), mean(wanted)
    with_mask = mean(colour * wanted[..., None]) - middle * share[..., None]
    pairs = [(i, j) for i in range(3) for j in range(i, 3)]
    covariance = np.empty((*size, 3, 3), np.float32)
    products = mean(np.stack([colour[..., i] * colour[..., j] for i, j in pairs], 2))
    for k, (i, j) in enumerate(pairs):
        covariance[..., i, j] = covariance[..., j, i] = products[..., k] - middle[..., i] * middle[..., j]
    covariance += EPSILON * np.eye(3, dtype=np.float32)
    slope = np.linalg.solve(covariance, with_mask[..., None])[..., 0]
    offset = share - (slope * middle).sum(2)
    return Guided(mean(slope.astype(np.float32)), mean(offset.astype(np.float32)))
