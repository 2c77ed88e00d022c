"""Colours for what a photo does not show of a garment: from its mirrored side, else grown in from around the gap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]

LIGHT = 0.03  # of the picture's height: how far the light around a gap reaches into what is mirrored there
EVEN = 5  # pixels of the filter that evens out the blocks of what was worked out at a quarter of the size


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
        reach = LIGHT * colour.shape[0]
        light = _blur(colour, known, reach)[:, ::-1]
        deep = np.clip(ndimage.distance_transform_edt(~known) / (2 * reach), 0, 1).astype(np.float32)
        lent = colour[:, ::-1] + (1 - deep)[..., None] * (smooth - light)
        out = np.where(mirror[..., None], lent, out)
    return np.asarray(np.clip(out + 0.5, 0, 255), np.uint8)


def _blur(colour: NDArray[np.uint8], known: NDArray[np.bool_], sigma: float) -> Floats:
    """Mean colour of the known pixels around each pixel, worked out at a quarter of the size."""
    weight = _halve(_halve(known.astype(np.float32)))
    total = _halve(_halve(np.where(known, colour.transpose(2, 0, 1), 0).astype(np.float32)))
    weight = ndimage.gaussian_filter(weight, sigma / 4)
    total = ndimage.gaussian_filter(total, (0, sigma / 4, sigma / 4))
    mean = np.repeat(np.repeat(total / np.maximum(weight, 1e-4), 4, 1), 4, 2).transpose(1, 2, 0)
    smooth: Floats = ndimage.uniform_filter(mean, (EVEN, EVEN, 1))[: known.shape[0], : known.shape[1]]
    return smooth


def grow(colour: NDArray[np.uint8] | Floats, known: NDArray[np.bool_]) -> Floats:
    """(H, W, C) known colours spread into the gaps, coarse to fine (push-pull); known pixels keep theirs."""
    return np.ascontiguousarray(grow_planes(colour.transpose(2, 0, 1), known).transpose(1, 2, 0))


def grow_planes(planes: NDArray[np.uint8] | Floats, known: NDArray[np.bool_]) -> Floats:
    """`grow` of planes (C, H, W)."""
    means, weight = np.where(known, planes, 0).astype(np.float32, order="C"), known.astype(np.float32)
    levels = [(means, weight)]
    while min(weight.shape) > 2:
        share = _halve(weight)
        sums = _halve(means * weight if len(levels) > 1 else means)
        means = np.asarray(sums / np.maximum(share, np.float32(1e-6)), np.float32)
        weight = np.minimum(4 * share, np.float32(1))
        levels.append((means, weight))
    means, weight = levels.pop()
    overall = (means * weight).sum((1, 2), keepdims=True) / max(float(weight.sum()), 1e-6)
    out = np.asarray(np.where(weight > 0, means, overall), np.float32)  # what is unknown is not black
    for means, weight in levels[:0:-1]:
        out = _double(out, weight.shape)
        out += weight * (means - out)
    return np.where(known, levels[0][0], _double(out, known.shape)) if levels else out


def _halve(values: Floats) -> Floats:
    """Means of 2x2 blocks of the last two axes; an odd last row or column counts with zeros beside it."""
    if values.shape[-2] % 2 or values.shape[-1] % 2:
        values = np.pad(values, [(0, 0)] * (values.ndim - 2) + [(0, size % 2) for size in values.shape[-2:]])
    rows = values[..., ::2, :] + values[..., 1::2, :]
    return np.asarray((rows[..., ::2] + rows[..., 1::2]) * np.float32(0.25), np.float32)


def _double(values: Floats, size: tuple[int, ...]) -> Floats:
    """Planes (C, h, w) at twice the size, or a row or column less: each value four times, then means of 3x3."""
    for axis in (2, 1):  # the rows last, since whole rows are faster to write than every other column
        near = np.moveaxis(values, axis, 0) * np.float32(1 / 3)
        far = near + near
        out = np.empty([n * (2 if k == axis else 1) for k, n in enumerate(values.shape)], np.float32)
        pairs = np.moveaxis(out, axis, 0)
        pairs[::2], pairs[1::2] = far, far
        pairs[2::2] += near[:-1]
        pairs[1:-1:2] += near[1:]
        pairs[0] += near[0]
        pairs[-1] += near[-1]
        values = out
    return values[:, : size[0], : size[1]]
