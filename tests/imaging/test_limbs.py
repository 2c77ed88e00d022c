from __future__ import annotations

import numpy as np
import pytest

from viton_cli.imaging.limbs import body_unit, sort_sides, split_legs, split_shoes, split_skin, standing_joints
from viton_cli.vocabulary import labels as L

HEIGHT, WIDTH = 400, 200


@pytest.fixture
def joints() -> np.ndarray:
    """Someone who fills the picture, face-on: the person's right is on the picture's left."""
    return standing_joints(np.ones((HEIGHT, WIDTH), bool))


def disc(centre: np.ndarray, radius: float = 4) -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.hypot(columns - centre[0], rows - centre[1]) <= radius


@pytest.mark.parametrize(
    ("joint", "label"),
    [
        (L.NOSE, L.FACE), (L.R_EYE, L.FACE), (L.L_EYE, L.FACE), (L.NECK, L.NECK_SKIN), (L.R_ELBOW, L.R_ARM),
        (L.L_ELBOW, L.L_ARM), (L.R_WRIST, L.R_ARM), (L.L_WRIST, L.L_ARM), (L.R_KNEE, L.R_LEG), (L.L_KNEE, L.L_LEG),
        (L.R_ANKLE, L.R_LEG), (L.L_ANKLE, L.L_LEG),
    ],
)  # fmt: skip
def test_skin_at_a_joint_is_that_part(joints: np.ndarray, joint: int, label: int) -> None:
    skin = disc(joints[joint])
    parts = split_skin(skin, joints)
    assert set(np.unique(parts[skin])) == {label}
    assert not parts[~skin].any()


def test_every_pixel_of_skin_gets_a_part(joints: np.ndarray) -> None:
    parts = split_skin(np.ones((HEIGHT, WIDTH), bool), joints)
    assert set(np.unique(parts)) == set(L.SKIN)


