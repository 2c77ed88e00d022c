"""Threads: idle ones sleep, two compute by default, and what the user has set is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from viton_cli import threads
from viton_cli.config import PrepareConfig, TrainConfig, TryOnConfig


def imported(**environment: str) -> str:
    """OMP_WAIT_POLICY as torch finds it when it is loaded after the package."""
    code = "import viton_cli, os, sys; assert 'torch' not in sys.modules; print(os.environ.get('OMP_WAIT_POLICY'))"
    kept = {name: value for name, value in os.environ.items() if name not in threads.WAITING}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=kept | environment, capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def test_idle_threads_sleep_unless_the_user_says_otherwise() -> None:
    assert imported() == "PASSIVE"
    assert imported(OMP_WAIT_POLICY="ACTIVE") == "ACTIVE"
    assert imported(GOMP_SPINCOUNT="1000") == "None" and imported(KMP_BLOCKTIME="200") == "None"


@pytest.fixture
def restored(monkeypatch: pytest.MonkeyPatch) -> object:
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    yield monkeypatch
    torch.set_num_threads(before)


def test_how_many(restored: pytest.MonkeyPatch) -> None:
    for cores, wanted, used in ((1, None, 1), (2, None, 2), (16, None, 2), (16, 3, 3), (1, 3, 3)):
        restored.setattr(threads, "cores", lambda cores=cores: cores)
        threads.use_threads(wanted)
        assert torch.get_num_threads() == used
    restored.setenv("OMP_NUM_THREADS", "5")
    threads.use_threads(None)
    assert torch.get_num_threads() == 3, "left as it was"
    threads.use_threads(1)
    assert torch.get_num_threads() == 1


def test_training_uses_as_many_as_it_is_told(restored: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from viton_cli.training import train

    class Begun(Exception):
        pass

    def task(*_: object) -> None:
        raise Begun

    restored.setattr(train, "_task", task)
    for threads_wanted, used in ((3, 3), (None, 3)):
        with pytest.raises(Begun):
            config = TrainConfig(data=["x"], out=tmp_path / f"run{threads_wanted}", threads=threads_wanted)
            train.train("stage1", config)
        assert torch.get_num_threads() == used


def test_every_command_that_computes_has_the_setting() -> None:
    assert all("threads" in model.model_fields for model in (TryOnConfig, PrepareConfig, TrainConfig))
