"""The segmenter learns from photos with and without masks, and what it learned can be read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from viton_cli.checkpoints import load_weights
from viton_cli.config import TrainGarmentConfig
from viton_cli.errors import BadWeights, NothingUsable
from viton_cli.perception.garments.segmenter import KINDS, SLEEVES, GarmentSegmenter, look
from viton_cli.training.garments import train_garment as module
from viton_cli.training.garments.train_garment import GarmentTask, Taught, segmentation_loss
from viton_cli.training.train import train

BOX = (30, 40, 90, 120)


def write_photo(folder: Path, name: str, ground: str, cloth: str) -> Image.Image:
    photo, mask = Image.new("RGB", (120, 160), ground), Image.new("L", (120, 160))
    ImageDraw.Draw(photo).rectangle(BOX, fill=cloth)
    ImageDraw.Draw(mask).rectangle(BOX, fill=255)
    for kind, image in (("cloth", photo), ("cloth-mask", mask)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        image.save(folder / kind / f"{name}.png")
    return photo


def settings(data: Path, out: Path, **changes: Any) -> TrainGarmentConfig:
    given = {"data": [str(data)], "out": out, "batch": 2, "device": "cpu", "log_every": 5}
    return TrainGarmentConfig(**{**given, **changes})


def test_loss_falls_and_weights_are_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the loop of all networks: one held-out garment is scored and drawn."""
    monkeypatch.setattr(module, "SHAPES", ((64, 64),))  # small pictures, for speed
    monkeypatch.setattr(module, "SHAPE_SHARES", (1.0,))
    data = tmp_path / "data"
    photo = write_photo(data, "a", "white", "navy")
    for name in ("b", "c"):
        write_photo(data, name, "grey", "red")
    (data / "test_pairs.txt").write_text("x.png c.png\n")
    scores = train("garment", settings(data, tmp_path / "run", steps=30), lambda _: None)
    assert 0 <= scores["IoU"] <= 1 and scores["last step"] == 30
    rows = (tmp_path / "run/garment/losses.csv").read_text().splitlines()
    losses = [float(row.split(",")[3]) for row in rows[1:]]
    assert rows[0].startswith("step,minutes,lr,loss,mask") and losses[-1] < 0.95 * losses[0]
    assert len(list((tmp_path / "run/garment/samples").glob("*.jpg"))) == 1
    tensors, meta = load_weights(tmp_path / "run/garment.safetensors")
    assert (meta["kind"], meta["examples"]) == ("garment", 2)
    network = GarmentSegmenter()
    network.load_state_dict(tensors)
    chance = look(np.asarray(photo), network.eval()).chance
    assert chance.shape == (112, 80)
    assert 0.0 <= chance.min() <= chance.max() <= 1.0


def test_what_cannot_be_trained_on_is_refused(tmp_path: Path) -> None:
    write_photo(tmp_path, "a", "white", "navy")
    (tmp_path / "w.safetensors").write_bytes(b"x")
    with pytest.raises(BadWeights, match="not a whole safetensors file"):
        GarmentTask(settings(tmp_path, tmp_path / "run", init=str(tmp_path / "w.safetensors")), lambda _: None)
    (tmp_path / "cloth-mask" / "a.png").unlink()
    with pytest.raises(NothingUsable, match="no garment photo with a mask"):
        GarmentTask(settings(tmp_path, tmp_path / "run"), lambda _: None)


def test_what_is_called_once_says_all(tmp_path: Path) -> None:
    """Taught is the segmenter; a batch has one shape, a step's first generator's."""
    torch.manual_seed(0)
    net = Taught().eval()
    image, mask = torch.rand(1, 3, 64, 32), torch.ones(1, 1, 64, 32)
    logits, top = GarmentSegmenter.forward(net, image)
    expected: tuple[Tensor, ...] = (logits, *net.classify(top, mask))
    for one, other in zip(net(image, mask), expected, strict=True):
        torch.testing.assert_close(one, other)
    write_photo(tmp_path, "a", "white", "navy")
    task = GarmentTask(settings(tmp_path, tmp_path / "run"), lambda _: None)
    shapes = {tuple(task.batch([(0, np.random.default_rng(n)), (0, np.random.default_rng(7))])["image"].shape[2:])
              for n in range(6)}  # fmt: skip
    assert len(shapes) > 1 and shapes <= set(module.SHAPES)


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
