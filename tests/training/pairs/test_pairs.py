"""Training pairs from a miniature data set, drawn here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from viton_cli.data.base import Entry
from viton_cli.data.triplets import LaidFlat
from viton_cli.errors import BadDataset
from viton_cli.files import write_image
from viton_cli.imaging.flatten import flatten
from viton_cli.records import Pose
from viton_cli.training.pairs import pair_augment, preparing
from viton_cli.training.pairs.pairs import PairSet
from viton_cli.vocabulary import labels as L

SIZE = (128, 96)
H, W = 360, 240


def drawn_person() -> tuple[np.ndarray, np.ndarray, Pose]:
    """Somebody in a T-shirt, red on the wearer's right and blue on the left, arms hanging."""
    joints, seen = np.zeros((18, 2), np.float32), np.ones(18, bool)
    places = [
        (120, 50), (120, 90), (88, 90), (60, 140), (55, 185), (152, 90), (180, 140), (185, 185), (102, 190), (100, 270),
        (100, 340), (138, 190), (140, 270), (140, 340), (114, 44), (126, 44), (106, 48), (134, 48),
    ]  # fmt: skip
    joints[:] = places
    labels = np.zeros((H, W), np.uint8)
    labels[30:78, 100:140] = L.FACE
    labels[170:, 90:150] = L.PANTS
    for arm, bones in ((L.R_ARM, (2, 3, 4)), (L.L_ARM, (5, 6, 7))):
        for number, (a, b) in enumerate(pairwise(bones)):
            for t in np.linspace(0, 1, 60):
                x, y = np.rint(joints[a] + t * (joints[b] - joints[a])).astype(int)
                labels[y - 8 : y + 8, x - 8 : x + 8] = arm if number or t > 0.6 else L.UPPER
    labels[84:200, 84:156] = L.UPPER
    image = np.full((H, W, 3), 150, np.uint8)
    image[labels == L.UPPER] = (40, 40, 200)
    image[(labels == L.UPPER) & (np.arange(W) < 120)] = (200, 40, 40)
    return image, labels, Pose(joints, seen, seen.astype(np.float32))


class Miniature:
    """Somebody without labels, and one with, and the product that both wear, laid flat out of the photo or not."""

    def __init__(self, root: Path, laid: bool) -> None:
        self.laid = laid
        image, self.labels, self.pose = drawn_person()
        self.photo, self.cloth, self.mask = root / "p.png", root / "g.png", root / "m.png"
        write_image(self.photo, image)
        mask = np.zeros((100, 80), np.uint8)
        mask[10:90, 20:60] = 255
        write_image(self.mask, mask)
        write_image(self.cloth, np.where(mask[..., None] > 0, np.uint8(90), np.uint8(250)).repeat(3, 2))
        self.flat = flatten(image, self.labels, self.pose.joints, self.pose.seen, (120, 90))
        if laid:
            write_image(self.cloth, self.flat.image)
            write_image(self.mask, np.round(self.flat.mask * 255).astype(np.uint8))

    def entries(self, split: str | None = None) -> Iterator[Entry]:
        if split not in (None, "train"):
            raise BadDataset("only train")
        yield Entry("bare", "person", self.photo)
        yield Entry("p", "person", self.photo, read_labels=lambda: self.labels, read_pose=lambda: self.pose)
        yield Entry("g", "garment", self.cloth, mask=self.mask)

    def pairs(self, split: str, setting: str = "paired") -> list[tuple[str, str]]:
        return [("bare", "g"), ("p", "g")]

    def laid_flat(self, person: str, garment: str) -> LaidFlat | None:
        return LaidFlat(self.flat.worn, np.zeros((2, 2, 2), np.float16)) if self.laid else None

    def report(self) -> list[str]:
        return []


@pytest.fixture(params=[True, False], ids=["laid flat", "product"])
def pair_set(request, tmp_path) -> PairSet:
    return PairSet([Miniature(tmp_path, request.param)], SIZE, say=lambda line: None)


