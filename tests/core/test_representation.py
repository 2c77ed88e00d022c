"""The person representation, channel by channel, on pictures small enough to count."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from viton_cli.core.representation import CHANNELS, body_mask, coarse_shape, head_mask, pose_maps, represent
from viton_cli.vocabulary import labels as L

SIZE = (48, 36)


def maps(x: float, y: float, size: tuple[int, int] = SIZE, seen: bool = True) -> Tensor:
    joints = torch.zeros(1, 18, 2)
    joints[0, L.R_WRIST] = torch.tensor([x, y])
    flags = torch.zeros(1, 18, dtype=torch.bool)
    flags[0, L.R_WRIST] = seen
    return pose_maps(joints, flags, size)[0]


def test_a_joint_is_a_square_of_eleven_by_eleven_ones() -> None:
    square = maps(20, 30)[L.R_WRIST]
    expected = torch.zeros(SIZE)
    expected[25:36, 15:26] = 1
    assert torch.equal(square, expected) and square.sum() == 121


def test_coordinates_are_cut_to_whole_pixels() -> None:
    assert torch.equal(maps(20.99, 30.01), maps(20, 30))
    assert not torch.equal(maps(21, 30), maps(20, 30))


@pytest.mark.parametrize(
    ("x", "y", "ones"),
    [(0, 0, 36), (35, 47, 36), (0, 20, 66), (17, 0, 66), (2, 20, 8 * 11), (-3, 20, 3 * 11), (-7, 9, 0)],
)
def test_squares_end_at_the_border(x: int, y: int, ones: int) -> None:
    assert maps(x, y)[L.R_WRIST].sum() == ones


def test_an_unseen_joint_is_nothing_even_at_the_origin() -> None:
    assert not maps(20, 30, seen=False).any()
    assert not maps(0, 0, seen=False).any()
    others = [i for i in range(18) if i != L.R_WRIST]
    assert not maps(20, 30)[others].any()


def test_body_and_head_divide_the_person() -> None:
    every = torch.arange(L.N_LABELS)[None, None]
    body, head = body_mask(every)[0, 0, 0].bool(), head_mask(every)[0, 0, 0].bool()
    assert {i for i in range(L.N_LABELS) if head[i]} == {L.HAT, L.HAIR, L.SUNGLASSES, L.FACE}
    assert not (body & head).any()
    assert {i for i in range(L.N_LABELS) if not body[i] and not head[i]} == {L.BACKGROUND, L.BAG}


def test_the_shape_is_the_area_mean_of_blocks() -> None:
    labels = torch.zeros(1, 32, 24, dtype=torch.int64)
    labels[0, :3, :2] = L.UPPER  # block (0, 0) whole, half of block (1, 0)
    labels[0, 31, 23] = L.PANTS  # a quarter of the last one
    labels[0, 10:12, 10:12] = L.FACE
    shape = coarse_shape(labels)[0, 0]
    expected = torch.zeros(16, 12)
    expected[0, 0], expected[1, 0], expected[15, 11] = 1, 0.5, 0.25
    assert shape.shape == (16, 12) and torch.equal(shape, expected)


def test_the_shape_channel_is_the_coarse_shape_stretched_bilinearly() -> None:
    labels = torch.zeros(1, 64, 48, dtype=torch.int64)
    labels[:, :, 24:] = L.UPPER
    p = represent(torch.zeros(1, 3, 64, 48), labels, torch.zeros(1, 18, 2), torch.zeros(1, 18, dtype=torch.bool))
    row = p[0, 18, 30]
    # Cells are 4 wide, centres at 1.5, 5.5 ...: between the centres 21.5 and 25.5 of the last 0 and the first 1.
    expected = ((torch.arange(48) - 21.5) / 4).clamp(0, 1)
    torch.testing.assert_close(row, expected)
    torch.testing.assert_close(p[0, 18], row.expand(64, 48))


def test_the_head_is_the_photo_and_zero_elsewhere() -> None:
    image = torch.rand(1, 3, *SIZE) * 2 - 1
    labels = torch.randint(0, L.N_LABELS, (1, *SIZE))
    p = represent(image, labels, torch.zeros(1, 18, 2), torch.zeros(1, 18, dtype=torch.bool))
    head = torch.isin(labels, torch.tensor(L.HEAD))[:, None].expand(-1, 3, -1, -1)
    assert torch.equal(p[:, 19:][head], image[head])
    assert not p[:, 19:][~head].any()


@pytest.mark.parametrize("size", [(256, 192), (128, 96), (64, 64), (50, 37)])
def test_22_channels_at_any_size(size: tuple[int, int]) -> None:
    p = represent(
        torch.rand(2, 3, *size) * 2 - 1, torch.randint(0, L.N_LABELS, (2, *size)),
        torch.rand(2, 18, 2) * size[1], torch.ones(2, 18, dtype=torch.bool),
    )  # fmt: skip
    assert CHANNELS == 22 and p.shape == (2, 22, *size)
    assert set(p[:, :18].unique().tolist()) == {0.0, 1.0}
    assert p[:, 18].min() >= 0 and p[:, 18].max() <= 1 and p[:, 19:].abs().max() <= 1
