"""`viton train`: stage 1, stage 2, perception, the segmenter of product photos, the paper's baselines.

RUN/config.yaml                         the settings
RUN/pairs/*.npz                         examples made ready, for all stages; elsewhere with --cache
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

from viton_cli.config import (
    STAGES,
    BaselineConfig,
    PairsConfig,
    TrainCaganConfig,
    TrainConfig,
    TrainCrnConfig,
    TrainGarmentConfig,
    TrainingConfig,
    TrainPerceptionConfig,
    TrainPrganConfig,
    TrainStage1Config,
    TrainStage2Config,
    settings_for,
)
from viton_cli.devices import check_device
from viton_cli.errors import BadConfig, VitonError
from viton_cli.files import Ledger, check_apart, look, sha256, write_bytes, write_text
from viton_cli.files.ownership import LEDGER
from viton_cli.threads import use_threads
from viton_cli.training.estimate import Estimate, estimate
from viton_cli.training.fit import fit
from viton_cli.training.needs import check_tensorboard
from viton_cli.training.pairs.sources import source_of
from viton_cli.training.processes import Processes
from viton_cli.training.stopping import Stopped
from viton_cli.training.task import Task
from viton_cli.training.watch import Tick

log = logging.getLogger(__name__)
PAIRS = "pairs"  # folder of a run with its prepared examples


def train(
    stage: str,
    config: TrainingConfig,
    say: Callable[[str], None] = log.info,
    watch: Callable[[Tick], None] | None = None,
) -> dict[str, float]:
    """Train one stage.

    Args:
        stage: A name of `config.STAGES`.
        config: Settings of the stage, or those of several, of which it takes its own (`config.settings_for`).
        say: Gets lines of progress. watch: Gets every step (`fit`).

    Returns:
        Scores of the best weights on held-out data, none if there are no such; their "step", and the "last step".

    Raises:
        VitonError: Data, settings or weights cannot be used. KeyboardInterrupt: Stopped, and can be resumed.
    """
    began, processes = time.monotonic(), Processes(config.device)
    say = say if processes.is_main else lambda _: None
    run, settings = Path(config.out), stage_settings(stage, config)
    settings = settings.model_copy(update={"out": run / stage})
    if isinstance(settings, (PairsConfig, BaselineConfig)):
        settings = settings.model_copy(update={"cache": settings.cache or run / PAIRS})
    if (settings.out / "last.ckpt").exists() and not config.resume:
        raise BadConfig(f"{settings.out}: holds a training already; carry on with --resume, or give another --out")
    if config.tensorboard:
        check_tensorboard()
    check_device(settings.device)  # before the data are read, which may take minutes
    if config.threads is not None:
        use_threads(config.threads)
    torch.manual_seed(settings.seed)
    task = processes.main_first(lambda: _begun(stage, config, settings, say, processes.is_main))
    million = sum(p.numel() for p in task.net.parameters()) / 1e6
    say(f"{stage}: {len(task)} training examples, {million:.2f} million weights")
    say(f"{stage}: {estimate(task, settings, _steps_done(settings))}")
    settings = _less(settings, time.monotonic() - began)
    try:
        scores = fit(task, settings, say, watch=watch)
    except Stopped:
        raise KeyboardInterrupt from None
    if processes.is_main:
        write_bytes(run / f"{stage}.safetensors", (settings.out / "best.safetensors").read_bytes())
    processes.wait()
    return scores


def _begun(
    stage: str, config: TrainingConfig, settings: TrainingConfig, say: Callable[[str], None], is_main: bool
) -> Task:
    """The task, its data ready; the main process takes the run's folder for it.

    Raises:
        VitonError: Data, settings or weights cannot be used; the folder is as it was.
    """
    run = Path(config.out)
    if not is_main:
        return _task(settings, run, say)
    ledger = _take(run, stage, config)
    try:
        task = _task(settings, run, say)
    except VitonError:
        ledger.give_back()
        raise
    write_text(run / "config.yaml", config.to_file())
    write_text(settings.out / "config.yaml", settings.to_file())
    return task


def plan(stage: str, config: TrainingConfig, say: Callable[[str], None] = log.info) -> Estimate:
    """What training one stage would take. Nothing is left on the disk but what --cache keeps.

    Raises:
        VitonError: Data, settings or weights cannot be used.
    """
    run, settings = Path(config.out), stage_settings(stage, config)
    check_device(config.device)
    with TemporaryDirectory() as folder:
        settings = settings.model_copy(update={"out": Path(folder)})
        task = _task(settings, run, say)
    settings = settings.model_copy(update={"out": run / stage})
    return estimate(task, settings, _steps_done(settings) if config.resume else 0)


def stage_settings(stage: str, config: TrainingConfig) -> TrainingConfig:
    """The settings of a stage.

    Raises:
        BadConfig: No such stage, or `config` was given what it has not.
    """
    if stage not in STAGES:
        raise BadConfig(f"unknown stage '{stage}'; known: {', '.join(STAGES)}")
    model = STAGES[stage]
    known = set(model.model_fields) | (set(TrainConfig.model_fields) if issubclass(model, PairsConfig) else set())
    if strange := sorted(config.model_fields_set - known):
        raise BadConfig(f"unknown setting '{strange[0]}' of {stage}; known: {', '.join(model.model_fields)}")
    return settings_for(config, model)


def _steps_done(settings: TrainingConfig) -> int:
    """Of a run that is carried on, by the note beside its checkpoint."""
    note = settings.out / "last.txt"
    words = note.read_text(encoding="utf-8").split() if settings.resume and note.is_file() else []
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def _less(settings: TrainingConfig, seconds: float) -> TrainingConfig:
    """The settings when so many of their minutes went by before the first step, in reading data."""
    if settings.minutes is None:
        return settings
    return settings.model_copy(update={"minutes": max(settings.minutes - seconds / 60, settings.minutes / 10)})


def _take(run: Path, stage: str, config: TrainingConfig) -> Ledger:
    """Take the run's folder for one stage.

    Raises:
        BadConfig: It, or what is written there, is also read; it holds other files, and --force is not given.
    """
    more = [path for name in ("photos", "nobody") if (path := getattr(config, name, None)) is not None]
    data = [*(path for _, path in map(source_of, config.data)), *more]
    check_apart(run, data)
    if cache := getattr(config, "cache", None):
        check_apart(cache, data, option="--cache")
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


def _task(config: TrainingConfig, run: Path, say: Callable[[str], None]) -> Task:
    if isinstance(config, TrainPerceptionConfig):
        from viton_cli.training.perception.train_perception import PerceptionTask

        return PerceptionTask(config, say)
    if isinstance(config, TrainGarmentConfig):
        from viton_cli.training.garments.train_garment import GarmentTask

        return GarmentTask(config, say)
    if isinstance(config, BaselineConfig):
        return _baseline(config, say)
    if isinstance(config, TrainStage1Config):
        from viton_cli.training.pairs.layout import LayoutTask
        from viton_cli.training.pairs.stage1 import Stage1Task

        return Stage1Task(config, say) if config.network == "paper" else LayoutTask(config, say)
    assert isinstance(config, TrainStage2Config)
    return _refinement(config, run, say)


def _baseline(config: BaselineConfig, say: Callable[[str], None]) -> Task:
    from viton_cli.training.pairs.baselines import CaganTask, CrnTask, PrganTask

    if isinstance(config, TrainCrnConfig):
        return CrnTask(config, say)
    if isinstance(config, TrainPrganConfig):
        return PrganTask(config, say)
    assert isinstance(config, TrainCaganConfig)
    return CaganTask(config, say)


def _refinement(config: TrainStage2Config, run: Path, say: Callable[[str], None]) -> Task:
    """Stage 2 on the stage 1 that was asked for, else this run's, else the one that ships.

    Raises:
        BadConfig: It says no places, and garments are to be warped by them.
    """
    from viton_cli.checkpoints import resolve
    from viton_cli.core.generator import LayoutGenerator
    from viton_cli.methods.networks import load_generator
    from viton_cli.training.pairs.refine import RefineTask
    from viton_cli.training.pairs.stage2 import Stage2Task

    own = run / "stage1.safetensors"
    path = resolve(config.stage1 or (own if own.exists() else "stage1"))
    generator, _ = load_generator(path)
    places = isinstance(generator, LayoutGenerator)
    if config.warp == "places" and not places:
        raise BadConfig(f"--warp places: {path} says none; give --warp parts or paper, or another --stage1")
    if isinstance(generator, LayoutGenerator) and config.warp in ("auto", "places"):
        return RefineTask(config, generator, say, sha256(path))
    return Stage2Task(config, generator, say, sha256(path))
