"""Pictures for the tests of measures: smooth ones, and changed copies of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from viton_cli.metrics import METRICS, Case, Picture, Tools
from viton_cli.metrics.metric import Reference

Image = NDArray[np.uint8]


def smooth(seed: int, size: tuple[int, int] = (192, 176), blur: float = 3) -> Image:
    """A picture with soft blobs of colour."""
    noise = np.random.default_rng(seed).normal(size=(*size, 3))
    return np.clip(gaussian_filter(noise, (blur, blur, 0)) * 600 + 128, 0, 255).astype(np.uint8)


def noisy(image: Image, levels: int, seed: int = 0) -> Image:
    noise = np.random.default_rng(seed).integers(-levels, levels + 1, image.shape)
    return np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)


def mirrored(image: Image) -> Image:
    return np.ascontiguousarray(image[:, ::-1])


def shifted(image: Image) -> Image:
    return np.roll(image, 1, axis=1)


def blurred(image: Image, sigma: float = 3) -> Image:
    return np.clip(gaussian_filter(image.astype(float), (sigma, sigma, 0)), 0, 255).astype(np.uint8)


def case(result: Image, truth: Image | None = None, photo: Image | None = None, **more: Any) -> Case:
    pictures = [None if image is None else Picture(image) for image in (truth, photo)]
    return Case("anna__red", "anna", Picture(result), *pictures, **more)


def value(
    name: str, result: Image, truth: Image | None = None, photo: Image | None = None, **more: Any
) -> float | None:
    """The score of one case by the measure called `name`."""
    metric = METRICS.get(name)(Tools())
    row = metric.measure(case(result, truth, photo, **more), "result")
    return None if row is None else float(metric.scorer(np.array([row]), None)(None, None))


def of_sets(name: str, tools: Tools, first: list[Image], second: list[Image], matched: bool = False) -> float:
    """The distance between two sets of pictures."""
    metric = METRICS.get(name)(tools)
    rows, true = (np.stack([metric.features(Picture(image)) for image in images]) for images in (first, second))
    return float(metric.scorer(rows, Reference(true, matched))(None, None))
