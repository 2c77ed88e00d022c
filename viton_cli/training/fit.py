"""The training loop all networks share: checkpoints every few minutes, resume, a curve, pictures.

On the CPU dropout goes on in a resumed run as it would have in an unbroken one. Processes, devices and precision are
Accelerate's.
"""

from __future__ import annotations

import io
import json
import math
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.utils.data import DataLoader

from viton_cli.checkpoints import save_weights
from viton_cli.errors import BadConfig, BadWeights
from viton_cli.files import write_bytes, write_image, write_text
from viton_cli.training.curve import draw_curve
from viton_cli.training.task import Task, _Positions, _Stream

if TYPE_CHECKING:
    from viton_cli.config import TrainConfig


class Average:
    """Exponential moving average of the weights: what is validated and shipped."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {k: v.detach().clone() for k, v in net.state_dict().items()}

    def update(self, net: nn.Module, step: int) -> None:
        """Take in the weights after step number `step` (the average is shorter in the first steps)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        new = net.state_dict()
        mixed = [key for key, value in new.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.state[key] for key in mixed], [new[key].detach() for key in mixed], 1 - decay)
        for key in new.keys() - set(mixed):
            self.state[key].copy_(new[key])


class Stopped(Exception):
    """The run was asked to stop (SIGTERM); the checkpoint is written."""


