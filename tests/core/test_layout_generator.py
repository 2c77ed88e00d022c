"""The generator with layout and places, and the pose coordinates it sees."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from viton_cli.core.generator import MARGIN, LayoutGenerator, Painting
from viton_cli.core.pose_coordinates import pose_coordinates
from viton_cli.core.representation import CHANNELS
from viton_cli.vocabulary import labels as L
from viton_cli.vocabulary.layout import FLIP_LAYOUT, LAYOUT, layout_table

SIZE = (128, 64)


def net() -> LayoutGenerator:
    torch.manual_seed(0)
    return LayoutGenerator((8, 8, 16, 16, 16, 16), (0, 1, 1, 0, 0, 1))


def joints() -> tuple[Tensor, Tensor]:
    """Somebody upright: neck at (32, 20), hips 40 pixels below, arms hanging."""
    points = torch.zeros(1, 18, 2)
    points[0, L.NECK] = torch.tensor([32.0, 20.0])
    points[0, L.R_HIP], points[0, L.L_HIP] = torch.tensor([26.0, 60.0]), torch.tensor([38.0, 60.0])
    for shoulder, elbow, wrist, x in (
        (L.R_SHOULDER, L.R_ELBOW, L.R_WRIST, 16.0), (L.L_SHOULDER, L.L_ELBOW, L.L_WRIST, 48.0),
    ):  # fmt: skip
        for joint, y in ((shoulder, 22.0), (elbow, 42.0), (wrist, 62.0)):
            points[0, joint] = torch.tensor([x, y])
    return points, torch.ones(1, 18, dtype=torch.bool)


def test_outputs_have_their_sizes_and_ranges() -> None:
    points, seen = joints()
    painting: Painting = net()(torch.randn(2, CHANNELS, *SIZE), torch.randn(2, 3, *SIZE), points.repeat(2, 1, 1), seen)
    assert painting.image.shape == (2, 3, *SIZE) and painting.image.abs().max() <= 1
    assert painting.mask.shape == (2, 1, *SIZE)
    assert painting.layout is not None and painting.layout.shape == (2, len(LAYOUT), *SIZE)
    assert painting.places is not None and painting.places.shape == (2, 2, *SIZE)
    assert painting.scale is not None and painting.scale.shape == (2, 1, *SIZE)
    for axis, length in enumerate((SIZE[1], SIZE[0])):
        plane = painting.places[:, axis]
        assert plane.min() > -MARGIN * length and plane.max() < (1 + MARGIN) * length


def test_every_weight_learns_from_the_outputs() -> None:
    model = net()
    points, seen = joints()
    painting = model(torch.randn(1, CHANNELS, *SIZE), torch.randn(1, 3, *SIZE), points, seen)
    outputs = (painting.image, painting.mask, painting.layout, painting.places, painting.scale)
    sum(out.square().mean() for out in outputs).backward()
    # A residual block begins as the identity: behind its zero its convolution learns nothing in the first step.
    for name, weight in model.named_parameters():
        if ".conv." not in name:
            assert weight.grad is not None and weight.grad.abs().sum() > 0, name


def test_along_and_across_the_trunk_and_the_arms() -> None:
    points, seen = joints()
    maps = pose_coordinates(points, seen, SIZE)[0]
    torso = 40.0

    def at(x: int, y: int) -> Tensor:
        return maps[:, y // 2, x // 2]

    x, y = 33.0 - 0.5, 40.0 + 0.5  # the centre of the 2x2 pixels at (32, 40)
    assert at(32, 40)[2].item() == pytest.approx((y - 20) / torso, abs=1e-5), "down from the neck"
    assert at(32, 40)[3].abs().item() == pytest.approx(abs(x - 32) / torso, abs=1e-4)
    right, left = at(16, 52)[4:6], at(48, 52)[6:8]
    assert right[0].item() == pytest.approx((52.5 - 22) / torso, abs=1e-5), "around the elbow and on"
    assert left[0].item() == pytest.approx(right[0].item(), abs=1e-5)
    assert at(10, 50)[5].sign() != at(22, 50)[5].sign(), "one side of the arm is not the other"
    assert maps.abs().max() <= 2


def test_what_is_not_seen_is_zero() -> None:
    points, seen = joints()
    seen[0, L.R_ELBOW] = False
    maps = pose_coordinates(points, seen, SIZE)[0]
    assert not maps[4:6].any() and maps[6:8].any()


def test_the_mirror_image_swaps_the_arms() -> None:
    points, seen = joints()
    points[0, L.R_WRIST, 0] = 4.0
    mirrored = points.clone()
    mirrored[..., 0] = SIZE[1] - 1 - mirrored[..., 0]
    mirrored = mirrored[:, list(L.FLIP_JOINTS)]
    here, there = pose_coordinates(points, seen, SIZE)[0], pose_coordinates(mirrored, seen, SIZE)[0].flip(-1)
    torch.testing.assert_close(there[4], here[6], atol=1e-4, rtol=0)
    torch.testing.assert_close(there[5], -here[7], atol=1e-3, rtol=0)
    torch.testing.assert_close(there[2], here[2], atol=1e-4, rtol=0)


def test_every_label_has_a_layout_and_mirrors_are_mirrors() -> None:
    assert (layout_table()[: L.N_LABELS] != L.IGNORE).all()
    assert [FLIP_LAYOUT[i] for i in FLIP_LAYOUT] == list(range(len(LAYOUT)))
