"""Colour errors in CIELAB, by scikit-image: of the garment, and of skin that the old garment hid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_cie76, deltaE_ciede2000, rgb2lab

from viton_cli.metrics.case import Case, Which
from viton_cli.metrics.metric import MeanOfPictures, Reference, Rows, library
from viton_cli.vocabulary import labels as L

FEWEST = 80  # pixels
BARE = (L.L_ARM, L.R_ARM, L.NECK_SKIN)
REDUCED = "pictures of over 2 megapixels reduced to that by means of blocks"


class _ColourError(MeanOfPictures):
    formula: Callable[..., Any]
    where: ClassVar[str] = "garment"

    def protocol(self, rows: Rows, reference: Reference | None) -> str:
        """See `Metric.protocol`."""
        return f"{self.how}; sRGB to CIELAB (D65) by {library('scikit-image')}; {REDUCED}; mean over pictures"

    def measure(self, case: Case, which: Which) -> Sequence[float] | None:
        """See `Metric.measure`."""
        region = self.region(case)
        if region.sum() < FEWEST:
            return None
        first, second = (self._lab(case, name, region) for name in (which, "truth"))
        return [float(np.mean(type(self).formula(second, first)))]

    def _lab(self, case: Case, which: Which, region: NDArray[np.bool_]) -> Any:
        """CIELAB of the region's pixels, kept for the next measure of the same region."""
        key = f"{self.where} of {which} in CIELAB"
        if key not in case.memory:
            case.memory[key] = rgb2lab(case.seen(which).small[region][None])
        return case.memory[key]

    def region(self, case: Case) -> NDArray[np.bool_]:
        """(h, w) which pixels of `Picture.small` count."""
        return np.isin(case.labels["truth"], L.CLOTHES)


class Cie76(_ColourError):
    """Mean colour difference CIE 1976 over the garment of the true picture."""

    name, higher_is_better, needs = "cie76", False, ("truth", "labels:truth")
    how = "colour difference CIE 1976 (dE*ab) over the pixels labelled upper clothes, dress or coat in the true picture"
    formula = deltaE_cie76


class Ciede2000(_ColourError):
    """Mean colour difference CIEDE2000 over the garment of the true picture."""

    name, higher_is_better, needs = "ciede2000", False, ("truth", "labels:truth")
    how = "colour difference CIEDE2000 over the pixels labelled upper clothes, dress or coat in the true picture"
    formula = deltaE_ciede2000


class Skin(_ColourError):
    """Mean colour difference CIE 1976 over skin that the new garment uncovers."""

    name, higher_is_better, needs = "skin", False, ("truth", "photo", "labels:truth", "labels:photo")
    how = (
        "colour difference CIE 1976 (dE*ab) over the pixels labelled arm or neck in the true picture that are labelled "
        "upper clothes, dress or coat in the photo"
    )
    formula = deltaE_cie76
    where = "skin"

    def region(self, case: Case) -> NDArray[np.bool_]:
        """See `_ColourError.region`."""
        return np.isin(case.labels["truth"], BARE) & np.isin(case.labels["photo"], L.CLOTHES)
