"""The target mask read as a torso and two sleeves, with what hands, hair and crossing arms hide put back.

A predicted clothing mask is one blot: arms that touch or cross the body leave no gap, a hand or a bag bites into it,
hair covers a shoulder. A sleeve is therefore read as a tube about the arm's bones, and the torso as what is left, its
sides and hem made whole across bites.

Convention: all points in target-mask pixels. The first of a pair is the side on the left of the picture, which is the
person's right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.draw import polygon2mask

from viton_cli.core.warp.outlines import Points, arc_lengths, at_lengths
from viton_cli.vocabulary.labels import L_ELBOW, L_SHOULDER, L_WRIST, R_ELBOW, R_SHOULDER, R_WRIST

Solid = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Tube:
    """A sleeve about an arm.

    Attributes:
        curve: (n, 2) the bones, from the shoulder on, rounded at the elbow.
        outer, inner: (n, 2) the sleeve's two edges beside each point of `curve`.
        ends: Last index of the outer and of the inner edge: the two corners of the sleeve's end.
        shoulder, armpit: (2,) the ends of the seam between sleeve and torso.
        start: Index at which the inner edge leaves the armpit.
        size: (height, width) of the mask.
    """

    curve: Points
    outer: Points
    inner: Points
    ends: tuple[int, int]
    shoulder: Points
    armpit: Points
    start: int
    size: tuple[int, int]

    @cached_property
    def cover(self) -> Solid:
        """(H, W) bool: inside the outline."""
        return np.asarray(polygon2mask(self.size, self.outline()[:, ::-1]))  # type: ignore[no-untyped-call]

    def outline(self) -> Points:
        """(k, 2) open polygon: along the outer edge, over the end, back along the inner edge to the armpit."""
        first, last = self.ends
        # Backwards, by twos: the corners of the end are kept.
        rim = self.outer[first:1:-2][::-1], self.inner[last : self.start - 1 or None : -2]
        return np.concatenate([self.shoulder[None], *rim, self.armpit[None]])


def arm_bones(
    joints: NDArray[np.floating[Any]] | None, seen: NDArray[np.bool_] | None
) -> tuple[Points | None, Points | None]:
    """Shoulder, elbow, wrist of the arm on the left and on the right of the picture; None for an arm not known.

    A wrist that is not seen is put where a straight arm would have it.
    """
    if joints is None:
        return None, None
    joints = np.asarray(joints, np.float64)
    known = np.ones(18, bool) if seen is None else np.asarray(seen, bool)
    arms: list[Points | None] = []
    for shoulder, elbow, wrist in ((R_SHOULDER, R_ELBOW, R_WRIST), (L_SHOULDER, L_ELBOW, L_WRIST)):
        if not (known[shoulder] and known[elbow]):
            arms.append(None)
            continue
        hand = joints[wrist] if known[wrist] else 1.9 * joints[elbow] - 0.9 * joints[shoulder]
        arms.append(np.stack([joints[shoulder], joints[elbow], hand]))
    first, second = arms
    if first is not None and second is not None and first[0, 0] > second[0, 0]:
        # Seen from behind: the picture's sides decide, since the product's front cannot be turned round.
        return second, first
    return first, second


def read_tube(mask: NDArray[np.float32], bones: Points, side: float, width: float) -> Tube | None:
    """The sleeve about an arm, None when the mask shows none there.

    Args:
        mask: (H, W) cleaned target mask.
        bones: (k, 2) shoulder ... wrist.
        side: -1 for the arm on the left of the picture, 1 for the other.
        width: Distance between the shoulders, the ruler for all else.
    """
    reach = bones[-1] + 0.25 * (bones[-1] - bones[-2])
    line = np.concatenate([bones, reach[None]])
    length = arc_lengths(line)[-1]
    if length < 0.2 * width or width < 4.0:
        return None
    count = int(np.clip(length / 1.5, 24, 160))
    curve = at_lengths(line, np.linspace(0.0, length, count))
    step = length / (count - 1)
    curve = ndimage.gaussian_filter1d(curve, 0.07 * width / step, axis=0, mode="nearest")
    along = np.gradient(curve, axis=0)
    along /= np.hypot(*along.T)[:, None] + 1e-9
    # On the left of the picture a hanging arm's outside lies clockwise of its downward direction.
    out = np.stack([-along[:, 1], along[:, 0]], 1) * -side
    cap = 0.36 * width
    offsets = np.arange(-cap, cap + 0.25, 0.5)
    spots = curve[:, None] + out[:, None] * offsets[None, :, None]
    inside = ndimage.map_coordinates(mask, [spots[..., 1], spots[..., 0]], order=1, cval=0.0) > 0.5
    low, high = _runs(inside, offsets, 0.06 * width)
    covered = np.isfinite(high)
    upper = int(arc_lengths(bones)[1] / step)
    first = int(np.argmax(covered[: max(upper, 2)]))
    if not covered[first] or first > 0.6 * upper:
        return None
    gap = max(2, int(0.04 * width / step))
    closed = ndimage.binary_closing(np.pad(covered[first:], gap), np.ones(gap)).astype(bool)[gap:-gap]
    end = first + (len(closed) if closed.all() else int(np.argmin(closed))) - 1
    if (end - first) * step < 0.12 * width:
        return None
    use = slice(0, end + 1)
    outer_known = covered[use] & (high[use] < cap - 0.5)
    inner_known = covered[use] & (-low[use] < cap - 0.5)
    index = np.arange(end + 1)
    # Above a third of the upper arm there is no inner edge to see: the ray runs into the chest.
    inner_known &= index > 0.15 * upper
    if outer_known.sum() < 3 and inner_known.sum() < 3:
        return None
    if outer_known.sum() >= 3:
        half = np.interp(index, index[outer_known], high[use][outer_known])
    else:
        half = np.interp(index, index[inner_known], -low[use][inner_known])
    wide_out = np.where(outer_known, high[use], half)
    wide_in = np.where(inner_known, -low[use], np.minimum(half, 0.22 * width))
    smooth = max(1.0, 0.03 * width / step)
    window = 2 * int(smooth) + 1
    wide_out, wide_in = (
        ndimage.gaussian_filter1d(ndimage.median_filter(w, window, mode="nearest"), smooth, mode="nearest")
        for w in (wide_out, wide_in)
    )
    outer, inner = curve[use] + out[use] * wide_out[:, None], curve[use] - out[use] * wide_in[:, None]
    gap_seen = np.flatnonzero(inner_known & (index < 0.75 * upper))
    start = int(gap_seen[0]) if len(gap_seen) else int(0.4 * upper)
    start = min(start, max(end - 2, 1))
    up = out[0] + [0.0, -1.0]
    tip = _hit(mask, bones[0], up / (np.hypot(*up) + 1e-9), 0.3 * width, 0.12 * width)
    # Before the body the sleeve's end cannot be told from what lies behind it.
    free = outer_known[-3:].all() and inner_known[-3:].all()
    ends = _slant(mask, curve, out, (wide_out[-1], wide_in[-1]), end, start) if free else (end, end)
    if max(ends) > end:
        more = slice(end + 1, max(ends) + 1)
        outer = np.concatenate([outer, curve[more] + out[more] * wide_out[-1]])
        inner = np.concatenate([inner, curve[more] - out[more] * wide_in[-1]])
    return Tube(curve[: len(outer)], outer, inner, ends, tip, inner[start], start, (mask.shape[0], mask.shape[1]))


def _runs(inside: Solid, offsets: NDArray[np.float64], slack: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends (low, high) of each row's run of inside around offset 0, or the nearest one within `slack`; or nan."""
    rows = np.arange(len(inside))
    start = np.where(inside, np.abs(offsets)[None], np.inf).argmin(1)
    found = inside[rows, start] & (np.abs(offsets[start]) <= slack)
    columns = np.arange(len(offsets))[None]
    out_after = ~inside & (columns >= start[:, None])
    out_before = ~inside & (columns <= start[:, None])
    high = np.where(out_after.any(1), out_after.argmax(1) - 1, len(offsets) - 1)
    low = np.where(out_before.any(1), len(offsets) - out_before[:, ::-1].argmax(1), 0)
    return np.where(found, offsets[low], np.nan), np.where(found, offsets[high], np.nan)


