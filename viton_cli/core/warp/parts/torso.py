"""The torso of a target mask: its sleeves cut off, and what arms and hair bite out of it put back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.core.warp.parts.body_parts import Tube

# Lengths are shares of the distance between the shoulders unless said otherwise, all chosen by eye as in `body_parts`.
SLIVER = 5  # pixels: narrower rests beside a cut-off sleeve belong to it
ISLAND = 0.01  # of the largest piece of a torso: smaller ones are dropped
BELOW_ARMPIT = 0.1  # just below the armpit the cut-off sleeve leaves a step that is no bite
FEWEST_ROWS = 8  # rows or columns that an edge is mended from
BITE = 0.07  # depth of what counts as a bite out of an edge
CLIMB, SUNK = 0.6, 3.0  # of a bite's depth: it ends where the edge climbs so much, and is no deeper than the second
OPEN_END, LONG, SHALLOW = 0.12, 0.15, 2.0  # of the edge: a bite to its end is longer; longer and less deep is no bite


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
        rest = ndimage.maximum_filter(ndimage.minimum_filter(rest.view(np.uint8), SLIVER), SLIVER).astype(bool)
    parts, count = ndimage.label(rest)
    if count == 0:
        return mask
    areas = np.bincount(parts.ravel())[1:]
    rest = np.concatenate([[False], areas > ISLAND * areas.max()])[parts]
    whole = rest.copy()
    columns, height = np.arange(solid.shape[1]), solid.shape[0]
    for side, top in zip((-1.0, 1.0), tops):
        rows = np.flatnonzero(rest.any(1))
        rows = rows[rows >= top + BELOW_ARMPIT * width]
        if len(rows) < FEWEST_ROWS:
            continue
        flipped = rest[rows][:, ::-1] if side > 0 else rest[rows]
        edge = -flipped.argmax(1).astype(np.float64)
        edge = _mend(edge, BITE * width)
        edge = -edge if side < 0 else solid.shape[1] - 1 + edge
        near = columns <= edge[:, None] + 0.5 if side > 0 else columns >= edge[:, None] - 0.5
        middle = np.median(np.nonzero(rest[rows])[1])
        whole[rows] |= near & (columns >= middle if side > 0 else columns <= middle)
    below = whole.copy()
    below[: int(np.clip(max(tops), 0, height))] = False
    filled = np.flatnonzero(below.any(0))
    if len(filled) >= FEWEST_ROWS:
        low = (height - 1 - below[::-1, filled].argmax(0)).astype(np.float64)
        heights = np.arange(height)[:, None]
        whole[:, filled] |= (heights > low) & (heights <= _mend(low, BITE * width) + 0.5)
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
        back = np.flatnonzero((-fall[i:] > CLIMB * depth) & (profile[i + reach :] > level - SUNK * depth))
        if len(back):
            last = int(min(i + back[0] + reach + 2, n - 1))
            while last < n - 1 and profile[last + 1] > profile[last]:
                last += 1
            bridge = np.linspace(level, profile[last], last - first + 1)
        elif n - i > OPEN_END * n:
            last, bridge = n - 1, np.full(n - first, level)
        else:
            break
        deep = float(np.median(bridge - profile[first : last + 1]))
        if last - first > LONG * n and deep < SHALLOW * depth:
            # Long and shallow: the edge has moved, nothing lies before it.
            i += 1
            continue
        mended[first : last + 1] = np.maximum(profile[first : last + 1], bridge)
        i = last
    return mended
