"""Augmentation carries joints and places along exactly."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from viton_cli.data import triplets as parts
from viton_cli.training.pairs.pair_augment import Recolouring
from viton_cli.training.pairs.triplet_augment import recolour
from viton_cli.training.pairs.triplet_set import carried_joints, carried_places, flip_parts, layout_of
from viton_cli.training.pairs.views import View, nearest, person_view, plain_view, product_view, sample
from viton_cli.vocabulary import labels as L
from viton_cli.vocabulary.layout import GARMENT, HEAD, L_SLEEVE, LOWER, R_SLEEVE, TRUNK

SIZE, STORED = (64, 48), (84, 63)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_what_a_view_shows_is_where_it_carries_it(seed: int, flip: bool) -> None:
    view = person_view(np.random.default_rng(seed), 1.5, flip, SIZE, STORED)
    pixels = torch.stack(torch.meshgrid(torch.arange(48.0), torch.arange(64.0), indexing="xy"), 2)
    inside = torch.zeros(SIZE, dtype=torch.bool)
    inside[6:-6, 6:-6] = True
    assert (view.carry(view.positions()[inside]) - pixels[inside]).abs().max() < 0.03


def test_a_plain_view_is_the_middle() -> None:
    picture = torch.rand(3, *STORED)
    shown = sample(picture, plain_view((62, 47), STORED).positions())
    torch.testing.assert_close(shown, picture[:, 11:73, 8:55])


def smooth_product() -> torch.Tensor:
    """A picture (1, 64, 48) that changes slowly and is different everywhere along x + 2 y."""
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(48.0), indexing="ij")
    return (columns + 2 * rows)[None]


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_augmented_product_at_the_augmented_places_is_the_augmented_truth(seed: int, flip: bool) -> None:
    """The garment at half size on the person: the truth's picture is the product's at the places."""
    rows, columns = torch.meshgrid(torch.arange(84.0), torch.arange(63.0), indexing="ij")
    places = torch.stack([(columns - 18) * 1.4, (rows - 22) * 1.4])
    outside = ((places < 4) | (places > torch.tensor([43.0, 59.0]).view(2, 1, 1))).any(0)
    places[:, outside] = torch.nan
    truth = torch.nan_to_num(sample(smooth_product(), torch.nan_to_num(places).permute(1, 2, 0)))
    rng = np.random.default_rng(seed)
    person, product = person_view(rng, 1.0, flip, SIZE, STORED), product_view(rng, 1.0, flip, SIZE)
    positions = person.positions()
    carried = carried_places(places, positions, product)
    # Well within the frame of the product: beyond it, the view's edge is repeated.
    known = (
        torch.isfinite(carried[0]) & (carried > 2).all(0) & (carried < torch.tensor([45.0, 61.0])[:, None, None]).all(0)
    )
    inner = torch.nn.functional.avg_pool2d(known.float()[None], 5, 1, 2)[0] > 0.999
    assert inner.sum() > 250
    shown = sample(sample(smooth_product(), product.positions()), torch.nan_to_num(carried).permute(1, 2, 0))
    wanted = sample(truth, positions)
    # x + 2 y: an error of a pixel is one of 1 to 3.
    assert (shown - wanted)[0][inner].abs().max() < 0.35
    assert (shown - wanted)[0][inner].abs().mean() < 0.05


def test_places_are_not_mixed_across_the_edge_of_two_parts() -> None:
    places = torch.zeros(2, *STORED)
    places[0, :, 31:] = 40.0
    half = View(SIZE, STORED, torch.eye(2), torch.tensor([0.3, 0.0]))
    assert set(carried_places(places, half.positions(), plain_view(SIZE, SIZE))[0].unique().tolist()) == {0.0, 40.0}


def test_joints_change_sides_with_the_picture() -> None:
    joints = np.tile(np.array([[31.0, 41.5]], np.float32), (18, 1))
    joints[L.R_WRIST], joints[L.L_WRIST] = (20, 50), (40, 60)
    seen = np.ones(18, bool)
    seen[L.R_WRIST] = False
    mirrored = View(SIZE, STORED, torch.tensor([[-1.0, 0.0], [0.0, 1.0]]), torch.zeros(2), flip=True)
    at, there = carried_joints(joints, seen, mirrored)
    assert at[L.L_WRIST].tolist() == [47 - (20 - 7.5), 50 - 10] and not there[L.L_WRIST]
    assert at[L.R_WRIST].tolist() == [47 - (40 - 7.5), 60 - 10] and there[L.R_WRIST]


def test_joints_outside_the_view_are_not_seen() -> None:
    joints = np.tile(np.array([[31.0, 41.5]], np.float32), (18, 1))
    joints[L.NOSE] = (5, 41)
    _, there = carried_joints(joints, np.ones(18, bool), plain_view(SIZE, STORED))
    assert not there[L.NOSE] and there[1:].all()


def test_sleeves_change_sides() -> None:
    part = torch.tensor([0, parts.TRUNK, parts.L_SLEEVE, parts.R_SLEEVE, parts.COLLAR], dtype=torch.uint8)
    assert flip_parts(part).tolist() == [0, parts.TRUNK, parts.R_SLEEVE, parts.L_SLEEVE, parts.COLLAR]


def test_layout_of_labels_and_parts() -> None:
    labels = torch.tensor([0, L.HAIR, L.UPPER, L.UPPER, L.DRESS, L.UPPER, L.COAT, L.PANTS], dtype=torch.uint8)
    part = torch.tensor([40, 40, 40, 80, 120, 160, 0, 80], dtype=torch.uint8)
    assert layout_of(labels, part).tolist() == [0, HEAD, TRUNK, L_SLEEVE, R_SLEEVE, TRUNK, GARMENT, LOWER]


def test_the_nearest_pixel_is_the_one_that_sampling_takes() -> None:
    positions = torch.rand(40, 30, 2, generator=torch.Generator().manual_seed(0)) * 30 - 5  # beyond the edges too
    picture = torch.arange(20 * 16, dtype=torch.float32).reshape(1, 20, 16)
    assert torch.equal(picture.reshape(-1)[nearest(positions, (20, 16))], sample(picture, positions, nearest=True)[0])


def test_a_new_colour_is_given_where_the_garment_is_and_in_shares_at_its_edge() -> None:
    picture, alpha = torch.full((3, 2, 3), 100.0), torch.tensor([[[0.0, 0.5, 1.0], [0.0, 0.0, 1.0]]])
    swap = Recolouring(np.eye(3, dtype=np.float32), np.array([0.5, 1.0, 2.0], np.float32), 1.0)
    changed = recolour(picture, alpha, swap)
    expected = torch.stack([100 + alpha[0] * (value - 100) for value in (50.0, 100.0, 200.0)])
    torch.testing.assert_close(changed, expected)
    assert (picture == 100).all(), "the picture itself stays"
