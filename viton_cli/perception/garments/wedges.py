"""Plain background between a sleeve and the trunk, which a cut has taken for garment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

ALIKE = 3.0  # CIE76 difference below which a colour is that of the background, if that is no noisier
OWN = 0.02  # share of a garment's own pixels that may be like the background, if wedges of it are to be told
WIDEST_WEDGES = 0.2  # of the cut: more than this is no wedge but a garment of the background's colour


def open_wedges(mask: Bools, lab: Floats) -> Bools:
    """The mask without wedges of plain background, as they lie between a sleeve and the trunk beside it.

    A garment that has the background's colour itself is left as it is: nothing could be told there.

    Args:
        mask: (h, w) a cut. lab: (h, w, 3) the picture, whose background is even.
    """
    outside = ~ndimage.binary_dilation(mask, iterations=3)
    if not outside.any():
        return mask
    ground = np.median(lab[outside], 0)
    alike = np.linalg.norm(lab - ground, axis=2) < max(ALIKE, 3 * float(np.median(np.abs(lab[outside] - ground))))
    free = ndimage.binary_opening(alike & mask, iterations=1) | (alike & ~mask)
    pieces, _ = ndimage.label(free)
    reached = np.setdiff1d(np.unique(pieces[~mask & free]), 0)
    wedges = mask & np.isin(pieces, reached)
    rest = mask & ~wedges
    if not rest.any() or wedges.sum() > WIDEST_WEDGES * mask.sum() or float(alike[rest].mean()) > OWN:
        return mask
    return np.asarray(rest)
