"""`viton train crn`, `prgan`, `cagan` and `baselines` on a miniature."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from viton_cli.checkpoints import load_weights
from viton_cli.config import BaselinesConfig, TrainCaganConfig, TrainCrnConfig, TrainPrganConfig
from viton_cli.errors import BadConfig, BadWeights
from viton_cli.methods import METHODS, WEIGHTS
from viton_cli.training.pairs.baselines import CaganTask, CrnTask, PrganTask
from viton_cli.training.report import TOGETHER, train_all
from viton_cli.training.train import train

TASKS: dict[str, tuple[Any, Any]] = {
    "crn": (CrnTask, TrainCrnConfig), "prgan": (PrganTask, TrainPrganConfig), "cagan": (CaganTask, TrainCaganConfig),
}  # fmt: skip
SMALL: dict[str, dict[str, Any]] = {
    "crn": {"channels": [8, 8, 8], "perceptual": "none"},
    "prgan": {"width": 4},
    "cagan": {"width": 4},
}


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def settings(name: str, data: Path, out: Path, **changes: Any) -> Any:
    given = {
        "data": [f"rendered:{data}"], "out": out, "size": (64, 64), "batch": 4, "steps": 2, "log_every": 1,
        "device": "cpu", **SMALL[name],
    }  # fmt: skip
    return TASKS[name][1](**{**given, **changes})


@pytest.mark.parametrize("name", TASKS)
def test_a_baseline_learns_its_pairs_and_is_used_from_the_runs_folder(
    name: str, rendered: Path, tmp_path: Path
) -> None:
    """The terms that the generator answers for fall on a batch it is shown again and again."""
    torch.manual_seed(0)
    task = TASKS[name][0](settings(name, rendered, tmp_path / "task"), lambda _: None)
    batch = task.batch([(index, np.random.default_rng(index)) for index in range(4)])
    optimizer = torch.optim.Adam(task.parameters(2e-3), lr=2e-3, betas=(0.5, 0.999))
    watched = {"crn": "pixel", "prgan": "second", "cagan": "cycle"}[name]
    found = []
    for _ in range(14):
        terms = task.loss(task.net, batch)
        optimizer.zero_grad()
        terms["loss"].backward()
        optimizer.step()
        found.append(terms[watched].item())
    assert np.isfinite(found).all() and found[-1] < 0.9 * found[0]

    scores = train(name, settings(name, rendered, tmp_path / "run"), lambda _: None)
    assert scores["last step"] == 2 and set(scores) > {"step", "last step"}
    assert list((tmp_path / "run" / name / "samples").glob("*.jpg"))
    assert load_weights(tmp_path / "run" / f"{name}.safetensors")[1]["kind"] == name
    assert METHODS.get(name)(weights=str(tmp_path / "run")).size == (64, 64)


def test_weights_to_begin_with_are_those_of_the_same_network(rendered: Path, tmp_path: Path) -> None:
    train("prgan", settings("prgan", rendered, tmp_path / "a"), lambda _: None)
    weights = str(tmp_path / "a" / "prgan.safetensors")
    task = PrganTask(settings("prgan", rendered, tmp_path / "b", init=weights), lambda _: None)
    torch.testing.assert_close(
        task.net.state_dict()["first.last.bias"], load_weights(Path(weights))[0]["first.last.bias"]
    )
    with pytest.raises(BadWeights, match="its width is 4, this training's is 6"):
        PrganTask(settings("prgan", rendered, tmp_path / "b", init=weights, width=6), lambda _: None)
    with pytest.raises(BadWeights, match="weights of 'prgan', not of 'cagan'"):
        CaganTask(settings("cagan", rendered, tmp_path / "b", init=weights), lambda _: None)


@pytest.mark.parametrize("name", TASKS)
def test_what_cannot_be_is_refused_before_the_data_are_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="size 64x96: height and width must be multiples of 64"):
        TASKS[name][0](settings(name, tmp_path / "gone", tmp_path, size=(64, 96)), lambda _: None)
    with pytest.raises(ValidationError, match="there should be 2 to 7"):
        settings("crn", tmp_path, tmp_path, channels=[4] * 8)
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        settings("cagan", tmp_path, tmp_path, batch=1)


def test_the_baselines_share_the_time_evenly_and_cover_every_method(rendered: Path, tmp_path: Path) -> None:
    shares = TOGETHER["baselines"]
    assert set(shares) == {name for names in WEIGHTS.values() for name in names}
    for method, names in WEIGHTS.items():
        if method not in ("encoder-decoder", "non-parametric"):  # they are parts of VITON
            assert sum(shares[name] for name in names) == pytest.approx(1.0), method
    config = BaselinesConfig(
        data=[f"rendered:{rendered}"], out=tmp_path, size=(64, 64), batch=2, minutes=4, dry_run=True
    )
    planned = train_all("baselines", config, lambda _: None).planned
    assert {name: plan.minutes for name, plan in planned.items()} == pytest.approx(
        {"stage1": 3, "stage2": 1, "crn": 4, "prgan": 4, "cagan": 4}
    )
