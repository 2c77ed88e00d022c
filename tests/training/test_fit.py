"""The training loop: order, averages, checkpoints, and a resumed run that equals an unbroken one."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from viton_cli.checkpoints import load_weights
from viton_cli.config import TrainStage1Config
from viton_cli.errors import BadConfig, BadWeights
from viton_cli.training.curve import draw_curve
from viton_cli.training.fit import LEFT_OUT, Average, fit, learning_rate
from viton_cli.training.stopping import SIGNALS, Stopped
from viton_cli.training.task import Positions, Stream, Task


class Line(Task):
    """Learn y = 3 x + 1 from noisy points, through dropout (so that the generator's state matters)."""

    score = "-error"

    def __init__(
        self, stop_at: int | None = None, poison: int | range | None = None, number: int = signal.SIGTERM
    ) -> None:
        torch.manual_seed(1)
        self.net: nn.Module = nn.Sequential(nn.Linear(1, 16), nn.Dropout(0.3), nn.Linear(16, 1))
        self.seen: list[int] = []
        self.calls, self.stop_at, self.number = 0, stop_at, number
        self.poison = poison if isinstance(poison, range) else [poison]

    def __len__(self) -> int:
        return 7

    def parameters(self, lr: float) -> list[dict[str, Any]]:
        return [{"params": list(self.net.parameters()), "lr": lr}]

    def sample(self, index: int, rng: np.random.Generator) -> dict[str, Tensor]:
        self.seen.append(index)
        x = rng.normal(size=1)
        return {"x": torch.tensor(x, dtype=torch.float32), "y": torch.tensor(3 * x + 1, dtype=torch.float32)}

    def loss(self, net: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        self.calls += 1
        if self.calls == self.stop_at:
            signal.raise_signal(self.number)
        error = (net(batch["x"]) - batch["y"]).square().mean()
        return {"loss": error * (float("nan") if self.calls in self.poison else 1), "half": error / 2}

    def validate(self, net: nn.Module) -> dict[str, float]:
        assert not net.training
        x = torch.linspace(-1, 1, 9)[:, None]
        return {"error": float((net(x) - 3 * x - 1).square().mean())}

    def picture(self, net: nn.Module) -> np.ndarray:
        return np.zeros((8, 8, 3), np.uint8)

    def meta(self) -> dict[str, Any]:
        return {"kind": "line"}


def config(out: Path, **settings: Any) -> TrainStage1Config:
    given = {
        "data": ["none"],
        "out": out,
        "steps": 30,
        "batch": 4,
        "lr": 0.02,
        "log_every": 5,
        "device": "cpu",
        "ema": 0.9,
    }
    return TrainStage1Config(**{**given, **settings})


@pytest.fixture(autouse=True)
def handler() -> Any:
    """`fit` takes over the signals; the test process gets its own back."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, former in before.items():
        signal.signal(number, former)


def test_what_a_run_leaves(tmp_path: Path) -> None:
    said: list[str] = []
    scores = fit(Line(), config(tmp_path, steps=200), said.append)
    assert scores["error"] < 0.5 and scores["step"] == 200
    for name in ("last.ckpt", "last.txt", "best.safetensors", "log.jsonl", "curve.png", "samples/0000200.jpg"):
        assert (tmp_path / name).is_file(), name
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert len(losses) == 40 and np.mean(losses[-5:]) < 0.4 * np.mean(losses[:5])
    assert lines[0]["half"] == pytest.approx(lines[0]["loss"] / 2, abs=2e-5) and lines[-1]["error"] == scores["error"]
    tensors, meta = load_weights(tmp_path / "best.safetensors")
    assert meta["kind"] == "line" and meta["step"] == 200 and meta["scores"]["error"] == scores["error"]
    assert set(tensors) == set(Line().net.state_dict())


@pytest.mark.parametrize("number", SIGNALS)
def test_a_stopped_run_carries_on_as_if_it_had_not_been_stopped(tmp_path: Path, number: signal.Signals) -> None:
    whole = Line()
    fit(whole, config(tmp_path / "whole"), lambda _: None)
    said: list[str] = []
    for stop in (11, 7, None):
        broken = Line(stop_at=stop, number=number)
        settings = config(tmp_path / "broken", resume=(tmp_path / "broken/last.ckpt").exists())
        if stop is None:
            fit(broken, settings, said.append)
        else:
            with pytest.raises(Stopped):
                fit(broken, settings, said.append)
    assert "carrying on from step 11" in " ".join(said) and "carrying on from step 18" in " ".join(said)
    for name, value in whole.net.state_dict().items():
        assert torch.equal(value, broken.net.state_dict()[name]), name
    first, second = (load_weights(tmp_path / run / "best.safetensors")[0] for run in ("whole", "broken"))
    assert all(torch.equal(first[name], second[name]) for name in first), "the averages too"
    whole_file, broken_file = (tmp_path / run / "best.safetensors" for run in ("whole", "broken"))
    assert whole_file.read_bytes() == broken_file.read_bytes()


def test_signals_mean_again_what_they_meant_before(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    fit(Line(), config(tmp_path, steps=1), lambda _: None)
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_second_ctrl_c_does_not_wait_and_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    fit(Line(), config(tmp_path, steps=4), lambda _: None)
    before = (tmp_path / "last.ckpt").read_bytes()

    class Impatient(Line):
        def loss(self, net: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
            for _ in range(2):
                signal.raise_signal(signal.SIGINT)
            raise AssertionError("not reached")

    with pytest.raises(KeyboardInterrupt):
        fit(Impatient(), config(tmp_path, steps=9, resume=True), lambda _: None)
    assert (tmp_path / "last.ckpt").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 7}, "seed=0, not 7"),
        ({"lr": 0.5}, "lr=0.02, not 0.5"),
        ({"batch": 2}, "batch=4, not 2"),
        ({"size": (128, 96)}, r"size=\[256, 192\], not \[128, 96\]"),
        ({"ema": 0.5, "clip": 2.0}, "ema=0.9, not 0.5; clip=1.0, not 2.0"),
    ],
)
def test_a_run_is_not_carried_on_with_other_settings(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    fit(Line(), config(tmp_path, steps=2), lambda _: None)
    before = (tmp_path / "last.ckpt").read_bytes()
    with pytest.raises(BadConfig, match=rf"last\.ckpt: the run was begun with {said}; carry on with that") as caught:
        fit(Line(), config(tmp_path, steps=3, resume=True, **changes), lambda _: None)
    assert "\n" not in str(caught.value) and (tmp_path / "last.ckpt").read_bytes() == before


def test_checkpoints_carry_a_version(tmp_path: Path) -> None:
    fit(Line(), config(tmp_path, steps=2), lambda _: None)
    state = torch.load(tmp_path / "last.ckpt", weights_only=True)
    torch.save({**state, "version": 3}, tmp_path / "last.ckpt")
    with pytest.raises(BadWeights, match=r"a checkpoint of version 3; this viton reads versions 1 and 2"):
        fit(Line(), config(tmp_path, steps=3, resume=True), lambda _: None)
    for name in ("version", "settings"):  # what the first version had not
        del state[name]
    torch.save({**state, "best": {"value": float("nan"), "step": 1}}, tmp_path / "last.ckpt")
    assert np.isfinite(fit(Line(), config(tmp_path, steps=3, resume=True), lambda _: None)["error"])


@pytest.mark.parametrize("part", ["optimizer", "rng", "best", "step", "average"])
@pytest.mark.parametrize("value", [None, 3, "text", [], {"a": 1}, {}])
def test_checkpoints_of_odd_shape_are_one_line(tmp_path: Path, part: str, value: object) -> None:
    fit(Line(), config(tmp_path, steps=1), lambda _: None)
    state = torch.load(tmp_path / "last.ckpt", weights_only=True)
    if (part, value) in (("best", None), ("step", 3)):
        return
    torch.save({**state, part: value}, tmp_path / "last.ckpt")
    with pytest.raises(BadWeights, match=r"last\.ckpt: not a checkpoint of this training") as caught:
        fit(Line(), config(tmp_path, steps=2, resume=True), lambda _: None)
    assert "\n" not in str(caught.value)


class TestNotFinite:
    def test_a_rate_that_is_far_too_high_publishes_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(BadWeights, match=r"(best\.safetensors|last\.ckpt): not written.*lower --lr") as caught:
            fit(Line(), config(tmp_path, lr=1e30, steps=200), lambda _: None)
        assert "\n" not in str(caught.value) and not (tmp_path / "best.safetensors").exists()

    def test_a_score_that_is_not_finite_replaces_no_best(self, tmp_path: Path) -> None:
        fit(Line(), config(tmp_path, steps=2), lambda _: None)
        before = [(tmp_path / name).read_bytes() for name in ("best.safetensors", "last.ckpt")]

        class Lost(Line):
            def validate(self, net: nn.Module) -> dict[str, float]:
                return {"error": float("nan")}

        with pytest.raises(BadWeights, match=r"best\.safetensors: not written at step 3: the score 'error'"):
            fit(Lost(), config(tmp_path, steps=3, resume=True), lambda _: None)
        assert [(tmp_path / name).read_bytes() for name in ("best.safetensors", "last.ckpt")] == before
        assert fit(Line(), config(tmp_path, steps=4, resume=True), lambda _: None)["step"] == 4

    def test_many_steps_without_a_loss_end_the_run(self, tmp_path: Path) -> None:
        task = Line(poison=range(3, 999))
        with pytest.raises(BadWeights, match=rf"the loss of {LEFT_OUT} steps in a row was not finite"):
            fit(task, config(tmp_path, steps=500), lambda _: None)
        assert task.calls == 2 + LEFT_OUT

    def test_a_spoilt_checkpoint_is_named(self, tmp_path: Path) -> None:
        fit(Line(), config(tmp_path, steps=2), lambda _: None)
        state = torch.load(tmp_path / "last.ckpt", weights_only=True)
        state["net"]["0.bias"][3] = float("nan")
        torch.save(state, tmp_path / "last.ckpt")
        with pytest.raises(BadWeights, match=r"last\.ckpt: '0\.bias' is not finite"):
            fit(Line(), config(tmp_path, steps=3, resume=True), lambda _: None)


def test_resuming_without_a_checkpoint_starts_and_with_a_strangers_is_refused(tmp_path: Path) -> None:
    said: list[str] = []
    fit(Line(), config(tmp_path, steps=2, resume=True), said.append)
    assert "no checkpoint yet" in said[0]
    for content in (b"not a checkpoint", (tmp_path / "last.ckpt").read_bytes()[:200]):
        (tmp_path / "last.ckpt").write_bytes(content)
        with pytest.raises(BadWeights, match=r"last\.ckpt: not a checkpoint of this training") as caught:
            fit(Line(), config(tmp_path, steps=2, resume=True), said.append)
        assert "\n" not in str(caught.value)
    torch.save({"net": {"other": torch.zeros(1)}}, tmp_path / "last.ckpt")
    with pytest.raises(BadWeights, match=r"not a checkpoint of this training"):
        fit(Line(), config(tmp_path, steps=2, resume=True), said.append)


def test_a_loss_that_is_not_finite_is_left_out(tmp_path: Path) -> None:
    said: list[str] = []
    poisoned = Line(poison=3)
    fit(poisoned, config(tmp_path, steps=6), said.append)
    assert any("step 2: the loss is not finite" in line for line in said)
    assert all(torch.isfinite(p).all() for p in poisoned.net.parameters()) and poisoned.calls == 6


def test_minutes_end_a_run_too(tmp_path: Path) -> None:
    settings = config(tmp_path, steps=None, minutes=0.02)
    assert settings.steps is None
    task = Line()
    fit(task, settings, lambda _: None)
    assert task.calls >= 1 and "minutes 0.0" in (tmp_path / "last.txt").read_text()


def test_every_example_is_seen_once_an_epoch_in_a_new_order() -> None:
    task = Line()
    stream = Stream(task, seed=4)
    values = [float(x) for x in stream.__getitems__(range(21))["x"]]
    epochs = [task.seen[i : i + 7] for i in (0, 7, 14)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs) and epochs[0] != epochs[1]
    assert len(set(values)) == 21, "augmented anew each time"
    assert float(Stream(Line(), seed=4).__getitems__([12])["x"]) == values[12], "a function of seed and position alone"
    assert float(Stream(Line(), seed=5).__getitems__([12])["x"]) != values[12]


def test_processes_share_the_positions() -> None:
    parts = [iter(Positions(start=3, batch=2, rank=rank, world=2)) for rank in (0, 1)]
    batches = [next(part) for _ in range(2) for part in parts]
    assert batches == [[12, 13], [14, 15], [16, 17], [18, 19]]


def test_learning_rate_warms_up_and_goes_down_half_a_cosine() -> None:
    assert learning_rate(0) == learning_rate(0.0001) == 0.02
    assert learning_rate(0.005) == pytest.approx(0.5)
    assert learning_rate(0.5) == pytest.approx(0.51) and learning_rate(1) == learning_rate(2) == pytest.approx(0.02)
    rates = [learning_rate(p) for p in np.linspace(0.01, 1, 50)]
    assert rates == sorted(rates, reverse=True)


def test_the_average_follows_the_weights() -> None:
    net = nn.Linear(1, 1, bias=False)
    net.weight.data.fill_(1.0)
    average = Average(net, 0.5)
    net.weight.data.fill_(0.0)
    average.update(net, 0)  # decay 1/10 in the first steps
    assert float(average.state["weight"]) == pytest.approx(0.1)
    average.update(net, 1000)
    assert float(average.state["weight"]) == pytest.approx(0.05)
    assert float(net.weight.detach()) == 0, "the network's own weights are left alone"


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_named(device: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(BadConfig, match=rf"^--device {device}: .* --device cpu or auto$"):
        fit(Line(), config(tmp_path, device=device), lambda _: None)
    assert not list(tmp_path.iterdir())


def test_a_break_while_validating_keeps_the_weights_themselves(tmp_path: Path) -> None:
    """Validation looks at the average; Ctrl-C in it must not write the average down as the weights."""

    class Broken(Line):
        def validate(self, net: nn.Module) -> dict[str, float]:
            signal.raise_signal(signal.SIGINT)
            return super().validate(net)

    with pytest.raises(Stopped):
        fit(Broken(), config(tmp_path, steps=8, validate_minutes=1e-9), lambda _: None)
    whole = tmp_path / "whole"
    fit(Line(), config(whole, steps=1), lambda _: None)
    stopped, finished = (torch.load(run / "last.ckpt", weights_only=True) for run in (tmp_path, whole))
    assert stopped["step"] == 1
    for name, value in finished["net"].items():
        assert stopped["net"][name].shape == value.shape and not torch.equal(
            stopped["net"][name], stopped["average"][name]
        )
    fit(Line(), config(tmp_path, steps=8, resume=True), lambda _: None)
    fit(Line(), config(whole, steps=8, resume=False), lambda _: None)
    carried, unbroken = (torch.load(run / "last.ckpt", weights_only=True) for run in (tmp_path, whole))
    assert all(torch.equal(carried["net"][name], value) for name, value in unbroken["net"].items())


def test_the_curve_passes_over_a_torn_line(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"step": 1, "loss": 2.0}\n{"step": 2, "lo{"step": 3, "loss": 1.0}\n')
    draw_curve(tmp_path / "log.jsonl", tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 0
