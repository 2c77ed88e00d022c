"""Joints drawn as OpenPose draws them, which is what other try-on networks take a pose from.

Source: OpenPose `poseParametersRender.hpp` (pairs, colours) and `renderPose.cu`, `render.hu`: each bone is a filled
ellipse in the colour of its second joint, each joint a disc in its own, blended in turn with weight 0.6; sizes go with
the picture's shorter side and with the person's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BODY25_PAIRS = (
    (1, 8), (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (10, 11), (8, 12), (12, 13), (13, 14),
    (1, 0), (0, 15), (15, 17), (0, 16), (16, 18), (14, 19), (19, 20), (14, 21), (11, 22), (22, 23), (11, 24),
)  # fmt: skip
COCO18_PAIRS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
    (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
_HEAD_AND_ARMS = (
    "FF0055", "FF0000", "FF5500", "FFAA00", "FFFF00", "AAFF00", "55FF00", "00FF00",
)  # fmt: skip
_LEGS = ("00FF55", "00FFAA", "00FFFF", "00AAFF", "0055FF", "0000FF")
_FACE = ("FF00AA", "AA00FF", "FF00FF", "5500FF")
BODY25_COLOURS = (*_HEAD_AND_ARMS, "FF0000", *_LEGS, *_FACE, *("0000FF",) * 3, *("00FFFF",) * 3)
COCO18_COLOURS = (*_HEAD_AND_ARMS, *_LEGS, *_FACE)

ALPHA = 0.6
RADIUS, THICKNESS = 1 / 100, 1 / 120  # of a joint and of half a bone, over the picture's shorter side
FULL_SIZE = 400.0  # pixels of height plus width from which on a person is drawn at full thickness
THINNEST = 0.33


def draw_openpose(points: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A person on black, as `openpose --disable_blending` writes it.

    Args:
        points: (25, 3) in BODY_25 order or (18, 3) in COCO-18 order: x, y in pixels, confidence; 0 is not drawn.
        size: (height, width) of the picture.

    Returns:
        (H, W, 3) uint8.
    """
    pairs, names = (
        (BODY25_PAIRS, BODY25_COLOURS) if len(points) == len(BODY25_COLOURS) else (COCO18_PAIRS, COCO18_COLOURS)
    )
    colours = np.array([[int(name[i : i + 2], base=16) for i in (0, 2, 4)] for name in names], np.float32)
    picture = np.zeros((*size, 3), np.float32)
    seen = points[:, 2] > 0
    if seen.any():
        spread = float(np.ptp(points[seen, :2], axis=0).sum())
        scale = min(max(spread / FULL_SIZE, THINNEST), 1.0) * min(size)
        for a, b in pairs:
            if seen[a] and seen[b]:
                _bone(picture, points[a, :2], points[b, :2], scale * THICKNESS, colours[b])
        for joint in np.flatnonzero(seen):
            _disc(picture, points[joint, :2], scale * RADIUS, colours[joint])
    return np.asarray(picture + 0.5, np.uint8)


def _bone(
    picture: NDArray[np.float32],
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    half: float,
    colour: NDArray[np.float32],
) -> None:
    middle, along = (a + b) / 2, (b - a) / 2
    length = max(float(np.hypot(*along)), 1e-6)
    cosine, sine = along / length
    x, y, window = _window(picture, middle, max(length, half))
    down = cosine * (x - middle[0]) + sine * (y - middle[1])
    across = sine * (x - middle[0]) - cosine * (y - middle[1])
    _blend(picture[window], (down / length) ** 2 + (across / half) ** 2 <= 1, colour)


def _disc(
    picture: NDArray[np.float32], centre: NDArray[np.floating], radius: float, colour: NDArray[np.float32]
) -> None:
    x, y, window = _window(picture, centre, radius)
    _blend(picture[window], (x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= radius**2, colour)


def _window(
    picture: NDArray[np.float32], centre: NDArray[np.floating], reach: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], tuple[slice, slice]]:
    """Pixel coordinates x (1, w) and y (h, 1) of the part of the picture within `reach`, and that part."""
    low = np.clip(np.floor(centre - reach), 0, picture.shape[1::-1]).astype(int)
    high = np.clip(np.ceil(centre + reach) + 1, low, picture.shape[1::-1]).astype(int)
    x, y = (np.arange(a, b, dtype=np.float32) for a, b in zip(low, high))
    return x[None, :], y[:, None], (slice(low[1], high[1]), slice(low[0], high[0]))


def _blend(part: NDArray[np.float32], where: NDArray[np.bool_], colour: NDArray[np.float32]) -> None:
    part[where] = (1 - ALPHA) * part[where] + ALPHA * colour
