"""`viton train` on a miniature: the loss falls, a killed run carries on exactly, and its folder can be used."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from viton_cli.checkpoints import load_weights, save_weights
from viton_cli.config import TrainConfig, TrainPerceptionConfig, TrainStage2Config, load, settings_for
from viton_cli.errors import BadConfig, BadWeights, VitonError
from viton_cli.methods.networks import build_generator, load_composer, load_generator
from viton_cli.training.pairs.stage2 import Stage2Task
from viton_cli.training.train import train


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    """So small networks are slower on several threads, and a sum's order is fixed."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def settings(data: Path, encoder: Path, out: Path, **changes: Any) -> TrainConfig:
    given: dict[str, Any] = {
        "data": [f"rendered:{data}"], "out": out, "size": (64, 64), "batch": 8, "steps": 3, "log_every": 2,
        "device": "cpu", "ema": 0.5, "preset": "paper", "lr": 6e-4,
        "width": 4, "perceptual": "builtin", "perceptual_source": str(encoder),
    }  # fmt: skip
    return TrainConfig(**{**given, **changes})


def losses(run: Path) -> list[float]:
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


@pytest.fixture(scope="module")
def trained(rendered: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both stages on 16 pairs, long enough to see the loss fall.

    The generator starts with a mask that covers everything: it takes many more steps until an empty one grows.
    """
    run, start = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("start") / "start.safetensors"
    torch.manual_seed(0)
    tensors = build_generator({"width": 4}).state_dict()
    last = [name for name in tensors if name.endswith("bias")][-1]
    tensors[last][3] = 2.0
    save_weights(start, tensors, {"kind": "stage1", "width": 4, "size": [64, 64]})
    train("stage1", settings(rendered, encoder, run, steps=24, lr=3e-3, init=str(start)), lambda _: None)
    train("stage2", settings(rendered, encoder, run, steps=12, lr=2e-2, batch=4), lambda _: None)
    return run


def test_stage1_fits_its_pairs(trained: Path) -> None:
    found = losses(trained / "stage1")
    assert np.mean(found[-2:]) < np.mean(found[:2]) - 0.2


def test_stage2_fits_its_pairs(trained: Path, rendered: Path, encoder: Path, tmp_path: Path) -> None:
    """The loss of the same eight pairs under the network that training began with and the one it ended with."""
    torch.manual_seed(0)
    config = settings_for(settings(rendered, encoder, tmp_path), TrainStage2Config)
    task = Stage2Task(config, load_generator(trained / "stage1.safetensors")[0], lambda _: None)
    samples = [task.sample(index, np.random.default_rng(index)) for index in range(8)]
    batch = {key: torch.stack([sample[key] for sample in samples]) for key in samples[0]}
    assert batch["fits"].all()
    after, _ = load_composer(trained / "stage2.safetensors")
    with torch.no_grad():
        first, last = (task.loss(net, batch) for net in (task.net, after))
    assert last["loss"] < first["loss"] - 0.002
    assert last["alpha"] > first["alpha"], "more of the garment"


def test_a_run_leaves_weights_curve_samples_and_settings(trained: Path) -> None:
    for stage in ("stage1", "stage2"):
        for name in ("last.ckpt", "best.safetensors", "log.jsonl", "curve.png", "config.yaml"):
            assert (trained / stage / name).is_file(), (stage, name)
        assert len(list((trained / stage / "samples").glob("*.jpg"))) == 1
        _, meta = load_weights(trained / f"{stage}.safetensors")
        assert meta["width"] == 4 and meta["size"] == [64, 64] and meta["scores"]
    resolved = yaml.safe_load((trained / "stage1/config.yaml").read_text())
    assert resolved["steps"] == 24 and resolved["betas"] == [0.5, 0.999], "gaps filled"
    assert yaml.safe_load((trained / "config.yaml").read_text())["data"] == resolved["data"]


def test_stage2_stands_on_this_runs_stage1(trained: Path) -> None:
    resolved = yaml.safe_load((trained / "stage2/config.yaml").read_text())
    assert resolved["out"] == str(trained / "stage2")
    scores = load_weights(trained / "stage2.safetensors")[1]["scores"]
    assert set(scores) == {"L1", "coarse L1", "alpha"} and 0 < scores["alpha"] < 1


def test_try_on_takes_the_runs_folder(trained: Path, tmp_path: Path) -> None:
    from viton_cli.files import read_photo, write_image
    from viton_cli.methods.viton import Viton
    from viton_cli.perception.backends.fake import draw_person
    from viton_cli.perception.perceive import open_perception
    from viton_cli.perception.person import PersonFinder
    from viton_cli.records import Garment, Photo

    image, _, _ = draw_person((200, 150))
    write_image(tmp_path / "anna.png", image)
    method = Viton(weights=str(trained))
    assert method.size == (64, 64)
    person = PersonFinder(open_perception("fake", "fake")).find(read_photo(tmp_path / "anna.png"), method.size)
    mask = np.zeros((120, 90), np.float32)
    mask[15:105, 20:70] = 1
    garment = Garment(Photo("shirt", np.full((120, 90, 3), 120, np.uint8)), mask)
    result = method.run(person, garment, steps=True)
    assert result.image.shape == image.shape and "coarse image" in result.steps
    assert np.array_equal(result.image[~result.edited], image[~result.edited])


def test_a_finished_run_is_not_trained_over(trained: Path, rendered: Path, encoder: Path) -> None:
    before = (trained / "stage1/last.ckpt").read_bytes()
    with pytest.raises(BadConfig, match=r"holds a training already; carry on with --resume") as caught:
        train("stage1", settings(rendered, encoder, trained), lambda _: None)
    assert "\n" not in str(caught.value) and (trained / "stage1/last.ckpt").read_bytes() == before


def command(data: Path, encoder: Path, out: Path, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "viton_cli", "train", "stage1", "--data", f"rendered:{data}", "--out", str(out),
        "--size", "64,64", "--batch", "2", "--steps", "10", "--log-every", "1", "--device", "cpu",
        "--preset", "paper", "--lr", "6e-4", "--width", "4", "--set", "perceptual=builtin",
        "--set", f"model.perceptual_source={encoder}", *more,
    ]  # fmt: skip


def test_a_killed_run_carries_on_to_the_same_weights(rendered: Path, encoder: Path, tmp_path: Path) -> None:
    """SIGTERM in the middle, then --resume: bit for bit what an unbroken run gives (dropout included)."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    process = subprocess.Popen(command(rendered, encoder, broken), stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith("step 3 "):
            process.send_signal(signal.SIGTERM)
            break
    said += process.stderr.readlines()
    assert process.wait(timeout=120) == 130, said
    stopped = next(line for line in said if line.startswith("stopped at step"))
    assert "carry on with --resume" in stopped and said[-1].strip() == "interrupted"
    assert int(stopped.split()[3].rstrip(";")) < 10 and not (broken / "stage1.safetensors").exists()

    refused = subprocess.run(command(rendered, encoder, broken), capture_output=True, text=True, env=environment)
    assert refused.returncode == 2 and "carry on with --resume" in refused.stderr

    keep = {"batch": 2, "steps": 10, "log_every": 1, "ema": 0.0}
    heard: list[str] = []
    train("stage1", settings(rendered, encoder, broken, **keep, resume=True), heard.append)
    assert any(line.startswith("carrying on from step") for line in heard)
    train("stage1", settings(rendered, encoder, whole, **keep), lambda _: None)
    states = [torch.load(run / "stage1/last.ckpt", weights_only=True) for run in (whole, broken)]
    assert states[0]["step"] == states[1]["step"] == 10
    for part in ("net", "average"):
        for name, value in states[0][part].items():
            torch.testing.assert_close(states[1][part][name], value, rtol=0, atol=1e-6, msg=name)
    assert (whole / "stage1.safetensors").is_file() and (broken / "stage1.safetensors").is_file()


def test_perception_trains_too(rendered: Path, tmp_path: Path) -> None:
    config = TrainPerceptionConfig(
        data=[f"rendered:{rendered}"], out=tmp_path, size=(64, 64), batch=2, steps=3, log_every=1, device="cpu",
        width=16,
    )  # fmt: skip
    scores = train("perception", config, lambda _: None)
    assert {"mIoU12", "PCK@0.1", "PCK@0.2", "score"} <= set(scores)
    assert np.isfinite(losses(tmp_path / "perception")).all()
    _, meta = load_weights(tmp_path / "perception.safetensors")
    assert meta["kind"] == "perception" and meta["width"] == 16
    from viton_cli.perception.builtin.perceiver import Perceiver

    assert Perceiver(tmp_path / "perception.safetensors").size == (64, 64)


def test_perception_trains_without_what_cannot_be_read(rendered: Path, tmp_path: Path) -> None:
    data = shutil.copytree(rendered, tmp_path / "data")
    (data / "image/p0001.jpg").write_bytes(b"torn")
    (data / "image-parse/p0002.png").write_bytes(b"torn")
    (data / "pose/p0004_keypoints.json").write_text('{"people": 3}')
    config = TrainPerceptionConfig(
        data=[f"rendered:{data}"], out=tmp_path / "run", size=(64, 64), batch=8, steps=3, device="cpu",
        width=16, labelled_repeats=1,
    )  # fmt: skip
    heard: list[str] = []
    train("perception", config, heard.append)
    refused = [line for line in heard if line.startswith("not used: ")]
    assert len(refused) == 3, "each once"
    assert all(any(name in line for line in refused) for name in ("p0001.jpg", "p0002.png", "p0004_keypoints.json"))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"size": (64, 60)}, "size 64x60: height and width must be multiples of 64"),
        ({"perceptual": "vgg16", "perceptual_source": "gone.h5"}, "gone.h5: no such file"),
    ],
)
def test_settings_that_cannot_be(
    rendered: Path, encoder: Path, tmp_path: Path, changes: dict[str, Any], text: str
) -> None:
    with pytest.raises(VitonError) as caught:
        train("stage1", settings(rendered, encoder, tmp_path, **changes), lambda _: None)
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("size=64x50", "size 64x50: height and width must be multiples of 32"),
        ("width=20", "--set width=20: bad value for 'width': input should be a multiple of 16, not '20'"),
        ("perceptual=vgg19", "--set perceptual=vgg19: unknown setting 'perceptual'"),
    ],
)
def test_settings_that_perception_does_not_take(rendered: Path, tmp_path: Path, given: str, text: str) -> None:
    with pytest.raises(BadConfig) as caught:
        flags = {"data": [f"rendered:{rendered}"], "out": tmp_path}
        train("perception", load(TrainPerceptionConfig, None, [given], flags, {}), lambda _: None)
    assert str(caught.value).startswith(text)


def test_a_stage_takes_no_settings_of_another(rendered: Path, encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="unknown setting 'perceptual' of perception; known: data, out"):
        train("perception", settings(rendered, encoder, tmp_path), lambda _: None)
    assert not list(tmp_path.iterdir())


def test_an_unknown_stage_is_named(rendered: Path, encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="unknown stage 'stage3'; known: stage1, stage2"):
        train("stage3", settings(rendered, encoder, tmp_path), lambda _: None)


def test_weights_of_something_else_are_refused(rendered: Path, encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadWeights, match=r"weights of 'perception', not of 'stage1'"):
        train(
            "stage2",
            settings(
                rendered,
                encoder,
                tmp_path,
                stage1=str(encoder),
            ),
            lambda _: None,
        )
    save_weights(
        tmp_path / "torn.safetensors",
        build_generator({"width": 4}).state_dict(),
        {"kind": "stage1", "width": 6, "size": [64, 64]},
    )
    with pytest.raises(BadWeights, match=r"does not fit its own description"):
        load_generator(tmp_path / "torn.safetensors")
