"""Several planes of one picture carried together from frame to frame.

Convention: planes are (C, H, W) float32, one value after the other along a row. Arithmetic on them is several times as
fast as on (H, W, C), where no run of equal work is longer than C.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from viton_cli.imaging.frames import carry
from viton_cli.records import Frame

Floats = NDArray[np.float32]


def planes_of(picture: NDArray[np.generic]) -> Floats:
    """(H, W, C) of any kind as planes."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32)


def carry_planes(planes: Floats, frame: Frame, part: Frame) -> Floats:
    """`frames.carry` of all planes (C, h, w): bilinear, averaged where they are made smaller."""
    (x0, y0, x1, y1), (a, b, c, d) = frame.box, part.box
    height, width = planes.shape[1:]
    # Pixels of `frame` per pixel of `part`.
    down, across = height / (y1 - y0) * (d - b) / part.size[0], width / (x1 - x0) * (c - a) / part.size[1]
    if max(down, across) > 1:
        return np.stack([carry(plane, frame, part) for plane in planes])
    grid = torch.empty(1, *part.size, 2)
    for axis, (n, first, step, size) in enumerate((
        (part.size[1], (a - x0) * width / (x1 - x0), across, width),
        (part.size[0], (b - y0) * height / (y1 - y0), down, height),
    )):  # fmt: skip
        places = (first + (torch.arange(n, dtype=torch.float64) + 0.5) * step) * (2 / size) - 1
        grid[0, ..., axis] = places.float().reshape((1, n) if axis == 0 else (n, 1))
    picture = torch.from_numpy(np.ascontiguousarray(planes, np.float32))[None]
    read: Floats = F.grid_sample(picture, grid, padding_mode="border", align_corners=False)[0].numpy()
    return read
