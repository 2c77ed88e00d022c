"""`viton train`."""

from __future__ import annotations

from pathlib import Path

import typer

from viton_cli.cli.arguments import Command
from viton_cli.cli.screen import Screen, write
from viton_cli.cli.settings import APP, EXIT_OK, with_settings
from viton_cli.cli.train_bar import TrainBar
from viton_cli.config import (
    BaselinesConfig,
    ReleaseConfig,
    TrainCaganConfig,
    TrainConfig,
    TrainCrnConfig,
    TrainGarmentConfig,
    TrainingConfig,
    TrainPerceptionConfig,
    TrainPrganConfig,
    TrainStage1Config,
    TrainStage2Config,
)

app = typer.Typer(**APP)
RUNS = typer.Argument(..., metavar="RUN...", help="Folders of trainings, whose best weights are taken.")


def _train(config: TrainingConfig, screen: Screen, stage: str) -> int:
    from viton_cli.training.processes import is_main
    from viton_cli.training.report import train_all

    with TrainBar(screen) as bar:
        report = train_all(stage, config, bar.note, bar.step if bar.is_shown else None)
    if is_main() and (screen.json or not screen.quiet):
        screen.show(report.as_dict(), str(report))
    return EXIT_OK


@app.callback(invoke_without_command=True)
@with_settings(TrainConfig)
def both(config: TrainConfig, screen: Screen) -> int:
    """Train stage 1, then stage 2 on what stage 1 draws; or one part alone with a sub-command.

    Example: viton train --data data --out runs/first
    """
    return _train(config, screen, "both")


@app.command(cls=Command)
@with_settings(TrainStage1Config)
def stage1(config: TrainStage1Config, screen: Screen) -> int:
    """The generator: coarse image and clothing mask."""
    return _train(config, screen, "stage1")


@app.command(cls=Command)
@with_settings(TrainStage2Config)
def stage2(config: TrainStage2Config, screen: Screen) -> int:
    """The refinement network, which composes coarse image and warped clothing."""
    return _train(config, screen, "stage2")


@app.command(cls=Command)
@with_settings(TrainPerceptionConfig)
def perception(config: TrainPerceptionConfig, screen: Screen) -> int:
    """The network that finds joints and labels."""
    return _train(config, screen, "perception")


@app.command(cls=Command)
@with_settings(TrainGarmentConfig)
def garment(config: TrainGarmentConfig, screen: Screen) -> int:
    """The segmenter that cuts garments out of product photos."""
    return _train(config, screen, "garment")


@app.command(cls=Command)
@with_settings(TrainCrnConfig)
def crn(config: TrainCrnConfig, screen: Screen) -> int:
    """The paper's baseline CRN: a cascaded refinement network."""
    return _train(config, screen, "crn")


@app.command(cls=Command)
@with_settings(TrainPrganConfig)
def prgan(config: TrainPrganConfig, screen: Screen) -> int:
    """The paper's baseline PRGAN: pose-guided person generation."""
    return _train(config, screen, "prgan")


@app.command(cls=Command)
@with_settings(TrainCaganConfig)
def cagan(config: TrainCaganConfig, screen: Screen) -> int:
    """The paper's baseline CAGAN: the conditional analogy GAN."""
    return _train(config, screen, "cagan")


@app.command(cls=Command)
@with_settings(BaselinesConfig)
def baselines(config: BaselinesConfig, screen: Screen) -> int:
    """VITON's two stages and every baseline, each method for the same --minutes.

    Example: viton train baselines --data data --minutes 60 --out runs/baselines
    """
    return _train(config, screen, "baselines")


@app.command(cls=Command)
@with_settings(ReleaseConfig)
def release(config: ReleaseConfig, screen: Screen, *, runs: list[Path] = RUNS) -> int:
    """Write the weights of runs as files to use and to ship: half precision, manifest, scores, sources.

    Example: viton train release runs/first --out weights
    """
    from viton_cli.training.release import release as run

    done = run(config, runs, lambda line: write(line) if not screen.quiet else None)
    screen.show(done.as_dict(), str(done))
    return EXIT_OK
