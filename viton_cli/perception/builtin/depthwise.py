"""Depthwise convolution with a backward pass that is fast on a CPU.

PyTorch's own takes most of a training step of the perception network on a CPU. Here the gradient of the input is one
more depthwise convolution (which is fast forwards), and that of the kernel one product and sum for each of its cells.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DepthwiseConv2d(nn.Conv2d):
    """`nn.Conv2d` with one square kernel of odd size a channel, padded so that only `stride` changes the size."""

    def __init__(self, channels: int, kernel: int, stride: int = 1) -> None:
        super().__init__(channels, channels, kernel, stride, kernel // 2, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            return super().forward(x)
        out: Tensor = _Depthwise.apply(x, self.weight, self.bias, self.stride[0])
        return out


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, stride: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        return F.conv2d(x, weight, bias, stride, weight.shape[-1] // 2, groups=len(weight))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None, None]:
        (grad,) = grads
        x, weight = ctx.saved_tensors
        stride, kernel = ctx.stride, weight.shape[-1]
        pad = kernel // 2
        input_grad = None
        if ctx.needs_input_grad[0]:
            spaced = grad
            if stride > 1:  # the gradient at the positions it belongs to, zero between them
                spaced = torch.zeros_like(x, dtype=grad.dtype)
                spaced[:, :, ::stride, ::stride] = grad
            turned = weight.flip(2, 3).to(grad.dtype)
            input_grad = F.conv2d(spaced, turned, None, 1, pad, groups=len(weight)).to(x.dtype)
        if not ctx.needs_input_grad[1]:  # a network that only looks, as that of a perceptual loss
            return input_grad, None, None, None
        # Sums over a batch want more than 16 bits. Channels last: they are what is contiguous and vectorised.
        g = grad.permute(0, 2, 3, 1).to(weight.dtype).contiguous()
        padded = F.pad(x.permute(0, 2, 3, 1).to(weight.dtype), (0, 0, pad, pad, pad, pad))
        height, width = stride * (g.shape[1] - 1) + 1, stride * (g.shape[2] - 1) + 1
        weight_grad = torch.empty_like(weight)
        for i in range(kernel):
            for j in range(kernel):
                seen = padded[:, i : i + height : stride, j : j + width : stride]
                weight_grad[:, 0, i, j] = (seen * g).sum((0, 1, 2))
        return input_grad, weight_grad, g.sum((0, 1, 2)), None
