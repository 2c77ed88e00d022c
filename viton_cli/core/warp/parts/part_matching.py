"""Points of the garment's parts beside the points of the person's parts they belong to.

Each part (torso, two sleeves) becomes a `Patch`: control points along its outline, taken at equal shares of arc length
between landmarks, so that the walk along the outline can never turn back. The seam between a sleeve and the torso has
the same control points in both, which keeps cloth whole across it, while below the armpit the two may overlap: a sleeve
before the body needs no fold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viton_cli.core.warp.outlines import Points, arc_lengths, at_shares, contours
from viton_cli.core.warp.parts.body_parts import Tube, read_tube
from viton_cli.core.warp.parts.garment_parts import ARC, Side
from viton_cli.core.warp.parts.torso import whole_torso

# Control points: of a seam, of neckline, shoulder, arm hole, flank, hem, a sleeve's edge and a sleeve's end.
SEAM, NECKLINE, SHOULDER, ARM_HOLE, FLANK, HEM, EDGE, CUFF = 7, 8, 5, 8, 12, 8, 13, 5
FINE = 8  # times ARC: points that a target's outline is read at
# Chosen by eye, lengths as shares of the distance between the shoulders; `tests/benchmarks/bench_warp.py` measures it.
SHORTEST = 0.6  # a sleeve squeezed below this share of its length is cut off instead
DISTINCT, DISTINCT_SLEEVE = 0.02, 0.3  # between control points of the torso; of a sleeve, in pixels
COLLAR_NEAR = 0.14  # the collar is looked for so far around where it is guessed
NECK_NEAR = 0.2  # what is farther from the guessed neckline is none
DETOUR, DETOUR_PIXELS = 1.25, 2.0  # times its chord, and pixels: a shoulder line that is longer is something else
BORDER = 1.5  # pixels: a hem so near the picture's lower border is cut off by it
CUT_OFF = 0.97  # share of the flank's length that is seen, below which it is
CUT_POINTS = 48  # that a cut flank is read at
LOW = 0.6  # of the way from armpit to lowest point, below which the hem is looked for
FEWEST = 8  # points of an outline that a hem is read from


@dataclass(frozen=True, eq=False)
class Patch:
    """One part of the garment.

    Attributes:
        garment: (n, 2) control points in garment-mask pixels.
        target: (n, 2) the same in target-mask pixels.
        cover: (H, W) bool: where the part lies on the target.
    """

    garment: Points
    target: Points
    cover: NDArray[np.bool_]


def match_parts(
    sides: tuple[Side, Side],
    mask: NDArray[np.float32],
    raw: NDArray[np.float32],
    bones: tuple[Points, Points],
    carried: tuple[Points, Points],
    width: float,
) -> list[Patch] | None:
    """Torso first, then the sleeves that lie over it; None when the target cannot be read as such.

    Args:
        sides: The garment's halves.
        mask: (H, W) target mask, cleaned and its holes closed.
        raw: The same with large holes left open (a hand before the body is no sleeve).
        bones: Shoulder ... wrist of the arm on the left and on the right of the picture.
        carried: (ARC, 2) each: where a first registration of the outlines puts the points of the sides' arcs.
        width: Distance between the shoulders in target pixels.
    """
    tubes = [
        read_tube(raw, bone, sign, width) if side.cuff else None for side, bone, sign in zip(sides, bones, (-1.0, 1.0))
    ]
    seams = [
        (tube.shoulder, tube.armpit) if tube else (points[side.shoulder], points[side.armpit])
        for tube, side, points in zip(tubes, sides, carried)
    ]
    torso = whole_torso(mask, [t for t in tubes if t], (seams[0][1][1], seams[1][1][1]), width)
    found = contours(torso)
    if not found:
        return None
    scale = width / max(float(np.hypot(*(sides[1].arc[sides[1].shoulder] - sides[0].arc[sides[0].shoulder]))), 1e-6)
    patch = _torso(sides, tubes, seams, found[0], torso > 0.5, width, scale)
    if patch is None:
        return None
    sleeves = [_sleeve(side, tube, scale) for side, tube in zip(sides, tubes) if tube]
    return [patch, *sleeves]


def _torso(
    sides: tuple[Side, Side],
    tubes: list[Tube | None],
    seams: list[tuple[Points, Points]],
    outline: Points,
    cover: NDArray[np.bool_],
    width: float,
    scale: float,
) -> Patch | None:
    dense = at_shares(outline, np.linspace(0.0, 1.0, FINE * ARC, endpoint=False))
    corners = np.array([side.arc[i] for side in sides for i in (side.shoulder, side.armpit)])
    places = np.array([point for seam in seams for point in seam])
    straight = Affine(corners, places)
    garment: list[Points] = []
    target: list[Points] = []
    floor = cover.shape[0] - 1.0
    for side, tube, seam, sign in zip(sides, tubes, seams, (-1.0, 1.0)):
        # The picture's right side is walked clockwise, the left one against it, both from the neck down.
        ring = dense if sign > 0 else dense[::-1]
        start = int(np.argmin(np.hypot(*(ring - straight(side.arc[:1])).T)))
        ring = np.roll(ring, -start, axis=0)
        shoulder, armpit = (int(np.argmin(np.hypot(*(ring - point).T))) for point in seam)
        if not 0 < shoulder < armpit < len(ring) // 2 + len(ring) // 4:
            return None
        collar, collar_seen = _collar(ring, shoulder, straight(side.arc[side.collar : side.collar + 1])[0], width)
        bottom = _bottom(ring, armpit)
        if bottom is None or bottom <= armpit:
            return None
        hem = armpit + _farthest(ring[armpit : bottom + 1])
        if not armpit < hem < bottom:
            return None
        pairs = [
            (side.piece(0, side.collar, NECKLINE), _neckline(ring, collar, collar_seen, side, straight, width)),
            (
                side.piece(side.collar, side.shoulder, SHOULDER),
                _shoulder(ring, collar, shoulder, seam[0], collar_seen),
            ),
        ]
        if tube:
            line = np.stack([side.arc[side.shoulder], side.arc[side.armpit]])
            pairs.append((_line(line, SEAM), _line(np.stack(seam), SEAM)))
        else:
            hole = _line(ring[shoulder : armpit + 1], ARM_HOLE)
            pairs.append((side.piece(side.shoulder, side.armpit, ARM_HOLE), hole))
        pairs += _flank(side, ring, armpit, hem, bottom, floor, scale)
        for mine, theirs in pairs:
            known = np.isfinite(theirs).all(1)
            garment.append(mine[known])
            target.append(theirs[known])
    return Patch(*_distinct(np.concatenate(garment), np.concatenate(target), DISTINCT * width), cover)


def _collar(ring: Points, shoulder: int, guess: Points, width: float) -> tuple[Points, bool]:
    """The top of the shoulder at the neck: the highest point near the guess, or the guess where hair covers it."""
    near = ring[: shoulder + 1]
    near = near[np.abs(near[:, 0] - guess[0]) < COLLAR_NEAR * width]
    if len(near) == 0:
        return guess, False
    top = near[np.argmin(near[:, 1])]
    seen = abs(top[1] - guess[1]) < COLLAR_NEAR * width
    return (top, True) if seen else (guess, False)


def _neckline(ring: Points, collar: Points, seen: bool, side: Side, straight: Affine, width: float) -> Points:
    """Middle of the neckline to the collar point; nan where what the mask shows there is not the neckline."""
    guess = straight(side.piece(0, side.collar, NECKLINE))
    if not seen:
        return guess
    at = int(np.argmin(np.hypot(*(ring - collar).T)))
    line = _line(ring[: at + 1], NECKLINE) if at > 0 else guess
    return np.where(np.hypot(*(line - guess).T)[:, None] < NECK_NEAR * width, line, np.nan)


def _shoulder(ring: Points, collar: Points, shoulder: int, tip: Points, seen: bool) -> Points:
    at = int(np.argmin(np.hypot(*(ring - collar).T)))
    if seen and at < shoulder:
        line = ring[at : shoulder + 1]
        chord = np.hypot(*(line[-1] - line[0]))
        if arc_lengths(line)[-1] < DETOUR * chord + DETOUR_PIXELS:
            return np.concatenate([_line(line, SHOULDER)[:-1], tip[None]])
    return _line(np.stack([collar, tip]), SHOULDER)


def _flank(
    side: Side, ring: Points, armpit: int, hem: int, bottom: int, floor: float, scale: float
) -> list[tuple[Points, Points]]:
    """Armpit to hem corner, and on to the middle of the hem.

    A target that ends at the picture's lower border shows only the upper part of the garment: as much as the garment is
    long, in the scale of its shoulders, down to the border.
    """
    flank, hemline = side.arc[side.armpit : side.hem + 1], side.arc[side.hem :]
    shown = (ring[hem, 1] - ring[armpit, 1]) / max(scale * (flank[-1, 1] - flank[0, 1]), 1e-6)
    if float(np.median(ring[hem : bottom + 1, 1])) > floor - BORDER and shown < CUT_OFF:
        flank = at_shares(flank, np.linspace(0.0, shown, CUT_POINTS))
        hemline = np.stack([flank[-1], [hemline[-1, 0], hemline[-1, 1] - (hemline[0, 1] - flank[-1, 1])]])
    return [
        (_line(flank, FLANK), _line(ring[armpit : hem + 1], FLANK)),
        (_line(hemline, HEM), _line(ring[hem : bottom + 1], HEM)),
    ]


def _bottom(ring: Points, armpit: int) -> int | None:
    """Index of the middle of the hem: the lowest crossing of the vertical half way between the torso's sides."""
    low = ring[:, 1] > ring[armpit, 1] + LOW * (ring[:, 1].max() - ring[armpit, 1])
    if low.sum() < FEWEST:
        return None
    middle = 0.5 * (ring[low, 0].min() + ring[low, 0].max())
    return int(np.argmin(np.where(low, np.abs(ring[:, 0] - middle) - 1e-3 * ring[:, 1], np.inf)))


