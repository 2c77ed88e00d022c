"""`viton tryon`."""

from __future__ import annotations

import typer

from viton_cli.cli.arguments import Command
from viton_cli.cli.console import Console, summary
from viton_cli.cli.screen import Screen
from viton_cli.cli.settings import APP, with_settings
from viton_cli.config import TryOnConfig

app = typer.Typer(**APP)


@app.command(cls=Command)
@with_settings(TryOnConfig)
def tryon(config: TryOnConfig, screen: Screen) -> int:
    """Dress each person of one folder in each garment of another, and put the result back into the photo.

    Example: viton tryon --person people --clothes clothes --out out
    """
    from viton_cli.pipelines.tryon import tryon as run

    with Console("viton tryon", screen) as console:
        done = run(config, console)
    return summary(done, screen, aside=config.out == "-")
