"""`viton licences`."""

from __future__ import annotations

from typing import Annotated

import typer

from viton_cli.cli.arguments import Command
from viton_cli.cli.console import planned
from viton_cli.cli.screen import Screen, listen
from viton_cli.cli.settings import APP, EXIT_OK, JSON, QUIET, VERBOSE, guarded

app = typer.Typer(**APP)


@app.command(cls=Command)
def licences(
    dry_run: bool = typer.Option(False, "--dry-run", help="Say how many lines there are."),
    json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
    verbose: Annotated[bool, VERBOSE] = False,
) -> None:
    """Say under which licence the code is, each weight file, the data behind it, and each package needed."""

    def work() -> int:
        from viton_cli.pipelines.licences import licences as table

        screen = Screen(json, quiet, verbose)
        listen(screen)
        lines = table()
        if dry_run:
            return planned(f"would list {len(lines)} licences", screen)
        rows = [(line.kind, line.name, line.licence, line.remark) for line in lines]
        told = {"licences": [line.as_dict() for line in lines]}
        screen.table(told, ("kind", "name", "licence", "remark"), rows)
        return EXIT_OK

    raise typer.Exit(guarded(work, json))
