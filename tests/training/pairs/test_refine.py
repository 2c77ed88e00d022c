"""Stage 2 in lite: on triplets, with warps of predicted places."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_wardrobe import write_wardrobe
from torch import Tensor

from viton_cli.checkpoints import load_weights, save_weights
from viton_cli.config import TrainStage2Config
from viton_cli.core.generator import LayoutGenerator, Painting
from viton_cli.training.pairs.refine import RefineTask
from viton_cli.training.train import train
from viton_cli.vocabulary.layout import GARMENT, LAYOUT, TRUNK


@pytest.fixture(scope="module")
def wardrobe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wardrobe(tmp_path_factory.mktemp("wardrobe"))


def settings(data: Path, encoder: Path, out: Path, **changes: object) -> TrainStage2Config:
    given: dict[str, object] = {
        "data": [f"wardrobe:{data}"], "out": out, "size": (256, 192), "batch": 2, "steps": 3, "log_every": 1,
        "device": "cpu", "width": 4, "perceived": 0.0, "augment": 0.2, "perceptual_source": encoder,
    }  # fmt: skip
    return TrainStage2Config(**{**given, **changes})  # type: ignore[arg-type]


class Knows(LayoutGenerator):
    """A generator that is told the answer: layout and places of the truth, a grey coarse result, no change of light."""

    def __init__(self) -> None:
        super().__init__((4, 4), (0, 0))
        self.answer: dict[str, Tensor] = {}

    def forward(self, representation: Tensor, clothing: Tensor, joints: Tensor, seen: Tensor) -> Painting:
        layout = torch.where(self.answer["layout"] == GARMENT, TRUNK, self.answer["layout"])[None]
        shares = torch.nn.functional.one_hot(layout, len(LAYOUT)).permute(0, 3, 1, 2).float()
        places = torch.nan_to_num(self.answer["places"])[None]
        mask = self.answer["worn"][None] * 20 - 10
        grey = torch.zeros_like(clothing)
        return Painting(grey, mask, shares * 20, places, torch.full_like(mask, -4.0), grey)


def test_the_warped_garment_is_the_truth_where_the_places_are(wardrobe: Path, encoder: Path, tmp_path: Path) -> None:
    knows = Knows()
    task = RefineTask(settings(wardrobe, encoder, tmp_path), knows, lambda _: None)
    one = task.examples.sample(0, None)
    knows.answer = one
    found = task.warped(one)
    inside = found["area"][0] > 0.99
    assert inside.sum() > 0.7 * one["worn"].sum()
    assert (found["warped"] - found["truth"])[:, inside].abs().mean() < 0.1
    assert (found["coarse"] - found["truth"])[:, inside].abs().mean() > 0.2


def test_stage2_learns_to_show_the_garment_rather_than_a_grey_picture(
    wardrobe: Path, encoder: Path, tmp_path: Path
) -> None:
    knows = Knows()
    task = RefineTask(settings(wardrobe, encoder, tmp_path), knows, lambda _: None)
    samples = []
    for index in range(2):
        knows.answer = task.examples.sample(index, np.random.default_rng(index))
        samples.append(task.warped(knows.answer))
    batch = {key: torch.stack([sample[key] for sample in samples]) for key in samples[0]}
    optimizer = torch.optim.Adam(task.net.parameters(), 0.02)
    losses = []
    for _ in range(12):
        terms = task.loss(task.net, batch)
        losses.append(terms)
        optimizer.zero_grad()
        terms["loss"].backward()
        optimizer.step()
    assert losses[-1]["loss"] < losses[0]["loss"] and losses[-1]["alpha"] > losses[0]["alpha"]


def test_viton_train_stage2_stands_on_a_generator_with_a_layout(wardrobe: Path, encoder: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    sizes = {"channels": [4, 4], "blocks": [0, 0]}
    net = LayoutGenerator((4, 4), (0, 0))
    save_weights(tmp_path / "first.safetensors", net.state_dict(), {"kind": "stage1", "size": [256, 192], **sizes})
    stage1 = str(tmp_path / "first.safetensors")
    train("stage2", settings(wardrobe, encoder, tmp_path / "run", stage1=stage1), lambda _: None)
    _, meta = load_weights(tmp_path / "run/stage2.safetensors")
    assert meta["kind"] == "stage2" and meta["width"] == 4
    lines = [json.loads(line) for line in (tmp_path / "run/stage2/log.jsonl").read_text().splitlines()]
    assert all(np.isfinite(line["loss"]) for line in lines if "loss" in line)
