"""Colours for what a photo does not show of a garment: from its mirrored side, else grown in from around the gap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]


def fill(colour: NDArray[np.uint8], known: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Give every pixel of `wanted` a colour.

    Args:
        colour: (H, W, 3), to be trusted where `known` (H, W).
        known: Pixels that keep their colour.
        wanted: Pixels that need one. The picture's vertical middle is the axis of the mirror.

    Returns:
        (H, W, 3); what lies outside `wanted` means nothing.
    """
    smooth = grow(colour, known)
    mirror = known[:, ::-1] & ~known & wanted
    out = np.where(known[..., None], colour, smooth).astype(np.float32)
    if mirror.any():
        # The mirrored side lends its texture; the light is that of the gap's own surroundings.
        sigma = 0.03 * colour.shape[0]
        texture = colour[:, ::-1].astype(np.float32) - _blur(colour[:, ::-1], known[:, ::-1], sigma)
        deep = ndimage.distance_transform_edt(~known).astype(np.float32)
        trust = np.clip(deep / (2 * sigma), 0, 1)[..., None]
        lent = texture + (1 - trust) * smooth + trust * _blur(colour[:, ::-1], known[:, ::-1], sigma)
        out = np.where(mirror[..., None], lent, out)
    return np.asarray(np.clip(out + 0.5, 0, 255), np.uint8)


def _blur(colour: NDArray[np.uint8], known: NDArray[np.bool_], sigma: float) -> Floats:
    """Mean colour of the known pixels around each pixel."""
    weight = ndimage.gaussian_filter(known.astype(np.float32), sigma)
    total = ndimage.gaussian_filter(np.where(known[..., None], colour, 0).astype(np.float32), (sigma, sigma, 0))
    return np.asarray(total / np.maximum(weight, 1e-4)[..., None], np.float32)


def grow(colour: NDArray[np.uint8], known: NDArray[np.bool_]) -> Floats:
    """(H, W, 3) known colours spread into the gaps, coarse to fine (push-pull); known pixels keep theirs."""
    levels = [(np.where(known[..., None], colour, 0).astype(np.float32), known.astype(np.float32))]
    while min(levels[-1][1].shape) > 2:
        sums, weight = levels[-1]
        levels.append((_halve(sums * weight[..., None]), _halve(weight)))
        sums, weight = levels[-1]
        levels[-1] = (sums / np.maximum(weight, 1e-6)[..., None], np.minimum(4 * weight, 1.0))
    out = levels[-1][0]
    for sums, weight in reversed(levels[:-1]):
        out = np.repeat(np.repeat(out, 2, 0), 2, 1)[: sums.shape[0], : sums.shape[1]]
        out = ndimage.uniform_filter(out, (3, 3, 1))
        out = weight[..., None] * sums + (1 - weight[..., None]) * out
    return out


def _halve(values: Floats) -> Floats:
    """Means of 2x2 blocks; an odd last row or column counts with zeros beside it."""
    pad = [(0, values.shape[i] % 2) for i in (0, 1)] + [(0, 0)] * (values.ndim - 2)
    values = np.pad(values, pad)
    return np.asarray(0.25 * (values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]), np.float32)
