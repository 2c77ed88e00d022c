"""The edge of a mask moved to where the photo has it: a guided filter.

Source: He, Sun, Tang, "Guided Image Filtering" (PAMI 2013), colour guide, and He and Sun, "Fast Guided Filter" (2015):
the linear coefficients are worked out small and applied to the guide at its own size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.imaging.frames import resize
from viton_cli.imaging.planes import carry_planes
from viton_cli.records import Frame

Floats = NDArray[np.float32]
LONGEST = 320  # longest side at which the coefficients are worked out
EPSILON = 1e-3  # of colours in [0, 1]: what varies less than about 3 % is not taken for an edge


@dataclass(frozen=True, eq=False)
class Guided:
    """matte = slope . colour + offset, locally.

    Attributes:
        coefficients: (4, h, w): slope for colours in [0, 255], and offset.
    """

    coefficients: Floats

    def at(self, guide: Floats, part: Frame, whole: Frame) -> Floats:
        """The matte (H, W) in [0, 1] of another picture of the same, or of a piece of it.

        Args:
            guide: (3, H, W) in [0, 255], what `whole` shows.
            part: The frame of the picture that the coefficients were worked out from. whole: Lies within it.
        """
        *slope, matte = carry_planes(self.coefficients, part, whole)
        for factor, plane in zip(slope, guide):
            matte += factor * plane
        return np.asarray(matte.clip(0, 1), np.float32)


class Guide:
    """A photo to fit masks to: all of a guided filter that does not depend on the mask.

    Args:
        picture: (H, W, 3) uint8.
        radius: Of the window, in pixels of the picture: as far as a mask's edge may be wrong.
    """

    def __init__(self, picture: NDArray[np.uint8], radius: float) -> None:
        step = min(1.0, LONGEST / max(picture.shape[:2]))
        self.size = (max(round(picture.shape[0] * step), 1), max(round(picture.shape[1] * step), 1))
        self.window = 2 * max(round(radius * step), 1) + 1
        small = resize(picture.astype(np.float32) / np.float32(255), self.size)
        self.colour = np.ascontiguousarray(small.transpose(2, 0, 1))
        self.middle = self._mean(self.colour)
        (r, g, b), (mr, mg, mb) = self.colour, self.middle
        products = self._mean(np.stack([r * r, r * g, r * b, g * g, g * b, b * b])).astype(np.float64)
        rr, rg, rb, gg, gb, bb = products - (mr * mr, mr * mg, mr * mb, mg * mg, mg * mb, mb * mb)
        rr, gg, bb = rr + EPSILON, gg + EPSILON, bb + EPSILON
        # The covariance's inverse by its cofactors; in double precision, since they nearly cancel on grey.
        cofactors = np.stack([
            gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb, rr * bb - rb * rb, rg * rb - rr * gb,
            rr * gg - rg * rg,
        ])  # fmt: skip
        determinant = rr * cofactors[0] + rg * cofactors[1] + rb * cofactors[2]
        self.inverse = (cofactors / determinant).astype(np.float32)

    def fit(self, mask: NDArray[np.bool_]) -> Guided:
        """A mask (H, W) as a linear function of the colours, locally."""
        wanted = resize(mask.astype(np.float32), self.size)
        share, *mixed = self._mean(np.concatenate([wanted[None], self.colour * wanted]))
        r, g, b = np.stack(mixed) - self.middle * share
        rr, rg, rb, gg, gb, bb = self.inverse
        slope = np.stack([rr * r + rg * g + rb * b, rg * r + gg * g + gb * b, rb * r + gb * g + bb * b])
        offset = share - (slope * self.middle).sum(0)
        return Guided(self._mean(np.concatenate([slope / np.float32(255), offset[None]])))

    def _mean(self, planes: Floats) -> Floats:
        return np.asarray(ndimage.uniform_filter(planes, (1, self.window, self.window)), np.float32)
