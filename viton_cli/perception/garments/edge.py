"""Where exactly the garment ends: from the network's map to a cut at moderate size, to a soft edge at the photo's own.

`follow` lets the cut run along the strongest edges near the network's outline.

`refine` takes the photo along the edge as a blend of the garment's colour F and the background's B; both are averaged
nearby at the moderate size, and alpha = (I - B).(F - B) / |F - B|^2 is evaluated only for the full-size pixels of the
edge band.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from viton_cli.imaging.gradients import channels_steepness, steepness
from viton_cli.perception.garments.plain import blur
from viton_cli.perception.garments.tidy import tidy

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

REACH = 0.026  # how far from the network's outline an edge is looked for, as a share of the longer side
OUTLINE = 0.15  # pull of the network's outline where the picture has no edge, in units of its clear edges
CLEAR = 18.0  # RGB units (0..255) between garment and background above which colours alone place the edge
# By eye; lengths in pixels of the working picture, at which tests/benchmarks/bench_garment_masks.py measures the cut.
SURE, SURE_DEPTH = 0.97, 2.0  # probability, and depth, from which a pixel is garment without looking for an edge
GAP = 0.3  # probability below which what the watershed left out is a gap and no fold
CLEAR_EDGE, FAINT = 90, 0.3  # percentile of the edges that counts as a clear one; Lab units a pixel below all edges
SOFT = 0.7  # standard deviation of the soft mask's edge
INSIDE, BAND = 1.5, 2.5  # depth from which colours are taken as pure, and to which the edge is placed by them
TOUCHED = 0.01  # of the enlarged band: where it is taken in
STEEPER = 1.6  # times the ramp that mean colours give: fabric near the edge varies, and must not turn half transparent
NEARBY = 2.5  # standard deviation of the neighbourhood whose colour is the garment's, or the background's


def follow(chance: Floats, lab: Floats) -> Bools:
    """The cut (h, w) whose outline runs along the picture's edges near that of a map of probabilities (watershed).

    A soft shadow is crossed on the way: its rim is less steep than the garment's edge.

    Args:
        chance: (h, w) probability of garment.
        lab: (h, w, 3) the picture in CIELAB.
    """
    mask = chance > 0.5
    reach = max(2.0, REACH * max(mask.shape))
    depth = _signed_depth(mask)
    core = (depth > reach) | ((chance > SURE) & (depth > SURE_DEPTH))
    outside = depth < -reach
    between = ~core & ~outside
    if not core.any() or not outside.any() or not between.any():
        return tidy(mask)
    relief = channels_steepness(blur(lab, 1.0))
    relief /= float(np.percentile(relief[between], CLEAR_EDGE)) + FAINT
    outline = steepness(chance)
    relief += OUTLINE * outline / max(1e-4, float(outline.max()))
    basins = watershed(relief, np.where(core, 1, np.where(outside, 2, 0)))  # type: ignore[no-untyped-call]
    # Parts too thin to have a core keep the outline they had.
    thin = mask & (ndimage.distance_transform_edt(~core) > reach + 2.0)
    cut = (basins == 1) | thin
    solid = tidy(cut)
    gaps = ndimage.binary_opening(solid & ~cut & (chance < GAP), np.ones((3, 3)))
    return np.asarray(solid & ~gaps)


def refine(image: NDArray[np.uint8], small: Floats, mask: Bools) -> Floats:
    """Soft mask at the photo's size.

    Args:
        image: (H, W, 3) uint8, the photo.
        small: (h, w, 3) float32 RGB 0..255, the photo at the size of `mask`.
        mask: (h, w) bool, the cut.

    Returns:
        (H, W) float32 in [0, 1]; equal to the enlarged `mask` away from its edge.
    """
    height, width = image.shape[:2]
    h, w = mask.shape
    soft = ndimage.gaussian_filter(mask.astype(np.float32), SOFT)
    depth = _signed_depth(mask)
    sure_in, sure_out = depth > INSIDE, depth < -INSIDE
    inside, inside_weight = _nearby(small, sure_in)
    outside, outside_weight = _nearby(small, sure_out)
    contrast = np.square(inside - outside).sum(-1)
    trust = (contrast / (contrast + CLEAR**2)) * (inside_weight > 1e-3) * (outside_weight > 1e-3)
    slope = (inside - outside) / np.maximum(contrast, 1.0)[..., None]
    offset = -(outside * slope).sum(-1)

    rows = (np.arange(height) + 0.5) * (h / height) - 0.5
    columns = (np.arange(width) + 0.5) * (w / width) - 0.5
    result = _enlarge(soft, rows, columns)
    band = _enlarge((np.abs(depth) < BAND).astype(np.float32), rows, columns) > TOUCHED
    at = np.nonzero(band)
    where = np.stack([rows[at[0]], columns[at[1]]]).astype(np.float32)

    def sample(values: Floats) -> Floats:
        return np.asarray(ndimage.map_coordinates(values, where, order=1, mode="nearest"), np.float32)

    pixels = image[at].astype(np.float32)
    alpha = sample(offset) + sum(sample(slope[..., c]) * pixels[:, c] for c in range(3))
    alpha = np.clip((alpha - 0.5) * STEEPER + 0.5, 0.0, 1.0)
    deep = sample(depth)
    alpha = np.where(deep > 2.0, 1.0, np.where(deep < -2.0, 0.0, alpha))
    plain = np.clip(deep * (height / h) + 0.5, 0.0, 1.0)
    weight = sample(trust.astype(np.float32))
    result[at] = weight * alpha + (1.0 - weight) * plain
    return np.clip(result, 0.0, 1.0).astype(np.float32)


def _signed_depth(mask: Bools) -> Floats:
    """Pixels to the edge, positive inside, 0 on the edge; the picture's border is no edge."""
    inside = ndimage.distance_transform_edt(mask) - 0.5 if not mask.all() else np.full(mask.shape, 1e3)
    outside = ndimage.distance_transform_edt(~mask) - 0.5 if mask.any() else np.full(mask.shape, 1e3)
    return np.where(mask, inside, -outside).astype(np.float32)


def _nearby(small: Floats, where: Bools) -> tuple[Floats, Floats]:
    """Mean colour of the pixels of `where` near each pixel, and the weight it rests on."""
    weight = ndimage.gaussian_filter(where.astype(np.float32), NEARBY)
    colours = [ndimage.gaussian_filter(small[..., c] * where, NEARBY) / np.maximum(weight, 1e-6) for c in range(3)]
    return np.stack(colours, -1).astype(np.float32), weight.astype(np.float32)


def _enlarge(values: Floats, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> Floats:
    """Bilinear enlargement, one axis after the other."""
    return _along(_along(values, rows, 0), columns, 1)


def _along(values: Floats, at: NDArray[np.float64], axis: int) -> Floats:
    last = values.shape[axis] - 1
    low = np.clip(np.floor(at).astype(int), 0, max(0, last - 1))
    high = np.minimum(low + 1, last)
    t = np.clip(at - low, 0.0, 1.0).astype(np.float32)
    t = t[:, None] if axis == 0 else t[None, :]
    return np.asarray(np.take(values, low, axis) * (1 - t) + np.take(values, high, axis) * t, np.float32)
