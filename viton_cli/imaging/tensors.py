"""Pictures as the networks take them, and back. The convention is that of `core`: (B, 3, H, W) float32 in [-1, 1]."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray


def as_tensor(image: NDArray[np.uint8]) -> torch.Tensor:
    """(H, W, 3) uint8 to (1, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float() / 127.5 - 1


def as_picture(image: torch.Tensor) -> NDArray[np.uint8]:
    """(1, 1 or 3, H, W) in [-1, 1] to (H, W, 3) uint8, with fixed scaling."""
    array = ((image[0].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    return np.ascontiguousarray(np.broadcast_to(array, (*array.shape[:2], 3)))


def as_mask(mask: torch.Tensor) -> NDArray[np.float32]:
    """(1, 1, H, W) to (H, W) float32."""
    return np.asarray(mask[0, 0].float().numpy(), np.float32)
