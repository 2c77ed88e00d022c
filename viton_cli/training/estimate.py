"""What a training will take, told before its first step: time, memory, disk. Measured on a copy of the network."""

from __future__ import annotations

import copy
import shutil
import sys
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from viton_cli.training.task import Task

if TYPE_CHECKING:
    from viton_cli.config import TrainingConfig

SAMPLE_SHEET = 400_000  # bytes of a sheet of sample pictures, about
ENOUGH = 1.2  # times what is needed should be free


@dataclass(frozen=True)
class Estimate:
    """What one stage takes.

    Attributes:
        steps: How many; None where only minutes end the run.
        step_seconds: One step, data and optimiser included, about.
        minutes: Of training, about; validation comes on top.
        memory_mb: Of the whole process, about; None where the system does not tell.
        disk_mb: Of the run's folder, about. free_mb: What the disk has left.
    """

    steps: int | None
    step_seconds: float
    minutes: float
    memory_mb: int | None
    disk_mb: int
    free_mb: int

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)

    def __str__(self) -> str:
        number = str(self.steps) if self.steps else f"about {self.minutes * 60 / self.step_seconds:.0f}"
        memory = f"{self.memory_mb / 1000:.1f} GB of memory, " if self.memory_mb else ""
        text = f"{number} steps of {self.step_seconds:.2g} s, about {duration(self.minutes)}"
        short = f", where only {self.free_mb} MB are free" if self.disk_mb * ENOUGH > self.free_mb else ""
        return f"{text}; {memory}{self.disk_mb} MB on disk{short}"


def estimate(task: Task, config: TrainingConfig, done: int = 0) -> Estimate:
    """Try two steps on a copy of the network: the first warms up, the second is timed. Nothing of the run changes.

    Args:
        task: What is trained. config: Settings of the stage. done: Steps that a resumed run has behind it.
    """
    seconds = _try(task, config)
    steps = None if config.steps is None else max(config.steps - done, 0)
    limits = [] if steps is None else [steps * seconds / 60]
    minutes = min([*limits, *([config.minutes] if config.minutes else [])])
    weights = sum(tensor.numel() for tensor in task.net.state_dict().values())
    # Weights, their average and Adam's two averages; the checkpoint is written anew before the old one goes.
    checkpoint = 4 * 4 * weights
    sheets = 1 + int(minutes / config.validate_minutes)
    disk = 2 * checkpoint + 2 * 2 * weights + sheets * SAMPLE_SHEET
    there = next(folder for folder in (config.out, *config.out.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    memory = _peak()
    return Estimate(
        steps,
        seconds,
        minutes,
        None if memory is None else round((memory + 12 * weights) / 1e6),
        max(round(disk / 1e6), 1),
        round(free / 1e6),
    )


def duration(minutes: float) -> str:
    """In the unit a person would use."""
    if minutes < 1.5:
        return f"{minutes * 60:.0f} s"
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _try(task: Task, config: TrainingConfig) -> float:
    """Seconds of a step."""
    device = torch.device("cpu")
    if config.device in ("auto", "cuda") and torch.cuda.is_available():
        device = torch.device("cuda")
    state = torch.get_rng_state()
    net = copy.deepcopy(task.net).to(device).to(memory_format=torch.channels_last).train()
    kinds = {"fp16": torch.float16, "bf16": torch.bfloat16}
    seconds = 0.0
    for step in range(2):
        began = time.perf_counter()
        rng = np.random.default_rng((config.seed, 2, step))
        drawn = task.batch([(index % len(task), rng) for index in range(config.batch)])
        batch = {key: value.to(device) for key, value in drawn.items()}
        kind = kinds.get(config.precision)
        with torch.autocast(device.type, kind) if kind else nullcontext():
            loss = task.loss(net, batch)["loss"]
        loss.backward()  # type: ignore[no-untyped-call]
        _ = float(loss.detach())  # waits for the device
        seconds = (time.perf_counter() - began) * config.accumulate
    torch.set_rng_state(state)
    return seconds


def _peak() -> int | None:
    """The most memory this process has had, in bytes."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024
