"""Hems and sleeves cut off product and truth alike."""

import numpy as np
import pytest
import torch

from viton_cli.data.triplets import L_SLEEVE, R_SLEEVE, TRUNK
from viton_cli.training.pairs.shorten import HEM, Cut, Sleeve, random_cut, reframed, sleeve_of, whole_parts
from viton_cli.training.pairs.views import plain_view

SIZE = (256, 192)


@pytest.fixture
def part():
    """A product: a trunk of 60x180, sleeves that hang at 45 degrees; the wearer's left is right in the picture."""
    part = np.zeros(SIZE, np.uint8)
    part[40:220, 66:126] = TRUNK
    for step in range(45):
        part[45 + step : 65 + step, 126 + step] = L_SLEEVE
        part[45 + step : 65 + step, 65 - step] = R_SLEEVE
    return part


def places():
    y, x = np.indices(SIZE)
    return torch.from_numpy(x), torch.from_numpy(y)


def test_a_hem_takes_the_trunk_below_it_and_no_sleeve(part):
    x, y = places()
    gone = Cut(100.0, {}, 0.0).gone(torch.from_numpy(part), x, y).numpy()
    assert np.array_equal(gone, (part == TRUNK) & (y.numpy() > 100))


@pytest.mark.parametrize(("name", "side"), [(L_SLEEVE, 1), (R_SLEEVE, -1)])
def test_a_sleeves_way_goes_from_shoulder_to_cuff(part, name, side):
    sleeve = sleeve_of(part, name)
    assert sleeve is not None
    rows, columns = np.nonzero(part == name)
    along = sleeve.along(torch.from_numpy(columns), torch.from_numpy(rows)).numpy()
    assert np.corrcoef(along, side * columns)[0, 1] > 0.9
    assert along.min() > -0.4 and 0.9 < along.max() < 1.3


def test_a_sleeve_is_cut_across_its_way():
    sleeve = Sleeve((0.0, 0.0), (0.01, 0.0))  # 100 px to the right
    part = torch.full((1, 200), L_SLEEVE)
    gone = Cut(None, {L_SLEEVE: sleeve}, 0.5).gone(part, torch.arange(200.0)[None], torch.zeros(1, 200))
    assert torch.equal(gone[0], torch.arange(200) > 50)


def test_unknown_places_stay():
    part = torch.full((1, 3), TRUNK)
    assert not Cut(10.0, {}, 0.0).gone(part, torch.full((1, 3), torch.nan), torch.full((1, 3), torch.nan)).any()


def test_what_is_left_fills_the_frame_and_points_go_with_it(part):
    y, _ = np.indices(SIZE)
    solid = (part > 0) & (y < 130)
    view = reframed(plain_view(SIZE, SIZE), solid)
    corners = torch.tensor([[21.0, 40.0], [170.0, 129.0]])
    (left, top), (right, bottom) = view.carry(corners).tolist()
    assert right - left == pytest.approx(0.9 * SIZE[1], abs=2) and left == pytest.approx(SIZE[1] - 1 - right, abs=0.6)
    assert top == pytest.approx(SIZE[0] - 1 - bottom, abs=0.6)
    back = view.positions()[round(top), round(left)]
    assert torch.allclose(back, corners[0], atol=1.0)


def test_cuts_are_often_made_and_within_their_bounds(part):
    rng = np.random.default_rng(0)
    cuts = [random_cut(rng, part) for _ in range(300)]
    hems = np.array([cut.hem for cut in cuts if cut is not None and cut.hem is not None])
    assert 0.25 < len(hems) / 300 < 0.45
    shares = (hems - 40) / 179
    assert shares.min() >= HEM[0] and shares.max() <= HEM[1]
    assert random_cut(rng, np.zeros(SIZE, np.uint8)) is None


def test_parts_reach_to_the_rim_of_the_mask(part):
    mask = np.zeros(SIZE, np.uint8)
    mask[38:222, 64:128] = 255
    whole = whole_parts(np.where(np.indices(SIZE)[1] % 2, part, 0).astype(np.uint8), mask)
    assert (whole[mask > 0] > 0).all() and not whole[mask == 0].any()
    assert not whole_parts(np.zeros(SIZE, np.uint8), mask).any()