def test_an_example_is_the_try_on_crop_with_its_product(pair_set):
    assert len(pair_set) == 1
    assert pair_set.source(0).split()[:2] == ["miniature", "p"]
    sample = pair_set.sample(0)
    assert sample.person.shape == sample.clothing.shape == (*SIZE, 3)
    assert sample.labels.shape == sample.clothing_mask.shape == sample.worn_mask.shape == SIZE
    assert ((sample.labels == L.UPPER) == (sample.worn_mask > 0)).all()
    assert (sample.clothing[sample.clothing_mask == 0] > 245).all()
    for joint in (L.R_SHOULDER, L.L_SHOULDER):
        x, y = np.rint(sample.joints[joint]).astype(int)
        assert sample.labels[y, x] == L.UPPER
    assert sample.joints[L.R_SHOULDER, 0] < sample.joints[L.L_SHOULDER, 0]
    x, y = np.rint(sample.joints[L.R_SHOULDER]).astype(int)
    assert np.abs(sample.person[y, x].astype(int) - (200, 40, 40)).max() < 12


def test_the_flat_garment_keeps_its_sides(tmp_path):
    sample = PairSet([Miniature(tmp_path, True)], SIZE, say=lambda line: None).sample(0)
    inside = sample.clothing_mask > 0.95
    half = np.arange(SIZE[1]) < SIZE[1] // 2
    red, _, blue = sample.clothing.astype(int).transpose(2, 0, 1)
    assert (red > blue)[inside & half].mean() > 0.95
    assert (red < blue)[inside & ~half].mean() > 0.95


def test_equal_seeds_give_equal_samples_and_others_do_not(pair_set):
    first, again, other = (pair_set.sample(0, np.random.default_rng(seed)) for seed in (3, 3, 4))
    for field in fields(first):
        assert (getattr(first, field.name) == getattr(again, field.name)).all()
    assert (first.person != other.person).any()


def test_a_mirrored_sample_has_its_sides_swapped(pair_set, monkeypatch):
    monkeypatch.setattr(
        PairSet, "_repaint", lambda self, stored, person, labels, worn, clothing, mask, rng: (person, clothing)
    )
    sides = set()
    for seed in range(8):
        sample = pair_set.sample(0, np.random.default_rng(seed))
        right, left = (np.flatnonzero((sample.labels == arm).any(0)).mean() for arm in (L.R_ARM, L.L_ARM))
        assert right < left and sample.joints[L.R_ELBOW, 0] < sample.joints[L.L_ELBOW, 0]
        red = sample.person[..., 0].astype(int) - sample.person[..., 2]
        xs = np.arange(SIZE[1])
        red_on_left = xs[(red > 100).any(0)].mean() < xs[(red < -100).any(0)].mean()
        sides.add(bool(red_on_left))
        assert red_on_left != (np.random.default_rng(seed).random() < 0.5)
    assert sides == {True, False}


def test_garment_and_worn_garment_change_colour_together():
    rng = np.random.default_rng(5)
    image, full = rng.integers(0, 256, (6, 7, 3)).astype(np.uint8), np.ones((6, 7), np.float32)
    for _ in range(20):
        recolouring = pair_augment.random_recolouring(rng)
        assert (recolouring.apply(image, full) == recolouring.apply(image[::-1], full)[::-1]).all()
        assert (recolouring.apply(image, 0 * full) == image).all()


def test_a_turned_hue_keeps_greys_and_luminance():
    recolouring = pair_augment.random_recolouring(np.random.default_rng(2))
    luma = np.array([0.299, 0.587, 0.114])
    assert recolouring.matrix @ np.ones(3) == pytest.approx(np.ones(3), abs=1e-5)
    assert luma @ recolouring.matrix == pytest.approx(luma, abs=1e-5)


