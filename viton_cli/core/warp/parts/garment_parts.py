"""Where collar, shoulders, armpits, sleeve ends and hem of a garment lie, by the shape of its outline alone.

Each side is read as one arc from the middle of the neckline to the middle of the hem; the side on the left of the
picture is mirrored first, so that one set of rules serves both. Product photos show the front: the garment's side on
the left of the picture goes to the person's right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viton_cli.core.warp.outlines import Points, at_shares, signed_area

# Chosen by eye on rendered garments; `tests/benchmarks/bench_warp.py` measures what comes of it.
TURN_SPAN = 0.06  # of half the outline's length: over which a turn is seen
SLEEVE_REACH = 0.08  # of the garment's width: what reaches less far beyond the armpit is no sleeve
ARMPIT_TURN = 35.0  # degrees that the outline turns inwards at an armpit
ARC, FINE = 200, 8  # points an arc is read at; times as many the whole outline
SMALLEST = 16.0  # square pixels
NECK_HALF = 0.6  # of half the garment's width: the collar lies within it
SLEEVE_POINTS = 6  # of an outline that a cuff is read from
END, MIDDLE = 0.67, 0.3  # of a sleeve's length from its root: its end lies beyond, its middle between the two


@dataclass(frozen=True, eq=False)
class Side:
    """One half of a garment's outline.

    Attributes:
        arc: (ARC, 2) from the middle of the neckline over the shoulder and down to the middle of the hem.
        collar, shoulder, armpit, hem: Indices into `arc`: top of the shoulder seam at the neck, its outer end, the
            lowest point of the arm hole, the corner of the hem.
        cuff: Indices of the outer and inner corner of the sleeve's end, None for a garment without sleeves.
    """

    arc: Points
    collar: int
    shoulder: int
    armpit: int
    hem: int
    cuff: tuple[int, int] | None

    def piece(self, first: int, last: int, count: int) -> Points:
        """`count` points at equal steps of arc length from index `first` to `last`, both ends included."""
        return at_shares(self.arc[first : last + 1], np.linspace(0.0, 1.0, count))


def find_sides(outline: Points) -> tuple[Side, Side] | None:
    """The two sides (left of the picture, right of the picture) of an upright garment's outline; None if not readable.

    Args:
        outline: (n, 2) closed, clockwise, last point = first.
    """
    if abs(signed_area(outline)) < SMALLEST:
        return None
    top, bottom = _middles(outline)
    dense = at_shares(outline, np.linspace(0.0, 1.0, FINE * ARC, endpoint=False))
    first, last = (int(np.argmin(np.hypot(*(dense - point).T))) for point in (top, bottom))
    right = np.concatenate([dense, dense])[first : last + 1 + (len(dense) if last < first else 0)]
    left = np.concatenate([dense, dense])[last : first + 1 + (len(dense) if first < last else 0)][::-1]
    width = float(np.ptp(dense[:, 0]))
    sides = []
    for line, sign in ((left, -1.0), (right, 1.0)):
        if len(line) < ARC // 4:
            return None
        arc = at_shares(line, np.linspace(0.0, 1.0, ARC))
        side = _read_side(arc * [sign, 1.0], arc, width)
        if side is None:
            return None
        sides.append(side)
    return sides[0], sides[1]


def _middles(outline: Points) -> tuple[Points, Points]:
    """Where the outline crosses the vertical through its centroid for the first and last time."""
    x, y = outline[:-1].T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    centre = float(np.sum((x + np.roll(x, -1)) * cross) / (3.0 * np.sum(cross)))
    ahead = np.roll(x, -1)
    hits = np.flatnonzero((x <= centre) != (ahead <= centre))
    share = (centre - x[hits]) / (ahead[hits] - x[hits])
    heights = y[hits] + share * (np.roll(y, -1)[hits] - y[hits])
    return np.array([centre, heights.min()]), np.array([centre, heights.max()])


def turns(arc: Points, span: int) -> NDArray[np.float64]:
    """(n,) degrees the line turns at each point, seen at `span` points either side; positive is clockwise."""
    n = len(arc)
    index = np.arange(n)
    back = arc - arc[np.maximum(index - span, 0)]
    on = arc[np.minimum(index + span, n - 1)] - arc
    cross = back[:, 0] * on[:, 1] - back[:, 1] * on[:, 0]
    return np.asarray(np.degrees(np.arctan2(cross, (back * on).sum(1))))


def _read_side(mirrored: Points, arc: Points, width: float) -> Side | None:
    """Read one arc; `mirrored` has its outside towards +x."""
    x, y = mirrored.T
    n = len(arc)
    span = max(2, int(TURN_SPAN * n))
    # Two spans: the short one sees the narrow notch under a short sleeve, the long one is deaf to a ragged edge.
    turn = 0.5 * (turns(mirrored, span) + turns(mirrored, max(2, span // 2)))
    half = np.ptp(x) if np.ptp(x) > 0 else 1.0
    near_neck = (x - x[0] < NECK_HALF * half) & (np.arange(n) < 0.5 * n)
    collar = int(np.argmin(np.where(near_neck, y, np.inf)))
    body = slice(collar + 2 * span, n - span)
    if body.start >= body.stop:
        return None
    armpit = body.start + int(np.argmin(turn[body]))
    reach = x[collar : armpit + 1].max() - x[armpit]
    sleeved = -turn[armpit] > ARMPIT_TURN and reach > SLEEVE_REACH * width
    if sleeved:
        shoulder = _crossing(x, collar, armpit)
        cuff = _cuff(mirrored, shoulder, armpit)
        if cuff is None:
            return None
    else:
        shoulder, armpit = _arm_hole(mirrored, turn, collar, span)
        cuff = None
    hem = armpit + _corner(mirrored[armpit:])
    if not collar <= shoulder < armpit < hem < n - 1:
        return None
    return Side(arc, collar, shoulder, armpit, hem, cuff)


def _crossing(x: NDArray[np.float64], collar: int, armpit: int) -> int:
    """The first point after the collar that lies straight above the armpit: the top of the sleeve's seam."""
    beyond = np.flatnonzero(x[collar : armpit + 1] >= x[armpit])
    return collar + int(beyond[0]) if len(beyond) else collar


