"""The training loop all networks share: checkpoints every few minutes, resume, a curve, pictures.

On the CPU dropout goes on in a resumed run as it would have in an unbroken one. Processes, devices and precision are
Accelerate's.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from viton_cli.checkpoints import save_weights
from viton_cli.devices import check_device
from viton_cli.errors import BadWeights
from viton_cli.files import append_line, write_image
from viton_cli.training.average import Average
from viton_cli.training.checkpoint import read_checkpoint, write_checkpoint
from viton_cli.training.curve import append_row, draw_curve
from viton_cli.training.needs import check_tensorboard
from viton_cli.training.stopping import Asked, Stopped, asked_to_stop, leave_to_parent
from viton_cli.training.task import Batch, Task, _Positions, _Stream
from viton_cli.training.watch import Tick

if TYPE_CHECKING:
    from viton_cli.config import TrainConfig


LEFT_OUT = 50  # steps in a row without a finite loss, after which none is to be hoped for


def learning_rate(progress: float) -> float:
    """Factor on the learning rate: a warm-up over the first 1 %, then half a cosine down to 2 %."""
    if progress < 0.01:
        return max(progress / 0.01, 0.02)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def fit(
    task: Task,
    config: TrainConfig,
    say: Callable[[str], None],
    constant_lr: bool = False,
    watch: Callable[[Tick], None] | None = None,
) -> dict[str, float]:
    """Train `task.net` until `config.steps` or `config.minutes` (of all runs of this folder together) are used up.

    Writes into `config.out`: last.ckpt (everything needed to carry on), best.safetensors (the average weights that
    scored best on held-out data, half precision), log.jsonl, losses.csv, curve.png, samples/STEP.jpg.

    Args:
        task: What is trained on what.
        config: Settings without gaps (`config.for_stage`). With `resume` and no checkpoint yet the run starts anew.
        say: Gets lines of progress.
        constant_lr: Keep the learning rate as it is, as the paper does, instead of `learning_rate`'s course.
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
    if config.batch is None or config.lr is None or config.betas is None or config.weight_decay is None:
        raise ValueError("settings with gaps: use config.for_stage")
    run = _Fit(task, config, say, constant_lr, watch)
    with asked_to_stop() as asked:
        run.train(asked)
    return {**{name: value for name, value in (run.best or {}).items() if name != "value"}, "last step": run.step}