def _hit(mask: NDArray[np.float32], origin: Points, direction: Points, longest: float, otherwise: float) -> Points:
    """Where a ray from inside the mask leaves it; at `otherwise` if it starts outside or does not leave."""
    far = np.arange(0.0, longest, 0.5)
    spots = origin + far[:, None] * direction
    inside = ndimage.map_coordinates(mask, [spots[:, 1], spots[:, 0]], order=1, cval=0.0) > 0.5
    distance = otherwise if not inside[0] or inside.all() else float(far[np.argmin(inside)])
    return origin + distance * direction


def _slant(
    mask: NDArray[np.float32], curve: Points, out: Points, half: tuple[float, float], end: int, start: int
) -> tuple[int, int]:
    """Where the sleeve ends along its outer and its inner edge: a cuff is seldom square to the arm."""
    ends = []
    for share, wide in ((0.7, half[0]), (-0.7, half[1])):
        spots = curve + out * share * wide
        inside = ndimage.map_coordinates(mask, [spots[:, 1], spots[:, 0]], order=1, cval=0.0) > 0.5
        step = np.hypot(*(curve[1] - curve[0]))
        slack = int(1.2 * wide / max(step, 1e-6))
        least, most = max(start + 1, end - slack), min(len(curve) - 1, end + slack)
        hollow = np.flatnonzero(~inside[least : most + 1])
        ends.append(least + int(hollow[0]) - 1 if len(hollow) else end)
    return max(ends[0], start + 1), max(ends[1], start + 1)


