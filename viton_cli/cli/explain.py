"""`viton explain`."""

from __future__ import annotations

from pathlib import Path

import typer

from viton_cli.cli.arguments import Command
from viton_cli.cli.console import planned
from viton_cli.cli.screen import Screen
from viton_cli.cli.settings import APP, EXIT_NOTHING, EXIT_OK, with_settings
from viton_cli.config import ExplainConfig

app = typer.Typer(**APP)
PERSON = typer.Argument(..., help="Photo of the person.")
GARMENT = typer.Argument(..., help="Photo of the garment.")


@app.command(cls=Command)
@with_settings(ExplainConfig)
def explain(config: ExplainConfig, screen: Screen, *, person: Path = PERSON, garment: Path = GARMENT) -> int:
    """Show every step of one try-on in one picture, name the one that most likely went wrong, and what to do about it.

    Example: viton explain anna.jpg shirt.jpg --out why.png
    """
    from viton_cli.pipelines.explain import explain as run
    from viton_cli.pipelines.explain import where

    if config.dry_run:
        return planned(f"would explain {person} in {garment}: {where(config, person, garment)}", screen)
    told = run(config, person, garment)
    screen.show(told.as_dict(), str(told))
    return EXIT_NOTHING if told.light == "failed" else EXIT_OK
