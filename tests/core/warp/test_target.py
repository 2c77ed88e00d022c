"""The mask the warp aims at: whole under hair, hands and bags, untouched elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from viton_cli.core.warp.target import whole_target
from viton_cli.perception.backends.fake import draw_person
from viton_cli.vocabulary import labels as L


def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A drawn person whose clothing mask is its top."""
    _, labels, pose = draw_person((256, 192), scale=1.3)
    return (labels == L.UPPER).astype(np.float32), labels.copy(), pose.joints, pose.seen


def trunk_spot(joints: np.ndarray, down: float) -> tuple[int, int]:
    """(row, column) on the body's middle line, `down` of the way from the shoulders to the hips."""
    top, low = joints[[L.R_SHOULDER, L.L_SHOULDER]].mean(0), joints[[L.R_HIP, L.L_HIP]].mean(0)
    x, y = top + down * (low - top)
    return round(float(y)), round(float(x))


def test_a_mask_with_nothing_in_front_stays_as_it_is() -> None:
    mask, labels, joints, seen = scene()
    assert np.array_equal(whole_target(mask, labels, joints, seen), mask)


@pytest.mark.parametrize("label", [L.HAIR, L.BAG, L.R_ARM, L.SCARF])
def test_what_lies_on_the_trunk_hides_garment(label: int) -> None:
    mask, labels, joints, seen = scene()
    row, column = trunk_spot(joints, 0.6)
    bite = np.s_[row - 6 : row + 7, column - 6 : column + 7]
    mask[bite], labels[bite] = 0, label
    assert whole_target(mask, labels, joints, seen)[bite].min() == 1


def test_skin_and_trousers_hide_nothing() -> None:
    mask, labels, joints, seen = scene()
    row, column = trunk_spot(joints, 0.6)
    bite = np.s_[row - 6 : row + 7, column - 6 : column + 7]
    mask[bite], labels[bite] = 0, L.NECK_SKIN
    assert whole_target(mask, labels, joints, seen)[bite].max() == 0


def test_a_short_garment_is_not_made_longer() -> None:
    mask, labels, joints, seen = scene()
    row, column = trunk_spot(joints, 0.7)
    mask[row - 20 :] = 0
    labels[row : row + 8, column - 6 : column + 7] = L.BAG
    assert np.array_equal(whole_target(mask, labels, joints, seen), mask)


def test_without_hips_or_without_a_mask_nothing_changes() -> None:
    mask, labels, joints, seen = scene()
    labels[mask > 0] = L.BAG
    hidden = seen.copy()
    hidden[L.L_HIP] = False
    assert np.array_equal(whole_target(mask, labels, joints, hidden), mask)
    assert not whole_target(np.zeros_like(mask), labels, joints, seen).any()
