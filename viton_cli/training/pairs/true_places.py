"""Where on the product's picture each garment pixel of a photo comes from, where that can be known.

Rendered garments know where on the cloth each pixel lies, on the person and on the product: the two are matched. Of a
garment that was laid flat out of the photo the places were kept (`imaging.flat_places`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from viton_cli.data.triplets import PARTS, ClothCoordinates
from viton_cli.imaging.frames import to_frame, to_photo
from viton_cli.records import Frame

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

NEIGHBOURS, NEAR = 12, 2.5  # product pixels that a place is regressed on; distance (8-bit steps) of weight 1/e
FARTHEST = 3.0  # 8-bit steps from the nearest product pixel beyond which the product does not show that point
WILD = 6.0  # pixels of the product by which a regressed place may be off its nearest neighbour
SMOOTH, STEP = 1.0, 4.0  # pixels; 8-bit coordinates come in steps, which smoothing takes out but may not move far


def matched_places(
    worn: ClothCoordinates, product: ClothCoordinates, product_frame: Frame, product_size: tuple[int, int],
    person_frame: Frame, person_size: tuple[int, int],
) -> tuple[Floats, NDArray[np.uint8]]:  # fmt: skip
    """Places from two pictures of coordinates, which may be smaller than the photos they belong to.

    Args:
        worn, product: Coordinates on the person's photo and on the product's.
        product_frame: The product's picture, in its photo. product_size: (height, width) of that photo.
        person_frame: The view of the person's photo that is wanted. person_size: (height, width) of that photo.

    Returns:
        (h, w, 2) float32 (x, y) pixels of the product's picture, NaN where not known, and (h, w) uint8 part of the
        garment, both in `person_frame`.
    """
    places = np.full((*worn.part.shape, 2), np.nan, np.float32)
    for part in PARTS:
        here, there = worn.part == part, product.part == part
        if here.sum() < 5 or there.sum() < 5:
            continue
        pixels = np.argwhere(there)[:, ::-1]
        shown = _scaled(pixels, product.part.shape, product_size)
        found = _regressed(worn.at[here], product.at[there], to_frame(shown, product_frame))
        places[here] = found
        known = here & np.isfinite(places[..., 0])
        places[known] = _smoothed(places, known)[known]
    return places_in_frame(places, worn.part, person_frame, person_size)


def _scaled(points: NDArray[np.integer], small: tuple[int, ...], large: tuple[int, int]) -> NDArray[np.floating]:
    """Pixel centres (n, 2) of a picture in those of a larger one of the same thing."""
    return (points + 0.5) * (large[1] / small[1], large[0] / small[0]) - 0.5


def _regressed(wanted: NDArray[np.uint8], known: NDArray[np.uint8], values: Floats) -> Floats:
    """`values` (m, 2) at coordinates `known` (m, 2), read at `wanted` (n, 2) by local linear regression; NaN far off.

    Coordinates are whole numbers: the nearest neighbour alone would make steps of a pixel and more.
    """
    count = min(NEIGHBOURS, len(known))
    distance, index = cKDTree(known.astype(np.float64)).query(wanted.astype(np.float64), k=count)
    away = known[index].astype(np.float64) - wanted[:, None].astype(np.float64)
    basis = np.concatenate([np.ones_like(away[..., :1]), away], 2)
    weighted = (basis * np.exp(-((distance / NEAR) ** 2))[..., None]).transpose(0, 2, 1)
    # The slopes are held back a little, so that neighbours in one line do not make the problem singular.
    normal = weighted @ basis + np.diag([1e-6, 0.5, 0.5])
    found = np.linalg.solve(normal, weighted @ values[index].astype(np.float64))[:, 0]
    nearest = values[index[:, 0]]
    wild = np.hypot(*(found - nearest).T) > WILD
    found[wild] = nearest[wild]
    found[distance[:, 0] >= FARTHEST] = np.nan
    return found.astype(np.float32)


def _smoothed(places: Floats, known: Bools) -> Floats:
    weight = np.maximum(ndimage.gaussian_filter(known.astype(np.float64), SMOOTH), 1e-6)
    out = places.copy()
    for axis in (0, 1):
        plane = np.where(known, places[..., axis], 0.0)
        even = ndimage.gaussian_filter(plane.astype(np.float64), SMOOTH) / weight
        use = known & (np.abs(even - places[..., axis]) < STEP)
        out[use, axis] = even[use]
    return out


def places_in_frame(
    places: Floats, part: NDArray[np.uint8], frame: Frame, photo_size: tuple[int, int]
) -> tuple[Floats, NDArray[np.uint8]]:
    """Places and parts seen through `frame`: parts by the nearest pixel, places mixed of neighbours of that part.

    Args:
        places: (h, w, 2) in pixels of a product's picture, NaN where not known, of a picture that may be smaller than
            the photo. part: (h, w), 0 where there is no garment.
        frame: A view of the photo. photo_size: (height, width).
    """
    height, width = frame.size
    corner = np.stack(np.meshgrid(np.arange(width), np.arange(height)), 2).astype(np.float64)
    shape = np.array(part.shape)
    at = (to_photo(corner, frame).astype(np.float64) + 0.5) * (shape / photo_size)[::-1] - 0.5
    nearest = np.rint(at).astype(int)
    inside = ((nearest >= 0) & (nearest < shape[::-1])).all(2)
    columns, rows = np.clip(nearest, 0, shape[::-1] - 1).transpose(2, 0, 1)
    parts = np.where(inside, part[rows, columns], 0).astype(np.uint8)
    at = np.clip(at, 0, shape[::-1] - 1.001)
    first = at.astype(int)
    right, down = (at - first).transpose(2, 0, 1)
    total, weights = np.zeros((height, width, 2)), np.zeros((height, width))
    for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
        row, column = first[..., 1] + dy, first[..., 0] + dx
        value = places[row, column]
        weight = (down if dy else 1 - down) * (right if dx else 1 - right)
        weight = weight * (np.isfinite(value[..., 0]) & (part[row, column] == parts))
        total += np.nan_to_num(value) * weight[..., None]
        weights += weight
    good = inside & (parts > 0) & (weights > 0.2)
    out = np.where(good[..., None], total / np.maximum(weights, 1e-6)[..., None], np.nan)
    return out.astype(np.float32), parts


def parts_in_frame(part: NDArray[np.uint8], frame: Frame, photo_size: tuple[int, int]) -> NDArray[np.uint8]:
    """Parts (H, W), perhaps smaller than the photo (height, width) they belong to, seen through `frame`."""
    return places_in_frame(np.zeros((*part.shape, 2), np.float32), part, frame, photo_size)[1]
