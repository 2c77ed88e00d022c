"""The warp "places": thin-plate splines through the places that stage 1 predicts, part by part.

    layout ─ trunk, left sleeve, right sleeve ─┐
    places ─ weighted by how sure they are ────┴─ least-squares spline ─ outline onto outline ─► Warp

Stage 1 says for every pixel of the dressed person which part of the garment it shows and which point of the product's
picture. Each part gets one spline, fitted to all its pixels at once, so that the noise of single pixels averages out
and a print stays straight. Then the part's outline is pulled onto the garment's own where both are near each other:
collar, cuffs, hem and sides end where the cloth ends.

Departure: the paper matches two outlines and knows nothing of the inside (section 3.3). The splines are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.core.warp.tps import ThinPlateSpline, fit_tps_least_squares
from viton_cli.core.warp.warp_fitting import assemble, determinants, is_sane, signed_distance, size_of, spread
from viton_cli.core.warp.warp_map import Layer, Warp
from viton_cli.errors import NoGarmentFound
from viton_cli.vocabulary.layout import GARMENT_LAYERS

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

FEWEST = 60  # pixels of 256x192: a part smaller than this carries no map of its own
DATA = 1500  # pixels of a part that the spline is fitted to, evenly spread
NODES = 60  # control points of a part
FEWEST_NODES, FALLBACK_NODES = 6, 12  # where the lattice gives fewer than the first, about the second, evenly spread
PIECE = 0.2  # of a part's largest piece: smaller ones are noise; hair or an arm may part a trunk in two
# Of the bending energy, as a share of the part's area, the least first. On kept people 100 beat .02, .5, 3 and 20 (of
# the garment .38 to .42 more than 3 % off, against .35) and 300.
SMOOTHNESS = (100.0, 500.0, 3000.0)
FLOOR = 0.01  # of the garment's height: no place is trusted to be nearer than this
REACH = 0.025  # of the picture's height: an outline farther off than this is another edge, or hidden
PULL = 6.0  # weight of a point of the outline against one of the inside
COVER = 4  # frame pixels by which a part may reach beyond the layout: the garment's own outline cuts it
UNSURE = 0.12  # median scale of a part's places, in garment heights, above which they are not believed


@dataclass(frozen=True, eq=False)
class Places:
    """Stage 1's word on where the garment lies, in the network frame (h, w).

    Attributes:
        layout: (h, w) uint8, index into `vocabulary.layout.LAYOUT`.
        at: (h, w, 2) float32 (x, y), pixels of the product's picture.
        scale: (h, w) float32, expected error of `at` in garment heights.
    """

    layout: NDArray[np.uint8]
    at: Floats
    scale: Floats


def fit_places(garment_mask: Floats, places: Places, outline: Outline | None = None) -> Warp | None:
    """The warp that the predicted places describe.

    Args:
        garment_mask: (H, W) in [0, 1], of the product's picture that `places` speaks of.
        places: Of stage 1.
        outline: `outline_of(garment_mask)`, where it is at hand: it is the same for all people.

    Returns:
        The warp; None if the trunk is too small, or its places are too unsure or folded to be followed.

    Raises:
        NoGarmentFound: The garment's mask is empty.
    """
    if not (garment_mask > 0.5).any():
        raise NoGarmentFound("the garment mask is empty: nothing in it is above 0.5")
    outline = outline or outline_of(garment_mask)
    layers, worn, smoothest = [], np.zeros(places.layout.shape, bool), 0.0
    for index in GARMENT_LAYERS:
        area = _largest(places.layout == index)
        trunk = index == GARMENT_LAYERS[0]
        if area.sum() < FEWEST or float(np.median(places.scale[area])) > UNSURE:
            if trunk:
                return None
            continue
        spline, used = _fit(area, places, outline)
        if spline is None:
            if trunk:
                return None
            continue
        smoothest = max(smoothest, used)
        wide = ndimage.binary_dilation(area, iterations=COVER)
        layers.append(Layer(spline, signed_distance(wide if trunk else area | (wide & ~worn)), above=True))
        worn |= area
    frame = worn.astype(np.float32)
    sizes = size_of(garment_mask), size_of(frame)
    return assemble(tuple(layers), garment_mask, frame, sizes, "places", regularisation=smoothest)


def _fit(area: Bools, places: Places, outline: Outline) -> tuple[ThinPlateSpline | None, float]:
    """The least smoothed spline of one part that neither folds nor stretches wildly; None if none does."""
    spots = np.argwhere(area)[:, ::-1]
    data = spots[:: max(1, len(spots) // DATA)]
    values = places.at[data[:, 1], data[:, 0]].astype(np.float64)
    weights = 1.0 / (FLOOR + places.scale[data[:, 1], data[:, 0]].astype(np.float64))
    weights /= weights.mean()
    nodes = _nodes(area)
    rim = np.argwhere(area & ~ndimage.binary_erosion(area, border_value=1))[:, ::-1]
    check = torch.from_numpy(np.ascontiguousarray(spread(area))).double()[None]
    size, reach = float(area.sum()), REACH * outline.distance.shape[0]
    for share in SMOOTHNESS:
        spline = fit_tps_least_squares(nodes, data, values, weights, share * size)
        for _ in range(2):
            inset = 0.5 * float(determinants(spline, check).median().clamp_min(1e-6)) ** 0.5
            target, near = outline.nearest(_apply(spline, rim), reach, inset)
            points = np.concatenate((data, rim[near]))
            pulled = np.concatenate((weights, np.full(int(near.sum()), PULL)))
            spline = fit_tps_least_squares(nodes, points, np.concatenate((values, target[near])), pulled, share * size)
        if is_sane(spline, check):
            return spline, share
    return None, 0.0


@dataclass(frozen=True, eq=False)
class Outline:
    """The garment's outline in its picture.

    Attributes:
        distance: (H, W) signed distance to it, positive inside. slope: (2, H, W) its gradient (x, y).
    """

    distance: Floats
    slope: Floats

    def nearest(self, points: NDArray[np.float64], reach: float, inset: float) -> tuple[NDArray[np.float64], Bools]:
        """For points (n, 2): the nearest place `inset` within the outline, and whether that lies within `reach`.

        The centre of a part's outermost pixel lies half a pixel within its edge.
        """
        at = [points[:, 1], points[:, 0]]
        away = ndimage.map_coordinates(self.distance, at, order=1, mode="nearest") - inset
        normal = np.stack([ndimage.map_coordinates(plane, at, order=1, mode="nearest") for plane in self.slope], 1)
        return points - away[:, None] * normal, np.abs(away) < reach


def outline_of(garment_mask: Floats) -> Outline:
    """The outline of a garment's mask (H, W) in [0, 1], in which something is above 0.5."""
    solid = garment_mask > 0.5
    distance = ndimage.distance_transform_edt(solid) - ndimage.distance_transform_edt(~solid)
    distance = ndimage.gaussian_filter(distance - np.where(solid, 0.5, -0.5), 1.0)
    down, across = np.gradient(distance)
    return Outline(distance.astype(np.float32), np.stack([across, down]).astype(np.float32))


def _nodes(area: Bools) -> NDArray[np.int64]:
    """About `NODES` points of a lattice over the area."""
    step = max(int(np.sqrt(area.sum() / NODES)), 2)
    lattice = np.zeros_like(area)
    lattice[step // 2 :: step, step // 2 :: step] = True
    found = np.argwhere(lattice & ndimage.binary_dilation(area, iterations=2))[:, ::-1]
    if len(found) >= FEWEST_NODES:
        return found
    return np.argwhere(area)[:: max(1, int(area.sum()) // FALLBACK_NODES), ::-1]


def _largest(area: Bools) -> Bools:
    """The area's largest piece, and those not much smaller."""
    pieces, count = ndimage.label(area)
    if count <= 1:
        return area
    sizes = ndimage.sum_labels(area, pieces, np.arange(1, count + 1))
    return np.isin(pieces, 1 + np.flatnonzero(sizes >= PIECE * sizes.max()))


def _apply(spline: ThinPlateSpline, points: NDArray[Any]) -> NDArray[np.float64]:
    return spline(torch.from_numpy(points.astype(np.float64))[None])[0].numpy()
