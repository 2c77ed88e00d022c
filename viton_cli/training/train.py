"""`viton train`: stage 1, stage 2, perception.

RUN/config.yaml                         the settings
RUN/pairs/*.npz                         examples made ready, for both stages; elsewhere with --cache
RUN/STAGE/last.ckpt ...                 checkpoint, log, curve, sample pictures (see `training.fit`)
RUN/stage1.safetensors ...              the best weights of each stage: `viton tryon --weights RUN` uses them
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from viton_cli.config import TrainConfig, for_stage
from viton_cli.devices import check_device
from viton_cli.errors import BadConfig, VitonError
from viton_cli.files import Ledger, check_apart, look, write_bytes, write_text
from viton_cli.files.ownership import LEDGER
from viton_cli.threads import use_threads
from viton_cli.training.estimate import Estimate, estimate
from viton_cli.training.fit import fit
from viton_cli.training.needs import check_tensorboard
from viton_cli.training.pairs.sources import source_of
from viton_cli.training.stopping import Stopped
from viton_cli.training.task import Task
from viton_cli.training.watch import Tick

log = logging.getLogger(__name__)
PAIRS = "pairs"  # folder of a run with its prepared examples
STAGES = ("stage1", "stage2", "perception")


def train(
    stage: str,
    config: TrainConfig,
    say: Callable[[str], None] = log.info,
    watch: Callable[[Tick], None] | None = None,
) -> dict[str, float]:
    """Train one stage.

    Args:
        stage: "stage1", "stage2" or "perception".
        config: Settings; what they leave open comes from the stage and the preset (`config.for_stage`).
        say: Gets lines of progress. watch: Gets every step (`fit`).

    Returns:
        Scores of the best weights on held-out data, none if there are no such; their "step", and the "last step".

    Raises:
        VitonError: Data, settings or weights cannot be used. KeyboardInterrupt: Stopped, and can be resumed.
    """
    began = time.monotonic()
    if stage not in STAGES:
        raise BadConfig(f"unknown stage '{stage}'; known: {', '.join(STAGES)}")
    run = Path(config.out)
    settings = for_stage(config, stage).model_copy(update={"out": run / stage, "cache": config.cache or run / PAIRS})
    if (settings.out / "last.ckpt").exists() and not config.resume:
        raise BadConfig(f"{settings.out}: holds a training already; carry on with --resume, or give another --out")
    if config.tensorboard:
        check_tensorboard()
    check_device(settings.device)  # before the data are read, which may take minutes
    ledger = _take(run, stage, config)
    if config.threads is not None:
        use_threads(config.threads)
    torch.manual_seed(settings.seed)
    try:
        task = _task(stage, settings, run, say)
    except VitonError:
        ledger.give_back()
        raise
    write_text(run / "config.yaml", config.to_file())
    write_text(settings.out / "config.yaml", settings.to_file())
    million = sum(p.numel() for p in task.net.parameters()) / 1e6
    say(f"{stage}: {len(task)} training examples, {million:.2f} million weights")
    say(f"{stage}: {estimate(task, settings, _steps_done(settings))}")
    settings = _less(settings, time.monotonic() - began)
    try:
        scores = fit(task, settings, say, constant_lr=config.preset == "paper", watch=watch)
    except Stopped:
        raise KeyboardInterrupt from None
    write_bytes(run / f"{stage}.safetensors", (settings.out / "best.safetensors").read_bytes())
    return scores


def plan(stage: str, config: TrainConfig, say: Callable[[str], None] = log.info) -> Estimate:
    """What training one stage would take. Nothing is left on the disk but what --cache keeps.

    Raises:
        VitonError: Data, settings or weights cannot be used.
    """
    if stage not in STAGES:
        raise BadConfig(f"unknown stage '{stage}'; known: {', '.join(STAGES)}")
    check_device(config.device)
    run = Path(config.out)
    with TemporaryDirectory() as folder:
        settings = for_stage(config, stage).model_copy(update={"out": Path(folder)})
        task = _task(stage, settings, run, say)
    settings = settings.model_copy(update={"out": run / stage})
    return estimate(task, settings, _steps_done(settings) if config.resume else 0)


def _steps_done(settings: TrainConfig) -> int:
    """Of a run that is carried on, by the note beside its checkpoint."""
    note = settings.out / "last.txt"
    words = note.read_text(encoding="utf-8").split() if settings.resume and note.is_file() else []
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def _less(settings: TrainConfig, seconds: float) -> TrainConfig:
    """The settings when so many of their minutes went by before the first step, in reading data."""
    if settings.minutes is None:
        return settings
    return settings.model_copy(update={"minutes": max(settings.minutes - seconds / 60, settings.minutes / 10)})


def _take(run: Path, stage: str, config: TrainConfig) -> Ledger:
    """Take the run's folder for one stage.

    Raises:
        BadConfig: It, or what is written there, is also read; it holds other files, and --force is not given.
    """
    data = [path for _, path in map(source_of, config.data)]
    check_apart(run, data)
    if config.cache:
        check_apart(config.cache, data, option="--cache")
    if config.init:
        check_apart(run / stage, [Path(config.init)], written=[run / f"{stage}.safetensors"])
    # A checkpoint without a ledger is of a version that kept none: what lies around it is that run's.
    earlier = config.resume and (run / stage / "last.ckpt").is_file() and not (run / LEDGER).exists()
    names = ("config.yaml", stage, f"{stage}.safetensors", PAIRS)
    ledger = look(run, "train", config.force, names, adopt=earlier)
    ledger.begin()
    if earlier:
        for path in (run / names[0], run / names[2], *(run / stage).rglob("*")):
            if path.is_file():
                ledger.claim(path, adopt=True)
    return ledger


def _task(stage: str, config: TrainConfig, run: Path, say: Callable[[str], None]) -> Task:
    if stage == "perception":
        from viton_cli.training.perception.train_perception import PerceptionTask

        return PerceptionTask(config, say)
    from viton_cli.checkpoints import resolve
    from viton_cli.core.generator import LayoutGenerator
    from viton_cli.methods.networks import load_generator
    from viton_cli.training.pairs.layout import LayoutTask
    from viton_cli.training.pairs.refine import RefineTask
    from viton_cli.training.pairs.stage1 import Stage1Task
    from viton_cli.training.pairs.stage2 import Stage2Task

    if stage == "stage1":
        return Stage1Task(config, say) if config.preset == "paper" else LayoutTask(config, say)
    if "stage1" not in config.model and (run / "stage1.safetensors").exists():
        config = config.model_copy(update={"model": {**config.model, "stage1": str(run / "stage1.safetensors")}})
    if config.preset == "lite":
        generator, _ = load_generator(resolve(str(config.model.get("stage1", "stage1"))))
        if isinstance(generator, LayoutGenerator):
            return RefineTask(config, generator, say)
    return Stage2Task(config, say)
