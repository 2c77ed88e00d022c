"""Stage 1 asked about a pair and its mirror image."""

from __future__ import annotations

import torch

from viton_cli.core.generator import Generator, LayoutGenerator
from viton_cli.methods.both_ways import MOVED, moved, paint_both_ways, represent_both_ways
from viton_cli.records import Coarse
from viton_cli.vocabulary.labels import FLIP_JOINTS, FLIP_LABELS, N_LABELS
from viton_cli.vocabulary.layout import FLIP_LAYOUT

SIZE = (64, 64)


def pair() -> tuple[torch.Tensor, ...]:
    torch.manual_seed(1)
    picture, garment = torch.rand(1, 3, *SIZE) * 2 - 1, torch.rand(1, 3, *SIZE) * 2 - 1
    labels = torch.randint(0, N_LABELS, (1, *SIZE))
    return picture, labels, torch.randint(0, 64, (1, 18, 2)).float(), torch.rand(1, 18) < 0.8, garment


def mirror(
    picture: torch.Tensor, labels: torch.Tensor, joints: torch.Tensor, seen: torch.Tensor, garment: torch.Tensor
):
    other = joints.clone()
    other[..., 0] = SIZE[1] - 1 - other[..., 0]
    swap = list(FLIP_JOINTS)
    there = torch.tensor(FLIP_LABELS)[labels].flip(-1)
    return picture.flip(-1), there, other[:, swap], seen[:, swap], garment.flip(-1)


def paint(net: Generator | LayoutGenerator, *given: torch.Tensor) -> Coarse:
    *person, garment = given
    return paint_both_ways(net, represent_both_ways(*person), garment)


def test_the_mirror_image_gets_the_mirrored_answer() -> None:
    torch.manual_seed(0)
    net = LayoutGenerator((8, 8, 8, 8, 8, 8), (0, 0, 0, 0, 0, 0)).eval()
    with torch.no_grad():
        here, there = paint(net, *pair()), paint(net, *mirror(*pair()))
    assert here.layout is not None and there.layout is not None and here.places is not None and there.places is not None
    torch.testing.assert_close(there.image.flip(-1), here.image, atol=1e-5, rtol=0)
    torch.testing.assert_close(there.mask.flip(-1), here.mask, atol=1e-5, rtol=0)
    torch.testing.assert_close(there.layout.flip(-1)[:, list(FLIP_LAYOUT)], here.layout, atol=1e-5, rtol=0)
    back = there.places.flip(-1).clone()
    back[:, 0] = SIZE[1] - 1 - back[:, 0]
    torch.testing.assert_close(back, here.places, atol=1e-3, rtol=0)
    torch.testing.assert_close(here.layout.sum(1), torch.ones(1, *SIZE))


def test_the_papers_generator_has_image_and_mask() -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        coarse = paint(Generator(4).eval(), *pair())
    assert coarse.image.shape == (1, 3, *SIZE) and coarse.mask.shape == (1, 1, *SIZE) and coarse.layout is None


def test_moved_there_and_back_is_the_same_but_for_the_rim() -> None:
    planes = torch.rand(2, 3, *SIZE)
    assert torch.equal(moved(moved(planes, MOVED), -MOVED)[..., :-MOVED], planes[..., :-MOVED])
    assert torch.equal(moved(planes, MOVED)[..., 20], planes[..., 20 - MOVED])


def test_both_views_move_their_joints_with_the_picture() -> None:
    picture, labels, joints, seen, _ = pair()
    both = represent_both_ways(picture, labels, joints, seen)
    assert torch.equal(both.joints[0, :, 0], joints[0, :, 0] + MOVED)
    assert torch.equal(both.joints[1, list(FLIP_JOINTS), 0], SIZE[1] - 1 - joints[0, :, 0] + MOVED)
    assert torch.equal(both.joints[0, :, 1], joints[0, :, 1])
