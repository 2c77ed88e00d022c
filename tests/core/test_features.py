"""Feature extractors: which layers they look at, and what of the picture reaches them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from viton_cli.core.features import MEAN, EncoderFeatures, Vgg


@pytest.mark.parametrize(("depth", "convolutions"), [(16, 13), (19, 16)])
def test_conv1_2_to_conv5_2(depth: int, convolutions: int) -> None:
    vgg = Vgg(depth)
    assert sum(isinstance(m, nn.Conv2d) for m in vgg.modules()) == convolutions
    assert [len(block) for block in vgg.blocks] == ([2, 2, 3, 3, 3] if depth == 16 else [2, 2, 4, 4, 4])
    with torch.no_grad():
        maps = vgg(torch.zeros(1, 3, 32, 48))
    assert [tuple(m.shape[1:]) for m in maps] == [(64, 32, 48), (128, 16, 24), (256, 8, 12), (512, 4, 6), (512, 2, 3)]
    assert all((m >= 0).all() for m in maps), "after their ReLU"


def passing(depth: int = 16, shrink: int = 1) -> Vgg:
    """VGG whose every convolution hands on the first channel as it is, so that a map shows what the pools did."""
    vgg = Vgg(depth, shrink)
    for module in vgg.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.data.zero_()
            assert module.bias is not None
            module.bias.data.zero_()
            module.weight.data[0, 0, 1, 1] = 1
    return vgg


def test_input_is_0_to_255_minus_the_mean_and_pools_average() -> None:
    image = torch.rand(1, 3, 32, 32)
    pixels = ((image + 1) * 127.5)[:, :1] - MEAN[0]
    assert (pixels > 0).all()
    maps = passing()(image)
    torch.testing.assert_close(maps[0][:, :1], pixels)
    for level in range(1, 5):
        block = 2**level
        mean = pixels.unfold(2, block, block).unfold(3, block, block).mean((-1, -2))
        torch.testing.assert_close(maps[level][:, :1], mean, rtol=1e-4, atol=1e-3)


def test_shrink_looks_at_a_smaller_picture() -> None:
    image = torch.rand(1, 3, 64, 64)
    small = image.unfold(2, 2, 2).unfold(3, 2, 2).mean((-1, -2))
    for a, b in zip(passing(shrink=2)(image), passing()(small)):
        torch.testing.assert_close(a, b)


def test_the_extractor_is_frozen_but_lets_gradients_through() -> None:
    vgg = passing()
    image = torch.zeros(1, 3, 16, 16, requires_grad=True)
    vgg(image)[0].sum().backward()
    assert image.grad is not None and image.grad.any()
    assert not any(p.requires_grad for p in vgg.parameters())


def test_encoder_features_have_unit_length_and_read_the_image_as_it_is() -> None:
    read: list[Tensor] = []

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(3, 5, 3)

        def forward(self, x: Tensor) -> list[Tensor]:
            read.append(x)
            return [100 * self.layer(x), 7 * torch.ones(1, 4, 2, 2)]

    encoder = Encoder()
    maps = EncoderFeatures(encoder)(torch.tensor([-1.0, 0.0, 1.0]).view(1, 3, 1, 1).expand(1, 3, 8, 8))
    assert read[0][0, :, 0, 0].tolist() == [-1.0, 0.0, 1.0]
    for feature in maps:
        torch.testing.assert_close(feature.norm(dim=1), torch.ones_like(feature[:, 0]), atol=1e-4, rtol=0)
    assert not encoder.layer.weight.requires_grad
