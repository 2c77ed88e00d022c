"""`viton demo`."""

from __future__ import annotations

import typer

from viton_cli.cli.arguments import Command
from viton_cli.cli.console import planned
from viton_cli.cli.screen import Screen
from viton_cli.cli.settings import APP, EXIT_OK, with_settings
from viton_cli.config import DemoConfig

app = typer.Typer(**APP)


@app.command(cls=Command)
@with_settings(DemoConfig)
def demo(config: DemoConfig, screen: Screen) -> int:
    """Open a page on this machine to try garments on in a browser; Ctrl-C ends it.

    Nothing is sent anywhere, and no picture is kept: docs/demo.md.

    Example: viton demo --clothes my/garments
    """
    from viton_cli.pipelines.demo import demo as run

    def ready(address: str) -> None:
        if config.dry_run:
            planned(f"would open {address}", screen)
        else:
            screen.show({"address": address}, f"open {address}")

    run(config, ready, screen.note)
    return EXIT_OK
