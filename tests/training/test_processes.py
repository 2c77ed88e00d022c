"""Several processes train as one: the same steps, the same end, one set of files."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_fit import config
from two_processes import Plain

from viton_cli.checkpoints import load_weights
from viton_cli.config import TrainStage2Config
from viton_cli.training.fit import fit
from viton_cli.training.train import train

ENVIRONMENT = {
    **os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo",
    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
}  # fmt: skip


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("together")
    script = [sys.executable, str(Path(__file__).with_name("two_processes.py")), str(root), str(free_port())]
    done = subprocess.run(script, env=ENVIRONMENT, capture_output=True, text=True, timeout=900, check=False)
    assert len(list(root.glob("*.json"))) == 8, done.stderr
    return root


def told(root: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads((root / f"{name}-{rank}.json").read_text()) for rank in (0, 1)]


def losses(run: Path) -> list[float]:
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


def test_two_processes_give_the_losses_of_one_with_the_doubled_batch(together: Path, tmp_path: Path) -> None:
    """Of a network without batch norm and dropout; a gradient accumulated over two batches is the same too."""
    fit(Plain(), config(tmp_path / "doubled", steps=20, log_every=1, batch=8), lambda _: None)
    fit(Plain(), config(tmp_path / "accumulated", steps=20, log_every=1, accumulate=2), lambda _: None)
    for run in (together / "equal", tmp_path / "accumulated"):
        assert losses(run) == pytest.approx(losses(tmp_path / "doubled"), abs=2e-5)
    assert len(losses(together / "equal")) == 20
    first, second = told(together, "equal")
    assert first["weights"] == second["weights"] and first["done"] == second["done"], "scores come from the main one"
    plain = Plain()
    fit(plain, config(tmp_path / "single", steps=20, log_every=1, batch=4), lambda _: None)
    assert losses(tmp_path / "single") != pytest.approx(losses(together / "equal"), abs=1e-3), "it is not batch 4"


def test_a_loss_that_is_not_finite_in_one_process_counts_in_none(together: Path) -> None:
    first, second = told(together, "poison")
    for one in (first, second):
        assert [line for line in one["said"] if "not finite" in line] == [
            "step 2: the loss is not finite, the batch is left out"
        ]
    assert first["weights"] == second["weights"] and np.isfinite(first["weights"]).all()


def test_all_stop_at_the_step_at_which_one_is_asked_to(together: Path) -> None:
    first, second = told(together, "stop")
    assert first["stopped"] and second["stopped"] and first["calls"] == second["calls"] == 4
    assert (together / "stop/last.txt").read_text().startswith("step 4\n")


def test_the_clock_ends_all_at_one_step(together: Path) -> None:
    first, second = told(together, "clock")
    assert first["done"]["last step"] == second["done"]["last step"] == first["calls"] == second["calls"] > 0


def test_torchrun_trains_stage2_as_one_process_does_with_the_doubled_batch(
    rendered: Path, encoder: Path, tmp_path: Path
) -> None:
    """Stage 2 has no batch norm. Data, folder and weights are written once."""
    torch.manual_seed(0)
    from viton_cli.checkpoints import save_weights
    from viton_cli.methods.networks import build_generator

    tensors = build_generator({"width": 4}).state_dict()
    tensors[[name for name in tensors if name.endswith("bias")][-1]][3] = 2.0  # a mask that covers everything
    stage1 = tmp_path / "first.safetensors"
    save_weights(stage1, tensors, {"kind": "stage1", "width": 4, "size": [64, 64]})
    given = {"preset": "paper", "width": 4, "perceptual": "builtin", "perceptual_source": encoder, "stage1": stage1,
             "size": "64x64", "steps": 3, "log_every": 1, "device": "cpu"}  # fmt: skip
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr", "127.0.0.1"]
    command = [
        sys.executable,
        *launcher,
        "--master-port",
        str(free_port()),
        "-m",
        "viton_cli",
        "train",
        "stage2",
        "--batch",
        "2",
    ]
    command += ["--data", f"rendered:{rendered}", "--out", str(tmp_path / "two"), "--json", *flags]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["stage2"]["last_step"] == 3, "one object, the main process's"
    one = TrainStage2Config(
        data=[f"rendered:{rendered}"], out=tmp_path / "one", batch=4, **{**given, "stage1": str(stage1)}
    )
    train("stage2", one, lambda _: None)
    found = [losses(tmp_path / run / "stage2") for run in ("two", "one")]
    assert len(found[0]) == 3 and found[0] == pytest.approx(found[1], abs=1e-4)
    first, second = (load_weights(tmp_path / run / "stage2.safetensors")[0] for run in ("two", "one"))
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], atol=2e-3, rtol=0, msg=name)
