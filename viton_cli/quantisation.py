"""Weights in eight bits: whole numbers from -127 to 127 and one scale an output channel.

A convolution's weights of one output channel are of like size, so that the largest error is 1/254 of the channel's
largest weight. Everything of one dimension (norms, biases) stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

SCALE = ".scale8"  # ending of the name under which a tensor's scales are stored
LEVELS = 127


def to_eight_bits(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of two and more dimensions as int8 beside their scales (float32, one a row); the others as they are."""
    import torch

    stored: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if not tensor.is_floating_point() or tensor.ndim < 2:
            stored[name] = tensor
            continue
        scale = tensor.float().flatten(1).abs().amax(1) / LEVELS
        rows = tensor.float() / scale.clamp_min(1e-30).view(-1, *(1,) * (tensor.ndim - 1))
        stored[name] = rows.round().to(torch.int8)
        stored[name + SCALE] = scale
    return stored


def from_eight_bits(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """Inverse of `to_eight_bits`, float32."""
    tensors = {}
    for name, tensor in stored.items():
        if name.endswith(SCALE):
            continue
        scale = stored.get(name + SCALE)
        tensors[name] = tensor if scale is None else tensor.float() * scale.view(-1, *(1,) * (tensor.ndim - 1))
    return tensors
