"""Limbs as capsules: how far a pixel lies from a bone, in thicknesses of the limb."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


def segment_distance(points: Floats, start: Floats, end: Floats) -> tuple[Floats, Floats]:
    """Distance of points (..., 2) to a segment, and how far along it each lies: 0 at the start, 1 at the end."""
    shape = points.shape[:-1]
    along: Floats = end - start
    length = float(along @ along)
    offset: Floats = points.reshape(-1, 2) - start
    share: Floats = offset @ along / length if length > 0 else np.zeros(len(offset), np.float32)
    offset = offset - np.clip(share, 0, 1)[:, None] * along
    distance = np.asarray(np.sqrt(np.einsum("ij,ij->i", offset, offset)), np.float32)
    return distance.reshape(shape), np.asarray(share, np.float32).reshape(shape)


def thickness(size: tuple[int, int], start: Floats, end: Floats, r0: float, r1: float) -> Floats:
    """(h, w) distance from the segment start-end, over a radius that goes from r0 to r1 along it."""
    ys, xs = np.mgrid[: size[0], : size[1]]
    way = np.asarray(end - start, np.float64)
    along = ((xs - start[0]) * way[0] + (ys - start[1]) * way[1]) / max(float(way @ way), 1e-6)
    along = along.clip(0, 1)
    distance = np.hypot(xs - start[0] - along * way[0], ys - start[1] - along * way[1])
    return np.asarray(distance / (r0 + (r1 - r0) * along), np.float32)


def capsule(size: tuple[int, int], start: Floats, end: Floats, r0: float, r1: float) -> Bools:
    """(h, w) pixels within a radius, that goes from r0 to r1, of the segment from start to end."""
    return np.asarray(thickness(size, start, end, r0, r1) <= 1)
