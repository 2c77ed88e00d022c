"""The training loop all networks share: checkpoints every few minutes, resume, a curve, pictures.

On the CPU dropout goes on in a resumed run as it would have in an unbroken one. Devices and precision are Accelerate's;
what several processes agree on is in `processes`.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.utils.data import DataLoader

from viton_cli.checkpoints import save_weights
from viton_cli.devices import check_device
from viton_cli.errors import BadWeights
from viton_cli.files import write_image
from viton_cli.training.average import Average
from viton_cli.training.checkpoint import read_checkpoint, write_checkpoint
from viton_cli.training.journal import Journal
from viton_cli.training.needs import check_tensorboard
from viton_cli.training.processes import Processes
from viton_cli.training.stopping import Asked, Stopped, asked_to_stop, leave_to_parent
from viton_cli.training.task import Batch, Positions, Stream, Task, as_it_is
from viton_cli.training.watch import Tick

if TYPE_CHECKING:
    from viton_cli.config import TrainingConfig


LEFT_OUT = 50  # steps in a row without a finite loss, after which none is to be hoped for


def learning_rate(progress: float) -> float:
    """Factor on the learning rate: a warm-up over the first 1 %, then half a cosine down to 2 %."""
    if progress < 0.01:
        return max(progress / 0.01, 0.02)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def fit(
    task: Task, config: TrainingConfig, say: Callable[[str], None], watch: Callable[[Tick], None] | None = None
) -> dict[str, float]:
    """Train `task.net` until `config.steps` or `config.minutes` (of all runs of this folder together) are used up.

    Writes into `config.out`: last.ckpt (everything needed to carry on), best.safetensors (the average weights that
    scored best on held-out data, half precision), log.jsonl, losses.csv, curve.png, samples/STEP.jpg.

    Args:
        task: What is trained on what.
        config: Settings of the stage. With `resume` and no checkpoint yet the run starts anew.
        say: Gets lines of progress.
        watch: Gets every step; `say` then gets no lines of steps.

    Returns:
        The scores of the best weights, the "step" they are of, and the "last step".

    Raises:
        BadConfig: The device is not there, or the run was begun with other settings.
        BadWeights: The checkpoint to carry on from is damaged or of another network; the weights, a score or the loss
            of many steps are not finite any more. What was written before stays.
        Stopped: The run was told to stop, by Ctrl-C or SIGTERM; it can be resumed.
    """
    check_device(config.device)
    trainer = Trainer(task, config, say, watch)
    with asked_to_stop() as asked:
        trainer.run(asked)
    best = trainer.processes.from_main(trainer.best) or {}
    return {**{name: value for name, value in best.items() if name != "value"}, "last step": trainer.step}


class Trainer:
    """A run of `fit`, from its first step (or the checkpoint's) to its last."""

    def __init__(
        self,
        task: Task,
        config: TrainingConfig,
        say: Callable[[str], None],
        watch: Callable[[Tick], None] | None,
    ) -> None:
        self.task, self.config, self.say = task, config, say
        self.out, self.checkpoint = Path(config.out), Path(config.out) / "last.ckpt"
        self.processes = Processes(config.device)
        self.accelerator = _accelerator(config, self.processes)
        random.seed(config.seed)
        torch.manual_seed(config.seed + self.processes.index)  # other dropout in each process
        net = self.processes.shared_norms(task.net).to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(
            task.parameters(config.lr), lr=config.lr, betas=config.betas, weight_decay=config.weight_decay,
            fused=self.accelerator.device.type in ("cpu", "cuda"),
        )  # fmt: skip
        self.rates = [group["lr"] for group in optimizer.param_groups]
        self.average: Average = Average(net, config.ema)
        self.step, self.left_out = 0, 0
        self.best: dict[str, float] | None = None
        used = self._carry_on(net, optimizer) if config.resume else 0.0
        self.net, self.optimizer = self.accelerator.prepare(net, optimizer)
        self.bare: nn.Module = self.accelerator.unwrap_model(self.net)
        self.average.state = {k: v.to(self.accelerator.device) for k, v in self.average.state.items()}
        track = (lambda values, step: self.accelerator.log(values, step=step)) if config.tensorboard else None
        self.journal = Journal(config, self.processes, say, watch, track)
        self.batches = iter(self._loader())
        self.began = time.monotonic() - used
        self.progress = 0.0

    def run(self, asked: Asked) -> None:
        """All steps that are left."""
        self.net.train()
        validated = saved = time.monotonic()
        while not self._is_over(asked):
            self._one_step()
            if time.monotonic() - validated > self.config.validate_minutes * 60:
                self._validate()
                validated = time.monotonic()
            if time.monotonic() - saved > self.config.checkpoint_minutes * 60:
                self._save()
                saved = time.monotonic()
        self._validate()
        self._save()
        self.processes.wait()
        for tracker in self.accelerator.trackers:
            tracker.finish()

    def _is_over(self, asked: Asked) -> bool:
        """Whether steps or minutes are used up, in whichever process they first are.

        Raises:
            Stopped: One of the processes was asked to stop; the checkpoint is written.
        """
        self.progress, to_stop = self.processes.largest(self._progress(), asked.to_stop)
        if self.progress < 1 and to_stop:
            self._save()
            self.say(f"stopped at step {self.step}; carry on with --resume")
            raise Stopped
        return self.progress >= 1

    def _one_step(self) -> None:
        factor = 1.0 if self.config.schedule == "constant" else learning_rate(self.progress)
        for group, rate in zip(self.optimizer.param_groups, self.rates):
            group["lr"] = rate * factor
        terms = self._gradients()
        if terms is not None:
            self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        self._count_left_out(terms is not None)
        if terms is not None:
            self.average.update(self.bare, self.step)
            progress = min(self._progress(), 1.0)
            left = (1 - progress) / max(progress, 1e-6) * self._seconds()
            tick = Tick(self.step, self.config.steps, progress, terms["loss"], left)
            best = int(self.best["step"]) if self.best else None
            self.journal.step(terms, self.optimizer.param_groups[0]["lr"], tick, self._seconds() / 60, best)

    def _gradients(self) -> dict[str, float] | None:
        """Put the gradients of a step in place, clipped; returns its loss and terms.

        None where a loss or a gradient is not finite, in whichever process: the step counts in none.
        """
        terms: dict[str, float] = {}
        finite, parts = True, self.config.accumulate
        for part in range(parts):  # all of a step's examples are drawn, whether it counts or not
            batch = {k: v.to(self.accelerator.device) for k, v in next(self.batches).items()}
            with nullcontext() if part == parts - 1 else self.accelerator.no_sync(self.net):
                with self.accelerator.autocast():
                    found = self.task.loss(self.net, batch)
                finite = self.processes.all(finite and bool(torch.isfinite(found["loss"])))
                if finite:
                    self.accelerator.backward(found["loss"] / parts)
            for name, term in found.items():
                terms[name] = terms.get(name, 0.0) + float(term.detach()) / parts
        if not finite:
            return None
        norm = self.accelerator.clip_grad_norm_(self.net.parameters(), self.config.clip or math.inf)
        # Half precision's scaler leaves out a step of its own accord, and lowers its scale for the next.
        counts = self.config.precision == "fp16" or norm is None or bool(torch.isfinite(norm))
        return terms if counts else None

    def _count_left_out(self, finite: bool) -> None:
        self.left_out = 0 if finite else self.left_out + 1
        if not finite:
            self.say(f"step {self.step - 1}: the loss is not finite, the batch is left out")
        if self.left_out >= LEFT_OUT:
            raise BadWeights(
                f"{self.checkpoint}: not written at step {self.step}: the loss of {LEFT_OUT} steps in a row was not "
                "finite; lower --lr"
            )

    def _validate(self) -> None:
        """Score the average weights, and keep them if they are the best so far."""
        if not self.processes.is_main:
            return
        kept = {k: v.clone() for k, v in self.bare.state_dict().items()}
        self.bare.load_state_dict(self.average.state)
        self.bare.eval()
        try:
            with torch.no_grad():
                scores = self.task.validate(self.bare)
                picture = self.task.picture(self.bare)
        finally:
            self.bare.load_state_dict(kept)
            self.bare.train()
        self._keep_best(scores)
        if picture is not None:
            write_image(self.out / "samples" / f"{self.step:07d}.jpg", picture)
        self.journal.scores(scores, self.step, self._seconds() / 60)

    def _keep_best(self, scores: dict[str, float]) -> None:
        path = self.out / "best.safetensors"
        name = self.task.score.lstrip("-")
        value = scores.get(name, 0.0) * (-1 if self.task.score.startswith("-") else 1)
        if not math.isfinite(value):
            raise BadWeights(f"{path}: not written at step {self.step}: the score '{name}' is not finite; lower --lr")
        if self.best is None or value >= self.best["value"]:
            # Nothing of the clock: the same training gives the same file.
            meta = {**self.task.meta(), "step": self.step, "scores": scores}
            save_weights(path, self.average.state, meta, half=True)
            self.best = {"value": value, "step": self.step, **scores}

    def _save(self) -> None:
        """Write everything needed to carry on."""
        if not self.processes.is_main:
            return
        state = {
            "net": self.bare.state_dict(), "average": self.average.state, "optimizer": self.optimizer.state_dict(),
            "step": self.step, "seconds": self._seconds(), "best": self.best, "rng": torch.get_rng_state(),
        }  # fmt: skip
        write_checkpoint(self.checkpoint, state, self.config)

    def _carry_on(self, net: nn.Module, optimizer: torch.optim.Optimizer) -> float:
        """Take up the last checkpoint, if there is one; returns the seconds of training so far."""
        if not self.checkpoint.exists():
            self.say(f"{self.checkpoint}: no checkpoint yet, starting from step 0")
            return 0.0
        state = read_checkpoint(self.checkpoint, net, optimizer, self.config)
        self.average.state, self.step, self.best = state["average"], state["step"], state["best"]
        if not self.processes.is_main:  # the stream in the checkpoint is the main process's
            torch.manual_seed(self.config.seed + self.processes.index + self.step)
        self.say(f"carrying on from step {self.step} ({state['seconds'] / 60:.1f} minutes of training so far)")
        return float(state["seconds"])

    def _loader(self) -> Iterator[Batch]:
        """The batches from this step on, this process's own."""
        config, processes = self.config, self.processes
        first = self.step * config.accumulate
        loader: DataLoader[Batch] = DataLoader(
            Stream(self.task, config.seed),
            batch_sampler=Positions(first, config.batch, processes.index, processes.count),
            collate_fn=as_it_is,
            num_workers=config.workers,
            worker_init_fn=leave_to_parent,
            # Of its own: the loader draws from it when it starts, which must not move the stream dropout draws from.
            generator=torch.Generator().manual_seed(config.seed),
        )
        return iter(loader)

    def _seconds(self) -> float:
        """Of training, in all runs of this folder."""
        return time.monotonic() - self.began

    def _progress(self) -> float:
        """How far the run is, by steps or minutes, whichever is further; 1 is the end."""
        by_steps = self.step / self.config.steps if self.config.steps else 0.0
        by_minutes = self._seconds() / 60 / self.config.minutes if self.config.minutes else 0.0
        return max(by_steps, by_minutes)


def _accelerator(config: TrainingConfig, processes: Processes) -> Any:
    """Accelerate's, for this run; another run in this process may have had another precision."""
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    if config.tensorboard:
        check_tensorboard()
    tracker: dict[str, Any] = {"log_with": "tensorboard", "project_dir": config.out} if config.tensorboard else {}
    AcceleratorState._reset_state()
    accelerator = Accelerator(mixed_precision=config.precision, cpu=processes.on_cpu, **tracker)
    if config.tensorboard:
        accelerator.init_trackers("tensorboard")
    return accelerator
