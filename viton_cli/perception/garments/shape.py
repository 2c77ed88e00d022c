"""What a garment's outline tells: its kind, its sleeves, and the inside of its back seen behind the front neckline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from viton_cli.imaging.gradients import channels_steepness

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

# Measured on 212 garments on floors and beds: length over width was below 1.53 for 95 % of the T-shirts and shirts and
# above 1.75 for 75 % of the dresses; sleeves ended above 0.45 of the height for 95 % of the T-shirts and below 0.61 for
# 75 % of the garments with long sleeves.
# Slim tops in product photos reach the proportions of short dresses: what lies between is left unknown.
TOP, DRESS = 1.62, 2.2  # length over width of the trunk up to which it is a top, and from which it is a dress
SLEEVE = 0.12  # least reach of a sleeve beyond the trunk, in widths of the trunk
SHORT, LONG = 0.48, 0.55  # where a short sleeve ends at the lowest and a long one at the highest, in garment heights
NECK_DIP = 0.08  # how far below the garment's top its outline may dip at the neck: lower, the neck shows the background
SMALLEST, SMALLEST_INNER = 8, 40  # pixels of a trunk whose shape, and of a garment whose inside, can be told
PROPORTIONS = (0.6, 6.0)  # length over width of a trunk that can be believed
# By eye. Of the trunk: a disc of so much of the narrower rows (a percentile of the lower half, without the hem) does
# not fit into a sleeve; columns of less than the last share of the longest are none of it.
BODY_ROWS, NARROWER, DISC, DEEPEST, COLUMN = 0.95, 20, 0.3, 0.95, 0.3
ARMHOLES, NO_SLEEVE = (0.22, 0.4), 0.75  # of the height: rows of the arm holes; in widths of a trunk without sleeves
SLEEVE_TOP = 0.4  # of the height: what begins lower is a flared hem
FIRST_ROWS, LAST_ROWS = 5, 97  # percentiles of a sleeve's pixels from its top: outliers are left out
LEG, ALIKE, SPLIT, TALL = 0.08, 0.5, 0.35, 1.1  # of the width; of each other; of the length; length over width
OPEN_FRONT, OPEN_ROWS = 8, 0.8  # width over this to both sides of the axis; share of the lower rows that show ground
# Of the neck, in widths of the trunk: half the middle of the neckline, where shoulders end, half the seed of the inside
# and where the front surely is; in heights of the garment: how far down the inside can reach. By eye.
NECK_NEAR, NECK_FAR, SEED, FRONT = 0.03, 0.35, 0.06, 0.44
INNER_REACH, INNER_LEAST = 0.34, 12  # and pixels, at least
INNER_AREA = (0.002, 0.09)  # of the garment
INNER_WIDE, INNER_OFF = (0.12, 0.7), 0.1  # widths of the trunk: its width; how far its middle is off the axis
SYMMETRIC, NARROWS = 0.68, 0.8  # overlap with its mirror image; its lowest third over the rest
INNER_CONTRAST = 7.0  # Lab difference between the inside of the back and the front below it


@dataclass(frozen=True, eq=False)
class Shape:
    """Kind and sleeves as in `records.Garment`; trunk is (top, bottom, left, right) of the part without sleeves."""

    kind: str
    sleeves: str
    trunk: tuple[int, int, int, int]


def read_shape(mask: Bools) -> Shape:
    """Kind and sleeves of an upright garment mask (h, w), at moderate size."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = (int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
    trunk = _trunk(mask, box)
    _, bottom, left, right = trunk
    width, length = right - left, bottom - box[0]
    if min(width, length) < SMALLEST:
        return Shape("unknown", "unknown", trunk)
    if _has_legs(mask, box):
        return Shape("lower", "unknown", trunk)
    sleeves = _sleeves(mask, trunk)
    ratio = length / width
    if not PROPORTIONS[0] < ratio < PROPORTIONS[1]:
        return Shape("unknown", sleeves, trunk)
    if ratio > DRESS:
        return Shape("dress", sleeves, trunk)
    if ratio > TOP:
        return Shape("unknown", sleeves, trunk)
    return Shape("outerwear" if _hangs_open(mask, trunk) else "top", sleeves, trunk)