class _Fit:
    """A run of `fit`: its state, and what is done with it."""

    def __init__(
        self,
        task: Task,
        config: TrainConfig,
        say: Callable[[str], None],
        constant_lr: bool,
        watch: Callable[[Tick], None] | None,
    ) -> None:
        from accelerate import Accelerator

        assert config.batch and config.lr and config.betas and config.weight_decay is not None
        self.task, self.config, self.say, self.constant_lr, self.watch = task, config, say, constant_lr, watch
        self.out, self.checkpoint = Path(config.out), Path(config.out) / "last.ckpt"
        if config.tensorboard:
            check_tensorboard()
        tracker: dict[str, Any] = {"log_with": "tensorboard", "project_dir": self.out} if config.tensorboard else {}
        self.accelerator = Accelerator(mixed_precision=config.precision, cpu=config.device == "cpu", **tracker)
        if config.tensorboard:
            self.accelerator.init_trackers("tensorboard")
        self.main = self.accelerator.is_main_process
        random.seed(config.seed)
        torch.manual_seed(config.seed)
        net = task.net.to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(
            task.parameters(config.lr), lr=config.lr, betas=config.betas, weight_decay=config.weight_decay,
            fused=self.accelerator.device.type in ("cpu", "cuda"),
        )  # fmt: skip
        self.rates = [group["lr"] for group in optimizer.param_groups]
        self.average: Average = Average(net, config.ema)
        self.step = 0
        self.best: dict[str, float] | None = None
        used = self._carry_on(net, optimizer) if config.resume else 0.0
        self.net, self.optimizer = self.accelerator.prepare(net, optimizer)
        self.bare: nn.Module = self.accelerator.unwrap_model(self.net)
        self.average.state = {k: v.to(self.accelerator.device) for k, v in self.average.state.items()}
        self.loader = DataLoader(
            _Stream(task, config.seed),
            batch_sampler=_Positions(
                self.step, config.batch, self.accelerator.process_index, self.accelerator.num_processes
            ),
            num_workers=config.workers,
            worker_init_fn=leave_to_parent,
            # Of its own: the loader draws from it when it starts, which must not move the stream dropout draws from.
            generator=torch.Generator().manual_seed(config.seed),
        )
        self.began = time.monotonic() - used
        self.sums: dict[str, float] = {}
        self.counted, self.left_out = 0, 0

    def _carry_on(self, net: nn.Module, optimizer: torch.optim.Optimizer) -> float:
        """Take up the last checkpoint, if there is one; returns the seconds of training so far."""
        if not self.checkpoint.exists():
            self.say(f"{self.checkpoint}: no checkpoint yet, starting from step 0")
            return 0.0
        state = read_checkpoint(self.checkpoint, net, optimizer, self.config)
        self.average.state, self.step, self.best = state["average"], state["step"], state["best"]
        self.say(f"carrying on from step {self.step} ({state['seconds'] / 60:.1f} minutes of training so far)")
        return float(state["seconds"])

    def train(self, asked: Asked) -> None:
        """All steps that are left."""
        config = self.config
        last_saved = last_validated = time.monotonic()
        self.net.train()
        for batch in self.loader:
            if self.progress() >= 1:
                break
            if asked.to_stop:
                self._stop()
            self._one_step(batch)
            if time.monotonic() - last_validated > config.validate_minutes * 60:
                self.validate()
                last_validated = time.monotonic()
            if time.monotonic() - last_saved > config.checkpoint_minutes * 60:
                self.save()
                last_saved = time.monotonic()
        self.validate()
        self.save()
        self.accelerator.end_training()

    def _stop(self) -> None:
        self.save()
        self.say(f"stopped at step {self.step}; carry on with --resume")
        raise Stopped

    def _one_step(self, batch: Batch) -> None:
        factor = 1.0 if self.constant_lr else learning_rate(self.progress())
        for group, rate in zip(self.optimizer.param_groups, self.rates):
            group["lr"] = rate * factor
        batch = {k: v.to(self.accelerator.device) for k, v in batch.items()}
        with self.accelerator.autocast():
            terms = self.task.loss(self.net, batch)
        finite = bool(torch.isfinite(terms["loss"]))
        if finite:
            self.accelerator.backward(terms["loss"])
            norm = self.accelerator.clip_grad_norm_(self.net.parameters(), self.config.clip)
            # Half precision's scaler leaves out a step of its own accord, and lowers its scale for the next.
            finite = self.config.precision == "fp16" or norm is None or bool(torch.isfinite(norm))
        if finite:
            self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        self._count_left_out(finite)
        if finite:
            self.average.update(self.bare, self.step)
            self._log_losses(terms)
            if self.watch and self.main:
                loss = float(terms["loss"].detach())
                self.watch(Tick(self.step, self.config.steps, min(self.progress(), 1.0), loss, self.seconds_left()))

    def _count_left_out(self, finite: bool) -> None:
        self.left_out = 0 if finite else self.left_out + 1
        if not finite:
            self.say(f"step {self.step - 1}: the loss is not finite, the batch is left out")
        if self.left_out >= LEFT_OUT:
            raise BadWeights(
                f"{self.checkpoint}: not written at step {self.step}: the loss of {LEFT_OUT} steps in a row was not "
                "finite; lower --lr"
            )

    def _log_losses(self, terms: dict[str, Tensor]) -> None:
        self.counted += 1
        for key, term in terms.items():
            self.sums[key] = self.sums.get(key, 0.0) + float(term.detach())
        if not self.main or self.counted < self.config.log_every:
            return
        line = {key: round(total / self.counted, 5) for key, total in self.sums.items()}
        entry = {**self._now(), "lr": self.optimizer.param_groups[0]["lr"], **line}
        self._log(entry)
        append_row(self.out / "losses.csv", entry)
        if not self.watch:
            left = f"{self.seconds_left() / 60:.0f} min left"
            self.say("  ".join([f"step {self.step}", *(f"{k} {v:.4f}" for k, v in line.items()), left]))
        draw_curve(self.out / "log.jsonl", self.out / "curve.png", int(self.best["step"]) if self.best else None)
        self.sums, self.counted = {}, 0

    def validate(self) -> None:
        """Score the average weights, and keep them if they are the best so far."""
        if not self.main:
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
        if scores:
            self._log({**self._now(), **scores})
            self.say(f"step {self.step}: " + ", ".join(f"{k} {v:.4f}" for k, v in scores.items()))

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

    def save(self) -> None:
        """Write everything needed to carry on."""
        if not self.main:
            return
        state = {
            "net": self.bare.state_dict(), "average": self.average.state, "optimizer": self.optimizer.state_dict(),
            "step": self.step, "seconds": self.seconds(), "best": self.best, "rng": torch.get_rng_state(),
        }  # fmt: skip
        write_checkpoint(self.checkpoint, state, self.config)

    def seconds(self) -> float:
        """Of training, in all runs of this folder."""
        return time.monotonic() - self.began

    def progress(self) -> float:
        """How far the run is, by steps or minutes, whichever is further; 1 is the end."""
        by_steps = self.step / self.config.steps if self.config.steps else 0.0
        by_minutes = self.seconds() / 60 / self.config.minutes if self.config.minutes else 0.0
        return max(by_steps, by_minutes)

    def seconds_left(self) -> float:
        """Until the end, about, at the pace so far."""
        return (1 - self.progress()) / max(self.progress(), 1e-6) * self.seconds()

    def _now(self) -> dict[str, Any]:
        return {"step": self.step, "minutes": round(self.seconds() / 60, 2)}

    def _log(self, line: dict[str, Any]) -> None:
        append_line(self.out / "log.jsonl", json.dumps(line).encode())
        if self.config.tensorboard:
            self.accelerator.log({name: value for name, value in line.items() if name != "step"}, step=self.step)
