"""`viton evaluate stage1` on a drawn wardrobe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from drawn_wardrobe import write_wardrobe
from typer.testing import CliRunner

from viton_cli.checkpoints import save_weights
from viton_cli.cli import app
from viton_cli.config import EvaluateStage1Config
from viton_cli.core.generator import LayoutGenerator
from viton_cli.errors import BadDataset
from viton_cli.pipelines.evaluate.stage1 import evaluate_stage1


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    sizes = {"channels": [8, 8], "blocks": [0, 0]}
    folder = tmp_path_factory.mktemp("weights")
    net = LayoutGenerator((8, 8), (0, 0))
    save_weights(folder / "stage1.safetensors", net.state_dict(), {"kind": "stage1", "size": [64, 64], **sizes})
    return folder


@pytest.fixture(scope="module")
def wardrobe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wardrobe(tmp_path_factory.mktemp("wardrobe"))


def test_unpaired_try_ons_of_the_people_asked_for(wardrobe: Path, weights: Path) -> None:
    answer = CliRunner().invoke(
        app,
        ["evaluate", "stage1", "--data", f"wardrobe:{wardrobe}", "--ids", "*7", "--weights", str(weights), "--json"],
    )
    assert answer.exit_code == 0, answer.output
    found = {score["name"]: score for score in json.loads(answer.stdout)["scores"]}
    assert {"M IoU", "layout mean IoU", "layout IoU garment trunk", "places off", "coarse error"} <= set(found)
    assert found["M IoU"]["n"] == 2, "two garments, each on the picture with the other"
    assert "3%" in found["places off"]["protocol"] and not found["places off"]["higher_is_better"]


def test_limit_and_whole_ids(wardrobe: Path, weights: Path) -> None:
    data = [f"wardrobe:{wardrobe}"]
    config = EvaluateStage1Config(data=data, ids="w0001_1a", weights=weights)
    assert evaluate_stage1(config, lambda _: None)[0].n == 1
    config = EvaluateStage1Config(data=data, weights=weights, limit=3)
    assert evaluate_stage1(config, lambda _: None)[0].n == 3


def test_nobody_to_score(wardrobe: Path, weights: Path) -> None:
    config = EvaluateStage1Config(data=[f"wardrobe:{wardrobe}"], ids="*9", weights=weights)
    with pytest.raises(BadDataset, match=r"whose person matches --ids '\*9'"):
        evaluate_stage1(config, lambda _: None)
