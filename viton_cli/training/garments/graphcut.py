"""A minimum cut over superpixels: a way to label training photos that owes nothing to the network or to plain grounds.

Source: the idea of GrabCut (Rother, Kolmogorov, Blake, SIGGRAPH 2004): colour models of garment and background, learned
from the current cut, and a penalty on cuts that do not follow edges. Departures: superpixels instead of pixels, colour
histograms over a palette of the picture itself instead of Gaussian mixtures (patterned fabric has many colours), and a
prior map instead of a user's rectangle.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.cluster.vq import kmeans2, vq
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow
from skimage.segmentation import slic

from viton_cli.perception.garments.plain import blur, snap
from viton_cli.perception.garments.quality import clarity, steepness
from viton_cli.perception.garments.tidy import tidy

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CODES = 40  # colours of the picture's palette
SUPERPIXELS = 900
SCALE = 1000.0  # scipy's maximum flow wants integers


class GraphCut:
    """Superpixels of one picture, to be cut with one prior or several.

    Args:
        lab: (h, w, 3) CIELAB picture of moderate size.
    """

    def __init__(self, lab: Floats) -> None:
        count = min(SUPERPIXELS, lab.shape[0] * lab.shape[1] // 12)
        self._segments = slic(lab, count, compactness=6.0, convert2lab=False, start_label=0, channel_axis=-1)
        flat = self._segments.ravel()
        self._count = int(flat.max()) + 1
        self._area = np.bincount(flat, minlength=self._count).astype(np.float32)
        ones = np.ones(flat.size, np.float32)
        shape = (self._count, CODES)
        self._histogram = coo_array((ones, (flat, _palette_codes(lab))), shape=shape).toarray()
        self._pairs, self._weights = _boundaries(self._segments, lab)

    def cut(self, prior: NDArray[np.floating], colour: float = 3.0, smooth: float = 1.6, rounds: int = 4) -> Bools:
        """Cut the garment out.

        Args:
            prior: (h, w) probability of garment before its colours are looked at.
            colour: Weight of the colour models against the prior.
            smooth: Cost of a cut along one superpixel's side through even colour.
            rounds: How often colour models and cut are renewed.

        Returns:
            (h, w) bool.
        """
        area, histogram = self._area, self._histogram
        chance = np.clip(np.bincount(self._segments.ravel(), prior.ravel(), self._count) / area, 0.01, 0.99)
        prior_cost = np.log(chance / (1.0 - chance))
        share = chance.copy()
        inside = chance > 0.5
        for _ in range(rounds):
            front = (histogram * share[:, None]).sum(0) + 0.5
            back = (histogram * (1.0 - share)[:, None]).sum(0) + 0.5
            ratio = np.log(front / front.sum()) - np.log(back / back.sum())
            unary = prior_cost + colour * np.clip((histogram @ ratio) / area, -3.0, 3.0)
            renewed = _minimum_cut(unary * area / area.mean(), self._pairs, smooth * self._weights)
            share = 0.9 * renewed + 0.1 * chance
            if np.array_equal(renewed, inside):
                break
            inside = renewed
        return np.asarray(inside[self._segments])


def centre_prior(height: int, width: int) -> Floats:
    """Where a garment is in a photo taken of it, before anything is known: a soft box about the middle."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    radius = (np.abs(x) ** 3 + np.abs(y) ** 3) ** (1 / 3)
    return np.asarray(np.clip(1.0 / (1.0 + np.exp((radius - 0.72) / 0.09)), 0.02, 0.9), np.float32)


def without_corners(cut: Bools, lab: Floats) -> Bools:
    """A cut (h, w) without the corners of its superpixels, back on the edges of the picture (h, w, 3)."""
    rounded = ndimage.gaussian_filter(tidy(cut).astype(np.float32), 2.5) > 0.5
    return tidy(snap(rounded, blur(lab, 1.5)))


