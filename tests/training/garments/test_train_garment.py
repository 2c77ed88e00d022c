"""The segmenter learns from photos with and without masks, and what it learned can be read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from viton_cli.checkpoints import load_weights
from viton_cli.errors import NothingUsable
from viton_cli.perception.garments.segmenter import KINDS, SLEEVES, GarmentSegmenter, look
from viton_cli.training.garments import train_garment as module
from viton_cli.training.garments.train_garment import Sources, segmentation_loss, train_garment

BOX = (30, 40, 90, 120)


def write_photo(folder: Path, name: str, ground: str, cloth: str) -> Image.Image:
    photo, mask = Image.new("RGB", (120, 160), ground), Image.new("L", (120, 160))
    ImageDraw.Draw(photo).rectangle(BOX, fill=cloth)
    ImageDraw.Draw(mask).rectangle(BOX, fill=255)
    for kind, image in (("cloth", photo), ("cloth-mask", mask)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        image.save(folder / kind / f"{name}.png")
    return photo


def test_loss_falls_and_weights_are_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHAPES", ((64, 64),))  # small pictures, for speed
    monkeypatch.setattr(module, "SHAPE_SHARES", (1.0,))
    photo = write_photo(tmp_path, "a", "white", "navy")
    write_photo(tmp_path, "b", "grey", "red")
    losses: list[float] = []
    train_garment(
        Sources([tmp_path]), tmp_path / "g.safetensors", steps=30, batch=2, report=lambda _, loss: losses.append(loss)
    )
    assert losses[-1] < 0.95 * losses[0]
    tensors, meta = load_weights(tmp_path / "g.safetensors")
    assert (meta["steps"], meta["examples"]) == (30, 2)
    network = GarmentSegmenter()
    network.load_state_dict(tensors)
    chance = look(np.asarray(photo), network.eval()).chance
    assert chance.shape == (112, 80)
    assert 0.0 <= chance.min() <= chance.max() <= 1.0


def test_folder_without_masks_is_refused(tmp_path: Path) -> None:
    write_photo(tmp_path, "a", "white", "navy")
    (tmp_path / "cloth-mask" / "a.png").unlink()
    with pytest.raises(NothingUsable, match="no garment photo with a mask"):
        train_garment(Sources([tmp_path]), tmp_path / "g.safetensors", steps=1)


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


def test_kind_and_sleeves_are_those_of_what_the_mask_covers() -> None:
    network = GarmentSegmenter()
    top = torch.zeros(1, 1280, 2, 2)
    top[0, :, 0] = 1.0
    above, below = torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8)
    above[:, :, :4], below[:, :, 4:] = 1.0, 1.0
    kinds, sleeves = network.classify(top, below)
    assert kinds.shape == (1, len(KINDS)) and sleeves.shape == (1, len(SLEEVES))
    torch.testing.assert_close(kinds, network.kind.bias[None])
    assert not torch.allclose(network.classify(top, above)[0], kinds)
