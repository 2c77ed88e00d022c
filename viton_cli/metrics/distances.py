"""Distances between two sets of feature vectors, with weights, so that a bootstrap costs little."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float64]
Weights = NDArray[np.float64]


def frechet(first: Features, second: Features, weights: Weights | None = None, others: Weights | None = None) -> float:
    """Squared Frechet distance of the Gaussians fitted to two sets of (n, d) and (m, d) features.

    With centred features A and B, scaled so that A'A and B'B are the covariances, the trace of the square root of
    their product is the sum of the singular values of A B': n x m numbers instead of d x d, exact also where there are
    fewer pictures than features, so that a set against itself gives 0.

    Source: Dowson and Landau 1982; Heusel et al. 2017, equation 6.
    """
    mean_a, a = _scaled(first, weights)
    mean_b, b = _scaled(second, others)
    cross = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    gap = mean_a - mean_b
    return float(max(gap @ gap + (a * a).sum() + (b * b).sum() - 2 * cross, 0.0))


def kernel_matrices(first: Features, second: Features) -> tuple[Features, Features, Features]:
    """The kernel (x.y / d + 1)^3 within the first set, between the two, and within the second.

    Source: Binkowski et al. 2018 ("Demystifying MMD GANs"), section 4.
    """

    def kernel(x: Features, y: Features) -> Features:
        return np.asarray((x @ y.T / x.shape[1] + 1) ** 3)

    return kernel(first, first), kernel(first, second), kernel(second, second)


def mmd(
    kernels: tuple[Features, Features, Features],
    weights: Weights | None = None,
    others: Weights | None = None,
    matched: bool = False,
) -> float:
    """Unbiased estimate of the squared maximum mean discrepancy, from the matrices of `kernel_matrices`.

    Args:
        kernels: The three matrices.
        weights, others: How often each item of the first and the second set counts.
        matched: Item i of both sets shows the same person: such pairs, which are alike in any case, are then left out
            between the sets, so that a set against itself gives 0.

    Source: Gretton et al. 2012, equations 3 and (matched) 5.
    """
    xx, xy, yy = kernels
    w = np.ones(len(xx)) if weights is None else weights
    v = np.ones(len(yy)) if others is None else others

    def within(kernel: Features, w: Weights) -> float:
        return float((w @ kernel @ w - w @ np.diag(kernel)) / (w.sum() * (w.sum() - 1)))

    if matched:
        between = (w @ xy @ w - w @ np.diag(xy)) / (w.sum() * (w.sum() - 1))
    else:
        between = w @ xy @ v / (w.sum() * v.sum())
    return within(xx, w) + within(yy, v) - 2 * float(between)


def _scaled(features: Features, weights: Weights | None) -> tuple[Features, Features]:
    """Mean, and centred features A with A'A the (unbiased) covariance."""
    w = np.ones(len(features)) if weights is None else weights
    mean = w @ features / w.sum()
    return mean, (features - mean) * np.sqrt(w / (w.sum() - 1))[:, None]
