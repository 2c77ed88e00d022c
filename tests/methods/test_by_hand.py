"""Sleeves and hem as they are wished: the layout follows, and nothing else of it changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from viton_cli.methods.by_hand import LOOSE, TUCKED, Wishes, as_wished
from viton_cli.records import Coarse
from viton_cli.vocabulary import labels as L
from viton_cli.vocabulary import layout as classes

SIZE = (256, 192)
JOINTS, SEEN = np.zeros((18, 2), np.float32), np.zeros(18, bool)
PLACED = {
    L.NECK: (96, 50), L.R_SHOULDER: (70, 55), L.R_ELBOW: (45, 100), L.R_WRIST: (40, 150), L.L_SHOULDER: (122, 55),
    L.L_ELBOW: (147, 100), L.L_WRIST: (152, 150), L.R_HIP: (80, 150), L.L_HIP: (112, 150),
}  # fmt: skip
for joint, place in PLACED.items():
    JOINTS[joint], SEEN[joint] = place, True
TORSO = 100


def coarse() -> Coarse:
    """A T-shirt to the hips over trousers: sleeves to the elbows, skin below them."""
    kind = np.full(SIZE, classes.BACKGROUND)
    kind[55:150, 68:124] = classes.TRUNK
    kind[150:230, 70:122] = classes.LOWER
    for sleeve, left, right in ((classes.R_SLEEVE, 34, 68), (classes.L_SLEEVE, 124, 160)):
        kind[55:100, left:right] = sleeve
        kind[100:155, left:right] = classes.SKIN
    shares = np.eye(len(classes.LAYOUT), dtype=np.float32)[kind].transpose(2, 0, 1)
    garment = np.isin(kind, classes.GARMENT_LAYERS).astype(np.float32)
    return Coarse(
        torch.zeros(1, 3, *SIZE), torch.from_numpy(garment)[None, None], torch.from_numpy(shares.copy())[None]
    )


def kinds(wishes: Wishes, seen: np.ndarray = SEEN) -> np.ndarray:  # type: ignore[type-arg]
    made = as_wished(coarse(), wishes, JOINTS, seen)
    assert made.layout is not None
    assert torch.allclose(made.layout.sum(1), torch.ones(1, *SIZE)), "shares still add to 1"
    garment = made.layout[0, list(classes.GARMENT_LAYERS)].sum(0)
    assert torch.allclose(made.mask[0, 0], garment), "the clothing mask follows the layout"
    return np.asarray(made.layout[0].argmax(0).numpy())


BEFORE = kinds(Wishes())


def at(kind: np.ndarray, joint: int, towards: int, share: float) -> int:  # type: ignore[type-arg]
    """What there is so far along a bone."""
    x, y = (JOINTS[joint] + share * (JOINTS[towards] - JOINTS[joint])).round().astype(int)
    return int(kind[y, x])


@pytest.mark.parametrize(
    ("sleeves", "upper", "lower"), [("none", False, False), ("short", True, False), ("long", True, True)]
)
def test_sleeves_reach_as_far_as_they_are_said_to(sleeves: str, upper: bool, lower: bool) -> None:
    kind = kinds(Wishes(sleeves=sleeves))
    for sleeve, shoulder, elbow, wrist in (
        (classes.R_SLEEVE, L.R_SHOULDER, L.R_ELBOW, L.R_WRIST),
        (classes.L_SLEEVE, L.L_SHOULDER, L.L_ELBOW, L.L_WRIST),
    ):
        assert at(kind, shoulder, elbow, 0.5) == (sleeve if upper else classes.SKIN)
        assert at(kind, elbow, wrist, 0.5) == (sleeve if lower else classes.SKIN)
    other = ~np.isin(BEFORE, (classes.SKIN, classes.L_SLEEVE, classes.R_SLEEVE))
    assert (kind[other] == BEFORE[other]).all(), "trunk, trousers and background stay"


def test_an_arm_that_is_not_seen_is_left_alone() -> None:
    seen = SEEN.copy()
    seen[L.R_WRIST] = False
    kind = kinds(Wishes(sleeves="none"), seen)
    assert (kind[:, :68] == BEFORE[:, :68]).all() and (kind[:, 124:] != BEFORE[:, 124:]).any()


@pytest.mark.parametrize(
    ("wishes", "hem"),
    [(Wishes(length=0.6), 0.6), (Wishes(length=1.3), 1.3), (Wishes(tuck=True), TUCKED), (Wishes(tuck=False), LOOSE),
     (Wishes(length=1.2, tuck=True), 1.2)],
)  # fmt: skip
def test_the_trunk_ends_at_its_hem(wishes: Wishes, hem: float) -> None:
    column = kinds(wishes)[:, 96]
    rows = np.flatnonzero(column == classes.TRUNK)
    assert rows[-1] == pytest.approx(50 + hem * TORSO, abs=1.5) and len(rows) == rows[-1] - rows[0] + 1
    below = column[rows[-1] + 1]
    assert below == (classes.SKIN if hem < 0.8 else classes.LOWER)


def test_without_a_wish_or_a_layout_nothing_changes() -> None:
    made = coarse()
    assert as_wished(made, Wishes(), JOINTS, SEEN) is made
    bare = Coarse(made.image, made.mask)
    assert as_wished(bare, Wishes(sleeves="none"), JOINTS, SEEN) is bare
    assert bool(Wishes()) is False and bool(Wishes(tuck=False)) is True