def neckline_depth(front: Bools) -> float:
    """How far the front's neckline lies below the shoulders, in widths of the trunk; about 0.15 on a T-shirt.

    Args:
        front: (h, w) the garment without the inside of its back. Where that was not told from the front, the depth is
            about 0 whatever the neckline.
    """
    rows, columns = np.flatnonzero(front.any(1)), np.flatnonzero(front.any(0))
    trunk = _trunk(front, (int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1))
    width, axis = max(SMALLEST, trunk[3] - trunk[2]), (trunk[2] + trunk[3]) // 2
    first = np.where(front.any(0), front.argmax(0), front.shape[0])
    near = max(1, round(NECK_NEAR * width))
    far = round(NECK_FAR * width)
    sides = [slice(max(0, axis - far), axis - near), slice(axis + near, axis + far)]
    shoulders = [float(first[side].min()) for side in sides if first[side].size]
    if not shoulders:
        return 0.0
    return max(0.0, (float(np.median(first[max(0, axis - near) : axis + near + 1])) - max(shoulders)) / width)


def inner_back(mask: Bools, lab: Floats) -> Bools:
    """The inside of the back (and its label) seen behind the front neckline; all False without evidence for it.

    A watershed parts the top of the collar's middle from the front below it. What it finds counts only if it differs
    from the front in colour, is bounded by a clear edge, narrows downwards, is symmetric and lies about the axis:
    better to leave the back in than to bite into the front.
    """
    none = np.zeros_like(mask)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if rows.size < SMALLEST_INNER or columns.size < SMALLEST_INNER:
        return none
    top, height = int(rows[0]), rows.size
    trunk = _trunk(mask, (top, int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1))
    axis, span = (trunk[2] + trunk[3]) // 2, max(INNER_LEAST, trunk[3] - trunk[2])
    upper = mask[:, max(0, axis - 2) : axis + 3].all(1)
    if not upper.any():
        return none
    edge = int(np.flatnonzero(upper)[0])  # where the mask begins on the axis
    bottom = min(mask.shape[0], top + max(INNER_LEAST, round(INNER_REACH * height)))
    right = min(mask.shape[1], axis + span // 2 + 1)
    window = (slice(top, bottom), slice(max(0, axis - span // 2), right))
    y, x = np.mgrid[window]
    inside = mask[window]
    markers = np.zeros(inside.shape, np.int32)
    markers[inside & (np.abs(x - axis) <= SEED * span) & (y >= edge + 2) & (y <= edge + 4)] = 1
    markers[inside & ((y >= window[0].stop - 3) | (np.abs(x - axis) >= FRONT * span))] = 2
    if not (markers == 1).any() or edge > top + NECK_DIP * height:
        return none
    smooth = np.stack([ndimage.gaussian_filter(lab[..., c], 1.0)[window] for c in range(3)], -1)
    gradient = channels_steepness(smooth)
    basins = watershed(gradient, markers, mask=inside)  # type: ignore[no-untyped-call]
    found = (basins == 1) & inside
    found = ndimage.binary_opening(found, np.ones((3, 3)))
    if not _is_inner_back(found, inside, smooth, gradient, axis - window[1].start, span, float(mask.sum())):
        return none
    result = none.copy()
    result[window] = found
    return result


def _is_inner_back(
    found: Bools, inside: Bools, smooth: Floats, gradient: Floats, axis: int, span: int, area: float
) -> bool:
    share = found.sum() / area
    if not INNER_AREA[0] < share < INNER_AREA[1]:
        return False
    widths = found.sum(1)
    used = np.flatnonzero(widths)
    columns = np.flatnonzero(found.any(0))
    off_axis = abs((columns[0] + columns[-1]) / 2 - axis) / span
    wide = (columns[-1] - columns[0] + 1) / span
    box = found[used[0] : used[-1] + 1, columns[0] : columns[-1] + 1]
    symmetric = (box & box[:, ::-1]).sum() > SYMMETRIC * (box | box[:, ::-1]).sum()
    third = max(1, used.size // 3)
    narrows = used.size >= 3 and widths[used[-third:]].mean() < NARROWS * widths[used[:-third]].mean()
    # The rim below: front fabric next to the found part, and the edge between the two.
    grown = ndimage.binary_dilation(found, iterations=2) & inside
    rim = grown & ~ndimage.binary_erosion(found, iterations=2)
    below = ndimage.binary_dilation(found, iterations=9) & inside & ~ndimage.binary_dilation(found, iterations=3)
    core = ndimage.binary_erosion(found, iterations=1)
    if not (rim.any() and below.any() and core.any()):
        return False
    back, front = np.median(smooth[core], axis=0), np.median(smooth[below], axis=0)
    contrast = float(np.linalg.norm(back - front))
    darker = back[0] < front[0] + 3.0
    clear = float(np.median(gradient[rim])) > 2.0 * float(np.median(gradient[below])) + 0.5
    placed = off_axis < INNER_OFF and INNER_WIDE[0] < wide < INNER_WIDE[1] and symmetric and narrows
    return bool(placed and contrast > INNER_CONTRAST and darker and clear)


def _trunk(mask: Bools, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The part of the garment without sleeves: an opening with a disc too wide for a sleeve."""
    top, bottom, _, _ = box
    widths = mask[top:bottom].sum(1)
    middle = widths[len(widths) // 2 : max(len(widths) // 2 + 1, int(BODY_ROWS * len(widths)))]
    # Rows through both sleeves are as wide as rows through the trunk alone are narrow: the disc follows the latter.
    radius = max(2.0, DISC * float(np.percentile(middle, NARROWER)))
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    core = depth >= min(radius, DEEPEST * float(depth.max()))
    if not core.any():
        return box
    opened = ndimage.distance_transform_edt(~core) <= radius
    opened &= mask
    rows, columns = np.flatnonzero(opened.any(1)), np.flatnonzero(opened.sum(0) > COLUMN * opened.sum(0).max())
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _sleeves(mask: Bools, trunk: tuple[int, int, int, int]) -> str:
    """The longer sleeve decides; "unknown" where sleeves may lie folded on the trunk, or end about the elbow."""
    sides = [_sleeve(mask, trunk, side) for side in (-1, 1)]
    reach, end = max(side[0] for side in sides), max(side[1] for side in sides)
    if reach > SLEEVE:
        return "long" if end > LONG else "short" if end < SHORT else "unknown"
    widths = mask[np.flatnonzero(mask.any(1))].sum(1)
    first, last = (round(share * len(widths)) for share in ARMHOLES)
    return "none" if widths[first : last + 1].min() < NO_SLEEVE * (trunk[3] - trunk[2]) else "unknown"


def _sleeve(mask: Bools, trunk: tuple[int, int, int, int], side: int) -> tuple[float, float]:
    """How far one side's sleeve reaches from the trunk, in trunk widths, and where it ends, in garment heights."""
    _, _, left, right = trunk
    beyond = mask.copy()
    if side < 0:
        beyond[:, left:] = False
    else:
        beyond[:, :right] = False
    labels, count = ndimage.label(beyond)
    if count == 0:
        return 0.0, 0.0
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    y, x = np.nonzero(labels == areas.argmax())
    rows = np.flatnonzero(mask.any(1))
    if y.min() > rows[0] + SLEEVE_TOP * rows.size:
        return 0.0, 0.0  # a flared hem, not a sleeve
    origin = left if side < 0 else right
    reach = np.hypot(x - origin, y - np.percentile(y, FIRST_ROWS)).max() / (right - left)
    return float(reach), float((np.percentile(y, LAST_ROWS) - rows[0]) / rows.size)


def _has_legs(mask: Bools, box: tuple[int, int, int, int]) -> bool:
    """Trousers: one piece above, two pieces of like width below, for more than a third of the length."""
    top, bottom, left, right = box
    rows = mask[top:bottom, left:right]
    split = 0
    for row in rows[len(rows) // 3 :]:
        starts = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
        runs = (starts[1::2] - starts[::2])[(starts[1::2] - starts[::2]) > LEG * (right - left)]
        split += len(runs) == 2 and runs.min() > ALIKE * runs.max()
    return split > SPLIT * len(rows) and (bottom - top) > TALL * (right - left)


def _hangs_open(mask: Bools, trunk: tuple[int, int, int, int]) -> bool:
    """A coat lying open: the background shows along the axis for a third of the length, up from the hem."""
    top, bottom, left, right = trunk
    axis, reach = (left + right) // 2, max(1, (right - left) // OPEN_FRONT)
    lower = mask[top + 2 * (bottom - top) // 3 : bottom - 2, axis - reach : axis + reach + 1]
    return bool(lower.size and (~lower).any(1).mean() > OPEN_ROWS)
