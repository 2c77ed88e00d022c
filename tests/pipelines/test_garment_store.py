"""Garments are cut once, fit in a fixed memory, and do not depend on it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from viton_cli.errors import BadMask, NoGarmentFound
from viton_cli.files import list_photos
from viton_cli.pipelines.garment_store import GarmentStore
from viton_cli.records import Garment, Photo


class Cutter:
    """Counts its cuts; the mask is a ramp, so that rounding would show."""

    def __init__(self) -> None:
        self.cuts: list[str] = []

    def __call__(self, photo: Photo, mask: NDArray[np.float32] | None) -> Garment:
        self.cuts.append(photo.id)
        if photo.image[0, 0, 0] == 0:
            raise NoGarmentFound(f"{photo.source}: nothing")
        ramp = np.linspace(0, 1, photo.image[..., 0].size, dtype=np.float32).reshape(photo.size)
        return Garment(photo, ramp if mask is None else mask, inner=ramp[::-1], quality=0.5, checks=("pale",))


def store(folders: SimpleNamespace, cutter: Cutter, kept: int, masks: Path | None = None) -> GarmentStore:
    return GarmentStore(list_photos(folders.clothes), cutter, masks, kept_bytes=kept)


def test_cut_once_and_the_same_from_memory_and_from_disk(folders: SimpleNamespace) -> None:
    garments = {}
    for kept in (0, 10**9):
        cutter = Cutter()
        garments[kept] = store(folders, cutter, kept)
        first, again = garments[kept].get("red"), garments[kept].get("red")
        assert cutter.cuts == ["red"] and (first is again) == (kept > 0)
        np.testing.assert_array_equal(first.mask, again.mask)
    small, large = garments[0].get("red"), garments[10**9].get("red")
    np.testing.assert_array_equal(small.mask, large.mask)
    np.testing.assert_array_equal(small.photo.image, large.photo.image)
    assert small.inner is not None and small.quality == 0.5 and small.checks == ("pale",)
    assert np.abs(small.mask - np.linspace(0, 1, small.mask.size).reshape(small.mask.shape)).max() <= 0.5 / 255 + 1e-6


def test_only_so_much_is_kept(folders: SimpleNamespace) -> None:
    one = 64 * 48 * (3 + 4 + 4)
    kept = store(folders, Cutter(), 2 * one)
    whole = [kept.get(id) is kept.get(id) for id in ("green", "red", "tops/blue")]
    assert whole == [True, True, False]


def test_a_failure_is_remembered(folders: SimpleNamespace) -> None:
    folders.photo(folders.clothes / "dark.png", (0, 0, 0))
    cutter = Cutter()
    kept = store(folders, cutter, 0)
    for _ in range(2):
        with pytest.raises(NoGarmentFound, match=r"dark\.png"):
            kept.get("dark")
    assert cutter.cuts == ["dark"]


def test_given_masks_win_and_missing_ones_are_said(folders: SimpleNamespace) -> None:
    mask = np.zeros((64, 48), np.uint8)
    mask[:32] = 255
    (folders.root / "masks/tops").mkdir(parents=True)
    Image.fromarray(mask).save(folders.root / "masks/tops/blue.png")
    kept = store(folders, Cutter(), 0, folders.root / "masks")
    np.testing.assert_array_equal(kept.get("tops/blue").mask, mask / np.float32(255))
    assert kept.get("tops/blue").checks == ("pale",)
    assert "cut out automatically" in kept.get("red").checks[-1]
    with pytest.raises(BadMask, match="one mask for 3 garments"):
        store(folders, Cutter(), 0, folders.root / "masks/tops/blue.png")
