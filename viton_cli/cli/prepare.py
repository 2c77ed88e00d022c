"""`viton prepare`."""

from __future__ import annotations

import typer

from viton_cli.cli.arguments import Command
from viton_cli.cli.console import Console, summary
from viton_cli.cli.screen import Screen
from viton_cli.cli.settings import APP, with_settings
from viton_cli.config import PrepareConfig

app = typer.Typer(**APP)


@app.command(cls=Command)
@with_settings(PrepareConfig)
def prepare(config: PrepareConfig, screen: Screen) -> int:
    """Turn photos, or a published data set, into a prepared folder that `viton train` reads.

    Examples: viton prepare --person people --clothes clothes --out data;
    viton prepare --dataset zalando-hd-resized --format viton-hd --out data
    """
    from viton_cli.pipelines.prepare import prepare as run

    with Console("viton prepare", screen) as console:
        done = run(config, console)
    return summary(done, screen)
