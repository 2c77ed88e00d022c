"""What a garment's outline tells: its kind, its sleeves, and the inside of its back seen behind the front neckline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

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
    if min(width, length) < 8:
        return Shape("unknown", "unknown", trunk)
    if _has_legs(mask, box):
        return Shape("lower", "unknown", trunk)
    sleeves = _sleeves(mask, trunk)
    ratio = length / width
    if not 0.6 < ratio < 6.0:
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
    width, axis = max(8, trunk[3] - trunk[2]), (trunk[2] + trunk[3]) // 2
    first = np.where(front.any(0), front.argmax(0), front.shape[0])
    near = max(1, round(0.03 * width))
    sides = [slice(max(0, axis - round(0.35 * width)), axis - near), slice(axis + near, axis + round(0.35 * width))]
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
    if rows.size < 40 or columns.size < 40:
        return none
    top, height = int(rows[0]), rows.size
    trunk = _trunk(mask, (top, int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1))
    axis, span = (trunk[2] + trunk[3]) // 2, max(12, trunk[3] - trunk[2])
    upper = mask[:, max(0, axis - 2) : axis + 3].all(1)
    if not upper.any():
        return none
    edge = int(np.flatnonzero(upper)[0])  # where the mask begins on the axis
    bottom, right = min(mask.shape[0], top + max(12, round(0.34 * height))), min(mask.shape[1], axis + span // 2 + 1)
    window = (slice(top, bottom), slice(max(0, axis - span // 2), right))
    y, x = np.mgrid[window]
    inside = mask[window]
    markers = np.zeros(inside.shape, np.int32)
    markers[inside & (np.abs(x - axis) <= 0.06 * span) & (y >= edge + 2) & (y <= edge + 4)] = 1
    markers[inside & ((y >= window[0].stop - 3) | (np.abs(x - axis) >= 0.44 * span))] = 2
    if not (markers == 1).any() or edge > top + NECK_DIP * height:
        return none
    smooth = np.stack([ndimage.gaussian_filter(lab[..., c], 1.0)[window] for c in range(3)], -1)
    gradient = np.zeros(inside.shape, np.float32)
    for channel in range(3):
        gradient += np.hypot(ndimage.sobel(smooth[..., channel], 0), ndimage.sobel(smooth[..., channel], 1)) / 8
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
    if not 0.002 < share < 0.09:
        return False
    widths = found.sum(1)
    used = np.flatnonzero(widths)
    columns = np.flatnonzero(found.any(0))
    off_axis = abs((columns[0] + columns[-1]) / 2 - axis) / span
    wide = (columns[-1] - columns[0] + 1) / span
    box = found[used[0] : used[-1] + 1, columns[0] : columns[-1] + 1]
    symmetric = (box & box[:, ::-1]).sum() > 0.68 * (box | box[:, ::-1]).sum()
    third = max(1, used.size // 3)
    narrows = widths[used[-third:]].mean() < 0.8 * widths[used[:-third]].mean() if used.size >= 3 else False
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
    placed = off_axis < 0.1 and 0.12 < wide < 0.7 and symmetric and narrows
    return bool(placed and contrast > INNER_CONTRAST and darker and clear)


def _trunk(mask: Bools, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The part of the garment without sleeves: an opening with a disc too wide for a sleeve."""
    top, bottom, _, _ = box
    widths = mask[top:bottom].sum(1)
    middle = widths[len(widths) // 2 : max(len(widths) // 2 + 1, int(0.95 * len(widths)))]
    # Rows through both sleeves are as wide as rows through the trunk alone are narrow: the disc follows the latter.
    radius = max(2.0, 0.3 * float(np.percentile(middle, 20)))
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    core = depth >= min(radius, 0.95 * float(depth.max()))
    if not core.any():
        return box
    opened = ndimage.distance_transform_edt(~core) <= radius
    opened &= mask
    rows, columns = np.flatnonzero(opened.any(1)), np.flatnonzero(opened.sum(0) > 0.3 * opened.sum(0).max())
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _sleeves(mask: Bools, trunk: tuple[int, int, int, int]) -> str:
    """The longer sleeve decides; "unknown" where sleeves may lie folded on the trunk, or end about the elbow."""
    sides = [_sleeve(mask, trunk, side) for side in (-1, 1)]
    reach, end = max(side[0] for side in sides), max(side[1] for side in sides)
    if reach > SLEEVE:
        return "long" if end > LONG else "short" if end < SHORT else "unknown"
    widths = mask[np.flatnonzero(mask.any(1))].sum(1)
    armholes = widths[round(0.22 * len(widths)) : round(0.4 * len(widths)) + 1].min()
    return "none" if armholes < 0.75 * (trunk[3] - trunk[2]) else "unknown"


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
    if y.min() > rows[0] + 0.4 * rows.size:
        return 0.0, 0.0  # a flared hem, not a sleeve
    origin = left if side < 0 else right
    reach = np.hypot(x - origin, y - np.percentile(y, 5)).max() / (right - left)
    return float(reach), float((np.percentile(y, 97) - rows[0]) / rows.size)


def _has_legs(mask: Bools, box: tuple[int, int, int, int]) -> bool:
    """Trousers: one piece above, two pieces of like width below, for more than a third of the length."""
    top, bottom, left, right = box
    rows = mask[top:bottom, left:right]
    split = 0
    for row in rows[len(rows) // 3 :]:
        starts = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
        runs = (starts[1::2] - starts[::2])[(starts[1::2] - starts[::2]) > 0.08 * (right - left)]
        split += len(runs) == 2 and runs.min() > 0.5 * runs.max()
    return split > 0.35 * len(rows) and (bottom - top) > 1.1 * (right - left)


def _hangs_open(mask: Bools, trunk: tuple[int, int, int, int]) -> bool:
    """A coat lying open: the background shows along the axis for a third of the length, up from the hem."""
    top, bottom, left, right = trunk
    axis, reach = (left + right) // 2, max(1, (right - left) // 8)
    lower = mask[top + 2 * (bottom - top) // 3 : bottom - 2, axis - reach : axis + reach + 1]
    return bool(lower.size and (~lower).any(1).mean() > 0.8)
