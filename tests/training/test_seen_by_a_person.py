"""Training as a person sees it: what it will take, how far it is, what came of it."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from test_fit import Line, config

from viton_cli.config import TrainConfig
from viton_cli.errors import MissingExtra
from viton_cli.training import report
from viton_cli.training.curve import draw_curve, ticks
from viton_cli.training.estimate import duration, estimate
from viton_cli.training.fit import fit
from viton_cli.training.report import train_all
from viton_cli.training.train import train
from viton_cli.training.watch import Tick


def test_the_estimate_is_measured_and_leaves_the_run_as_it_was(tmp_path: Path) -> None:
    task, settings = Line(), config(tmp_path / "run", steps=500)
    before, state = {k: v.clone() for k, v in task.net.state_dict().items()}, torch.get_rng_state()
    found = estimate(task, settings)
    assert found.steps == 500 and found.minutes == pytest.approx(500 * found.step_seconds / 60) and found.minutes < 1
    assert found.memory_mb is None or found.memory_mb > 50
    assert found.disk_mb >= 1 and found.free_mb == pytest.approx(shutil.disk_usage(tmp_path).free / 1e6, rel=0.1)
    assert all(torch.equal(value, before[name]) for name, value in task.net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state) and not list(tmp_path.iterdir())
    assert re.match(r"500 steps of \S+ s, about \d+ s; .*1 MB on disk$", str(found))
    assert estimate(task, settings, done=400).steps == 100


def test_minutes_alone_or_together_with_steps_bound_the_time(tmp_path: Path) -> None:
    by_minutes = estimate(Line(), config(tmp_path, steps=None, minutes=7))
    assert by_minutes.minutes == 7 and str(by_minutes).startswith("about ")
    assert estimate(Line(), config(tmp_path, steps=10**9, minutes=7)).minutes == 7
    assert [duration(minutes) for minutes in (0.5, 7, 240)] == ["30 s", "7 min", "4.0 h"]


def test_every_step_is_told_from_the_first_on(tmp_path: Path) -> None:
    told: list[Tick] = []
    said: list[str] = []
    fit(Line(), config(tmp_path), said.append, watch=told.append)
    assert [tick.step for tick in told] == list(range(1, 31)) and all(tick.steps == 30 for tick in told)
    assert told[0].progress == pytest.approx(1 / 30) and told[-1].progress == 1 and told[-1].seconds_left == 0
    assert all(np.isfinite(tick.loss) and tick.seconds_left >= 0 for tick in told)
    assert not any("min left" in line for line in said), "the bar tells it"


def test_best_and_last_step_are_told_apart_as_whole_numbers(tmp_path: Path) -> None:
    class Worse(Line):
        """Scores get worse: the first validation is the best."""

        count = 0

        def validate(self, net: Any) -> dict[str, float]:
            Worse.count += 1
            return {"error": float(Worse.count)}

    scores = fit(Worse(), config(tmp_path, validate_minutes=1e-9), lambda _: None)
    assert (scores["step"], scores["last step"]) == (1, 30)
    assert isinstance(scores["step"], int) and isinstance(scores["last step"], int)


def test_losses_are_a_table(tmp_path: Path) -> None:
    fit(Line(), config(tmp_path, steps=15), lambda _: None)
    fit(Line(), config(tmp_path, resume=True), lambda _: None)
    with (tmp_path / "losses.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    losses = [line for line in logged if "loss" in line]
    assert [int(row["step"]) for row in rows] == [5, 10, 15, 20, 25, 30]
    assert [float(row["loss"]) for row in rows] == pytest.approx([line["loss"] for line in losses], rel=1e-4)
    assert set(rows[0]) == {"step", "minutes", "lr", "loss", "half"}


def test_tensorboard_gets_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    fit(Line(), config(tmp_path, tensorboard=True), lambda _: None)
    (events,) = {file.parent for file in tmp_path.rglob("events.out.tfevents.*")}
    read = EventAccumulator(str(events))
    read.Reload()
    assert [event.step for event in read.Scalars("loss")] == [5, 10, 15, 20, 25, 30]
    assert len(read.Scalars("error")) == 1
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'viton-cli\[tensorboard\]'"):
        fit(Line(), config(tmp_path / "other", tensorboard=True), lambda _: None)


def test_axes_have_round_numbers() -> None:
    assert ticks(0, 100) == [0, 50, 100] and ticks(0, 6000) == [0, 2000, 4000, 6000]
    assert ticks(0.11, 0.87) == [0.2, 0.4, 0.6, 0.8] and ticks(-1, 1) == [-1, -0.5, 0, 0.5, 1]
    assert len(ticks(3, 3)) >= 1


def test_the_curve_has_a_plot_a_value_with_axes_and_the_best_step(tmp_path: Path) -> None:
    lines = [{"step": step, "minutes": 0, "lr": 1, "loss": 100 / step, "L1": 1 / step} for step in (10, 50, 100)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    draw_curve(tmp_path / "log.jsonl", tmp_path / "curve.png", best=50)
    image = np.asarray(Image.open(tmp_path / "curve.png").convert("RGB"))
    assert image.shape == (190, 600, 3), "two plots beside each other"
    for colour, least in (((0x1F, 0x5F, 0xBF), 200), ((0x55, 0x55, 0x55), 400), ((0xC0, 0x39, 0x2B), 200)):
        assert (image == colour).all(2).sum() > least, colour


def test_minutes_are_those_of_both_stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, float | None] = {}

    def note(stage: str, settings: TrainConfig, *_: object) -> dict[str, float]:
        given[stage] = settings.minutes
        return {"error": 0.5, "step": 3, "last step": 4}

    monkeypatch.setattr(report, "train", note)
    done = train_all("both", TrainConfig(data=["none"], out=tmp_path, minutes=60))
    assert given == {"stage1": 45, "stage2": 15}
    assert str(done) == "\n".join(
        f"{stage} done, best step 3 of 4, error 0.5000: {tmp_path}/{stage}.safetensors"
        for stage in ("stage1", "stage2")
    )
    assert done.as_dict()["stage2"] == {
        "weights": str(tmp_path / "stage2.safetensors"), "best_step": 3, "last_step": 4, "scores": {"error": 0.5},
    }  # fmt: skip
    train_all("perception", TrainConfig(data=["none"], out=tmp_path, minutes=60))
    assert given["perception"] == 60
    assert train_all("both", TrainConfig(data=["none"], out=tmp_path)) and given["stage1"] is None


def mini(rendered: Path, encoder: Path, out: Path, **changes: Any) -> TrainConfig:
    given = {"data": [f"rendered:{rendered}"], "out": out, "size": (64, 64), "batch": 2, "steps": 2, "network": "paper"}
    network = {"width": 4, "perceptual": "builtin", "perceptual_source": encoder}
    return TrainConfig(**{**given, **network, "device": "cpu", **changes})


def test_a_dry_run_says_what_it_would_take_and_leaves_nothing(rendered: Path, encoder: Path, tmp_path: Path) -> None:
    done = train_all("stage1", mini(rendered, encoder, tmp_path / "run", steps=7, dry_run=True))
    assert done.planned["stage1"].steps == 7 and not done.stages and not (tmp_path / "run").exists()
    assert str(done).startswith("stage1 would take 7 steps of ") and done.as_dict()["stage1"]["step_seconds"] > 0


def test_the_estimate_is_said_first_and_samples_are_labelled(rendered: Path, encoder: Path, tmp_path: Path) -> None:
    said: list[str] = []
    train("stage1", mini(rendered, encoder, tmp_path), said.append)
    told = [index for index, line in enumerate(said) if re.match(r"stage1: 2 steps of \S+ s, about", line)]
    assert len(told) == 1 and not any(line.startswith("step ") for line in said[: told[0]])
    (sheet,) = (tmp_path / "stage1/samples").glob("*.jpg")
    picture = np.asarray(Image.open(sheet).convert("L"))
    assert picture[4:16, 4:60].min() < 100, "words above the first picture"
