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
        # The mirrored side lends its texture; near the gap's rim, the light is that of what is around the gap.
        reach = 0.03 * colour.shape[0]
        light = _blur(colour, known, reach)[:, ::-1]
        deep = np.clip(ndimage.distance_transform_edt(~known) / (2 * reach), 0, 1).astype(np.float32)
        lent = colour[:, ::-1] + (1 - deep)[..., None] * (smooth - light)
        out = np.where(mirror[..., None], lent, out)
    return np.asarray(np.clip(out + 0.5, 0, 255), np.uint8)


def _blur(colour: NDArray[np.uint8], known: NDArray[np.bool_], sigma: float) -> Floats:
    """Mean colour of the known pixels around each pixel, worked out at a quarter of the size."""
    weight = _halve(_halve(known.astype(np.float32)))
    total = _halve(_halve(np.where(known[..., None], colour, 0).astype(np.float32)))
    weight = ndimage.gaussian_filter(weight, sigma / 4)
    total = ndimage.gaussian_filter(total, (sigma / 4, sigma / 4, 0))
    mean = np.repeat(np.repeat(total / np.maximum(weight, 1e-4)[..., None], 4, 0), 4, 1)
    smooth: Floats = ndimage.uniform_filter(mean, (5, 5, 1))[: known.shape[0], : known.shape[1]]
    return smooth


def grow(colour: NDArray[np.uint8] | Floats, known: NDArray[np.bool_]) -> Floats:
    """(H, W, 3) known colours spread into the gaps, coarse to fine (push-pull); known pixels keep theirs."""
    levels: list[tuple[Floats, Floats]] = [
        (np.where(known[..., None], colour, 0).astype(np.float32), known.astype(np.float32))
    ]
    while min(levels[-1][1].shape) > 2:
        sums, weight = levels[-1]
        total, share = _halve(sums * weight[..., None]), _halve(weight)
        mean = np.asarray(total / np.maximum(share, 1e-6)[..., None], np.float32)
        levels.append((mean, np.minimum(4 * share, np.float32(1))))
    means, weight = levels[-1]
    overall = (means * weight[..., None]).sum((0, 1)) / max(float(weight.sum()), 1e-6)
    out = np.where(weight[..., None] > 0, means, overall).astype(np.float32)  # what is unknown is not black
    for sums, weight in reversed(levels[:-1]):
        out = np.repeat(np.repeat(out, 2, 0), 2, 1)[: sums.shape[0], : sums.shape[1]]
        out = ndimage.uniform_filter(out, (3, 3, 1))
        out = weight[..., None] * sums + (1 - weight[..., None]) * out
    return out


def _halve(values: Floats) -> Floats:
    """Means of 2x2 blocks; an odd last row or column counts with zeros beside it."""
    pad = [(0, values.shape[i] % 2) for i in (0, 1)] + [(0, 0)] * (values.ndim - 2)
    values = np.pad(values, pad)
    return np.asarray(
        0.25 * (values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]), np.float32
    )
