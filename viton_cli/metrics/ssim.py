"""Structural similarity of each result with its true picture (Wang et al. 2004), by torchmetrics."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torchmetrics.functional.image import structural_similarity_index_measure

from viton_cli.errors import BadImage
from viton_cli.metrics import Score

WINDOW, SIGMA = 11, 1.5


class Ssim:
    """Mean over pictures of the mean SSIM over a picture, at its own size, on RGB in [0, 1]."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def add(self, name: str, result: NDArray[np.uint8], reference: NDArray[np.uint8]) -> None:
        """See `PairedMetric.add`. Nothing is ever resized: that would change the score."""
        if result.shape != reference.shape:
            raise BadImage(
                f"{name}: the result is {result.shape[1]}x{result.shape[0]} pixels, "
                f"the reference {reference.shape[1]}x{reference.shape[0]}; SSIM needs equal sizes"
            )
        if min(result.shape[:2]) < WINDOW:
            raise BadImage(f"{name}: smaller than the {WINDOW}x{WINDOW} window of SSIM")
        self._values.append(float(ssim_map(result, reference).mean()))

    def score(self) -> Score:
        """See `PairedMetric.score`."""
        return Score(
            name="ssim",
            value=float(np.mean(self._values)),
            protocol=f"torchmetrics, Gaussian window {WINDOW}, sigma {SIGMA}, K 0.01 and 0.03, RGB in [0, 1], "
            "at the pictures' own size, borders mirrored and counted, mean over pictures",
            n=len(self._values),
            higher_is_better=True,
        )


def ssim_map(result: NDArray[np.uint8], reference: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(3, H, W) SSIM around each pixel of two (H, W, 3) pictures.

    Its mean is taken here: releases of torchmetrics differ in whether theirs leaves the borders out.
    """
    _, similarity = structural_similarity_index_measure(
        _tensor(result),
        _tensor(reference),
        gaussian_kernel=True,
        sigma=SIGMA,
        kernel_size=WINDOW,
        data_range=1.0,
        return_full_image=True,
    )
    similarities: NDArray[np.float64] = similarity[0].numpy()
    return similarities


def _tensor(image: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1)[None].to(torch.float64) / 255
