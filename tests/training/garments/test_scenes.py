"""What the segmenter is trained on: labels that are trusted, and scenes whose masks fit their pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from viton_cli.perception.garments.segmenter import KINDS, SLEEVES
from viton_cli.training.garments import scenes as garment_scenes
from viton_cli.training.garments.examples import UNKNOWN, Example, kept_in, labelled

SHAPE = (224, 160)


def example(photo: bool) -> Example:
    """A red rectangle on blue."""
    image, mask = np.zeros((288, 216, 3), np.uint8), np.zeros((288, 216), np.uint8)
    image[..., 2] = 255
    image[60:230, 50:170], mask[60:230, 50:170] = (255, 0, 0), 255
    return Example(image, mask, np.full_like(image, (0, 0, 255)), photo, kind=2, sleeves=1)


def test_a_photos_mask_moves_with_it() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        image, mask = garment_scenes.crop_garment(example(True), SHAPE, rng)
        known = (mask < 0.02) | (mask > 0.98)
        red = image[..., 0] > image[..., 2]
        assert known.mean() > 0.8
        assert (red == (mask > 0.5))[known].mean() > 0.97


def test_a_laid_garment_covers_its_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garment_scenes, "hang", lambda ground, mask, rng: ground)
    ground = np.full((*SHAPE, 3), (0, 1, 0), np.float32)
    for seed in range(5):
        image, mask = garment_scenes.lay(example(False), ground, np.random.default_rng(seed))
        assert 0.03 < mask.mean() < 0.98
        bare = image[mask == 0]  # darker in the shadow, and nothing else
        assert bare[:, [0, 2]].max() == 0 and bare[:, 1].max() > 0.9


def test_scenes_repeat_with_their_seed_and_carry_what_is_known() -> None:
    bank = garment_scenes.Bank([example(True), example(False)])
    scenes = [[bank.draw(SHAPE, rng) for _ in range(12)] for rng in map(np.random.default_rng, (3, 3))]
    for one, other in zip(*scenes):
        np.testing.assert_array_equal(one.image, other.image)
        assert one.image.shape == (3, *SHAPE) and one.mask.shape == SHAPE
        assert one.image.min() >= -1 and one.image.max() <= 1
        assert (one.kind, one.sleeves) == ((2, 1) if one.mask.any() else (-1, -1))


def test_photos_are_labelled_where_two_ways_agree(tmp_path: Path) -> None:
    folder = tmp_path / "longsleeve"
    folder.mkdir()
    clear = Image.new("RGB", (216, 288), (230, 228, 220))
    ImageDraw.Draw(clear).rectangle((50, 60, 170, 230), fill=(120, 30, 40))
    clear.save(folder / "clear.png")
    noise = np.random.default_rng(0).integers(0, 255, (288, 216, 3), np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    (found,) = labelled([folder / "clear.png", folder / "noise.png"], None)
    assert (KINDS[found.kind], SLEEVES[found.sleeves]) == ("top", "long")
    assert found.photo and found.ground is not None
    true = np.zeros(found.mask.shape, bool)
    true[60:231, 50:171] = True
    assert ((found.mask == 255) == true)[found.mask != UNKNOWN].mean() > 0.98
    assert np.abs(found.ground[150, 110].astype(int) - (230, 228, 220)).max() < 12


def test_every_nth_file_is_kept_for_measuring() -> None:
    paths = [Path(name) for name in "dacb"]
    assert kept_in(paths, 2) == [Path("b"), Path("d")]
    assert kept_in(paths, 0) == sorted(paths)
