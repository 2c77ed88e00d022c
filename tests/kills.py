"""Kill a piece of work again and again, as power cuts and impatient people do.

The work runs in forked children of a process that has loaded everything, so that the time until the kill is spent in
the work and not in loading. `python kills.py NAME FOLDER COUNT` prints how many of the children were killed at work.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path


def tryon(root: Path, out: Path) -> None:
    """200 pairs, each of some milliseconds."""
    from viton_cli.config import TryOnConfig
    from viton_cli.pipelines.tryon import tryon

    settings = {"person": str(root / "people"), "clothes": str(root / "clothes"), "out": str(out), "steps": True}
    done = tryon(TryOnConfig(**settings))
    assert done.failed == 0 and done.ok + done.skipped == 200


def prepare(root: Path, out: Path) -> None:
    """30 photos."""
    from viton_cli.config import PrepareConfig
    from viton_cli.pipelines.prepare import prepare

    done = prepare(PrepareConfig(person=root / "people", clothes=root / "clothes", out=out, height=96))
    assert done.failed == 0 and done.ok + done.skipped == 30


def train(root: Path, out: Path) -> None:
    """A training of the smallest networks that writes a checkpoint after each step."""
    from viton_cli.config import TrainStage1Config
    from viton_cli.training.train import train

    settings = TrainStage1Config(
        data=[f"rendered:{root / 'rendered'}"], out=out, size=(64, 64), batch=2, steps=90, log_every=3, device="cpu",
        checkpoint_minutes=1e-9, validate_minutes=1e-3, resume=True, seed=3,
        network="paper", width=4, perceptual="builtin", perceptual_source=root / "encoder.safetensors",
    )  # fmt: skip
    train("stage1", settings, lambda _: None)


def set_up(name: str) -> Callable[[Path, Path], None]:
    """The work, everything it needs loaded."""
    if name == "train":
        import torch

        from viton_cli.training import train as _
        from viton_cli.training.pairs import stage1 as _  # noqa: F401, F811

        torch.set_num_threads(1)
        return train
    import pytest
    import stand_ins

    stand_ins.install_fakes(pytest.MonkeyPatch())
    dress, find = stand_ins.FakeMethod.dress, stand_ins.FakeFinder.find

    def slow_dress(*given: object, **more: object) -> object:
        time.sleep(0.01)
        return dress(*given, **more)  # type: ignore[arg-type]

    def slow_find(*given: object, **more: object) -> object:
        time.sleep(0.03)
        return find(*given, **more)  # type: ignore[arg-type]

    stand_ins.FakeMethod.dress = slow_dress  # type: ignore[method-assign, assignment]
    stand_ins.FakeFinder.find = slow_find  # type: ignore[method-assign, assignment]
    return tryon if name == "tryon" else prepare


def main(name: str, root: Path, count: int) -> None:
    work, chance = set_up(name), random.Random(name)
    longest, killed = {"tryon": 0.35, "prepare": 0.12, "train": 1.2}[name], 0
    for number in range(count + 1):
        child = os.fork()
        if child == 0:
            try:
                work(root, root / f"{name}-killed")
            except BaseException as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        if number < count:
            time.sleep(chance.uniform(0, longest))
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        killed += status == signal.SIGKILL
        if status not in (0, signal.SIGKILL):
            raise SystemExit(f"run {number} ended with status {status}")
    work(root, root / f"{name}-whole")
    print(killed)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
