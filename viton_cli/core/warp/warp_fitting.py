"""From control points to a finished warp: how stiff the splines must be, where layers lie, what stands in for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from viton_cli.core.warp.outlines import Points
from viton_cli.core.warp.parts.part_matching import Patch
from viton_cli.core.warp.tps import ThinPlateSpline, affine_spline, fit_tps, pixel_grid, rescale, sample
from viton_cli.core.warp.warp_map import Layer, Warp

Array = NDArray[np.float32]
Sizes = tuple[tuple[int, int], tuple[int, int]]  # of the garment and the target mask as they were given

# Tried in order until the map neither folds nor stretches wildly; as a share of the target's area. A predicted mask's
# outline is rough, and a spline that meets each of its points puts that into the cloth. On 29 rendered pairs and masks
# with noise of two pixels, against 1e-6: colours of the cloth 0.9 grey levels nearer to the truth, overlap the same.
REGULARISATIONS = (0.05, 0.2, 1.0, 5.0, 20.0)
WILD = 30.0  # times the median change of area
CRUSHED = 0.05  # of it: the check looks at some spots only, and a little further on the map may fold
MOST_SPOTS = 0.99  # share of the spots that may not be wild: single ones at an edge may
SPOTS = 800  # that a map is checked at: enough to meet any fold that can be seen
SEEN = 0.02  # of a garment's mask: where a map reads more than this, it shows garment
COARSE = 4  # target pixels between the places where that is looked up
BLUR = 4  # pixels: beyond it the blurred step of `signed_distance` is flat
LEAST_SPREAD = 0.3  # pixels: of a speck, so that an affine map can be made from it
CLEARLY = 0.1  # of overlap: by so much an affine stand-in has to be better than a similarity
OVERLAP_SIZE = 64  # longest side of the grid that overlap is measured on


def cover_part(patch: Patch, torso: Patch, index: int) -> Tensor:
    """Where a part lies: the torso spreads a little beyond its outline, a sleeve only away from the torso."""
    wide = _widen(patch.cover)
    return signed_distance(wide if index == 0 else patch.cover | (wide & ~torso.cover))


def single_layer(spline: ThinPlateSpline, garment: Array, target: Array, within: bool = False) -> Layer:
    """The only layer of a warp, lying wherever its map finds the garment, or only `within` the target's edge.

    What hangs out of the target, as sleeves do where it shows none, has no place on the person.
    """
    height, width = target.shape
    # An affine stand-in is cheap, and may be for a target of a few pixels.
    step = COARSE if spline.controls.shape[1] > 4 else 1
    coarse = max(2, height // step), max(2, width // step)
    spots = rescale(pixel_grid(coarse), coarse, (height, width))
    found = sample(torch.from_numpy(garment)[None, None], spline(spots.reshape(1, -1, 2)).reshape(1, *coarse, 2)) > SEEN
    area = F.interpolate(found.float(), size=(height, width), mode="nearest")[0, 0].numpy() > 0
    area = _widen(area, COARSE)
    return Layer(spline, signed_distance(area & _widen(target > 0.5) if within else area))


def _widen(area: NDArray[np.bool_], by: int = 2) -> NDArray[np.bool_]:
    """The area and what lies within a square of `by` pixels of it."""
    return np.asarray(ndimage.maximum_filter(area.view(np.uint8), 2 * by + 1)).view(np.bool_)


def signed_distance(area: NDArray[np.bool_]) -> Tensor:
    """(H, W) float32 signed distance to the edge of an area, positive inside, true within a pixel of it."""
    # A step blurred by a Gaussian of one pixel rises by 1 / sqrt(2 pi) a pixel where it crosses a half.
    soft = np.zeros(area.shape, np.float32)
    rows, columns = np.flatnonzero(area.any(1)), np.flatnonzero(area.any(0))
    if len(rows):
        part = tuple(slice(max(at[0] - BLUR, 0), at[-1] + 1 + BLUR) for at in (rows, columns))
        soft[part] = ndimage.gaussian_filter(area[part].astype(np.float32), 1.0, truncate=3.0)
    return torch.from_numpy((soft - 0.5) * np.float32(np.sqrt(2 * np.pi)))


def settle(controls: Points, values: Points, spots: NDArray[Any], area: float) -> tuple[ThinPlateSpline | None, float]:
    """The least regularised backward spline that is one-to-one and sane at the spots (m, 2); None if none is."""
    if len(controls) < 4:
        return None, 0.0
    points = torch.from_numpy(np.ascontiguousarray(spots)).double()[None]
    source, target = torch.from_numpy(controls)[None], torch.from_numpy(values)[None]
    for share in REGULARISATIONS:
        try:
            spline = fit_tps(source, target, share * area)
        except RuntimeError:  # two control points in one place
            continue
        if is_sane(spline, points):
            return spline, share
    return None, 0.0


def is_sane(spline: ThinPlateSpline, points: Tensor) -> bool:
    """Whether a map neither folds, nor crushes, nor stretches wildly at points (1, m, 2)."""
    growth = determinants(spline, points)
    middle = float(growth.median())
    return float(growth.min()) > CRUSHED * middle > 0 and float(torch.quantile(growth, MOST_SPOTS)) < WILD * middle


def determinants(spline: ThinPlateSpline, points: Tensor) -> Tensor:
    slope = spline.float().jacobian(points)[0]
    return slope[:, 0, 0] * slope[:, 1, 1] - slope[:, 0, 1] * slope[:, 1, 0]


def stand_in(garment: Array, target: Array, given: Sizes, variant: str, reason: str = "") -> Warp:
    """A similarity from area and centre; an affine map from centre and spread where that misses the target."""
    reason = reason or "an outline is too short to carry a shape"
    # Shrunk to the working size, a speck may reach one half nowhere.
    places = [np.argwhere(mask > 0.5 * mask.max())[:, ::-1].astype(np.float64) for mask in (garment, target)]
    centres = [points.mean(0) for points in places]
    spreads = [np.maximum(points.std(0), LEAST_SPREAD) for points in places]
    candidates = []
    for kind, ratio in (
        ("similarity", np.full(2, np.sqrt(len(places[0]) / len(places[1])))),
        ("affine", spreads[0] / spreads[1]),
    ):
        matrix = torch.diag(torch.from_numpy(ratio))
        spline = affine_spline(matrix, torch.from_numpy(centres[0] - ratio * centres[1]))
        warp = assemble(
            (single_layer(spline, garment, target),), garment, target, given, variant, fallback=kind, reason=reason
        )
        candidates.append((overlap(warp, target), warp))
    # The affine map changes the garment's proportions, so it has to be clearly better.
    return candidates[1][1] if candidates[1][0] > candidates[0][0] + CLEARLY else candidates[0][1]


def assemble(
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
        size_of(target),
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
    spots = spread(target > 0.5)
    points = torch.from_numpy(spots).double()[None]
    top = np.zeros(len(spots), int)
    for k, layer in enumerate(layers):
        if k > 0:
            top[layer.cover.numpy()[spots[:, 1], spots[:, 0]] > 0] = k
    folded = 0
    for k, layer in enumerate(layers):
        mine = torch.from_numpy(top == k)
        if bool(mine.any()):
            folded += int((determinants(layer.spline, points[:, mine]) < 0).sum())
    return folded / max(len(spots), 1)


def spread(area: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(m, 2) pixels (x, y) of an area, about `SPOTS` evenly spread ones."""
    spots = np.argwhere(area)
    return np.ascontiguousarray(spots[:: max(1, len(spots) // SPOTS), ::-1])


def overlap(warp: Warp, target: Array) -> float:
    """Intersection over union of the warped garment and a target mask, at `OVERLAP_SIZE` along the longest side."""
    small = resize(target, OVERLAP_SIZE)
    mask = warp.apply(warp.garment, size=size_of(small), fill=0.0)[0, 0].numpy()
    # Of soft masks: the smaller value at each pixel over the larger.
    return float(np.minimum(mask, small).sum() / max(np.maximum(mask, small).sum(), 1e-6))


def size_of(mask: Array) -> tuple[int, int]:
    return int(mask.shape[0]), int(mask.shape[1])


def resize(mask: Array, longest: int) -> Array:
    """The mask with its longest side at `longest`, the means of the pixels it covers (or bilinear when it grows)."""
    ratio = longest / max(mask.shape)
    size = max(2, round(mask.shape[0] * ratio)), max(2, round(mask.shape[1] * ratio))
    image = torch.from_numpy(np.ascontiguousarray(mask))[None, None]
    if ratio < 1:
        small = F.interpolate(image, size=size, mode="area")
    else:
        small = F.interpolate(image, size=size, mode="bilinear", align_corners=False)
    return small[0, 0].numpy()
