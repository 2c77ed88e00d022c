"""From the network's label logits, half the size of its frame, to labels at the size of a photo."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from viton_cli.records import Frame
from viton_cli.vocabulary import labels as L


def enlarge(logits: NDArray[np.float32], frame: Frame, part: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Labels of a part of the photo (x0, y0, x1, y1) from the frame's logits, one class at a time to save memory, and
    each class only where it wins some cell nearby."""
    x0, y0, x1, y1 = frame.box
    fx, fy = logits.shape[2] / (x1 - x0), logits.shape[1] / (y1 - y0)
    left, top, right, bottom = part
    best = np.full((bottom - top, right - left), -np.inf, np.float32)
    labels = np.zeros(best.shape, np.uint8)
    reach = 2 + int(np.ceil(max(fx, fy)))  # cells that bear on a pixel, and one to spare
    for label, where in enumerate(ndimage.find_objects(logits.argmax(0) + 1)):
        if where is None:
            continue
        rows, columns = where
        a = max(left, int(np.floor(x0 + (columns.start - reach) / fx)))
        b = max(top, int(np.floor(y0 + (rows.start - reach) / fy)))
        c = min(right, int(np.ceil(x0 + (columns.stop + reach) / fx)))
        d = min(bottom, int(np.ceil(y0 + (rows.stop + reach) / fy)))
        if c <= a or d <= b:
            continue
        box = ((a - x0) * fx, (b - y0) * fy, (c - x0) * fx, (d - y0) * fy)
        plane = Image.fromarray(logits[label]).resize((c - a, d - b), Image.Resampling.BILINEAR, box=box)
        values = np.asarray(plane)
        there = slice(b - top, d - top), slice(a - left, c - left)
        np.copyto(labels[there], label, where=values > best[there])
        np.maximum(best[there], values, out=best[there])
    return labels


def clean(labels: NDArray[np.uint8], least: float = 0.02) -> NDArray[np.uint8]:
    """Drop islands apart from the person that are smaller than `least` of the largest region."""
    shrink = max(labels.shape[0] / 384, 1.0)
    size = max(round(labels.shape[1] / shrink), 1), max(round(labels.shape[0] / shrink), 1)
    grid = np.asarray(Image.fromarray(labels).resize(size, Image.Resampling.NEAREST))
    regions, count = ndimage.label(grid > 0, np.ones((3, 3)))
    if count < 2:
        return labels
    areas = np.bincount(regions.ravel())
    areas[0] = 0
    keep = areas >= least * areas.max()
    keep[0] = True
    drop = ~keep[regions]
    if not drop.any():
        return labels
    mask = np.asarray(Image.fromarray(drop).resize(labels.shape[::-1], Image.Resampling.NEAREST))
    return np.where(mask, L.BACKGROUND, labels).astype(np.uint8)
