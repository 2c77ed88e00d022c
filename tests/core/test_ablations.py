"""A network that never sees a part of the representation, and equation 3 as printed."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from viton_cli.core.generator import Generator, LayoutGenerator
from viton_cli.core.losses import stage2_loss
from viton_cli.core.representation import CHANNELS, PARTS, leave_out

SIZE = (64, 64)
SMALL = ((8, 8, 8, 8, 8, 8), (0, 0, 0, 0, 0, 0))


def test_the_parts_are_all_of_the_representation() -> None:
    assert [n for part in PARTS.values() for n in range(CHANNELS)[part]] == list(range(CHANNELS))
    assert {name: len(range(CHANNELS)[part]) for name, part in PARTS.items()} == {"pose": 18, "shape": 1, "head": 3}


@pytest.mark.parametrize("part", PARTS)
def test_what_is_left_out_is_zero_and_the_rest_as_it_was(part: str) -> None:
    whole = torch.rand(2, CHANNELS, 4, 4) + 1
    left = leave_out(whole, [part])
    assert not left[:, PARTS[part]].any() and (whole[:, PARTS[part]] >= 1).all()
    kept = torch.ones(CHANNELS, dtype=torch.bool)
    kept[PARTS[part]] = False
    assert torch.equal(left[:, kept], whole[:, kept])


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", ["paper", "layout"])
def test_a_network_without_a_part_does_not_answer_to_it(kind: str, part: str) -> None:
    torch.manual_seed(0)
    net = (Generator(4, without=[part]) if kind == "paper" else LayoutGenerator(*SMALL, without=[part])).eval()
    p, clothing = torch.rand(1, CHANNELS, *SIZE), torch.rand(1, 3, *SIZE)
    joints, seen = torch.rand(1, 18, 2) * 60, torch.ones(1, 18, dtype=torch.bool)
    other, moved = p.clone(), joints.flip(1) if part == "pose" else joints
    other[:, PARTS[part]] = torch.rand_like(other[:, PARTS[part]])
    elsewhere = p.clone()
    elsewhere[:, PARTS["head" if part != "head" else "pose"]] += 1
    with torch.no_grad():
        first = net(p, clothing, joints, seen).image
        assert torch.equal(net(other, clothing, moved, seen).image, first)
        assert not torch.equal(net(elsewhere, clothing, joints, seen).image, first), "but to the others"


def test_no_network_is_built_without_a_part_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="has no part 'arms'; it has pose, shape, head"):
        Generator(4, without=["arms"])


def test_equation_3_as_printed_has_no_pixels_and_all_of_the_features() -> None:
    """With features that are the picture itself and error 0.5: 0.5 / 0.8 of what the code's weight makes of it."""

    def features(image: Tensor) -> list[Tensor]:
        return [image]

    truth, alpha = torch.zeros(1, 3, 4, 4), torch.full((1, 1, 4, 4), 0.25)
    given = truth + 0.5, alpha, truth, torch.ones_like(alpha), features, (0.8,)
    code, paper = (stage2_loss(*given, code=code)["loss"].item() for code in (True, False))
    assert code == pytest.approx(0.2 * 0.5 + 0.8 * 0.5 - 0.1 * 0.25)
    assert paper == pytest.approx(0.5 - 0.1 * 0.25)
    free = stage2_loss(*given, lambda_warp=0.0, lambda_tv=1.0)
    assert free["loss"].item() == pytest.approx(0.2 * 0.5 + 0.8 * 0.5), "alpha is even: its variation is 0"
