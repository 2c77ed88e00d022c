"""Two outlines laid onto each other in order: shape contexts for the first guess, a one-way walk for the rest.

The Hungarian assignment may let neighbours change places and leaves a quarter of the points unmatched. Here it only
brings the outlines near each other; the points are then matched by a walk that goes around both outlines once and never
back, which cannot fold the map, and points far from any counterpart (a hand before the body, hair over a shoulder) are
left to the spline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from viton_cli.core.warp.outlines import Points, sample_outlines, signed_area, walk
from viton_cli.core.warp.shape_context import match_shapes
from viton_cli.core.warp.tps import ThinPlateSpline, fit_tps

FINENESS = 2  # target samples for each garment sample
# Chosen by eye on rendered garments and masks; lengths are shares of the square root of the target's area.
STEP_COST = 0.05  # of a walk that goes on twice as fast, or not at all
MOST_STEP = 6  # times an even step, in one step
NEAR = 0.05  # distance at which a point costs as much as a right angle between the outlines
FARTHEST, OUTLIER = 0.06, 2.5  # distance, and times the median distance: beyond both there is no counterpart
ROUNDS = (0.1, 0.01, 0.0005)  # regularisation of each round, as a share of the target's area


@dataclass(frozen=True, eq=False)
class Registration:
    """One pair of outlines.

    Attributes:
        garment: (n, 2) samples of the garment's outline.
        target: (n, 2) their counterparts on the target's outline.
        use: (n,) bool: False where there is none.
        forward: Batch of one: garment to target.
    """

    garment: Points
    target: Points
    use: NDArray[np.bool_]
    forward: ThinPlateSpline


def register_outlines(
    garments: list[Points], targets: list[Points], samples: int = 100, iterations: int = 4
) -> list[Registration]:
    """Match closed clockwise outlines pair by pair, all pairs at once.

    Args:
        garments, targets: (n, 2) each, last point = first.
        samples: Points on each garment outline.
        iterations: Turns of the shape-context matching.
    """
    if not garments:
        return []
    mine = [sample_outlines([line], samples) for line in garments]
    theirs = [sample_outlines([line], FINENESS * samples) for line in targets]
    points, angles = (np.stack([pair[k] for pair in mine]) for k in (0, 1))
    other, other_angles = (np.stack([pair[k] for pair in theirs]) for k in (0, 1))
    source = torch.from_numpy(points)
    direction, other_direction = (
        torch.from_numpy(np.stack([np.cos(a), np.sin(a)], -1)) for a in (angles, other_angles)
    )
    _, spline = match_shapes(
        source,
        torch.from_numpy(angles),
        torch.from_numpy(other[:, ::FINENESS].copy()),
        torch.from_numpy(other_angles[:, ::FINENESS].copy()),
        iterations,
    )
    area = np.array([abs(signed_area(line)) for line in targets])
    size = np.sqrt(area)[:, None, None]
    # An even walk takes FINENESS steps; a target stretched or squeezed against the garment is allowed but costs.
    steps = STEP_COST * np.abs(np.arange(MOST_STEP * FINENESS + 1) - FINENESS) / FINENESS
    for share in ROUNDS:
        moved = spline(source)
        turned = (spline.jacobian(source) @ direction[..., None])[..., 0]
        across = (normalize(turned, dim=-1) @ other_direction.transpose(1, 2)).numpy()
        distance = torch.cdist(moved, torch.from_numpy(other)).numpy() / size
        near = (distance / NEAR) ** 2
        cost = near / (1 + near / 4) + 0.5 * (1 - across)
        matched = walk(cost, steps)
        away = np.take_along_axis(distance, matched[:, :, None], 2)[..., 0]
        limit = np.maximum(FARTHEST, OUTLIER * np.median(away, axis=1, keepdims=True))
        use = (away < limit) & (matched != np.roll(matched, 1, axis=1))
        target = np.take_along_axis(other, matched[:, :, None].repeat(2, 2), 1)
        weight: Tensor = torch.from_numpy(share * area)
        spline = fit_tps(source, torch.from_numpy(target), weight, torch.from_numpy(use))
    return [Registration(points[i], target[i], use[i], spline[i]) for i in range(len(garments))]
