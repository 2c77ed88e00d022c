"""Colours of the old garment where the labels say something else."""

import numpy as np
import pytest

from viton_cli.compositing.leftovers import leftovers, through_hair
from viton_cli.imaging.filling import grow
from viton_cli.vocabulary import labels as L

CYAN, BEIGE, SKIN, WALL, DARK_HAIR = (30, 220, 225), (205, 180, 140), (225, 160, 130), (150, 110, 180), (45, 40, 40)


@pytest.fixture
def scene():
    """120x90: cyan top over beige trousers; the labels call a corner of the top trousers and another arm."""
    labels, photo = np.zeros((120, 90), np.uint8), np.empty((120, 90, 3), np.uint8)
    photo[:] = WALL
    labels[20:70, 20:60], photo[20:70, 20:60] = L.UPPER, CYAN
    labels[70:120, 20:60], photo[70:120, 20:60] = L.PANTS, BEIGE
    labels[20:70, 60:75], photo[20:70, 60:75] = L.L_ARM, SKIN
    noise = np.random.default_rng(0).integers(-8, 9, photo.shape)
    return labels, (photo + noise).clip(0, 255).astype(np.uint8)


def test_right_labels_leave_nothing_over(scene):
    assert not leftovers(*scene, 1.0).any()


@pytest.mark.parametrize("called", [L.PANTS, L.L_ARM, L.SKIRT])
def test_a_piece_of_the_garment_by_another_name_is_found(scene, called):
    labels, photo = scene
    labels[60:70, 45:60] = called
    found = leftovers(labels, photo, 1.0)
    assert found[60:70, 45:60].mean() > 0.95
    assert not found[70:].any() and not found[:, 60:].any()


def test_trousers_of_the_garments_own_colour_are_left_alone(scene):
    labels, photo = scene
    photo[labels == L.PANTS] = photo[30, 30]
    assert not leftovers(labels, photo, 1.0).any()


def test_what_does_not_touch_the_garment_is_none_of_it(scene):
    labels, photo = scene
    photo[100:110, 30:40] = CYAN
    assert not leftovers(labels, photo, 1.0)[95:].any()


def test_cloth_between_strands_of_hair_is_told_by_its_colour(scene):
    labels, photo = scene
    labels[5:40, 30:45], photo[5:40, 30:45] = L.HAIR, DARK_HAIR
    photo[30:40, 30:45:3] = CYAN
    found = through_hair(labels, photo, 1.0)
    assert found[30:40, 30:45:3].all() and found.sum() == found[30:40, 30:45:3].size


@pytest.mark.parametrize("shape", [(7, 200), (64, 48), (129, 65), (5, 5)])
def test_no_gap_is_darker_than_what_surrounds_it(shape):
    known = np.zeros(shape, bool)
    known[0, 0] = True
    grown = grow(np.full((*shape, 3), 200, np.uint8), known)
    assert np.allclose(grown, 200, atol=0.5)
