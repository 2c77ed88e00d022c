"""What a body shows where the old garment was and the new one is not, and colours grown into it from around."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.draw import polygon2mask

from viton_cli.imaging.filling import grow
from viton_cli.records import Pose
from viton_cli.vocabulary import labels as L

Mask = NDArray[np.float32]
Bools = NDArray[np.bool_]
Picture = NDArray[np.uint8]
LOWER = (L.PANTS, L.SKIRT, L.L_LEG, L.R_LEG)


def grow_within(image: Picture, known: Bools, wanted: Bools) -> NDArray[np.float32]:
    """(n, 3) colours for the wanted pixels, spread in from the known ones (at a bounded size)."""
    if not known.any():
        return np.full((int(wanted.sum()), 3), 127.0, np.float32)
    step = max(max(wanted.shape) // 512, 1)
    small = grow(image[::step, ::step], known[::step, ::step])
    if step > 1:
        small = _resize(small, wanted.shape)
    return np.asarray(small[wanted], np.float32)


def _beneath(pose: Pose, torso: float, garment: Bools) -> tuple[Bools, Bools, Mask]:
    """Where a body shows skin (arms, neck, chest above the collar) and where lower clothes if no garment covers it (the
    two may overlap); and how far an arm's surface turns away, see `Regions`."""
    size = (garment.shape[0], garment.shape[1])
    lower = np.zeros(size, bool)
    joints, seen = pose.joints, pose.seen
    reach = np.full(size, np.inf, np.float32)  # distance from the nearest arm bone over the arm's thickness there
    for shoulder, elbow, wrist in ((L.R_SHOULDER, L.R_ELBOW, L.R_WRIST), (L.L_SHOULDER, L.L_ELBOW, L.L_WRIST)):
        if seen[shoulder] and seen[elbow]:
            reach = np.minimum(reach, thickness(size, joints[shoulder], joints[elbow], 0.115 * torso, 0.09 * torso))
            if seen[wrist]:
                reach = np.minimum(reach, thickness(size, joints[elbow], joints[wrist], 0.088 * torso, 0.06 * torso))
    skin = reach <= 1
    turn = np.where(skin, reach, 0).astype(np.float32)
    if seen[L.R_SHOULDER] and seen[L.L_SHOULDER] and seen[L.NECK]:
        right, left, neck = joints[L.R_SHOULDER], joints[L.L_SHOULDER], joints[L.NECK]
        chest = neck + np.array((0, 0.38 * torso))
        up, throat = np.array((0, 0.3 * torso)), np.array((0.16 * torso, 0))
        outline = np.stack([
            right, chest + (right - neck) * 0.6, chest + (left - neck) * 0.6, left,
            neck + throat - up * 0.5, neck - up, neck - throat - up * 0.5,
        ])  # fmt: skip
        region = polygon2mask(size, outline[:, ::-1])  # type: ignore[no-untyped-call]
        # Skin shows in the neckline: above the new garment's collar, never below it.
        skin |= region & ~_below(garment)
    hips = joints[[j for j in (L.R_HIP, L.L_HIP) if seen[j]]]
    if len(hips):
        rows = np.arange(size[0])[:, None] > float(hips[:, 1].mean()) - 0.3 * torso
        columns = np.arange(size[1])[None]
        lower = rows & (columns > hips[:, 0].min() - 0.28 * torso) & (columns < hips[:, 0].max() + 0.28 * torso)
    return skin, lower, turn


def thickness(
    size: tuple[int, int], start: NDArray[np.float32], end: NDArray[np.float32], r0: float, r1: float
) -> NDArray[np.float32]:
    """(h, w) distance from the segment start-end, over a radius that goes from r0 to r1 along it."""
    ys, xs = np.mgrid[: size[0], : size[1]]
    way = np.asarray(end - start, np.float64)
    along = ((xs - start[0]) * way[0] + (ys - start[1]) * way[1]) / max(float(way @ way), 1e-6)
    along = along.clip(0, 1)
    distance = np.hypot(xs - start[0] - along * way[0], ys - start[1] - along * way[1])
    return np.asarray(distance / (r0 + (r1 - r0) * along), np.float32)


def capsule(size: tuple[int, int], start: NDArray[np.float32], end: NDArray[np.float32], r0: float, r1: float) -> Bools:
    """(h, w) pixels within a radius, that goes from r0 to r1, of the segment from start to end."""
    return np.asarray(thickness(size, start, end, r0, r1) <= 1)


def _below(garment: Bools) -> Bools:
    """Pixels off the garment with garment above them in their column."""
    return np.logical_or.accumulate(garment, axis=0) & ~garment


def _soft(mask: Bools, sigma: float) -> Mask:
    return np.asarray(ndimage.gaussian_filter(mask.astype(np.float32), max(sigma, 0.3)), np.float32)


def _resize(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    planes = values if values.ndim == 3 else values[:, :, None]
    out = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(planes[:, :, i], np.float32)).resize(
                size[::-1], Image.Resampling.BILINEAR
            )
        )
        for i in range(planes.shape[2])
    ]
    return np.stack(out, 2) if values.ndim == 3 else out[0]
