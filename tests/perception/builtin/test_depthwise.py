"""The depthwise convolution is PyTorch's, forwards and backwards."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from viton_cli.perception.builtin.depthwise import DepthwiseConv2d


@pytest.mark.parametrize(("kernel", "stride", "size"), [(3, 1, (7, 6)), (3, 2, (8, 7)), (5, 2, (9, 6)), (5, 1, (8, 3))])
def test_values_and_gradients_are_those_of_autograd(kernel: int, stride: int, size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    mine = DepthwiseConv2d(4, kernel, stride).double()
    theirs = nn.Conv2d(4, 4, kernel, stride, kernel // 2, groups=4).double()
    theirs.load_state_dict(mine.state_dict())
    grads = []
    for conv in (mine, theirs):
        torch.manual_seed(1)
        x = torch.randn(2, 4, *size, dtype=torch.float64, requires_grad=True)
        out = conv(x)
        (out * torch.randn_like(out)).sum().backward()
        grads.append((out, x.grad, conv.weight.grad, conv.bias.grad))
    for a, b in zip(*grads, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_mixed_precision_gives_gradients_of_the_weights_own_precision() -> None:
    torch.manual_seed(0)
    conv, x = DepthwiseConv2d(8, 5), torch.randn(2, 8, 12, 10)
    conv(x).square().sum().backward()
    exact = conv.weight.grad
    conv.weight.grad = None
    with torch.autocast("cpu", torch.bfloat16):
        out = conv(x)
    assert out.dtype == torch.bfloat16
    out.float().square().sum().backward()
    assert conv.weight.grad is not None and exact is not None and conv.weight.grad.dtype == torch.float32
    torch.testing.assert_close(conv.weight.grad, exact, rtol=0.05, atol=0.05 * float(exact.abs().max()))


def test_nothing_is_kept_where_no_gradient_is_wanted() -> None:
    with torch.no_grad():
        assert DepthwiseConv2d(4, 3)(torch.randn(1, 4, 5, 5)).grad_fn is None


def test_a_frozen_kernel_still_hands_the_gradient_on() -> None:
    conv, x = DepthwiseConv2d(4, 3).requires_grad_(False), torch.randn(1, 4, 5, 5, requires_grad=True)
    conv(x).sum().backward()
    assert x.grad is not None and x.grad.any() and conv.weight.grad is None
