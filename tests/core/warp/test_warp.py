"""Warps of drawn garments: known maps are found again, and sleeves go to the arms they belong to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn_garments import GARMENTS, SIZE, VARIANTS, iou, jumper, person, tee, vest, warped_mask
from scipy import ndimage

from viton_cli.core.warp import fit_warp
from viton_cli.core.warp.tps import pixel_grid
from viton_cli.vocabulary.labels import L_ELBOW, L_SHOULDER, L_WRIST, R_ELBOW, R_SHOULDER


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("garment", GARMENTS)
def test_identity(garment: str, variant: str) -> None:
    mask = GARMENTS[garment]()
    warp = fit_warp(mask, mask, variant)
    inside = ndimage.binary_erosion(mask > 0.5, iterations=3)
    moved = warp.places(SIZE) - pixel_grid(SIZE) if len(warp.layers) == 1 else None
    assert iou(warped_mask(warp, mask), mask) > 0.97
    assert warp.folded == 0 and warp.fallback is None
    if moved is not None:
        assert float(moved.norm(dim=-1)[torch.from_numpy(inside)].median()) < 0.6


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("dx", "dy"), [(8, 0), (0, -12), (9, 13)])
def test_translation(variant: str, dx: int, dy: int) -> None:
    mask = vest()
    shifted = np.roll(mask, (dy, dx), (0, 1))
    warp = fit_warp(mask, shifted, variant)
    where = warp.places(SIZE) - pixel_grid(SIZE)
    inside = torch.from_numpy(ndimage.binary_erosion(shifted > 0.5, iterations=3))
    assert torch.allclose(where[inside].median(0).values.double(), torch.tensor([-dx, -dy]).double(), atol=0.5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_scale(variant: str) -> None:
    garment = jumper()
    target = ndimage.zoom(garment, 0.5, order=1)[:128, :96]
    small = np.zeros(SIZE, np.float32)
    small[60:188, 40:136] = target
    warp = fit_warp(garment, small, variant)
    slope = torch.gradient(warp.places(SIZE)[90:150, 75:100, 0].float(), dim=1)[0]
    assert float(slope.median()) == pytest.approx(2.0, rel=0.08)
    assert iou(warped_mask(warp, garment), small) > 0.94


@pytest.mark.parametrize("variant", VARIANTS)
def test_affine(variant: str) -> None:
    garment = vest()
    # Output pixel (y, x) reads (1.1 y - 12, 1.15 x + 0.08 y - 20).
    target = ndimage.affine_transform(garment, [[1.1, 0.0], [0.08, 1.15]], [-12, -20], order=1)
    warp = fit_warp(garment, target, variant)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    expected = torch.from_numpy(np.stack([1.15 * x + 0.08 * y - 20, 1.1 * y - 12], -1))
    inside = torch.from_numpy(ndimage.binary_erosion(target > 0.5, iterations=3))
    assert float((warp.places(SIZE) - expected).norm(dim=-1)[inside].median()) < 1.5


@pytest.mark.parametrize("arm", ["hanging", "crossing", "hip"])
@pytest.mark.parametrize(("garment", "sleeve"), [("jumper", 0.95), ("tee", 0.35)])
def test_sleeves_go_to_the_arms_they_belong_to(arm: str, garment: str, sleeve: float) -> None:
    mask = GARMENTS[garment]()
    target, joints, seen = person(arm, sleeve)
    warp = fit_warp(mask, target, "parts", joints, seen)
    assert warp.folded == 0 and warp.fallback is None
    assert iou(warped_mask(warp, mask), target) > 0.9
    # Red on the garment's left in the picture, blue on its right, green between.
    picture = np.zeros((*SIZE, 3), np.float32)
    picture[:, :58, 0], picture[:, 58:134, 1], picture[:, 134:, 2] = 1, 1, 1
    drawn = warp.apply(picture, size=SIZE, fill=0.0)
    for shoulder, elbow, channel in ((R_SHOULDER, R_ELBOW, 0), (L_SHOULDER, L_ELBOW, 2)):
        x, y = joints[shoulder] + (0.55 if garment == "tee" else 0.9) * (joints[elbow] - joints[shoulder])
        assert drawn[round(y), round(x)].argmax() == channel
    assert drawn[110, 96].argmax() == 1


def test_a_forearm_before_the_body_is_drawn_over_it() -> None:
    garment = jumper()
    target, joints, seen = person("crossing", 0.95)
    picture = np.zeros((*SIZE, 2), np.float32)
    picture[:, 134:, 0], picture[:, 58:134, 1] = 1, 1
    x, y = 0.5 * (joints[L_ELBOW] + joints[L_WRIST])
    drawn = fit_warp(garment, target, "parts", joints, seen).apply(picture, fill=0.0)
    assert drawn[round(y), round(x), 0] > 0.9
    below = drawn[round(y) + 22, round(x)]
    assert below[1] > 0.9


def test_a_hand_before_the_body_does_not_drag_the_cloth() -> None:
    garment = tee()
    target, joints, seen = person("hanging", 0.35)
    bitten = target.copy()
    bitten[140:158, 96:140] = 0
    whole, over = (fit_warp(garment, m, "parts", joints, seen).places(SIZE) for m in (target, bitten))
    torso = np.s_[100:176, 72:92]
    assert float((whole - over).norm(dim=-1)[torso].max()) < 3.0


def test_a_target_cut_off_by_the_border_shows_the_upper_part_only() -> None:
    garment = vest()
    target, joints, seen = person("hanging", 0.01)
    cut = target[:130]
    full, upper = fit_warp(garment, target, "parts", joints, seen), fit_warp(garment, cut, "parts", joints, seen)
    lowest = [float(w.places(s)[s[0] - 2, 96, 1]) for w, s in ((full, (180, 192)), (upper, (130, 192)))]
    assert lowest[1] < lowest[0] - 40


def test_an_open_coat_is_one_garment() -> None:
    target, joints, seen = person("hanging", 0.35)
    opened = target.copy()
    opened[:, 91:101] = 0
    # The two halves lie apart; the garment still covers both.
    drawn = warped_mask(fit_warp(tee(), opened, "parts", joints, seen), tee())
    assert iou(drawn, target) > 0.9


def test_sleeves_without_a_place_are_not_drawn() -> None:
    strip = np.zeros(SIZE, np.float32)
    strip[60:200, 80:112] = 1
    drawn = warped_mask(fit_warp(jumper(), strip), jumper())
    assert not (drawn > 0.5)[:, :76].any() and not (drawn > 0.5)[:, 116:].any()
    assert iou(drawn, strip) > 0.85
