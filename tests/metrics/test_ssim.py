"""SSIM: its fixed points, its agreement with scikit-image, its refusals."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from viton_cli.errors import BadImage
from viton_cli.metrics.ssim import Ssim, ssim_map

RNG = np.random.default_rng(0)
A = RNG.integers(0, 256, (40, 30, 3), np.uint8)
B = np.clip(A.astype(int) + RNG.integers(-40, 40, A.shape), 0, 255).astype(np.uint8)


def score(*pairs: tuple[np.ndarray, np.ndarray]) -> float:
    metric = Ssim()
    for first, second in pairs:
        metric.add("x", first, second)
    assert metric.score().n == len(pairs) and metric.score().higher_is_better
    return metric.score().value


def test_a_picture_is_like_itself() -> None:
    assert score((A, A)) == pytest.approx(1, abs=1e-9)


def test_it_is_symmetric_and_falls_with_noise() -> None:
    assert score((A, B)) == pytest.approx(score((B, A)), abs=1e-9)
    assert score((A, 255 - A)) < score((A, B)) < 1


def test_it_is_the_mean_over_pictures() -> None:
    assert score((A, A), (A, B)) == pytest.approx((1 + score((A, B))) / 2, abs=1e-9)


def test_it_agrees_with_scikit_image() -> None:
    _, map = structural_similarity(  # type: ignore[no-untyped-call]
        A, B, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, full=True
    )
    # The two mirror the borders differently; away from them every pixel agrees.
    np.testing.assert_allclose(ssim_map(A, B)[:, 5:-5, 5:-5].transpose(1, 2, 0), map[5:-5, 5:-5], atol=1e-6)
    assert score((A, B)) == pytest.approx(float(map.mean()), abs=2e-3)


def test_other_sizes_are_refused_by_name() -> None:
    with pytest.raises(BadImage, match="anna__red: the result is 30x40 pixels, the reference 30x20"):
        Ssim().add("anna__red", A, A[:20])
    with pytest.raises(BadImage, match="anna__red: smaller than the 11x11 window"):
        Ssim().add("anna__red", A[:10], A[:10])


def test_the_protocol_says_how_it_was_measured() -> None:
    metric = Ssim()
    metric.add("x", A, B)
    assert all(word in metric.score().protocol for word in ("window 11", "sigma 1.5", "[0, 1]", "mean over pictures"))