def plausibility(mask: Bools, lab: Floats) -> float:
    """Share of the contour on edges, less where the mask lies off the middle or along the picture's border, [0, 1].

    Args:
        mask: (h, w) a cut.
        lab: (h, w, 3) the picture.
    """
    area = float(mask.mean())
    if area < 0.01 or area > 0.97:
        return 0.0
    border = np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]])
    contact = max(0.0, float(border.mean()) - 0.03)
    centred = float(np.clip((_centredness(mask) - 0.2) / 0.2, 0.0, 1.0))
    return clarity(mask, steepness(lab)) * max(0.0, 1.0 - 1.5 * contact) * centred


def _centredness(mask: Bools) -> float:
    """Overlap (intersection over union) with a box of the same area, and the picture's shape, about the middle."""
    height, width = mask.shape
    scale = float(np.sqrt(mask.mean()))
    half_height, half_width = max(1, round(scale * height / 2)), max(1, round(scale * width / 2))
    y, x = height // 2, width // 2
    box = mask[max(0, y - half_height) : y + half_height, max(0, x - half_width) : x + half_width]
    both = float(box.sum())
    return both / (float(mask.sum()) + box.size - both)


def _palette_codes(lab: Floats) -> Ints:
    """Index of each pixel's colour in a palette of the picture (k-means, fixed seed)."""
    pixels = np.stack([ndimage.gaussian_filter(lab[..., c], 0.8) for c in range(3)], -1).reshape(-1, 3)
    pixels = pixels * np.array([0.6, 1.0, 1.0], np.float32)  # folds change lightness more than hue
    sample = pixels[:: max(1, len(pixels) // 4000)]
    palette, _ = kmeans2(sample.astype(np.float64), CODES, iter=8, minit="++", seed=0, missing="warn")
    return np.asarray(vq(pixels.astype(np.float64), palette)[0], np.int64)


def _boundaries(segments: Ints, lab: Floats) -> tuple[Ints, Floats]:
    """Neighbouring superpixels (n, 2) and the cost (n,) of cutting between them."""
    count = int(segments.max()) + 1
    keys, steps = [], []
    for axis in (0, 1):
        a, b = np.delete(segments, -1, axis), np.delete(segments, 0, axis)
        step = np.sqrt(np.square(np.diff(lab, axis=axis)).sum(-1))
        apart = a != b
        keys.append(np.minimum(a, b)[apart].astype(np.int64) * count + np.maximum(a, b)[apart])
        steps.append(step[apart])
    key, step = np.concatenate(keys), np.concatenate(steps)
    unique, inverse = np.unique(key, return_inverse=True)
    length = np.bincount(inverse).astype(np.float32)
    contrast = np.bincount(inverse, step) / length
    typical = max(1.0, float(np.median(contrast)))
    side = float(np.sqrt(segments.size / count))
    cost = (length / side) * (0.05 + np.exp(-contrast / (1.5 * typical)))
    return np.stack([unique // count, unique % count], -1), cost.astype(np.float32)


def _minimum_cut(unary: NDArray[np.floating], pairs: Ints, weights: Floats) -> Bools:
    """Labels (n,) that minimise sum(-unary of the garment's nodes) + weights of the cut pairs."""
    count = len(unary)
    source, sink = count, count + 1
    nodes = np.arange(count)
    capacity = np.rint(np.abs(unary) * SCALE).astype(np.int32)
    links = np.rint(weights * SCALE).astype(np.int32)
    front = unary > 0
    rows = np.concatenate([np.full(front.sum(), source), nodes[~front], pairs[:, 0], pairs[:, 1]])
    columns = np.concatenate([nodes[front], np.full((~front).sum(), sink), pairs[:, 1], pairs[:, 0]])
    values = np.concatenate([capacity[front], capacity[~front], links, links])
    graph = csr_array((values, (rows, columns)), shape=(count + 2, count + 2))
    residual = graph - maximum_flow(graph, source, sink).flow
    residual.data[residual.data < 0] = 0
    residual.eliminate_zeros()
    reached = np.zeros(count + 2, bool)
    reached[breadth_first_order(residual, source, return_predecessors=False)] = True
    return np.asarray(reached[:count])
