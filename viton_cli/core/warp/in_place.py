"""The warp of what need not be warped: a picture that was painted where it is to lie."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from viton_cli.core.warp.tps import affine_spline
from viton_cli.core.warp.warp_fitting import assemble, signed_distance, size_of
from viton_cli.core.warp.warp_map import Layer, Warp
from viton_cli.errors import NoGarmentFound


def in_place(mask: NDArray[np.float32]) -> Warp:
    """The identity, cut by a mask (H, W) in [0, 1].

    Raises:
        NoGarmentFound: The mask is empty.
    """
    if not (mask > 0.5).any():
        raise NoGarmentFound("the clothing mask is empty: nothing in it is above 0.5")
    layer = Layer(affine_spline(torch.eye(2), torch.zeros(2)), signed_distance(np.ones(mask.shape, bool)))
    size = size_of(mask)
    return assemble((layer,), mask, mask, (size, size), "none")
