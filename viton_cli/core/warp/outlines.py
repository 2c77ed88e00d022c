"""Outlines of masks, and the one-way walk that matches two of them in order.

Convention: points are (x, y) pixels, pixel centres at integers, y down. An outline runs clockwise as
seen in the picture.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch.nn.functional import pad

Points = NDArray[np.float64]

JOINED = 8  # the mask's longest side over this: pieces farther apart than twice that stay apart
CLOSINGS = (8, 4, 2, 1)  # parts of that distance: radii of the discs tried, the smallest first
WAYS = np.array([(1, 0), (0, 1), (-1, 0), (0, -1)])  # each the right turn of the one before, as seen in the picture


def contours(mask: NDArray[np.float32], level: float = 0.5) -> list[Points]:
    """Closed outlines (n, 2) of the parts of a soft mask (H, W) above `level`, longest first, last point = first.

    Points are (x, y) with sub-pixel precision; outer outlines run so that the inside is on the right of travel as seen
    in the picture (clockwise), holes the other way. Beyond its border the mask counts as empty. Pixels that meet only
    at a corner are apart.

    Marching squares, told from the walker's side: an outline passes between a pixel inside, on its right, and one
    outside, on its left, and the two pixels ahead say where it turns. All steps are found at once and then put in
    order, which makes it several times as fast as scikit-image's `find_contours`; the outlines are the same.
    """
    values = np.pad(np.asarray(mask, np.float64), 1)
    width = values.shape[1]
    flat, solid = values.ravel(), (values > level).ravel()
    inside = np.flatnonzero(solid)
    steps = WAYS @ [1, width]
    here_all, next_all, points = [], [], []
    for way, ahead in enumerate(steps):
        left = steps[way - 1]
        here = inside[~solid[inside + left]]
        right_turn, left_turn = ~solid[here + ahead], solid[here + ahead + left]
        turn = np.where(right_turn, 1, np.where(left_turn, -1, 0))
        there = here + np.where(right_turn, 0, np.where(left_turn, ahead + left, ahead))
        # A step is known by its way and its pixel inside.
        here_all.append(way * flat.size + here)
        next_all.append((way + turn) % 4 * flat.size + there)
        share = (flat[here] - level) / (flat[here] - flat[here + left])
        points.append(np.stack([here % width, here // width], 1) - 1 + share[:, None] * WAYS[way - 1])
    order = np.concatenate(here_all)  # grows: it is its own index
    following = np.searchsorted(order, np.concatenate(next_all)).tolist()
    places = np.concatenate(points)
    outlines, done = [], bytearray(len(order))
    for first in range(len(order)):
        if done[first]:
            continue
        ring, at = [], first
        while not done[at]:
            done[at] = 1
            ring.append(at)
            at = following[at]
        outlines.append(places[[*ring, first]])
    return sorted(outlines, key=lambda line: -arc_lengths(line)[-1])


def signed_area(line: Points) -> float:
    """Area inside a closed outline; positive when it runs clockwise as seen in the picture (y down)."""
    x, y = line[:, 0], line[:, 1]
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def arc_lengths(line: Points) -> NDArray[np.float64]:
    """(n,) length from the first point to each point of an open or explicitly closed line."""
    steps = line[1:] - line[:-1]
    lengths = np.zeros(len(line))
    np.cumsum(np.sqrt((steps * steps).sum(1)), out=lengths[1:])
    return lengths


def at_lengths(line: Points, lengths: NDArray[np.float64]) -> Points:
    """Points of a line at given arc lengths (linear between vertices)."""
    return _between(line, arc_lengths(line), lengths)


def at_shares(line: Points, shares: NDArray[np.float64]) -> Points:
    """Points of a line at shares [0, 1] of its length."""
    along = arc_lengths(line)
    return _between(line, along, shares * along[-1])


def _between(line: Points, along: NDArray[np.float64], lengths: NDArray[np.float64]) -> Points:
    points = np.empty((len(lengths), 2))
    for k in (0, 1):
        points[:, k] = np.interp(lengths, along, line[:, k])
    return points


def sample_outlines(outlines: list[Points], count: int) -> tuple[Points, NDArray[np.float64]]:
    """`count` points at equal steps over all outlines, and the direction of travel (radians) at each.

    Returns:
        (count, 2) points and (count,) angles.
    """
    lengths = [float(arc_lengths(line)[-1]) for line in outlines]
    step = sum(lengths) / count
    points, angles, offset = [], [], 0.5 * step
    for line, length in zip(outlines, lengths, strict=True):
        here = np.arange(offset, length, step)
        offset = (offset - length) % step if here.size == 0 else here[-1] + step - length
        points.append(at_lengths(line, here))
        ahead, behind = at_lengths(line, (here + step / 2) % length), at_lengths(line, (here - step / 2) % length)
        angles.append(np.arctan2(*(ahead - behind).T[::-1]))
    return np.concatenate(points)[:count], np.concatenate(angles)[:count]


def clean(mask: NDArray[np.float32], smallest: float = 0.02, holes: float = 1.0) -> NDArray[np.float32]:
    """The mask without islands below `smallest`, and without holes below `holes`, of its largest part's area.

    Values elsewhere stay as they are, so that the 0.5 outline keeps its sub-pixel place.
    """
    solid = mask > 0.5
    parts, count = ndimage.label(solid)
    if count == 0:
        return mask
    areas = np.bincount(parts.ravel())[1:]
    # With a ring of background all round, everything outside is one part: the one in the corner.
    empty = np.ones((mask.shape[0] + 2, mask.shape[1] + 2), np.bool_)
    empty[1:-1, 1:-1] = ~solid
    gaps, _ = ndimage.label(empty)
    small = np.bincount(gaps.ravel()) <= holes * areas.max()
    small[[0, gaps[0, 0]]] = False
    cleaned = mask.astype(np.float32)
    for numbers, chosen, value in (
        (parts, np.concatenate([[False], areas < smallest * areas.max()]), 0.0),
        (gaps[1:-1, 1:-1], small, 1.0),
    ):
        if chosen.any():
            cleaned[chosen[numbers]] = value
    return cleaned


def join(mask: NDArray[np.float32], smallest: float = 0.1) -> NDArray[np.float32]:
    """The mask with what lies between its parts, when it has several; those below `smallest` of the largest are left.

    A strap, a scarf or an open coat cuts a worn garment into pieces; the cloth goes on beneath. The pieces are closed
    with the smallest disc of a few that makes them one; parts farther from each other than that stay apart.
    """
    parts, _ = ndimage.label(mask > 0.5)
    areas = np.bincount(parts.ravel(), minlength=2)[1:]
    pieces = np.concatenate([[False], areas >= smallest * areas.max()])
    if pieces.sum() < 2:
        return mask
    margin = max(mask.shape) // JOINED
    solid = np.pad(pieces[parts], margin)
    away = ndimage.distance_transform_edt(~solid)
    for radius in (margin // part for part in CLOSINGS):
        grown = away <= radius
        if ndimage.label(grown)[1] == 1:
            closed = (ndimage.distance_transform_edt(grown) > radius)[margin:-margin, margin:-margin]
            return np.where(closed, 1.0, mask).astype(np.float32)
    return mask


def walk(cost: NDArray[np.float64], step_cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """The cheapest one-way walk around two closed outlines, batched.

    Sample i of the first outline meets sample j(i) of the second, j never goes back, and after one round it has gone
    round exactly once. The walk starts at the pair that are each other's best match at the least cost.

    Args:
        cost: (B, n, m) of letting i meet j.
        step_cost: (K,) of j growing by 0..K-1 while i grows by one.

    Returns:
        (B, n) the column j(i) of each row.
    """
    batch, n, m = cost.shape
    rows = np.arange(batch)
    start, begin = _anchors(cost)
    turned = cost[
        rows[:, None, None],
        (np.arange(n)[None, :, None] + start[:, None, None]) % n,
        (np.arange(m)[None, None, :] + begin[:, None, None]) % m,
    ]
    closed = np.concatenate([turned, turned[:, :, :1]], axis=2)
    table = torch.from_numpy(closed)
    prices = torch.from_numpy(np.ascontiguousarray(step_cost[::-1], np.float64))
    total = torch.full((batch, m + 1), torch.inf, dtype=torch.float64)
    total[:, 0] = table[:, 0, 0]
    came = np.zeros((n + 1, batch, m + 1), np.int64)
    for i in range(1, n + 1):
        # Row by row the len(step_cost) columns that j may have come from, the farthest first.
        options = pad(total, (len(step_cost) - 1, 0), value=torch.inf).unfold(1, len(step_cost), 1) + prices
        least = options.min(2)
        came[i] = len(step_cost) - 1 - least.indices.numpy()
        total = least.values + table[:, i % n]
    matched = np.zeros((batch, n), np.int64)
    j = np.full(batch, m)
    for i in range(n, 0, -1):
        j = j - came[i, rows, j]
        matched[:, i - 1] = j
    order = (np.arange(n)[None] - start[:, None]) % n
    return np.asarray((np.take_along_axis(matched, order, 1) + begin[:, None]) % m, np.int64)


def _anchors(cost: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    best = cost.min(2)
    column = cost.argmin(2)
    back = np.take_along_axis(cost.argmin(1), column, 1)
    mutual = back == np.arange(cost.shape[1])
    row = np.where(mutual, best, best + cost.max()).argmin(1)
    return row, column[np.arange(len(row)), row]