def test_mirroring_the_picture_swaps_the_sides(joints: np.ndarray) -> None:
    skin = np.random.default_rng(0).random((HEIGHT, WIDTH)) < 0.7
    # Nothing on the middle line, where a pixel belongs to both sides alike.
    skin[:, WIDTH // 2 - 1 : WIDTH // 2 + 1] = False
    mirrored = joints[list(L.FLIP_JOINTS)].copy()
    mirrored[:, 0] = WIDTH - 1 - mirrored[:, 0]
    parts = split_skin(skin, joints)
    again = np.array(L.FLIP_LABELS, np.uint8)[split_skin(skin[:, ::-1], mirrored)][:, ::-1]
    assert np.mean(parts != again) < 0.001


def test_the_chin_parts_face_and_neck(joints: np.ndarray) -> None:
    column = int(joints[L.NOSE, 0])
    skin = np.zeros((HEIGHT, WIDTH), bool)
    skin[: int(joints[L.NECK, 1]) + 1, column - 2 : column + 3] = True
    line = split_skin(skin, joints)[: int(joints[L.NECK, 1]) + 1, column]
    changes = np.flatnonzero(np.diff(line.astype(int)))
    assert line[0] == L.FACE and line[-1] == L.NECK_SKIN and len(changes) == 1
    assert joints[L.NOSE, 1] < changes[0] < joints[L.NECK, 1]


def test_a_hand_before_the_belly_is_an_arm_and_a_bare_waist_is_not(joints: np.ndarray) -> None:
    bent = joints.copy()
    bent[L.R_WRIST] = (WIDTH / 2 - 5, 0.38 * HEIGHT)
    hand = disc(bent[L.R_WRIST] + (8, 2), 9)
    assert set(np.unique(split_skin(hand, bent)[hand])) == {L.R_ARM}
    waist = np.zeros((HEIGHT, WIDTH), bool)
    waist[int(0.42 * HEIGHT) : int(0.48 * HEIGHT), 70:130] = True
    assert set(np.unique(split_skin(waist, joints)[waist])) == {L.NECK_SKIN}


def test_a_sliver_of_a_limb_goes_to_its_piece(joints: np.ndarray) -> None:
    """An arm's joint that is off does not leave a second arm at the edge of a leg."""
    leg = np.zeros((HEIGHT, WIDTH), bool)
    leg[200:370, 60:90] = True
    off = joints.copy()
    off[[L.R_ELBOW, L.R_WRIST]] = [(40, 180), (62, 196)]
    assert set(np.unique(split_skin(leg, off)[leg])) == {L.R_LEG}


def test_covered_legs_have_sides(joints: np.ndarray) -> None:
    legs = np.zeros((HEIGHT, WIDTH), bool)
    legs[220:380, 50:150] = True
    parts = split_legs(legs, joints)
    assert set(np.unique(parts[220:380, 50:99])) == {L.R_LEG}
    assert set(np.unique(parts[220:380, 101:150])) == {L.L_LEG}


def test_two_shoes_never_share_a_foot(joints: np.ndarray) -> None:
    near = joints.copy()
    near[[L.R_KNEE, L.R_ANKLE], 0] = 120
    near[[L.L_KNEE, L.L_ANKLE], 0] = 126  # both ankles are nearer to the shoe on the picture's right
    shoes = disc(np.array([90, 385]), 8) | disc(np.array([130, 385]), 8)
    parts = split_shoes(shoes, near)
    assert set(np.unique(parts[:, :110])) == {0, L.R_SHOE}
    assert set(np.unique(parts[:, 110:])) == {0, L.L_SHOE}


def test_shoes_that_touch_are_cut_between_the_ankles(joints: np.ndarray) -> None:
    shoes = np.zeros((HEIGHT, WIDTH), bool)
    shoes[375:395, 60:140] = True
    parts = split_shoes(shoes, joints)
    assert set(np.unique(parts[375:395, 60:98])) == {L.R_SHOE}
    assert set(np.unique(parts[375:395, 102:140])) == {L.L_SHOE}


def test_nothing_in_nothing_out(joints: np.ndarray) -> None:
    empty = np.zeros((20, 10), bool)
    for split in (split_skin, split_legs, split_shoes):
        assert not split(empty, joints).any()
    assert np.isfinite(standing_joints(empty)).all()


def test_the_unit_grows_with_the_person(joints: np.ndarray) -> None:
    assert body_unit(2 * joints) == pytest.approx(2 * body_unit(joints))
    assert body_unit(np.zeros((18, 2), np.float32)) == 1.0


SEEN = np.ones(L.N_JOINTS, bool)


def figure(joints: np.ndarray) -> np.ndarray:
    """Two arms, two legs and two shoes where the joints are, a face, and clothes between them."""
    labels = np.where(disc(joints[[L.NECK, L.R_HIP, L.L_HIP]].mean(0), 40), L.UPPER, L.BACKGROUND).astype(np.uint8)
    labels[disc(joints[L.NOSE], 12)] = L.FACE
    for joint, label in (
        (L.R_ELBOW, L.R_ARM), (L.L_ELBOW, L.L_ARM), (L.R_WRIST, L.R_ARM), (L.L_WRIST, L.L_ARM),
        (L.R_KNEE, L.R_LEG), (L.L_KNEE, L.L_LEG), (L.R_ANKLE, L.R_SHOE), (L.L_ANKLE, L.L_SHOE),
    ):  # fmt: skip
        labels[disc(joints[joint], 8)] = label
    return labels


@pytest.mark.parametrize("enlarged", [1, 4])
def test_swapped_sides_are_put_right(joints: np.ndarray, enlarged: int) -> None:
    truth = figure(joints)
    swapped = np.array(L.FLIP_LABELS, np.uint8)[truth]
    big = swapped.repeat(enlarged, 0).repeat(enlarged, 1)
    there = (joints + 0.5) * enlarged - 0.5
    sorted_ = sort_sides(big, there, SEEN)
    assert np.array_equal(sorted_, truth.repeat(enlarged, 0).repeat(enlarged, 1))
    assert np.array_equal(sort_sides(sorted_, there, SEEN), sorted_)


def test_a_limb_of_which_one_side_is_not_seen_stays_as_it_is(joints: np.ndarray) -> None:
    swapped = np.array(L.FLIP_LABELS, np.uint8)[figure(joints)]
    seen = SEEN.copy()
    seen[L.R_WRIST] = False
    sorted_ = sort_sides(swapped, joints, seen)
    arms = np.isin(swapped, L.ARMS)
    assert np.array_equal(sorted_[arms], swapped[arms])
    assert (sorted_[disc(joints[L.R_KNEE], 8)] == L.R_LEG).all()


def test_only_sides_change() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, L.N_LABELS, (1030, 520)).astype(np.uint8)
    points = rng.uniform(0, 500, (L.N_JOINTS, 2)).astype(np.float32)
    sorted_ = sort_sides(labels, points, SEEN)
    table = np.array(L.FLIP_LABELS, np.uint8)
    assert ((sorted_ == labels) | (sorted_ == table[labels])).all()
