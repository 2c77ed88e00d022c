"""Joints drawn in OpenPose's colours, thickness and blending."""

from __future__ import annotations

import numpy as np

from viton_cli.imaging.openpose import BODY25_COLOURS, BODY25_PAIRS, COCO18_COLOURS, COCO18_PAIRS, draw_openpose
from viton_cli.vocabulary.labels import COCO18_IN_BODY25


def points(*known: tuple[int, float, float], count: int = 25) -> np.ndarray:
    table = np.zeros((count, 3))
    for joint, x, y in known:
        table[joint] = x, y, 0.9
    return table


def test_a_joint_is_a_disc_of_its_colour_at_weight_06() -> None:
    picture = draw_openpose(points((4, 50, 40), (0, 300, 420)), (512, 384))
    assert picture[40, 50].tolist() == [153, 153, 0]  # 0.6 of yellow, the right wrist's
    assert picture[420, 300].tolist() == [153, 0, 51]  # 0.6 of FF0055, the nose's
    radius = 384 / 100  # both joints lie far enough apart for full size
    reached = np.flatnonzero(picture[40].any(1))
    assert reached[0] == np.ceil(50 - radius) and reached[-1] == np.floor(50 + radius)


def test_a_bone_is_an_ellipse_in_the_colour_of_its_second_joint() -> None:
    picture = draw_openpose(points((3, 40, 100), (4, 340, 100), (0, 200, 500)), (512, 384))
    assert picture[100, 190].tolist() == [153, 153, 0]
    thickness = np.flatnonzero(picture[90:111, 190].any(1))
    assert len(thickness) == 2 * np.floor(384 / 120) + 1
    assert np.flatnonzero(picture[90:111, 60].any(1)).size < len(thickness), "thinner towards its ends"
    assert picture[100, 338].tolist() == [214, 214, 0]  # the wrist's disc is blended over the bone


def test_small_people_are_drawn_thinner_and_nobody_is_black() -> None:
    small = draw_openpose(points((0, 100, 100), (1, 100, 160)), (512, 384))
    assert np.count_nonzero(small[100].any(1)) == 2 * np.floor(384 / 100 * 0.33) + 1
    assert not draw_openpose(points(), (64, 48)).any()
    one = draw_openpose(points((1, -3, 20)), (64, 48))
    assert one.shape == (64, 48, 3)


def test_both_orders_are_the_same_skeleton() -> None:
    """COCO-18 lacks the middle of the hips, from which BODY_25 leads to both, and the feet."""
    in_coco = {place: joint for joint, place in enumerate(COCO18_IN_BODY25)}
    shared = {(in_coco[a], in_coco[b]) for a, b in BODY25_PAIRS if a in in_coco and b in in_coco}
    assert set(COCO18_PAIRS) - shared == {(1, 8), (1, 11)}
    assert len(BODY25_COLOURS) == 25 and len(COCO18_COLOURS) == 18
    assert all(BODY25_COLOURS[place] == COCO18_COLOURS[joint] for place, joint in in_coco.items())
