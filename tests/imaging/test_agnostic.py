"""What is taken away of a person, by the rules of VITON-HD's data set."""

from __future__ import annotations

import numpy as np
import pytest

from viton_cli.imaging.agnostic import agnostic_labels, agnostic_picture, agnostic_region, with_torso

SIZE = (1024, 768)
# Neck, then right and left: shoulder, elbow, wrist, hip.
JOINTS = {
    0: (384, 120), 1: (384, 250), 2: (264, 260), 3: (200, 450), 4: (160, 640), 5: (504, 260), 6: (568, 450),
    7: (608, 640), 9: (320, 620), 12: (448, 620),
}  # fmt: skip


def body(**without: int) -> np.ndarray:
    points = np.zeros((25, 3))
    for joint, place in JOINTS.items():
        if joint not in without.values():
            points[joint] = (*place, 1)
    return points


def arms() -> np.ndarray:
    labels = np.zeros(SIZE, np.uint8)
    labels[:, :384], labels[:, 384:] = 15, 14
    return labels


def test_garment_and_neck_are_taken_from_the_parse() -> None:
    labels = np.arange(20, dtype=np.uint8).repeat(64)[None].repeat(960, 0)
    found = agnostic_labels(labels, np.zeros((25, 3)))
    gone = np.isin(labels, (5, 6, 7, 10))
    assert not found[gone].any() and np.array_equal(found[~gone], labels[~gone])


def test_arms_are_taken_as_far_as_the_corridor_goes() -> None:
    found = agnostic_labels(arms(), body())
    x, y = JOINTS[3]
    assert not found[y, x - 149 : x + 149].any() and found[y, x - 152] == 15, "150 pixels around the elbow"
    x, y = JOINTS[4]
    assert found[y + 42, x] == 15 and not found[y + 38, x], "40 pixels around the wrist: the hand stays"
    middle = np.mean([JOINTS[6], JOINTS[7]], axis=0).astype(int)
    assert not found[middle[1], middle[0]]
    half = agnostic_labels(arms()[::2, ::2], body() / 2)
    assert (half == found[::2, ::2]).mean() > 0.99, "lengths go with the picture's height"


def test_an_unknown_elbow_is_stepped_over() -> None:
    points = body(elbow=3)
    middle = np.mean([JOINTS[2], JOINTS[4]], axis=0).astype(int)
    assert not agnostic_labels(arms(), points)[middle[1], middle[0]]
    assert agnostic_labels(arms(), body(elbow=3, wrist=4))[JOINTS[4][1], JOINTS[4][0]] == 15


def test_the_region_is_torso_neck_and_arms_but_not_face_hands_and_lower_body() -> None:
    plain = agnostic_region(np.zeros(SIZE, np.uint8), body())
    r = 240 // 16 + 1
    assert all(plain[JOINTS[joint][1], JOINTS[joint][0]] for joint in (2, 3, 4, 5, 6, 7, 9, 12))
    assert plain[250 - 9 * r + 1, 384] and not plain[250 - 9 * r - 2, 384], "the neck up to nine units"
    assert plain[620, 384 - 120], "the hips are drawn as far apart as the shoulders"
    for label in (4, 13, 9, 12, 16, 17, 18, 19):
        assert not agnostic_region(np.full(SIZE, label, np.uint8), body()).any()
    hands = agnostic_region(arms(), body())
    x, y = JOINTS[4]
    assert hands[y, x] and plain[y + 5 * r - 2, x] and not hands[y + 5 * r - 2, x], "a hand is kept beyond four units"
    picture = agnostic_picture(np.full((*SIZE, 3), 7, np.uint8), plain)
    assert (picture[plain] == 128).all() and (picture[~plain] == 7).all()


@pytest.mark.parametrize(
    "without", [{"a": 9}, {"a": 12}, {"a": 9, "b": 12}, {"a": 1}, {"a": 2}, {"a": 2, "b": 5}, {"a": 1, "b": 2, "c": 5},
                {f"j{joint}": joint for joint in JOINTS}, {f"j{joint}": joint for joint in JOINTS if joint}]
)  # fmt: skip
def test_what_is_missing_of_a_torso_is_put_where_an_upright_person_has_it(without: dict[str, int]) -> None:
    given = body(**without)
    found = with_torso(given, SIZE)
    missing = [joint for joint in (1, 2, 5, 9, 12) if joint in without.values()]
    assert not found[missing, 2].any(), "not found stays not found"
    others = [joint for joint in range(25) if joint not in missing]
    assert np.array_equal(found[others], given[others])
    assert found[2, 0] < found[1, 0] < found[5, 0] and found[9, 0] < found[12, 0] and found[9, 1] > found[2, 1]
    assert all(np.linalg.norm(found[j, :2] - JOINTS[j]) < 220 for j in missing)
    assert agnostic_region(np.zeros(SIZE, np.uint8), found).any()


def test_hips_on_one_spot_are_drawn_apart() -> None:
    points = body()
    points[9] = points[12]
    found = with_torso(points, SIZE)
    assert np.linalg.norm(found[9, :2] - found[12, :2]) > 50
