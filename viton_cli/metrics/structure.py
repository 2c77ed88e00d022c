"""Structural similarity (Wang et al. 2004), its multi-scale form (Wang et al. 2003), and the signal-to-noise ratio.

The window sums are taken here and not by scikit-image or torchmetrics, whose numbers these are to six digits (a test
compares them): in strips, so that a picture of 48 megapixels takes no more memory than one of a half, and in a
fifth of the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from viton_cli.metrics.case import Case, Picture, Which, strips
from viton_cli.metrics.metric import MeanOfPictures, Reference, Rows
from viton_cli.vocabulary import labels as L

WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03
RIM = WINDOW // 2
BETAS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
# Pixels and rows of a strip. What is done with so few stays in the processor's cache: 0.065 s for 768x1024, of 500,000
# pixels 0.16 s.
STRIP, LEAST_ROWS = 25_000, 24
FEWEST = 50  # pixels of a region below which nothing is said of it
OWN_SIZE = "RGB at the pictures' own size"
SSIM_HOW = (
    f"Gaussian window {WINDOW}, sigma {SIGMA}, K {K1} and {K2}, {OWN_SIZE}, range 255, the outer {RIM} pixels left "
    "out: scikit-image's structural_similarity(gaussian_weights=True, use_sample_covariance=False)"
)

Array = NDArray[np.float32]


class Ssim(MeanOfPictures):
    """Mean structural similarity with the true picture."""

    name, higher_is_better, needs = "ssim", True, ("truth",)
    how = SSIM_HOW

    def measure(self, case: Case, which: Which) -> Sequence[float] | None:
        """See `Metric.measure`."""
        if min(case.result.size) < WINDOW:
            return None
        sums = [
            (np.sum(similarity, dtype=np.float64), similarity.size) for _, similarity, _ in _with_truth(case, which)
        ]
        return [float(sum(s for s, _ in sums) / sum(n for _, n in sums))]


class MsSsim(MeanOfPictures):
    """Multi-scale structural similarity with the true picture."""

    name, higher_is_better, needs = "ms-ssim", True, ("truth",)
    how = (
        f"5 scales, weights {', '.join(map(str, BETAS))}, window {WINDOW}, sigma {SIGMA}, {OWN_SIZE}, halved by means "
        "of 2x2: torchmetrics' multiscale_structural_similarity_index_measure(normalize='relu')"
    )

    def measure(self, case: Case, which: Which) -> Sequence[float] | None:
        """See `Metric.measure`."""
        first, second = case.seen(which), case.seen("truth")
        last = len(BETAS) - 1
        if min(first.size) >> last < WINDOW:
            return None
        product = 1.0
        for scale, beta in enumerate(BETAS[:-1]):
            found = maps(first, second, scale) if scale else _with_truth(case, which)
            sums = [(np.sum(contrast, dtype=np.float64), contrast.size) for _, _, contrast in found]
            product *= max(float(sum(s for s, _ in sums) / sum(n for _, n in sums)), 0.0) ** beta
        # Of the smallest scale the whole similarity counts, its borders mirrored.
        a, b = (
            np.pad(_smallest(picture, last), ((RIM, RIM), (RIM, RIM), (0, 0)), "reflect") for picture in (first, second)
        )
        return [product * max(float(similarities(a, b)[0].mean(dtype=np.float64)), 0.0) ** BETAS[-1]]


class Psnr(MeanOfPictures):
    """Peak signal-to-noise ratio, in decibels, of the squared error over all pictures."""

    name, higher_is_better, needs = "psnr", True, ("truth",)
    how = f"10 log10(255^2 / mean squared error), {OWN_SIZE}"

    def protocol(self, rows: Rows, reference: Reference | None) -> str:
        """See `Metric.protocol`."""
        return f"{self.how}; the error averaged over all pictures first, so that an equal one does not make it infinite"

    def measure(self, case: Case, which: Which) -> Sequence[float] | None:
        """See `Metric.measure`: the mean squared error."""
        first, second = case.seen(which), case.seen("truth")
        total = 0.0
        for top, bottom in strips(*first.size):
            error = first.rows(top, bottom).astype(np.float32) - second.rows(top, bottom)
            total += float(np.einsum("ijk,ijk->i", error, error).sum(dtype=np.float64))
        return [total / int(np.prod(first.shape))]

    def of_mean(self, mean: float) -> float:
        """From the mean squared error; infinite where all pictures are equal to the truth."""
        return float(10 * np.log10(255**2 / mean)) if mean else float("inf")


class Face(MeanOfPictures):
    """Mean structural similarity with the photo over the face, which no try-on may change."""

    name, higher_is_better, needs = "face", True, ("photo", "labels:photo")
    how = f"{SSIM_HOW}, with the photo instead of the true picture, over the pixels labelled face"

    def measure(self, case: Case, which: Which) -> Sequence[float] | None:
        """See `Metric.measure`."""
        face = _enlarged(np.isin(case.labels["photo"], (L.FACE, L.SUNGLASSES)), case.result)
        rows = np.flatnonzero(face.any(1))
        if not len(rows) or min(face.shape) < WINDOW:
            return None
        top, bottom = max(rows[0] - RIM, 0), min(rows[-1] + RIM + 1, len(face))
        if bottom - top < WINDOW:
            return None
        first, second = (Picture(case.seen(name).rows(top, bottom)) for name in (which, "photo"))
        return _mean_inside(maps(first, second), face[top:bottom])


class Kept(MeanOfPictures):
    """Mean structural similarity over everything that has to stay: where the true picture is as the photo."""

    name, higher_is_better, needs = "kept", True, ("truth", "photo")
    how = f"{SSIM_HOW}, over the pixels where truth and photo differ by at most 6 of 255"

    def measure(self, case: Case, which: Which) -> Sequence[float] | None:
        """See `Metric.measure`."""
        return _mean_inside(_with_truth(case, which), case.agrees) if min(case.result.size) >= WINDOW else None


def maps(first: Picture, second: Picture, scale: int = 0) -> Iterator[tuple[int, Array, Array]]:
    """Strips of the similarity and of its contrast part, (h, w - 10, 3) each, and the row of the picture (halved
    `scale` times) at which each begins: everywhere where the window fits."""
    height, width = (side >> scale for side in first.size)
    for top, bottom in strips(height - 2 * RIM, width, max(STRIP, LEAST_ROWS * width)):
        pixels = top << scale, (bottom + 2 * RIM) << scale
        a, b = (_halved(picture.rows(*pixels), scale) for picture in (first, second))
        yield top + RIM, *similarities(a, b)


def similarities(a: Array, b: Array) -> tuple[Array, Array]:
    """SSIM and its contrast part around each pixel at which the window fits, of (h, w, 3) pictures in [0, 1].

    Source: Wang et al. 2004, equation 13; the contrast part is equations 9 and 10 together.
    """
    c1, c2 = K1**2, K2**2
    mean_a, mean_b = _blurred(a), _blurred(b)
    squares = mean_a * mean_a + mean_b * mean_b
    product = mean_a * mean_b
    variances = _blurred(a * a + b * b) - squares
    contrast: Array = (2 * (_blurred(a * b) - product) + c2) / (variances + c2)
    similarity = contrast * ((2 * product + c1) / (squares + c1))
    return np.asarray(similarity, np.float32), contrast


def _blurred(x: Array) -> Array:
    """Weighted sums of the windows that fit, (h - 10, w - 10, 3). The window is a product of two symmetric rows."""
    weights = np.exp(-(np.arange(-RIM, RIM + 1) ** 2) / (2 * SIGMA**2))
    weights = (weights / weights.sum()).astype(np.float32)
    for axis in (0, 1):
        length = x.shape[axis] - 2 * RIM
        part = [x[i : i + length] if axis == 0 else x[:, i : i + length] for i in range(WINDOW)]
        out = part[RIM] * weights[RIM]
        both = np.empty_like(out)
        for i in range(RIM):
            np.add(part[i], part[-1 - i], out=both)
            both *= weights[i]
            out += both
        x = out
    return x


def _halved(rows: NDArray[np.uint8], times: int) -> Array:
    """Rows in [0, 1], halved so often; a last odd row or column is dropped, as torch's avg_pool2d does."""
    x = rows.astype(np.float32) / np.float32(255)
    for _ in range(times):
        h, w = x.shape[0] // 2 * 2, x.shape[1] // 2 * 2
        x = x[0:h:2] + x[1:h:2]
        x = (x[:, 0:w:2] + x[:, 1:w:2]) / 4
    return x