def _sleeve(side: Side, tube: Tube, scale: float) -> Patch:
    """A sleeve: both edges, its end, its seam and its middle line, cut off where the arm's is much shorter."""
    assert side.cuff is not None
    outer_corner, inner_corner = side.cuff
    shares = np.linspace(0.0, 1.0, EDGE)
    far = np.hypot(
        *(0.5 * (side.arc[outer_corner] + side.arc[inner_corner] - side.arc[side.shoulder] - side.arc[side.armpit]))
    )
    first, last = tube.ends
    shown = arc_lengths(
        np.concatenate([0.5 * (tube.shoulder + tube.armpit)[None], tube.curve[tube.start : min(tube.ends) + 1]])
    )[-1]
    share = shown / max(far * scale, 1e-6)
    kept = share if share < SHORTEST else 1.0
    outer = at_shares(side.arc[side.shoulder : outer_corner + 1], kept * shares)
    inner = at_shares(side.arc[inner_corner : side.armpit + 1][::-1], kept * shares)
    edge = np.concatenate([tube.shoulder[None], tube.outer[2 : first + 1]])
    lining = np.concatenate([tube.armpit[None], tube.inner[tube.start + 1 : last + 1]])
    edge_t, lining_t = at_shares(edge, shares), at_shares(lining, shares)
    if kept < 1.0:
        end = _line(np.stack([outer[-1], inner[-1]]), CUFF)
    else:
        end = at_shares(side.arc[outer_corner : inner_corner + 1], np.linspace(0.0, 1.0, CUFF))
    seam = _line(np.stack([side.arc[side.shoulder], side.arc[side.armpit]]), SEAM)
    garment = np.concatenate([outer, inner, end[1:-1], seam[1:-1], 0.5 * (outer + inner)[3:-1:3]])
    end_t = _line(np.stack([edge_t[-1], lining_t[-1]]), CUFF)
    seam_t = _line(np.stack([tube.shoulder, tube.armpit]), SEAM)
    target = np.concatenate([edge_t, lining_t, end_t[1:-1], seam_t[1:-1], 0.5 * (edge_t + lining_t)[3:-1:3]])
    return Patch(*_distinct(garment, target, DISTINCT_SLEEVE), tube.cover)


def _line(line: Points, count: int) -> Points:
    return at_shares(line, np.linspace(0.0, 1.0, count))


def _farthest(line: Points) -> int:
    chord, offset = line[-1] - line[0], line - line[0]
    return int(np.argmax(np.abs(offset[:, 0] * chord[1] - offset[:, 1] * chord[0])))


class Affine:
    """The least-squares affine map between point sets, from at least three pairs."""

    def __init__(self, points: Points, values: Points) -> None:
        self._matrix, *_ = np.linalg.lstsq(np.c_[points, np.ones(len(points))], values, rcond=None)

    def __call__(self, points: Points) -> Points:
        """Map (n, 2)."""
        return np.asarray(np.c_[points, np.ones(len(points))] @ self._matrix)


def _distinct(garment: Points, target: Points, least: float) -> tuple[Points, Points]:
    """Without pairs whose target lies within `least` of an earlier one: a spline cannot pass through both."""
    near = ((target[:, None] - target[None]) ** 2).sum(2) <= least**2
    taken = np.zeros(len(target), np.bool_)
    kept: list[int] = []
    for i in range(len(target)):
        if not taken[i]:
            kept.append(i)
            taken |= near[i]
    return garment[kept], target[kept]
