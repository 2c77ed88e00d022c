"""The refinement network and equation 2."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from viton_cli.core.composer import BRIGHTEST, Composer, compose, light_gain, relight


def test_three_layers_of_3x3_and_one_of_1x1() -> None:
    layers = [m for m in Composer().modules() if isinstance(m, nn.Conv2d)]
    assert [(c.in_channels, c.out_channels, c.kernel_size) for c in layers] == [
        (6, 64, (3, 3)), (64, 64, (3, 3)), (64, 64, (3, 3)), (64, 1, (1, 1)),
    ]  # fmt: skip
    assert all(c.stride == (1, 1) for c in layers)


@pytest.mark.parametrize("size", [(64, 48), (31, 17)])
def test_alpha_is_one_channel_between_0_and_1(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    net = Composer(8)
    alpha = net(torch.rand(2, 3, *size) * 2 - 1, torch.rand(2, 3, *size) * 2 - 1)
    assert alpha.shape == (2, 1, *size) and alpha.min() > 0 and alpha.max() < 1
    alpha.mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_alpha_depends_on_which_picture_is_which() -> None:
    torch.manual_seed(0)
    net = Composer(8)
    a, b = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16)
    assert not torch.allclose(net(a, b), net(b, a))


def test_compose_goes_from_the_coarse_result_to_the_warped_clothing() -> None:
    warped, coarse = torch.rand(2, 3, 8, 6), torch.rand(2, 3, 8, 6)
    ones = torch.ones(2, 1, 8, 6)
    assert torch.equal(compose(ones, warped, coarse), warped)
    assert torch.equal(compose(0 * ones, warped, coarse), coarse)
    torch.testing.assert_close(compose(0.25 * ones, warped, coarse), 0.25 * warped + 0.75 * coarse)
    assert torch.equal(compose(0.5 * ones, warped, warped), warped)


def test_the_gain_is_smooth_and_bounded() -> None:
    torch.manual_seed(0)
    gain = light_gain(3 * torch.randn(1, 3, 64, 48))
    assert gain.shape == (1, 3, 64, 48) and gain.log().abs().max() <= BRIGHTEST + 1e-6
    assert gain.log().diff(dim=2).abs().mean() < 0.1 * BRIGHTEST, "light changes, not the print"
    torch.testing.assert_close(light_gain(torch.full((1, 3, 31, 17), 0.2)).log(), torch.full((1, 3, 31, 17), 0.2))


def test_relight_scales_brightness_and_keeps_black() -> None:
    image = torch.tensor([-1.0, -0.5, 0.0]).view(1, 1, 1, 3).expand(1, 3, 1, 3)
    double = torch.full((1, 3, 1, 3), 2.0)
    torch.testing.assert_close(relight(image, double)[0, 0, 0], torch.tensor([-1.0, 0.0, 1.0]))
