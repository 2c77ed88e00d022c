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
        value = structural_similarity_index_measure(
            _tensor(result), _tensor(reference), gaussian_kernel=True, sigma=SIGMA, kernel_size=WINDOW, data_range=1.0
        )
        assert isinstance(value, torch.Tensor)
        self._values.append(float(value))

    def score(self) -> Score:
        """See `PairedMetric.score`."""
        return Score(
            name="ssim",
            value=float(np.mean(self._values)),
            protocol=f"torchmetrics, Gaussian window {WINDOW}, sigma {SIGMA}, K 0.01 and 0.03, RGB in [0, 1], "
            "at the pictures' own size, mean over pictures",
            n=len(self._values),
            higher_is_better=True,
        )


def _tensor(image: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(image.copy()).permute(2, 0, 1)[None].to(torch.float64) / 255
