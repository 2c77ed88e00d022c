"""`--preset paper` is the paper's training in every setting, and what departs is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from viton_cli.config import PairsConfig, TrainConfig, TrainStage1Config, TrainStage2Config, load, settings_for
from viton_cli.core.generator import Generator
from viton_cli.training.explain import WHERE, explain
from viton_cli.training.pairs.task import set_norm_decay
from viton_cli.training.report import train_all

OTHERS = {
    "size": "64x64", "steps": 7, "batch": 8, "accumulate": 2, "lr": 0.1, "betas": "0.1,0.2", "weight_decay": 0.1,
    "schedule": "cosine", "precision": "bf16", "ema": 0.5, "clip": 2, "augment": 1, "perceived": 1,
    "perceptual": "none", "perceptual_shrink": 2, "network": "layout", "width": 8, "norm_decay": 0.5, "warp": "parts",
    "without": "pose", "loss": "code", "lambda_warp": 0.2, "lambda_tv": 1e-5,
}  # fmt: skip
STAGES = {"stage1": TrainStage1Config, "stage2": TrainStage2Config}


def settings(*sets: str) -> TrainConfig:
    return load(TrainConfig, None, sets, {"explain": True}, {})


def test_the_papers_schedule_is_the_one_of_section_4_2() -> None:
    paper = settings("preset=paper")
    first, second = settings_for(paper, TrainStage1Config), settings_for(paper, TrainStage2Config)
    for stage in (first, second):
        assert (stage.batch, stage.lr, stage.betas, stage.size) == (16, 2e-4, (0.5, 0.999), (256, 192))
        assert (stage.schedule, stage.weight_decay, stage.ema, stage.clip, stage.augment) == ("constant", 0, 0, 0, 0)
        assert (stage.perceptual, stage.perceptual_shrink, stage.width) == ("vgg19", 1, 64)
    assert (first.steps, second.steps) == (15000, 6000)
    assert (first.network, first.norm_decay, second.warp) == ("paper", 0.999, "paper")
    net = Generator(first.width)
    assert net.up[-1][1].out_channels == 4 and net.down[0][0].out_channels == 64
    set_norm_decay(net, first.norm_decay)
    norms = [module for module in net.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert len(norms) == 10 and all(norm.momentum == pytest.approx(0.001) for norm in norms)


@pytest.mark.parametrize("stage", STAGES)
def test_every_setting_of_the_paper_says_where_it_is_from_and_can_be_switched(stage: str) -> None:
    model = STAGES[stage]
    assert set(model.PAPER) <= set(WHERE)
    whole = explain(stage, settings_for(settings("preset=paper"), model))
    assert len(whole.rows) == len(model.PAPER) and not any(row.departs for row in whole.rows)
    for name in model.PAPER:
        changed = settings_for(settings("preset=paper", f"{name}={OTHERS[name]}"), model)
        assert [row.setting for row in explain(stage, changed).rows if row.departs] == [name]


def test_what_is_said_needs_no_data_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = train_all("both", settings("preset=paper"))
    text = str(done)
    assert "stage1: none of 19 settings depart from the paper" in text and "stage2: none of 20" in text
    assert "section 4.2" in text and "departs always: the mask channel ends in a sigmoid" in text
    lite = train_all("stage1", settings()).as_dict()["stage1"]
    departing = {row["setting"] for row in lite["settings"] if row["departs"]}
    assert {"network", "ema", "clip", "augment", "schedule"} <= departing and "size" not in departing
    assert not list(tmp_path.iterdir()) and isinstance(settings(), PairsConfig)
