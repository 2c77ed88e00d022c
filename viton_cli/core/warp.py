"""The garment warp: from two masks to a map that says, for every pixel of the person's picture, where to read the product's.

    garment mask ─ outline ─┬─ registration ─┬─ torso, sleeves ─ control points ─ splines ─► Warp
    target mask ── outline ─┘      joints ───┘

Source: VITON section 3.3. Variant "paper" is the published procedure: shape contexts, Hungarian assignment, regularised
splines. Variant "parts", the default, knows what a garment is made of: it finds collar, shoulders, armpits, sleeve ends
and hem, reads the target as a torso and two arms, and gives each part a spline of its own that shares the seams; where
that cannot be read it goes around the two outlines in order instead.

Departures from the published code: matches are fitted backwards (person to garment) instead of forwards and inverted by
the nearest grid point; samples are not random; the fit may be drawn at any resolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from viton_cli.core.body_parts import arm_bones
from viton_cli.core.garment_parts import Side, find_sides
from viton_cli.core.outline_matching import Registration, register_outlines
from viton_cli.core.outlines import Points, arc_lengths, clean, contours, sample_outlines
from viton_cli.core.part_matching import Patch, match_parts
from viton_cli.core.shape_context import match_shapes, mean_distance
from viton_cli.core.tps import ThinPlateSpline, affine_spline, fit_tps, pixel_grid, rescale, sample
from viton_cli.core.warp_map import Layer, Warp
from viton_cli.errors import NoGarmentFound

__all__ = ["Layer", "Mask", "Warp", "fit_warp", "fit_warps"]

Mask = NDArray[Any] | Tensor
Array = NDArray[np.float32]
Sizes = tuple[tuple[int, int], tuple[int, int]]  # of the garment and the target mask as they were given

WORKING = 256  # longest side at which "parts" reads the masks
SHORTEST = 40  # outlines shorter than this many working pixels (of WORKING) carry no shape
TINY_HOLE = 0.003  # of the mask's area: noise, not a hand
# Tried in order until the map neither folds nor stretches wildly; as a share of the target's area.
REGULARISATIONS = (1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
ENOUGH = 0.86  # overlap with the target that needs no second opinion
WILD = 30.0  # times the median change of area


def fit_warp(
    garment_mask: Mask,
    target_mask: Mask,
    variant: str = "parts",
    joints: NDArray[np.floating[Any]] | None = None,
    seen: NDArray[np.bool_] | None = None,
    **parameters: Any,
) -> Warp:
    """Fit one pair; see `fit_warps`."""
    return fit_warps(
        [garment_mask],
        [target_mask],
        variant,
        None if joints is None else [joints],
        None if seen is None else [seen],
        **parameters,
    )[0]


def fit_warps(
    garment_masks: Sequence[Mask],
    target_masks: Sequence[Mask],
    variant: str = "parts",
    joints: Sequence[NDArray[np.floating[Any]] | None] | None = None,
    seen: Sequence[NDArray[np.bool_] | None] | None = None,
    **parameters: Any,
) -> list[Warp]:
    """Fit garments to target masks, pair by pair; matching and solving are shared by all pairs.

    Args:
        garment_masks: (H, W) each (leading ones allowed), values in [0, 1], outline at 0.5; any sizes.
        target_masks: The same for where the garment is to lie; sizes of their own.
        variant: "parts" or "paper".
        joints: (18, 2) each, in target-mask pixels. Used by "parts" to tell sleeves from the body they touch.
        seen: (18,) bool each.
        parameters: Of `fit_paper` or `fit_parts`.

    Raises:
        NoGarmentFound: A mask is empty.
        ValueError: Unknown variant.
    """
    if variant not in ("parts", "paper"):
        raise ValueError(f"unknown warp variant '{variant}'; known: parts, paper")
    garments, targets = [_array(mask) for mask in garment_masks], [_array(mask) for mask in target_masks]
    for masks, name in ((garments, "garment"), (targets, "target")):
        for mask in masks:
            if not (mask > 0.5).any():
                raise NoGarmentFound(f"the {name} mask is empty: nothing in it is above 0.5")
    if variant == "paper":
        return fit_paper(garments, targets, **parameters)
    count = len(garments)
    return fit_parts(garments, targets, joints or [None] * count, seen or [None] * count, **parameters)


def fit_paper(
    garments: Sequence[Array],
    targets: Sequence[Array],
    samples: int = 100,
    mask_height: int = 64,
    regularisation: float = 1.0,
    **matching: Any,
) -> list[Warp]:
    """The published procedure, at the published settings.

    Args:
        garments, targets: (H, W) masks.
        samples: Points on each outline.
        mask_height: Longest side of the masks while matching.
        regularisation: Of all turns but the first, and of the final map, times the squared mean distance.
        matching: Of `shape_context.match_shapes`.
    """
    sizes = [(_size(a), _size(b)) for a, b in zip(garments, targets)]
    small = [_resize(mask, mask_height) for mask in garments], [_resize(mask, mask_height) for mask in targets]
    outlines = [[contours(mask) for mask in masks] for masks in small]
    fits = [i for i in range(len(garments)) if all(_long_enough(side[i], mask_height) for side in outlines)]
    warps: dict[int, Warp] = {}
    if fits:
        mine, theirs = ([sample_outlines(side[i], samples) for i in fits] for side in outlines)
        points, angles = (torch.from_numpy(np.stack([pair[k] for pair in mine])) for k in (0, 1))
        other, other_angles = (torch.from_numpy(np.stack([pair[k] for pair in theirs])) for k in (0, 1))
        matches, _ = match_shapes(points, angles, other, other_angles, regularisation=regularisation, **matching)
        use = matches >= 0
        controls = torch.gather(other, 1, matches.clamp_min(0)[..., None].expand(-1, -1, 2))
        splines = fit_tps(controls, points, regularisation * mean_distance(other) ** 2, use)
        for k, i in enumerate(fits):
            layers = (_reach(splines[k], small[0][i], small[1][i]),)
            warps[i] = _warp(layers, small[0][i], small[1][i], sizes[i], "paper", regularisation=regularisation)
    return [
        warps[i] if i in warps else _stand_in(small[0][i], small[1][i], sizes[i], "paper")
        for i in range(len(garments))
    ]


def fit_parts(
    garments: Sequence[Array],
    targets: Sequence[Array],
    joints: Sequence[NDArray[np.floating[Any]] | None],
    seen: Sequence[NDArray[np.bool_] | None],
    samples: int = 100,
    iterations: int = 3,
) -> list[Warp]:
    """Part by part where both masks can be read so, around the outlines where not.

    Args:
        garments, targets: (H, W) masks.
        joints, seen: As in `fit_warps`.
        samples: Points on each outline.
        iterations: Turns of the shape-context matching that brings the outlines near each other.
    """
    sizes = [(_size(a), _size(b)) for a, b in zip(garments, targets)]
    mine = [clean(_resize(mask, WORKING)) for mask in garments]
    raw = [clean(_resize(mask, WORKING), holes=TINY_HOLE) for mask in targets]
    theirs = [clean(mask) for mask in raw]
    outlines = [contours(mask) for mask in mine], [contours(mask) for mask in theirs]
    fits = [i for i in range(len(mine)) if all(_long_enough(side[i], WORKING) for side in outlines)]
    found = register_outlines([outlines[0][i][0] for i in fits], [outlines[1][i][0] for i in fits], samples, iterations)
    registrations = dict(zip(fits, found))
    warps = []
    for i in range(len(mine)):
        if i not in registrations:
            warps.append(_stand_in(mine[i], theirs[i], sizes[i], "parts"))
            continue
        points = joints[i]
        if points is not None:
            points = rescale(torch.as_tensor(np.asarray(points)).double(), _size(targets[i]), _size(theirs[i])).numpy()
        parted = _parts_warp(
            find_sides(outlines[0][i][0]), registrations[i], mine[i], theirs[i], raw[i], sizes[i], points, seen[i]
        )
        warps.append(_better(parted, registrations[i], mine[i], theirs[i], raw[i], sizes[i]))
    return warps


def overlap(warp: Warp, target: Array) -> float:
    """Intersection over union of the warped garment mask and a target mask, on a grid of 64 along its longest side."""
    small = _resize(target, 64)
    mask = warp.apply(warp.garment, size=_size(small), fill=0.0)[0, 0].numpy()
    # Of soft masks: the smaller value at each pixel over the larger.
    return float(np.minimum(mask, small).sum() / max(np.maximum(mask, small).sum(), 1e-6))


def _better(
    parted: Warp | None, found: Registration, garment: Array, target: Array, raw: Array, given: Sizes
) -> Warp:
    """The warp by parts, unless it misses the target where going around the outlines does not."""
    reached = overlap(parted, raw) if parted is not None and parted.folded == 0 else 0.0
    if parted is not None and reached > ENOUGH:
        return parted
    plain = _outline_warp(found, garment, target, given)
    # Hands and hair that were given back cost the parts a little overlap; more than that means a wrong reading.
    return parted if parted is not None and reached > overlap(plain, raw) - 0.08 else plain


def _outline_warp(found: Registration, garment: Array, target: Array, given: Sizes) -> Warp:
    area = float((target > 0.5).sum())
    spline, used = _settle(found.target[found.use], found.garment[found.use], _spread(target > 0.5), area)
    if spline is None:
        return _stand_in(garment, target, given, "parts", "the outlines cannot be matched without folding the cloth")
    return _warp((_reach(spline, garment, target),), garment, target, given, "parts", regularisation=used)


def _parts_warp(
    sides: tuple[Side, Side] | None,
    found: Registration,
    garment: Array,
    target: Array,
    raw: Array,
    given: Sizes,
    joints: Points | None,
    seen: NDArray[np.bool_] | None,
) -> Warp | None:
    if sides is None:
        return None
    carried = tuple(found.forward(torch.from_numpy(side.arc)[None])[0].numpy() for side in sides)
    tips = [points[side.shoulder] for points, side in zip(carried, sides)]
    width = float(np.hypot(*(tips[1] - tips[0])))
    arms = arm_bones(joints, seen)
    if arms[0] is not None and arms[1] is not None:
        width = float(np.hypot(*(arms[0][0] - arms[1][0])))
    bones = tuple(
        arm if arm is not None else _carried_arm(side, points, width) for arm, side, points in zip(arms, sides, carried)
    )
    patches = match_parts(sides, target, raw, bones, carried, width)  # type: ignore[arg-type]
    if patches is None:
        return None
    layers, most = [], 0.0
    for k, patch in enumerate(patches):
        spots = _spread(patch.cover)
        spline, used = _settle(patch.target, patch.garment, spots, float(patch.cover.sum()))
        if spline is None:
            return None
        most = max(most, used)
        layers.append(Layer(spline, _cover(patch, patches[0], k), above=k > 0))
    return _warp(tuple(layers), garment, target, given, "parts", regularisation=most)


def _carried_arm(side: Side, carried: Points, width: float) -> Points:
    """Shoulder, elbow, wrist as the first registration lays the sleeve's middle line; any line for a sleeveless one."""
    root = 0.75 * carried[side.shoulder] + 0.25 * carried[side.armpit]
    if side.cuff is None:
        return np.stack([root, root + [0.0, 0.5 * width], root + [0.0, width]])
    outer, inner = side.cuff
    end = 0.5 * (carried[outer] + carried[inner])
    middle = 0.5 * (carried[(side.shoulder + outer) // 2] + carried[(inner + side.armpit) // 2])
    length = float(np.hypot(*(end - root)))
    if length < 0.9 * width:
        # A short sleeve shows where the arm goes but not how far.
        along = (end - root) / max(length, 1e-6)
        return np.stack([root, root + 0.75 * width * along, root + 1.4 * width * along])
    return np.stack([root, middle, end])


def _cover(patch: Patch, torso: Patch, index: int) -> Tensor:
    """Where a part lies: the torso spreads a little beyond its outline, a sleeve only away from the torso."""
    wide = _widen(patch.cover)
    return _distance(wide if index == 0 else patch.cover | (wide & ~torso.cover))


def _reach(spline: ThinPlateSpline, garment: Array, target: Array) -> Layer:
    """The only layer of a warp, lying wherever its map finds the garment."""
    height, width = target.shape
    coarse = max(2, height // 4), max(2, width // 4)
    spots = rescale(pixel_grid(coarse), coarse, (height, width))
    found = sample(torch.from_numpy(garment)[None, None], spline(spots.reshape(1, -1, 2)).reshape(1, *coarse, 2)) > 0.02
    area = F.interpolate(found.float(), size=(height, width), mode="nearest")[0, 0].numpy() > 0
    return Layer(spline, _distance(_widen(area, 4)))


def _widen(area: NDArray[np.bool_], by: int = 2) -> NDArray[np.bool_]:
    """The area and what lies within a square of `by` pixels of it."""
    return np.asarray(ndimage.maximum_filter(area.view(np.uint8), 2 * by + 1)).view(np.bool_)


def _distance(area: NDArray[np.bool_]) -> Tensor:
    """(H, W) float32 signed distance to the edge of an area, positive inside, true within a pixel of it."""
    # A step blurred by a Gaussian of one pixel rises by 1 / sqrt(2 pi) a pixel where it crosses a half.
    soft = ndimage.gaussian_filter(area.astype(np.float32), 1.0, truncate=3.0)
    return torch.from_numpy((soft - 0.5) * np.float32(np.sqrt(2 * np.pi)))


def _settle(
    controls: Points, values: Points, spots: NDArray[Any], area: float
) -> tuple[ThinPlateSpline | None, float]:
    """The least regularised backward spline that is one-to-one and sane at the spots (m, 2); None if none is."""
    if len(controls) < 4:
        return None, 0.0
    points = torch.from_numpy(np.ascontiguousarray(spots)).double()[None]
    source, target = torch.from_numpy(controls)[None], torch.from_numpy(values)[None]
    for share in REGULARISATIONS:
        try:
            spline = fit_tps(source, target, share * area)
        except torch.linalg.LinAlgError:
            continue
        growth = _determinants(spline, points)
        middle = float(growth.median())
        if float(growth.min()) > 0 and float(torch.quantile(growth, 0.99)) < WILD * middle:
            return spline, share
    return None, 0.0


def _determinants(spline: ThinPlateSpline, points: Tensor) -> Tensor:
    slope = spline.jacobian(points)[0]
    return slope[:, 0, 0] * slope[:, 1, 1] - slope[:, 0, 1] * slope[:, 1, 0]


def _stand_in(garment: Array, target: Array, given: Sizes, variant: str, reason: str = "") -> Warp:
    """A similarity from area and centre; an affine map from centre and spread where that misses the target."""
    reason = reason or "an outline is too short to carry a shape"
    places = [np.argwhere(mask > 0.5)[:, ::-1].astype(np.float64) for mask in (garment, target)]
    centres = [points.mean(0) for points in places]
    spreads = [np.maximum(points.std(0), 0.3) for points in places]
    candidates = []
    for kind, ratio in (
        ("similarity", np.full(2, np.sqrt(len(places[0]) / len(places[1])))),
        ("affine", spreads[0] / spreads[1]),
    ):
        matrix = torch.diag(torch.from_numpy(ratio))
        spline = affine_spline(matrix, torch.from_numpy(centres[0] - ratio * centres[1]))
        warp = _warp((_reach(spline, garment, target),), garment, target, given, variant, fallback=kind, reason=reason)
        candidates.append((overlap(warp, target), warp))
    # The affine map changes the garment's proportions, so it has to be clearly better.
    return candidates[1][1] if candidates[1][0] > candidates[0][0] + 0.1 else candidates[0][1]


def _warp(
    layers: tuple[Layer, ...],
    garment: Array,
    target: Array,
    given: Sizes,
    variant: str,
    fallback: str | None = None,
    reason: str = "",
    regularisation: float = 0.0,
) -> Warp:
    return Warp(
        layers,
        torch.from_numpy(garment)[None, None],
        _size(target),
        given[0],
        given[1],
        variant,
        fallback,
        reason,
        _folded(layers, target),
        regularisation,
    )


def _folded(layers: tuple[Layer, ...], target: Array) -> float:
    """Share of the target's area where the uppermost layer's map has a Jacobian below zero."""
    spots = _spread(target > 0.5)
    points = torch.from_numpy(spots).double()[None]
    top = np.zeros(len(spots), int)
    for k, layer in enumerate(layers):
        if k > 0:
            top[layer.cover.numpy()[spots[:, 1], spots[:, 0]] > 0] = k
    folded = 0
    for k, layer in enumerate(layers):
        mine = torch.from_numpy(top == k)
        if bool(mine.any()):
            folded += int((_determinants(layer.spline, points[:, mine]) < 0).sum())
    return folded / max(len(spots), 1)


def _spread(area: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(m, 2) pixels (x, y) of an area, about 800 evenly spread ones: enough to meet any fold that can be seen."""
    spots = np.argwhere(area)
    # A stride prime to most widths walks through the columns instead of staying in a few.
    return np.ascontiguousarray(spots[:: max(1, len(spots) // 800), ::-1])


def _long_enough(outlines: list[Points], working: int) -> bool:
    length = max((float(arc_lengths(line)[-1]) for line in outlines), default=0.0)
    return length >= SHORTEST * working / WORKING


def _size(mask: Array) -> tuple[int, int]:
    return int(mask.shape[0]), int(mask.shape[1])


def _resize(mask: Array, longest: int) -> Array:
    """The mask with its longest side at `longest`, the means of the pixels it covers (or bilinear when it grows)."""
    ratio = longest / max(mask.shape)
    size = max(2, round(mask.shape[0] * ratio)), max(2, round(mask.shape[1] * ratio))
    image = torch.from_numpy(np.ascontiguousarray(mask))[None, None]
    if ratio < 1:
        small = F.interpolate(image, size=size, mode="area")
    else:
        small = F.interpolate(image, size=size, mode="bilinear", align_corners=False)
    return small[0, 0].numpy()


def _array(mask: Mask) -> Array:
    array = mask.detach().cpu().numpy() if isinstance(mask, Tensor) else np.asarray(mask)
    array = array.reshape(array.shape[-2:]) if array.ndim > 2 else array
    if array.ndim != 2:
        raise ValueError(f"a mask is (H, W), not {array.shape}")
    return np.nan_to_num(array.astype(np.float32))