def test_another_background_leaves_the_person():
    rng = np.random.default_rng(0)
    image, labels, _ = drawn_person()
    wall = pair_augment.plain_wall((H, W), rng)
    out = pair_augment.replace_background(image, labels, wall, rng).astype(int)
    assert (out[100:160, 100:140] == image[100:160, 100:140]).all()
    assert (out[:20] == wall[:20]).all()


def test_prepared_examples_are_read_back_from_the_cache(tmp_path, monkeypatch):
    said: list[str] = []
    dataset = Miniature(tmp_path, False)
    first = PairSet([dataset], SIZE, say=said.append, cache=tmp_path / "cache")
    monkeypatch.setattr(preparing, "_prepare", None)
    again = PairSet([dataset], SIZE, say=said.append, cache=tmp_path / "cache")
    assert "no labels 1" in said[1] and "1 training pairs" in said[1]
    assert len(said) == 3 and "prepared before" in said[2]
    assert again.source(0) == first.source(0)
    assert (again.sample(0).person == first.sample(0).person).all()
    assert (again.sample(0).joints == first.sample(0).joints).all()


def test_a_changed_photo_is_prepared_anew(tmp_path):
    dataset, said = Miniature(tmp_path, False), list[str]()
    PairSet([dataset], SIZE, say=said.append, cache=tmp_path / "cache")
    write_image(dataset.photo, 255 - drawn_person()[0])
    PairSet([dataset], SIZE, say=said.append, cache=tmp_path / "cache")
    assert not any("prepared before" in line for line in said)


def test_a_split_that_is_not_there_is_empty_and_no_pair_to_train_on_an_error(tmp_path):
    dataset = Miniature(tmp_path, False)
    assert len(PairSet([dataset], SIZE, split="val", say=lambda line: None)) == 0
    dataset.labels = dataset.labels * 0
    with pytest.raises(BadDataset, match="no training pairs"):
        PairSet([dataset], SIZE, say=lambda line: None)


def test_a_source_that_gives_no_pair_is_kept_as_such() -> None:
    assert preparing._unpack(SIZE, preparing._pack([])) == []


def test_one_bad_pair_does_not_stop_the_others(rendered: Path, tmp_path: Path) -> None:
    """All but one of the pairs are trained on, and that one is named."""
    from viton_cli.training.pairs.sources import open_sources

    data = shutil.copytree(rendered, tmp_path / "data")
    (data / "image/p0004.jpg").write_bytes(b"no picture")
    said: list[str] = []
    sources = open_sources([f"rendered:{data}"])
    splits = [PairSet(sources, SIZE, split=split, say=said.append) for split in ("train", "val")]
    assert sum(len(pairs) for pairs in splits) == 17
    assert sum("p0004.jpg" in line and "not a picture" in line for line in said) == 1
    assert any("unreadable 1" in line for line in said)


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "pickle", "lengths", "pictures"])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, damage: str) -> None:
    dataset, said = Miniature(tmp_path, False), list[str]()
    first = PairSet([dataset], SIZE, say=said.append, cache=tmp_path / "cache")
    (cache,) = (tmp_path / "cache").glob("*.npz")
    whole = cache.read_bytes()
    with np.load(cache) as arrays:
        lengths, data = arrays["lengths"], arrays["data"]
    if damage == "pickle":
        np.savez(cache, lengths=np.array([[print]]), data=data)
    elif damage == "lengths":
        np.savez(cache, lengths=lengths * 1000, data=data)
    elif damage == "pictures":
        np.savez(cache, lengths=lengths, data=data[::-1])
    else:
        cache.write_bytes({"cut": whole[: len(whole) // 2], "text": b"text", "empty": b""}[damage])
    said.clear()
    again = PairSet([dataset], SIZE, say=said.append, cache=tmp_path / "cache")
    assert "damaged, and made anew" in said[0] and "\n" not in said[0] and "1 training pairs" in said[-1]
    assert (again.sample(0).person == first.sample(0).person).all()
