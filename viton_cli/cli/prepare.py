"""`viton prepare`."""

from __future__ import annotations

import typer

from viton_cli.cli.console import Console, summary
from viton_cli.cli.settings import APP, with_settings
from viton_cli.config import PrepareConfig

app = typer.Typer(**APP)


@app.command()
@with_settings(PrepareConfig)
def prepare(config: PrepareConfig, *, json: bool = typer.Option(False, "--json", help="Print one JSON object.")) -> int:
    """Turn photos, or a published data set, into a prepared folder that `viton train` reads.

    Examples: viton prepare --person people --clothes clothes --out data;
    viton prepare --dataset zalando-hd-resized --format viton-hd --out data
    """
    from viton_cli.pipelines.prepare import prepare as run

    with Console("viton prepare") as console:
        done = run(config, console)
    return summary(done, json)
