"""`viton train`."""

from __future__ import annotations

import typer

from viton_cli.cli.settings import APP, EXIT_OK, with_settings
from viton_cli.config import TrainConfig

app = typer.Typer(**APP)


def _train(config: TrainConfig, *stages: str) -> int:
    from viton_cli.training.train import train

    for stage in stages:
        scores = train(stage, config)
        typer.echo(", ".join([f"{stage} done", *(f"{name} {value:.4f}" for name, value in scores.items())]))
    return EXIT_OK


@app.callback(invoke_without_command=True)
@with_settings(TrainConfig)
def both(config: TrainConfig) -> int:
    """Train stage 1, then stage 2 on what stage 1 draws; or one part alone with a sub-command.

    Example: viton train --data data --out runs/first
    """
    return _train(config, "stage1", "stage2")


@app.command()
@with_settings(TrainConfig)
def stage1(config: TrainConfig) -> int:
    """The generator: coarse image and clothing mask."""
    return _train(config, "stage1")


@app.command()
@with_settings(TrainConfig)
def stage2(config: TrainConfig) -> int:
    """The refinement network, which composes coarse image and warped clothing."""
    return _train(config, "stage2")


@app.command()
@with_settings(TrainConfig)
def perception(config: TrainConfig) -> int:
    """The network that finds joints and labels."""
    return _train(config, "perception")
