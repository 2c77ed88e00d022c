"""The garment warp on drawn garments and drawn people, where the right answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from skimage.draw import polygon2mask

from viton_cli.core.warp import Warp, fit_warp, fit_warps
from viton_cli.core.warp.tps import pixel_grid, rescale
from viton_cli.errors import NoGarmentFound
from viton_cli.vocabulary.labels import L_ELBOW, L_SHOULDER, L_WRIST, R_ELBOW, R_SHOULDER, R_WRIST

Mask = NDArray[np.float32]
SIZE = (256, 192)
VARIANTS = ("parts", "paper")


def mirrored(half: list[tuple[float, float]]) -> Mask:
    """A symmetric polygon from the right half of its outline, top to bottom, about x = 96."""
    outline = half + [(191 - x, y) for x, y in reversed(half)]
    return polygon2mask(SIZE, [(y, x) for x, y in outline]).astype(np.float32)


def tee() -> Mask:
    return mirrored(
        [(96, 38), (112, 30), (134, 38), (172, 84), (150, 98), (133, 82), (132, 140), (136, 200), (96, 203)]
    )


def jumper() -> Mask:
    return mirrored([(96, 38), (112, 30), (132, 38), (183, 170), (165, 177), (130, 88), (130, 196), (96, 198)])


def vest() -> Mask:
    return mirrored([(96, 45), (110, 25), (126, 27), (122, 60), (132, 85), (130, 140), (136, 200), (96, 203)])


GARMENTS = {"tee": tee, "jumper": jumper, "vest": vest}


def person(arm: str = "hanging", sleeve: float = 1.0) -> tuple[Mask, NDArray[np.float64], NDArray[np.bool_]]:
    """A clothed torso with tubes for sleeves, `sleeve` of the arm long: mask, joints, seen."""
    elbows = {"hanging": (10.0, 52.0), "crossing": (14.0, 50.0), "hip": (38.0, 36.0)}
    wrists = {"hanging": (12.0, 102.0), "crossing": (-40.0, 64.0), "hip": (8.0, 78.0)}
    joints, seen = np.zeros((18, 2)), np.zeros(18, bool)
    mask = polygon2mask(
        SIZE, [(70, 62), (62, 82), (72, 96), (62, 110), (70, 130), (110, 126), (180, 128), (180, 64), (110, 66)]
    )
    yy, xx = np.mgrid[: SIZE[0], : SIZE[1]]
    for side, x, names in ((-1, 66.0, (R_SHOULDER, R_ELBOW, R_WRIST)), (1, 126.0, (L_SHOULDER, L_ELBOW, L_WRIST))):
        offsets = [(0.0, 0.0), elbows[arm if side > 0 else "hanging"], wrists[arm if side > 0 else "hanging"]]
        for name, (dx, dy) in zip(names, offsets):
            joints[name], seen[name] = (x + side * dx, 76 + dy), True
        line = np.linspace(joints[names[0]], joints[names[1]], 40)
        line = np.concatenate([line, np.linspace(joints[names[1]], joints[names[2]], 40)])
        line = line[: max(2, int(80 * sleeve))]
        for px, py in line:
            mask |= (xx - px) ** 2 + (yy - py) ** 2 < 9**2
    return mask.astype(np.float32), joints, seen


def iou(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    return float(((a > 0.5) & (b > 0.5)).sum() / ((a > 0.5) | (b > 0.5)).sum())


def warped_mask(warp: Warp, garment: Mask) -> Mask:
    return warp.apply(garment, size=SIZE, fill=0.0)


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


@pytest.mark.parametrize("variant", VARIANTS)
def test_same_masks_same_warp_alone_or_in_a_batch(variant: str) -> None:
    garments, targets = [tee(), jumper()], [person(sleeve=0.35)[0], person(sleeve=0.95)[0]]
    alone = [fit_warp(g, t, variant) for g, t in zip(garments, targets)]
    for one, member in zip(alone, fit_warps(garments, targets, variant)):
        assert torch.allclose(one.places((64, 48)), member.places((64, 48)), atol=1e-4)


def test_mask_resolution_and_kind_do_not_matter() -> None:
    garment, target = tee(), person(sleeve=0.35)[0]
    fine = torch.from_numpy(garment).repeat_interleave(3, 0).repeat_interleave(3, 1)[None, None]
    a, b = fit_warp(garment, target), fit_warp(fine, target)
    assert iou(a.apply(garment, SIZE, fill=0.0), b.apply(garment, SIZE, fill=0.0)) > 0.99


def test_a_box_is_the_frame_s_place_in_the_photo() -> None:
    warp = fit_warp(vest(), np.roll(vest(), 10, 1))
    picture = np.random.default_rng(0).random((*SIZE, 3)).astype(np.float32)
    small = warp.apply(picture, size=SIZE)
    inside = warp.apply(picture, size=(300, 250), box=(20, 30, 20 + 192, 30 + 256))
    assert np.allclose(inside[30 : 30 + 256, 20 : 20 + 192], small, atol=2e-2)
    beyond = warp.apply(picture, size=(100, 80), box=(-50, -60, -50 + 192, -60 + 256))
    assert np.allclose(beyond, small[60:160, 50:130], atol=2e-2)


def test_one_pixel_of_the_target_is_one_pixel_of_the_picture() -> None:
    mask = vest()
    picture = np.tile(np.arange(192, dtype=np.float32), (256, 1))
    here, there = (fit_warp(mask, np.roll(mask, s, 1)).apply(picture, fill=0.0) for s in (0, 1))
    middle = np.s_[80:180, 80:110]
    assert float(np.median(here[middle] - there[middle])) == pytest.approx(1.0, abs=0.05)


def test_a_finer_picture_is_the_same_picture() -> None:
    warp = fit_warp(tee(), person(sleeve=0.35)[0])
    y, x = np.mgrid[:256, :192]
    smooth = (np.sin(x / 9) * np.cos(y / 11)).astype(np.float32)
    fine_y, fine_x = ((np.mgrid[:1024, :768] + 0.5) / 4) - 0.5
    fine = (np.sin(fine_x / 9) * np.cos(fine_y / 11)).astype(np.float32)
    assert float(np.abs(warp.apply(smooth) - warp.apply(fine)).mean()) < 0.02


def test_tensors_and_arrays_agree_and_nothing_lies_outside() -> None:
    target = person(sleeve=0.35)[0]
    warp = fit_warp(tee(), target)
    picture = np.random.default_rng(0).random((*SIZE, 3)).astype(np.float32)
    drawn = warp.apply(picture, fill=7.0)
    tensor = warp.apply(torch.from_numpy(picture).permute(2, 0, 1)[None], fill=7.0)
    assert np.allclose(tensor[0].permute(1, 2, 0).numpy(), drawn)
    assert np.allclose(drawn[~ndimage.binary_dilation(target > 0.5, iterations=8)], 7.0)


def test_fallbacks_say_so() -> None:
    speck = np.zeros(SIZE, np.float32)
    speck[100:104, 90:94] = 1
    for variant in VARIANTS:
        warp = fit_warp(tee(), speck, variant)
        assert warp.fallback in ("similarity", "affine") and "too short" in warp.reason
        assert warp.apply(tee(), fill=0.0)[100:104, 90:94].mean() > 0.4


def test_empty_masks_and_unknown_variants_are_refused() -> None:
    empty = np.zeros(SIZE, np.float32)
    with pytest.raises(NoGarmentFound, match="garment mask is empty"):
        fit_warp(empty, tee())
    with pytest.raises(NoGarmentFound, match="target mask is empty"):
        fit_warp(tee(), empty, "paper")
    with pytest.raises(ValueError, match="known: parts, paper"):
        fit_warp(tee(), tee(), "best")


def blob(seed: int, rough: float) -> Mask:
    """A smooth random closed shape about the middle of the frame."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    angle = np.arctan2(y - 128, x - 96)
    waves = rng.normal(size=(3, 2)) * rough / np.arange(2, 5)[:, None]
    radius = 1 + sum(a * np.cos(k * angle) + b * np.sin(k * angle) for k, (a, b) in enumerate(waves, 2))
    return (np.hypot((x - 96) / rng.uniform(45, 65), (y - 128) / rng.uniform(60, 90)) < radius).astype(np.float32)