def whole_torso(
    mask: NDArray[np.float32], tubes: Sequence[Tube], tops: tuple[float, float], width: float
) -> NDArray[np.float32]:
    """The mask without its sleeves, with bites out of its sides (below `tops`) and its hem made whole.

    Args:
        mask: (H, W) cleaned target mask.
        tubes: The sleeves found.
        tops: y of the armpit on the left and on the right of the picture.
        width: Distance between the shoulders.
    """
    solid = mask > 0.5
    sleeves = np.zeros_like(solid)
    for tube in tubes:
        sleeves |= tube.cover
    rest = solid & ~sleeves
    if tubes:
        # Slivers along the sleeves belong to them.
        rest = ndimage.maximum_filter(ndimage.minimum_filter(rest.view(np.uint8), 5), 5).astype(bool)
    parts, count = ndimage.label(rest)
    if count == 0:
        return mask
    areas = np.bincount(parts.ravel())[1:]
    rest = np.concatenate([[False], areas > 0.01 * areas.max()])[parts]
    whole = rest.copy()
    columns, height = np.arange(solid.shape[1]), solid.shape[0]
    for side, top in zip((-1.0, 1.0), tops):
        rows = np.flatnonzero(rest.any(1))
        # Just below the armpit the cut-off sleeve leaves a step that is no bite.
        rows = rows[rows >= top + 0.1 * width]
        if len(rows) < 8:
            continue
        flipped = rest[rows][:, ::-1] if side > 0 else rest[rows]
        edge = -flipped.argmax(1).astype(np.float64)
        edge = _mend(edge, 0.07 * width)
        edge = -edge if side < 0 else solid.shape[1] - 1 + edge
        near = columns <= edge[:, None] + 0.5 if side > 0 else columns >= edge[:, None] - 0.5
        middle = np.median(np.nonzero(rest[rows])[1])
        whole[rows] |= near & (columns >= middle if side > 0 else columns <= middle)
    below = whole.copy()
    below[: int(np.clip(max(tops), 0, height))] = False
    filled = np.flatnonzero(below.any(0))
    if len(filled) >= 8:
        low = (height - 1 - below[::-1, filled].argmax(0)).astype(np.float64)
        heights = np.arange(height)[:, None]
        whole[:, filled] |= (heights > low) & (heights <= _mend(low, 0.07 * width) + 0.5)
    # Where nothing was put back the soft mask stays, and with it the outline's sub-pixel place.
    return np.where(whole, np.where(solid & ~sleeves, mask, 1.0), 0.0).astype(np.float32)


def _mend(profile: NDArray[np.float64], depth: float) -> NDArray[np.float64]:
    """A profile (larger = farther out) with bites bridged by straight lines.

    A bite falls off by more than `depth` within three steps; a waist is as deep but goes in gently. It ends where the
    profile comes back as steeply, or with the profile.
    """
    n, reach = len(profile), 3
    fall = profile[:-reach] - profile[reach:]
    mended = profile.copy()
    i = 0
    while i < n - reach:
        if fall[i] <= depth:
            i += 1
            continue
        first = max(i - 1, 0)
        level = profile[first]
        back = np.flatnonzero((-fall[i:] > 0.6 * depth) & (profile[i + reach :] > level - 3.0 * depth))
        if len(back):
            last = int(min(i + back[0] + reach + 2, n - 1))
            while last < n - 1 and profile[last + 1] > profile[last]:
                last += 1
            bridge = np.linspace(level, profile[last], last - first + 1)
        elif n - i > 0.12 * n:
            last, bridge = n - 1, np.full(n - first, level)
        else:
            break
        deep = float(np.median(bridge - profile[first : last + 1]))
        if last - first > 0.15 * n and deep < 2.0 * depth:
            # Long and shallow: the edge has moved, nothing lies before it.
            i += 1
            continue
        mended[first : last + 1] = np.maximum(profile[first : last + 1], bridge)
        i = last
    return mended