def _with_truth(case: Case, which: Which) -> Iterable[tuple[int, Array, Array]]:
    """`maps` of a case's picture and the true one; kept for the next measure if the picture is not a large one."""
    if case.result.factor > 1:
        return maps(case.seen(which), case.seen("truth"))
    key = f"similarity of {which}"
    if key not in case.memory:
        case.memory[key] = list(maps(case.seen(which), case.seen("truth")))
    found: list[tuple[int, Array, Array]] = case.memory[key]
    return found


def _smallest(picture: Picture, times: int) -> Array:
    """A whole picture, halved so often strip by strip."""
    height, width = (side >> times for side in picture.size)
    parts = strips(height, width, max(STRIP >> 2 * times, width))
    return np.concatenate([_halved(picture.rows(top << times, bottom << times), times) for top, bottom in parts])


def _mean_inside(found: Iterable[tuple[int, Array, Array]], inside: NDArray[np.bool_]) -> Sequence[float] | None:
    """Mean similarity over some pixels; None if they are too few."""
    total, count = 0.0, 0
    for top, similarity, _ in found:
        here = inside[top : top + len(similarity), RIM : inside.shape[1] - RIM]
        total += float(similarity[here].sum(dtype=np.float64))
        count += 3 * int(here.sum())
    return [total / count] if count >= 3 * FEWEST else None


def _enlarged(mask: NDArray[np.bool_], picture: Picture) -> NDArray[np.bool_]:
    """A mask at the size of `picture.small`, at the picture's own."""
    if picture.factor == 1:
        return mask
    rows, columns = (np.arange(side) // picture.factor for side in picture.size)
    return mask[rows[:, None], columns[None]]
