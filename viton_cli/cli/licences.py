"""`viton licences`."""

from __future__ import annotations

import typer

from viton_cli.cli.arguments import Command
from viton_cli.cli.screen import Screen
from viton_cli.cli.settings import APP, EXIT_OK, JSON, guarded

app = typer.Typer(**APP)


@app.command(cls=Command)
def licences(json: bool = typer.Option(False, *JSON.param_decls, help=JSON.help)) -> None:
    """Say under which licence the code is, each weight file, the data behind it, and each package needed."""

    def work() -> int:
        from viton_cli.pipelines.licences import licences as table

        lines = table()
        rows = [(line.kind, line.name, line.licence, line.remark) for line in lines]
        told = {"licences": [line.as_dict() for line in lines]}
        Screen(json).table(told, ("kind", "name", "licence", "remark"), rows)
        return EXIT_OK

    raise typer.Exit(guarded(work, json))