def _cuff(mirrored: Points, shoulder: int, armpit: int) -> tuple[int, int] | None:
    """Corners of the sleeve's end: the extreme points along the sleeve's last stretch and to either side of it."""
    sleeve = mirrored[shoulder : armpit + 1]
    if len(sleeve) < SLEEVE_POINTS:
        return None
    root = 0.5 * (sleeve[0] + sleeve[-1])
    far = np.hypot(*(sleeve - root).T)
    outer = sleeve[far > END * far.max()].mean(0)
    middle = sleeve[(far > MIDDLE * far.max()) & (far <= END * far.max())]
    along = outer - (middle.mean(0) if len(middle) > 3 else root)
    along /= np.hypot(*along)
    # Turned so that it points to the outer edge: up and out for a sleeve that hangs.
    across = np.array([along[1], -along[0]])
    first = int(np.argmax(sleeve @ (along + across)))
    # A short sleeve's inner corner may all but coincide with the armpit.
    last = min(int(np.argmax(sleeve @ (along - across))), len(sleeve) - 2)
    if not 0 < first < last:
        return None
    return shoulder + first, shoulder + last


def _arm_hole(mirrored: Points, turn: NDArray[np.float64], collar: int, span: int) -> tuple[int, int]:
    """Outer end of the shoulder strap and lowest point of the arm hole of a garment without sleeves."""
    n = len(mirrored)
    upper = slice(collar, collar + max(3 * span, (n - collar) // 3))
    shoulder = collar + int(np.argmax((mirrored[:, 0] - mirrored[:, 1])[upper]))
    # The arm hole is left where the outline first turns outwards again below its deepest point.
    first, last = shoulder + span, min(shoulder + (n - collar) // 2, n - span)
    armpit = first + int(np.argmax(turn[first:last])) if last > first else first
    return max(shoulder, collar + 1), armpit


def _corner(line: Points) -> int:
    """Index of the point farthest from the chord of an open line."""
    chord = line[-1] - line[0]
    offset = line - line[0]
    return int(np.argmax(np.abs(offset[:, 0] * chord[1] - offset[:, 1] * chord[0])))
