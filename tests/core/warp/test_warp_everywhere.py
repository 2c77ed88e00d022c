"""Warps whatever they are given: batches, sizes, boxes, fallbacks, ragged masks, any two blobs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn_garments import SIZE, VARIANTS, Mask, iou, jumper, person, tee, vest, warped_mask
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from viton_cli.core.warp import fit_warp, fit_warps
from viton_cli.core.warp.tps import pixel_grid, rescale
from viton_cli.errors import NoGarmentFound


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
