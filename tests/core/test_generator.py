"""The generator is the paper's, layer by layer."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from viton_cli.core.generator import Generator
from viton_cli.core.representation import CHANNELS


def inner(layer: nn.Module, kind: type[nn.Module]) -> list[nn.Module]:
    return [module for module in layer.modules() if isinstance(module, kind)]


@pytest.mark.parametrize("width", [64, 24, 8])
def test_six_layers_down_and_six_up(width: int) -> None:
    with torch.device("meta"):
        net = Generator(width)
    scale = width / 64
    down = [inner(layer, nn.Conv2d)[0] for layer in net.down]
    up = [inner(layer, nn.ConvTranspose2d)[0] for layer in net.up]
    assert [c.out_channels for c in down] == [int(n * scale) for n in (64, 128, 256, 512, 512, 512)]
    assert [c.out_channels for c in up] == [*(int(n * scale) for n in (512, 512, 256, 128, 64)), 4]
    assert down[0].in_channels == CHANNELS + 3 == 25
    # Beside the layer below arrives the encoder's layer of that resolution, but not at the bottom.
    assert [c.in_channels for c in up] == [int(n * scale) for n in (512, 1024, 1024, 512, 256, 128)]
    for convolution in (*down, *up):
        assert (convolution.kernel_size, convolution.stride, convolution.padding) == ((4, 4), (2, 2), (1, 1))


def test_norms_activations_and_dropout_are_those_of_pix2pix() -> None:
    with torch.device("meta"):
        net = Generator(8)
    assert [len(inner(layer, nn.BatchNorm2d)) for layer in net.down] == [0, 1, 1, 1, 1, 1]
    assert [len(inner(layer, nn.BatchNorm2d)) for layer in net.up] == [1, 1, 1, 1, 1, 0]
    assert [[r.negative_slope for r in inner(layer, nn.LeakyReLU)] for layer in net.down] == [[]] + [[0.2]] * 5
    assert [len(inner(layer, nn.ReLU)) for layer in net.up] == [1] * 6
    assert [[d.p for d in inner(layer, nn.Dropout)] for layer in net.up] == [[0.5]] + [[]] * 5


def test_the_papers_size_goes_down_to_4x3() -> None:
    net = Generator(4).eval()
    sizes = []
    for layer in net.down:
        layer.register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape[2:])))
    with torch.no_grad():
        painting = net(torch.zeros(1, CHANNELS, 256, 192), torch.zeros(1, 3, 256, 192))
    image, mask = painting.image, painting.mask
    assert painting.layout is None and painting.places is None
    assert sizes == [(128, 96), (64, 48), (32, 24), (16, 12), (8, 6), (4, 3)]
    assert image.shape == (1, 3, 256, 192) and mask.shape == (1, 1, 256, 192)


@pytest.mark.parametrize("size", [(64, 64), (128, 64), (192, 128)])
def test_other_sizes_and_the_range_of_the_image(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    net = Generator(4).eval()
    with torch.no_grad():
        painting = net(100 * torch.randn(2, CHANNELS, *size), 100 * torch.randn(2, 3, *size))
    image, mask = painting.image, painting.mask
    assert image.shape == (2, 3, *size) and mask.shape == (2, 1, *size)
    assert image.abs().max() <= 1 and torch.isfinite(mask).all()


def test_every_weight_learns_from_both_outputs() -> None:
    torch.manual_seed(0)
    net = Generator(4)
    painting = net(torch.randn(2, CHANNELS, 64, 64), torch.randn(2, 3, 64, 64))
    for output in (painting.image, painting.mask):
        net.zero_grad()
        output.square().mean().backward(retain_graph=True)
        for name, weight in net.named_parameters():
            assert weight.grad is not None and weight.grad.abs().sum() > 0, name


def test_both_inputs_are_seen_everywhere() -> None:
    """A change of the product picture in one corner changes the image in the other: the bottleneck sees all."""
    torch.manual_seed(0)
    net = Generator(4).eval()
    p, clothing = torch.randn(1, CHANNELS, 64, 64), torch.randn(1, 3, 64, 64)
    changed = clothing.clone()
    changed[..., :8, :8] += 1
    with torch.no_grad():
        assert not torch.equal(net(p, clothing).image[..., -8:, -8:], net(p, changed).image[..., -8:, -8:])


def test_weights_are_drawn_small() -> None:
    torch.manual_seed(0)
    net = Generator(16)
    weights = torch.cat(
        [m.weight.detach().flatten() for m in net.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
    )
    assert abs(float(weights.mean())) < 1e-4 and float(weights.std()) == pytest.approx(0.02, rel=0.01)
