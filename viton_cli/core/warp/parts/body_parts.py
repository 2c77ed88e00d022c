"""The sleeves of a target mask, and with `torso` what hands, hair and crossing arms hide put back.

A predicted clothing mask is one blot: arms that touch or cross the body leave no gap, a hand or a bag bites into it,
hair covers a shoulder. A sleeve is therefore read as a tube about the arm's bones, and the torso as what is left, its
sides and hem made whole across bites.

Convention: all points in target-mask pixels. The first of a pair is the side on the left of the picture, which is the
person's right.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.draw import polygon2mask

from viton_cli.core.warp.outlines import Points, arc_lengths, at_lengths
from viton_cli.vocabulary.labels import L_ELBOW, L_SHOULDER, L_WRIST, N_JOINTS, R_ELBOW, R_SHOULDER, R_WRIST

Solid = NDArray[np.bool_]

# Lengths are shares of the distance between the shoulders unless said otherwise. All of it was chosen by eye, on
# targets of rendered and photographed people; `tests/benchmarks/bench_warp.py` measures what comes of it.
FOREARM = 0.9  # of the upper arm: how long a forearm is taken to be whose wrist is not seen
BEYOND_WRIST = 0.25  # of the last bone: a sleeve may reach so far past it
SHORTEST_ARM = 0.2  # below this no sleeve can be read
SMALLEST = 4.0  # pixels between the shoulders below which nothing can be read
SPACING = 1.5  # pixels between the rays across an arm, ...
FEWEST, MOST = 24, 160  # ... of which there are so many
ROUNDED = 0.07  # standard deviation of the smoothing at the elbow
WIDEST = 0.36  # half a sleeve is no wider; a ray that is inside so long looks at the body
RAY_STEP = 0.5  # pixels
OFF_BONE = 0.06  # a sleeve may lie so far beside its bone
LATEST = 0.6  # of the upper arm: a sleeve that begins farther down is none
GAP = 0.04  # along the arm: shorter gaps in a sleeve are closed
SHORTEST_SLEEVE = 0.12
INNER_FROM = 0.15  # of the upper arm: above it the ray to the inner edge runs into the chest
INNER_UNSEEN = 0.22  # most that an inner edge that is not seen may be away from the bone
EDGE_SMOOTH = 0.03  # standard deviation of the smoothing along the edges
ARMPIT_MOST, ARMPIT_GUESS = 0.75, 0.4  # of the upper arm: the armpit is seen above the first, else it is at the second
SHOULDER_MOST, SHOULDER_GUESS = 0.3, 0.12  # above the joint: the outline is looked for so far, else it is there
SLANT_AT, SLANT = 0.7, 1.2  # of half a sleeve's width: where the slope of its end is read, and how far it may slant


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
    known = np.ones(N_JOINTS, bool) if seen is None else np.asarray(seen, bool)
    arms: list[Points | None] = []
    for shoulder, elbow, wrist in ((R_SHOULDER, R_ELBOW, R_WRIST), (L_SHOULDER, L_ELBOW, L_WRIST)):
        if not (known[shoulder] and known[elbow]):
            arms.append(None)
            continue
        hand = joints[wrist] if known[wrist] else (1 + FOREARM) * joints[elbow] - FOREARM * joints[shoulder]
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
    reach = bones[-1] + BEYOND_WRIST * (bones[-1] - bones[-2])
    line = np.concatenate([bones, reach[None]])
    length = arc_lengths(line)[-1]
    if length < SHORTEST_ARM * width or width < SMALLEST:
        return None
    count = int(np.clip(length / SPACING, FEWEST, MOST))
    curve = at_lengths(line, np.linspace(0.0, length, count))
    step = length / (count - 1)
    curve = ndimage.gaussian_filter1d(curve, ROUNDED * width / step, axis=0, mode="nearest")
    along = np.gradient(curve, axis=0)
    along /= np.hypot(*along.T)[:, None] + 1e-9
    # On the left of the picture a hanging arm's outside lies clockwise of its downward direction.
    out = np.stack([-along[:, 1], along[:, 0]], 1) * -side
    cap = WIDEST * width
    offsets = np.arange(-cap, cap + RAY_STEP / 2, RAY_STEP)
    spots = curve[:, None] + out[:, None] * offsets[None, :, None]
    inside = ndimage.map_coordinates(mask, [spots[..., 1], spots[..., 0]], order=1, cval=0.0) > 0.5
    low, high = _runs(inside, offsets, OFF_BONE * width)
    covered = np.isfinite(high)
    upper = int(arc_lengths(bones)[1] / step)
    first = int(np.argmax(covered[: max(upper, 2)]))
    if not covered[first] or first > LATEST * upper:
        return None
    gap = max(2, int(GAP * width / step))
    closed = ndimage.binary_closing(np.pad(covered[first:], gap), np.ones(gap)).astype(bool)[gap:-gap]
    end = first + (len(closed) if closed.all() else int(np.argmin(closed))) - 1
    if (end - first) * step < SHORTEST_SLEEVE * width:
        return None
    use = slice(0, end + 1)
    outer_known = covered[use] & (high[use] < cap - RAY_STEP)
    inner_known = covered[use] & (-low[use] < cap - RAY_STEP)
    index = np.arange(end + 1)
    inner_known &= index > INNER_FROM * upper
    if outer_known.sum() < 3 and inner_known.sum() < 3:
        return None
    edges = (high[use], outer_known), (-low[use], inner_known)
    wide_out, wide_in = _half_widths(*edges, INNER_UNSEEN * width, max(1.0, EDGE_SMOOTH * width / step))
    outer, inner = curve[use] + out[use] * wide_out[:, None], curve[use] - out[use] * wide_in[:, None]
    gap_seen = np.flatnonzero(inner_known & (index < ARMPIT_MOST * upper))
    start = int(gap_seen[0]) if len(gap_seen) else int(ARMPIT_GUESS * upper)
    start = min(start, max(end - 2, 1))
    up = out[0] + [0.0, -1.0]
    tip = _hit(mask, bones[0], up / (np.hypot(*up) + 1e-9), SHOULDER_MOST * width, SHOULDER_GUESS * width)
    # Before the body the sleeve's end cannot be told from what lies behind it.
    free = outer_known[-3:].all() and inner_known[-3:].all()
    ends = _slant(mask, curve, out, (wide_out[-1], wide_in[-1]), end, start) if free else (end, end)
    if max(ends) > end:
        more = slice(end + 1, max(ends) + 1)
        outer = np.concatenate([outer, curve[more] + out[more] * wide_out[-1]])
        inner = np.concatenate([inner, curve[more] - out[more] * wide_in[-1]])
    return Tube(curve[: len(outer)], outer, inner, ends, tip, inner[start], start, (mask.shape[0], mask.shape[1]))


def _half_widths(
    outer: tuple[NDArray[np.float64], Solid],
    inner: tuple[NDArray[np.float64], Solid],
    widest_unseen: float,
    smooth: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smoothed distance from the bones to outer and inner edge, each given as (value, known).

    One fills in for the other where it is not known.
    At least one of the two is known at three points.
    """
    index = np.arange(len(outer[0]))
    value, known = outer if outer[1].sum() >= 3 else inner
    half = np.interp(index, index[known], value[known])
    wide_out = np.where(outer[1], outer[0], half)
    wide_in = np.where(inner[1], inner[0], np.minimum(half, widest_unseen))
    window = 2 * int(smooth) + 1
    smoothed = [
        ndimage.gaussian_filter1d(ndimage.median_filter(wide, window, mode="nearest"), smooth, mode="nearest")
        for wide in (wide_out, wide_in)
    ]
    return smoothed[0], smoothed[1]


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
    far = np.arange(0.0, longest, RAY_STEP)
    spots = origin + far[:, None] * direction
    inside = ndimage.map_coordinates(mask, [spots[:, 1], spots[:, 0]], order=1, cval=0.0) > 0.5
    distance = otherwise if not inside[0] or inside.all() else float(far[np.argmin(inside)])
    return origin + distance * direction


def _slant(
    mask: NDArray[np.float32], curve: Points, out: Points, half: tuple[float, float], end: int, start: int
) -> tuple[int, int]:
    """Where the sleeve ends along its outer and its inner edge: a cuff is seldom square to the arm."""
    ends = []
    for share, wide in ((SLANT_AT, half[0]), (-SLANT_AT, half[1])):
        spots = curve + out * share * wide
        inside = ndimage.map_coordinates(mask, [spots[:, 1], spots[:, 0]], order=1, cval=0.0) > 0.5
        step = np.hypot(*(curve[1] - curve[0]))
        slack = int(SLANT * wide / max(step, 1e-6))
        least, most = max(start + 1, end - slack), min(len(curve) - 1, end + slack)
        hollow = np.flatnonzero(~inside[least : most + 1])
        ends.append(least + int(hollow[0]) - 1 if len(hollow) else end)
    return max(ends[0], start + 1), max(ends[1], start + 1)
