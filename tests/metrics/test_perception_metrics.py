"""Scores of perception, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from viton_cli.metrics.perception import LabelCounts, correct_keypoints, torso_diagonal
from viton_cli.vocabulary import labels as L


def counted(truth: list[int], predicted: list[int]) -> LabelCounts:
    counts = LabelCounts()
    counts.add(np.array([truth], np.uint8), np.array([predicted], np.uint8))
    return counts


def test_iou_by_hand() -> None:
    counts = counted(
        [L.BACKGROUND] * 4 + [L.HAIR] * 4 + [L.UPPER] * 2,
        [L.BACKGROUND] * 3 + [L.HAIR] + [L.HAIR] * 2 + [L.UPPER] * 2 + [L.UPPER] * 2,
    )
    assert counts.iou() == pytest.approx({"background": 3 / 4, "hair": 2 / 5, "top": 2 / 4})
    assert counts.mean_iou() == pytest.approx((3 / 4 + 2 / 5 + 2 / 4) / 3)
    assert counts.person_iou() == pytest.approx(6 / 7)


def test_labels_of_one_group_count_as_equal() -> None:
    assert counted([L.L_ARM, L.R_ARM, L.PANTS], [L.R_ARM, L.GLOVE, L.SKIRT]).mean_iou() == 1
    assert counted([L.UPPER], [L.COAT]).mean_iou() == 0


def test_classes_absent_from_the_truth_have_no_score_but_do_harm() -> None:
    counts = counted([L.FACE, L.FACE], [L.FACE, L.HAT])
    assert counts.iou() == {"face": 0.5}


def test_unknown_pixels_are_left_out_and_pictures_add_up() -> None:
    counts = counted([L.FACE, 255, 255], [L.FACE, L.HAT, L.BACKGROUND])
    assert counts.mean_iou() == 1
    counts.add(np.array([[L.FACE] * 3], np.uint8), np.array([[L.HAIR] * 3], np.uint8))
    assert counts.iou() == {"face": 1 / 4}


def test_nothing_counted_is_zero() -> None:
    assert LabelCounts().mean_iou() == 0 and LabelCounts().person_iou() == 0 and LabelCounts().iou() == {}


def torso() -> tuple[np.ndarray, np.ndarray]:
    """Shoulders and hips at the corners of a 30x40 rectangle: both diagonals are 50."""
    joints, seen = np.zeros((18, 2), np.float32), np.zeros(18, bool)
    for joint, place in {L.R_SHOULDER: (0, 0), L.L_SHOULDER: (30, 0), L.R_HIP: (0, 40), L.L_HIP: (30, 40)}.items():
        joints[joint], seen[joint] = place, True
    return joints, seen


def test_torso_diagonal() -> None:
    joints, seen = torso()
    assert torso_diagonal(joints, seen) == pytest.approx(50)
    seen[L.L_HIP] = False
    assert torso_diagonal(joints, seen) == pytest.approx(50), "the other diagonal"
    seen[L.R_HIP] = False
    assert torso_diagonal(joints, seen) is None


def test_keypoints_within_a_share_of_the_diagonal_are_correct() -> None:
    joints, seen = torso()
    joints[L.NOSE], seen[L.NOSE] = (15, -20), True
    predicted = joints.copy()
    predicted[L.NOSE] += (6, 8)  # 10 away: 0.2 of the diagonal
    predicted[L.L_HIP] += (0, 5.1)
    predicted[L.R_ANKLE] = (999, 999)  # not seen in the truth: not asked
    at = {t: correct_keypoints(joints, seen, predicted, t) for t in (0.1, 0.2, 0.21)}
    assert all(found is not None and len(found) == 5 for found in at.values())
    assert at[0.1].sum() == 3 and at[0.21].sum() == 5  # type: ignore[union-attr]
    assert at[0.1][0] == False and at[0.2].sum() == 5  # type: ignore[index, union-attr]  # noqa: E712
    assert correct_keypoints(joints, np.zeros(18, bool), predicted, 0.2) is None