@given(seed=st.integers(0, 10_000), other=st.integers(0, 10_000), rough=st.floats(0.0, 0.25))
@settings(max_examples=12, deadline=None, derandomize=True)
def test_any_two_blobs(seed: int, other: int, rough: float) -> None:
    garment, target = blob(seed, rough), blob(other, rough)
    warp = fit_warp(garment, target)
    drawn = warped_mask(warp, garment)
    assert np.isfinite(drawn).all()
    assert warp.folded == 0
    assert iou(drawn, target) > 0.85


@given(seed=st.integers(0, 10_000), level=st.floats(0.1, 1.0))
@settings(max_examples=8, deadline=None, derandomize=True)
def test_ragged_soft_masks_stay_sane(seed: int, level: float) -> None:
    target, joints, seen = person("hanging", 0.35)
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=SIZE), 4) * 12
    soft = np.clip(ndimage.gaussian_filter(target, 2) + 0.25 * level * noise, 0, 1).astype(np.float32)
    warp = fit_warp(tee(), soft, "parts", joints, seen)
    assert warp.folded == 0
    assert iou(warped_mask(warp, tee()), target) > 0.8


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


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_drawn_map_is_the_spline(variant: str) -> None:
    target, joints, seen = person("hip", 0.95)
    warp = fit_warp(jumper(), target, variant, joints, seen)
    for index, layer in enumerate(warp.layers):
        drawn = warp.places((1024, 768), layer=index)
        spots = rescale(pixel_grid((1024, 768)), (1024, 768), warp.frame)[1::7, 2::7]
        exact = layer.spline(spots.reshape(1, -1, 2)).reshape(spots.shape)
        exact = rescale(exact, tuple(warp.garment.shape[-2:]), warp.garment_size)
        x, y = spots[..., 0].round().long().clamp(0, 191), spots[..., 1].round().long().clamp(0, 255)
        miss = (drawn[1::7, 2::7] - exact).norm(dim=-1)[layer.cover[y, x] > 0]
        assert float(miss.max()) < 0.5 and float(miss.median()) < 0.01


@pytest.mark.parametrize("variant", VARIANTS)
def test_moving_both_masks_moves_the_map(variant: str) -> None:
    target = person(sleeve=0.35)[0]
    here = fit_warp(tee(), target, variant).places(SIZE)
    # By whole pixels of the 64x48 masks that "paper" matches.
    there = fit_warp(np.roll(tee(), 8, 0), np.roll(target, (4, -8), (0, 1)), variant).places(SIZE)
    inside = np.s_[90:170, 75:115]
    moved = torch.roll(there, (-4, 8), (0, 1)) - torch.tensor([0.0, 8.0])
    assert float((moved - here).norm(dim=-1)[inside].max()) < 0.05


@given(seed=st.integers(0, 10_000), count=st.integers(1, 40))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_any_specks_at_all(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    target = np.zeros(SIZE, np.float32)
    for y, x, size in rng.integers((0, 0, 1), (250, 190, 30), (count, 3)):
        target[y : y + size, x : x + size] = 1
    warp = fit_warp(tee(), target)
    drawn = warped_mask(warp, tee())
    assert np.isfinite(drawn).all() and warp.folded == 0 and float(drawn.max()) > 0