def learning_rate(progress: float) -> float:
    """Factor on the learning rate: a warm-up over the first 1 %, then half a cosine down to 2 %."""
    if progress < 0.01:
        return max(progress / 0.01, 0.02)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def check_device(device: str) -> None:
    """See that PyTorch has the device of `TrainConfig.device`; "auto" and "cpu" always are there.

    Raises:
        BadConfig: It has not.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(device, True):
        raise BadConfig(f"--device {device}: PyTorch finds no such device here; give --device cpu or auto")


def fit(task: Task, config: TrainConfig, say: Callable[[str], None], constant_lr: bool = False) -> dict[str, float]:
    """Train `task.net` until `config.steps` or `config.minutes` (of all runs of this folder together) are used up.

    Writes into `config.out`: last.ckpt (everything needed to carry on), best.safetensors (the average weights that
    scored best on held-out data, half precision), log.jsonl, curve.png, samples/STEP.jpg.

    Args:
        task: What is trained on what.
        config: Settings without gaps (`config.for_stage`). With `resume` and no checkpoint yet the run starts anew.
        say: Gets lines of progress.
        constant_lr: Keep the learning rate as it is, as the paper does, instead of `learning_rate`'s course.

    Returns:
        The scores of the best weights.

    Raises:
        BadConfig: The device is not there.
        BadWeights: The checkpoint to carry on from is damaged or of another network.
        Stopped, KeyboardInterrupt: The run was told to stop; it can be resumed.
    """
    from accelerate import Accelerator

    check_device(config.device)
    if config.batch is None or config.lr is None or config.betas is None or config.weight_decay is None:
        raise ValueError("settings with gaps: use config.for_stage")
    accelerator = Accelerator(mixed_precision=config.precision, cpu=config.device == "cpu")
    out = Path(config.out)
    main = accelerator.is_main_process
    random.seed(config.seed)
    torch.manual_seed(config.seed)
    net = task.net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(
        task.parameters(config.lr), lr=config.lr, betas=config.betas, weight_decay=config.weight_decay,
        fused=accelerator.device.type in ("cpu", "cuda"),
    )  # fmt: skip
    rates = [group["lr"] for group in optimizer.param_groups]
    step, used, best = 0, 0.0, None
    average = Average(net, config.ema)
    checkpoint = out / "last.ckpt"
    if config.resume and checkpoint.exists():
        state = _read_checkpoint(checkpoint, net)
        optimizer.load_state_dict(state["optimizer"])
        average.state = state["average"]
        step, used, best = int(state["step"]), float(state["seconds"]), state["best"]
        torch.set_rng_state(state["rng"])
        say(f"carrying on from step {step} ({used / 60:.1f} minutes of training so far)")
    elif config.resume:
        say(f"{checkpoint}: no checkpoint yet, starting from step 0")
    net, optimizer = accelerator.prepare(net, optimizer)
    average.state = {k: v.to(accelerator.device) for k, v in average.state.items()}
    loader = DataLoader(
        _Stream(task, config.seed),
        batch_sampler=_Positions(step, config.batch, accelerator.process_index, accelerator.num_processes),
        num_workers=config.workers,
        # Of its own: the loader draws from it when it starts, which must not move the stream dropout draws from.
        generator=torch.Generator().manual_seed(config.seed),
    )
    bare = accelerator.unwrap_model(net)
    stop, let_go = _catch_stop()
    began, last_saved, last_validated = time.monotonic() - used, time.monotonic(), time.monotonic()
    sums: dict[str, float] = {}
    counted = 0

    def seconds() -> float:
        return time.monotonic() - began

    def progress() -> float:
        by_steps = step / config.steps if config.steps else 0.0
        by_minutes = seconds() / 60 / config.minutes if config.minutes else 0.0
        return max(by_steps, by_minutes)

    def save() -> None:
        if main:
            _write_checkpoint(checkpoint, bare, optimizer, average, step, seconds(), best)

    def validate() -> None:
        nonlocal best
        if not main:
            return
        kept = {k: v.clone() for k, v in bare.state_dict().items()}
        bare.load_state_dict(average.state)
        bare.eval()
        try:
            with torch.no_grad():
                scores = task.validate(bare)
                picture = task.picture(bare)
        finally:  # a Ctrl-C here must not put the average into the checkpoint as the weights
            bare.load_state_dict(kept)
            bare.train()
        value = scores.get(task.score.lstrip("-"), 0.0) * (-1 if task.score.startswith("-") else 1)
        if best is None or value >= best["value"]:
            best = {"value": value, "step": step, **scores}
            meta = {**task.meta(), "step": step, "minutes": round(seconds() / 60, 1), "scores": scores}
            save_weights(out / "best.safetensors", average.state, meta, half=True)
        if picture is not None:
            write_image(out / "samples" / f"{step:07d}.jpg", picture)
        if scores:
            _log(out, {"step": step, "minutes": round(seconds() / 60, 2), **scores})
            say(f"step {step}: " + ", ".join(f"{k} {v:.4f}" for k, v in scores.items()))

    net.train()
    try:
        for batch in loader:
            if progress() >= 1:
                break
            if stop["asked"]:
                raise Stopped
            factor = 1.0 if constant_lr else learning_rate(progress())
            for group, rate in zip(optimizer.param_groups, rates):
                group["lr"] = rate * factor
            batch = {k: v.to(accelerator.device) for k, v in batch.items()}
            with accelerator.autocast():
                terms = task.loss(net, batch)
            if not torch.isfinite(terms["loss"]):
                say(f"step {step}: the loss is not finite, the batch is left out")
                optimizer.zero_grad()
                step += 1
                continue
            accelerator.backward(terms["loss"])
            accelerator.clip_grad_norm_(net.parameters(), config.clip)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            average.update(bare, step)
            counted += 1
            for key, term in terms.items():
                sums[key] = sums.get(key, 0.0) + float(term.detach())
            if main and counted == config.log_every:
                line = {key: round(total / counted, 5) for key, total in sums.items()}
                left = (1 - progress()) / max(progress(), 1e-6) * seconds() / 60
                _log(
                    out,
                    {"step": step, "minutes": round(seconds() / 60, 2), "lr": optimizer.param_groups[0]["lr"], **line},
                )
                say(f"step {step}  " + "  ".join(f"{k} {v:.4f}" for k, v in line.items()) + f"  {left:.0f} min left")
                draw_curve(out / "log.jsonl", out / "curve.png")
                sums, counted = {}, 0
            if time.monotonic() - last_validated > config.validate_minutes * 60:
                validate()
                last_validated = time.monotonic()
            if time.monotonic() - last_saved > config.checkpoint_minutes * 60:
                save()
                last_saved = time.monotonic()
        validate()
    except (KeyboardInterrupt, Stopped):
        save()
        say(f"stopped at step {step}; carry on with --resume")
        raise
    else:
        save()
    finally:
        let_go()
    return {k: float(v) for k, v in (best or {}).items() if k != "value"}


def _catch_stop() -> tuple[dict[str, bool], Callable[[], None]]:
    """Turn SIGTERM into a flag that is looked at between steps, so that a checkpoint can be written.

    Returns:
        The flag under "asked", and what gives the signal its former meaning back.
    """
    flag = {"asked": False}

    def ask(*_: object) -> None:
        flag["asked"] = True

    try:
        former = signal.signal(signal.SIGTERM, ask)
    except ValueError:  # not in the main thread: whoever runs us there stops us
        return flag, lambda: None

    def let_go() -> None:
        signal.signal(signal.SIGTERM, former)

    return flag, let_go


def _log(out: Path, line: dict[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with (out / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def _write_checkpoint(
    path: Path, net: nn.Module, optimizer: Any, average: Average, step: int, seconds: float, best: dict[str, Any] | None
) -> None:
    buffer = io.BytesIO()
    torch.save(
        {"net": net.state_dict(), "average": average.state, "optimizer": optimizer.state_dict(), "step": step,
         "seconds": seconds, "best": best, "rng": torch.get_rng_state()},
        buffer,
    )  # fmt: skip
    write_bytes(path, buffer.getvalue())
    write_text(path.with_suffix(".txt"), f"step {step}\nminutes {seconds / 60:.1f}\n")


def _read_checkpoint(path: Path, net: nn.Module) -> dict[str, Any]:
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        net.load_state_dict(state["net"])
    except Exception as error:
        cause = " ".join(str(error).split()) or type(error).__name__
        raise BadWeights(f"{path}: not a checkpoint of this training: {cause[:200]}") from error
    return state
