"""The garment warp: from two masks to a map from every pixel of the person's picture to the product's.

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
from torch import Tensor

from viton_cli.core.warp.outline_matching import Registration, register_outlines
from viton_cli.core.warp.outlines import Points, arc_lengths, clean, contours, join, sample_outlines
from viton_cli.core.warp.parts.body_parts import arm_bones
from viton_cli.core.warp.parts.garment_parts import Side, find_sides
from viton_cli.core.warp.parts.part_matching import match_parts
from viton_cli.core.warp.shape_context import match_shapes, mean_distance
from viton_cli.core.warp.tps import fit_tps, rescale
from viton_cli.core.warp.warp_fitting import (
    Array,
    Sizes,
    assemble,
    cover_part,
    overlap,
    resize,
    settle,
    single_layer,
    size_of,
    spread,
    stand_in,
)
from viton_cli.core.warp.warp_map import Layer, Warp
from viton_cli.errors import NoGarmentFound

__all__ = ["Layer", "Mask", "Warp", "fit_warp", "fit_warps"]

Mask = NDArray[Any] | Tensor
WORKING = 256  # longest side at which "parts" reads the masks
SHORTEST = 40  # outlines shorter than this many working pixels (of WORKING) carry no shape
TINY_HOLE = 0.003  # of the mask's area: noise, not a hand
ENOUGH = 0.86  # overlap with the target that needs no second opinion
# Hands and hair that were given back cost the parts a little overlap; more than that means a wrong reading.
GIVEN_BACK = 0.08
ROOT = 0.75  # from the armpit to the shoulder's end: where an arm's bone begins
SHORT_SLEEVE = 0.9  # of the distance between the shoulders: a shorter one shows where the arm goes but not how far ...
ELBOW, WRIST = 0.75, 1.4  # ... and these are taken to be so far along it


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
    sizes = [(size_of(a), size_of(b)) for a, b in zip(garments, targets)]
    small = [resize(mask, mask_height) for mask in garments], [resize(mask, mask_height) for mask in targets]
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
            layers = (single_layer(splines[k], small[0][i], small[1][i]),)
            warps[i] = assemble(layers, small[0][i], small[1][i], sizes[i], "paper", regularisation=regularisation)
    return [
        warps[i] if i in warps else stand_in(small[0][i], small[1][i], sizes[i], "paper") for i in range(len(garments))
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
    sizes = [(size_of(a), size_of(b)) for a, b in zip(garments, targets)]
    mine = [clean(resize(mask, WORKING)) for mask in garments]
    raw = [clean(resize(mask, WORKING), holes=TINY_HOLE) for mask in targets]
    theirs = [clean(join(mask)) for mask in raw]
    outlines = [contours(mask) for mask in mine], [contours(mask) for mask in theirs]
    fits = [i for i in range(len(mine)) if all(_long_enough(side[i], WORKING) for side in outlines)]
    found = register_outlines([outlines[0][i][0] for i in fits], [outlines[1][i][0] for i in fits], samples, iterations)
    registrations = dict(zip(fits, found))
    warps = []
    for i in range(len(mine)):
        if i not in registrations:
            warps.append(stand_in(mine[i], theirs[i], sizes[i], "parts"))
            continue
        points = None
        if joints[i] is not None:
            given = torch.as_tensor(np.asarray(joints[i], np.float64))
            points = rescale(given, sizes[i][1], size_of(theirs[i])).numpy()
        parted = _parts_warp(
            find_sides(outlines[0][i][0]), registrations[i], mine[i], theirs[i], raw[i], sizes[i], points, seen[i]
        )
        warps.append(_better(parted, registrations[i], mine[i], theirs[i], raw[i], sizes[i]))
    return warps


def _better(parted: Warp | None, found: Registration, garment: Array, target: Array, raw: Array, given: Sizes) -> Warp:
    """The warp by parts, unless it misses the target where going around the outlines does not."""
    reached = overlap(parted, raw) if parted is not None and parted.folded == 0 else 0.0
    if parted is not None and reached > ENOUGH:
        return parted
    plain = _outline_warp(found, garment, target, given)
    return parted if parted is not None and reached > overlap(plain, raw) - GIVEN_BACK else plain


def _outline_warp(found: Registration, garment: Array, target: Array, given: Sizes) -> Warp:
    area = float((target > 0.5).sum())
    spline, used = settle(found.target[found.use], found.garment[found.use], spread(target > 0.5), area)
    if spline is None:
        return stand_in(garment, target, given, "parts", "the outlines cannot be matched without folding the cloth")
    layer = single_layer(spline, garment, target, within=True)
    return assemble((layer,), garment, target, given, "parts", regularisation=used)


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
        spots = spread(patch.cover)
        spline, used = settle(patch.target, patch.garment, spots, float(patch.cover.sum()))
        if spline is None:
            return None
        most = max(most, used)
        layers.append(Layer(spline, cover_part(patch, patches[0], k), above=k > 0))
    return assemble(tuple(layers), garment, target, given, "parts", regularisation=most)


def _carried_arm(side: Side, carried: Points, width: float) -> Points:
    """Shoulder, elbow, wrist as the first registration lays the sleeve's middle line; any line for a sleeveless one."""
    root = ROOT * carried[side.shoulder] + (1 - ROOT) * carried[side.armpit]
    if side.cuff is None:
        return np.stack([root, root + np.array([0.0, 0.5 * width]), root + np.array([0.0, width])])
    outer, inner = side.cuff
    end = 0.5 * (carried[outer] + carried[inner])
    middle = 0.5 * (carried[(side.shoulder + outer) // 2] + carried[(inner + side.armpit) // 2])
    length = float(np.hypot(*(end - root)))
    if length < SHORT_SLEEVE * width:
        along = (end - root) / max(length, 1e-6)
        return np.stack([root, root + ELBOW * width * along, root + WRIST * width * along])
    return np.stack([root, middle, end])


def _array(mask: Mask) -> Array:
    array = mask.detach().cpu().numpy() if isinstance(mask, Tensor) else np.asarray(mask)
    array = array.reshape(array.shape[-2:]) if array.ndim > 2 else array
    if array.ndim != 2:
        raise ValueError(f"a mask is (H, W), not {array.shape}")
    return np.nan_to_num(array.astype(np.float32))


def _long_enough(outlines: list[Points], working: int) -> bool:
    length = max((float(arc_lengths(line)[-1]) for line in outlines), default=0.0)
    return length >= SHORTEST * working / WORKING
