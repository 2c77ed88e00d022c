"""The segmenter learns from a prepared folder, and what it learned can be read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from viton_cli.checkpoints import load_weights
from viton_cli.errors import NothingUsable
from viton_cli.perception.garment_segmenter import GarmentSegmenter, garment_probability
from viton_cli.pipelines.train_garment import segmentation_loss, train_garment

BOX = (30, 40, 90, 120)


def write_photo(folder: Path, name: str, ground: str, cloth: str) -> Image.Image:
    photo, mask = Image.new("RGB", (120, 160), ground), Image.new("L", (120, 160))
    ImageDraw.Draw(photo).rectangle(BOX, fill=cloth)
    ImageDraw.Draw(mask).rectangle(BOX, fill=255)
    for kind, image in (("cloth", photo), ("cloth-mask", mask)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        image.save(folder / kind / f"{name}.png")
    return photo


def test_loss_falls_and_weights_are_read_back(tmp_path: Path) -> None:
    photo = write_photo(tmp_path, "a", "white", "navy")
    write_photo(tmp_path, "b", "grey", "red")
    losses: list[float] = []
    train_garment(
        [tmp_path], tmp_path / "g.safetensors", steps=100, batch=3, report=lambda _, loss: losses.append(loss)
    )
    assert losses[-1] < 0.9 * losses[0]
    tensors, meta = load_weights(tmp_path / "g.safetensors")
    assert meta["steps"] == 100
    network = GarmentSegmenter()
    network.load_state_dict(tensors)
    chance = garment_probability(np.asarray(photo), network.eval())
    assert chance.shape == (48, 48)
    assert 0.0 <= chance.min() <= chance.max() <= 1.0


def test_folder_without_masks_is_refused(tmp_path: Path) -> None:
    write_photo(tmp_path, "a", "white", "navy")
    (tmp_path / "cloth-mask" / "a.png").unlink()
    with pytest.raises(NothingUsable, match="no garment photo with a mask"):
        train_garment([tmp_path], tmp_path / "g.safetensors", steps=1)


def test_unknown_parts_of_a_mask_do_not_count() -> None:
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., 4:] = 1.0
    unknown = mask.clone()
    unknown[..., :4, :] = 0.5
    logits = torch.zeros(1, 1, 4, 4)
    changed = logits.clone()
    changed[:, :, :2] = 7.0
    assert segmentation_loss(changed, unknown) == pytest.approx(segmentation_loss(logits, unknown).item())
    assert segmentation_loss(changed, mask) != pytest.approx(segmentation_loss(logits, mask).item())
