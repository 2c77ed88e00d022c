"""The perception network's shapes, and how positions are read from its maps."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from viton_cli.perception.builtin.network import STRIDE, PerceptionNet, decode_joints, see_both_ways
from viton_cli.vocabulary.labels import FLIP_JOINTS, FLIP_LABELS, N_JOINTS, N_LABELS


@pytest.fixture(scope="module")
def net() -> PerceptionNet:
    torch.manual_seed(0)
    return PerceptionNet(16).eval()


@pytest.mark.parametrize("size", [(64, 32), (64, 96)])
def test_shapes(net: PerceptionNet, size: tuple[int, int]) -> None:
    h, w = size
    assert h % STRIDE == w % STRIDE == 0
    with torch.no_grad():
        out = net(torch.rand(2, 3, h, w) * 2 - 1)
    assert out.joints.shape == (2, N_JOINTS, h // 4, w // 4) and out.absent.shape == (2, N_JOINTS)
    assert out.labels.shape == (2, N_LABELS, h // 2, w // 2) and out.coarse.shape == (2, N_LABELS, h // 4, w // 4)


def test_encoder_features_go_down_to_1_32(net: PerceptionNet) -> None:
    with torch.no_grad():
        features = net.encoder(torch.rand(1, 3, 64, 64))
    assert [(f.shape[1], 64 // f.shape[2]) for f in features] == [(16, 2), (24, 4), (40, 8), (112, 16), (1280, 32)]


def test_every_weight_learns() -> None:
    net = PerceptionNet(16)
    out = net(torch.rand(2, 3, 64, 64))
    sum(o.square().mean() for o in out).backward()  # type: ignore[union-attr]
    silent = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    # A ReLU6 that happens to be shut may silence a bias; whole modules must not be silent.
    assert len(silent) < 0.05 * len(list(net.parameters())), silent


def test_a_mirrored_picture_is_seen_mirrored(net: PerceptionNet) -> None:
    torch.manual_seed(2)
    images = torch.rand(2, 3, 64, 96) * 2 - 1
    with torch.no_grad():
        plain, mirrored, once = see_both_ways(net, images), see_both_ways(net, images.flip(3)), net(images)
    sides = list(FLIP_JOINTS)
    torch.testing.assert_close(mirrored.joints, plain.joints.flip(3)[:, sides])
    torch.testing.assert_close(mirrored.absent, plain.absent[:, sides])
    torch.testing.assert_close(mirrored.labels, plain.labels.flip(3)[:, list(FLIP_LABELS)])
    # Half of the probability comes from the picture as it is.
    share = plain.labels.exp() - once.labels.softmax(1) / 2
    assert float(share.min()) > -1e-6 and torch.allclose(plain.labels.exp().sum(1), torch.ones(2, 32, 48))
    every = torch.cat((plain.joints.flatten(2), plain.absent[:, :, None]), 2).exp().sum(2)
    torch.testing.assert_close(every, torch.ones(2, N_JOINTS))


def drawn(points: Tensor, size: tuple[int, int] = (24, 20), sigma: float = 0.7, height: float = 0.0) -> Tensor:
    """Logits of a Gaussian, in cells, around each point given in pixels of the input."""
    cells = (points - 1.5) / 4
    ys, xs = torch.arange(size[0]), torch.arange(size[1])
    dx = (xs - cells[..., 0, None]) / sigma
    dy = (ys - cells[..., 1, None]) / sigma
    return height - 0.5 * (dx[..., None, :] ** 2 + dy[..., :, None] ** 2)


def test_positions_are_read_between_the_cells() -> None:
    generator = torch.Generator().manual_seed(0)
    points = 12 + torch.rand(3, N_JOINTS, 2, generator=generator) * torch.tensor([56.0, 72.0])
    found, sure = decode_joints(drawn(points), torch.full((3, N_JOINTS), -30.0))
    assert (found - points).abs().max() < 0.25, "a sixteenth of a cell"
    assert (sure > 0.98).all()


def test_a_point_on_a_cells_centre_is_read_exactly() -> None:
    points = torch.tensor([[[4 * 5 + 1.5, 4 * 7 + 1.5]]])
    found, _ = decode_joints(drawn(points), torch.full((1, 1), -30.0))
    torch.testing.assert_close(found, points, atol=1e-4, rtol=0)
    corner = torch.tensor([[[1.5, 1.5]]])
    sharp, _ = decode_joints(drawn(corner, sigma=0.1), torch.full((1, 1), -30.0))
    torch.testing.assert_close(sharp, corner, atol=1e-4, rtol=0)


def test_confidence_is_the_probability_of_being_there() -> None:
    points = torch.tensor([[[41.5, 41.5]]])
    logits = drawn(points, sigma=0.05)  # all of it in one cell
    for absent, expected in ((-30.0, 1.0), (0.0, 0.5), (30.0, 0.0)):
        _, sure = decode_joints(logits, torch.full((1, 1), absent))
        assert float(sure) == pytest.approx(expected, abs=1e-4)


def test_two_equal_places_share_the_confidence() -> None:
    logits = torch.full((1, 1, 24, 20), -40.0)
    logits[0, 0, 4, 4] = logits[0, 0, 20, 15] = 0
    found, sure = decode_joints(logits, torch.full((1, 1), -30.0))
    assert float(sure) == pytest.approx(0.5, abs=1e-4)
    assert found[0, 0].tolist() in ([17.5, 17.5], [61.5, 81.5])
