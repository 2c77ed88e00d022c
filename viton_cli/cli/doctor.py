"""`viton doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from viton_cli.cli.mistakes import as_json_line
from viton_cli.cli.settings import APP, EXIT_OK, EXIT_SOME_FAILED, guarded

if TYPE_CHECKING:
    from viton_cli.pipelines.doctor import Diagnosis

app = typer.Typer(**APP)


@app.command()
def doctor(
    fetch: list[str] = typer.Option(
        [], "--fetch", metavar="NAME", help="Fetch published weights (inception, alexnet, vgg16); may be repeated."
    ),
    json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Say what is installed, what is missing, and the command that mends it.

    The exit code is 1 if something needed is missing or damaged. Nothing is fetched but what --fetch names.
    """
    if code := guarded(lambda: _fetch(fetch)):
        raise typer.Exit(code)

    def work() -> int:
        from viton_cli.pipelines.doctor import diagnose

        found = diagnose()
        typer.echo(as_json_line(found.as_dict()) if json else _text(found))
        return EXIT_SOME_FAILED if found.problems else EXIT_OK

    raise typer.Exit(guarded(work, json))


def _fetch(names: list[str]) -> int:
    if names:
        from viton_cli.metrics.fetched import cached, fetch

        for name in names:  # all names are looked at before anything is fetched
            cached(name)
        for name in names:
            fetch(name, lambda text: typer.echo(text, err=True))
    return EXIT_OK


def _text(found: Diagnosis) -> str:
    lines = [f"{name:<14} {version or 'MISSING'}" for name, version in found.versions.items()]
    lines += [f"{'devices':<14} {', '.join(found.devices) or 'none'}", f"{'cores':<14} {found.cores}", ""]
    for name, entry in found.weights.items():
        what = f"ok, {entry['megabytes']} MB, sha256 {entry['sha256'][:12]}" if entry["ok"] else "DAMAGED"
        lines.append(f"weights {name}: {what}")
    for name, entry in found.extras.items():
        what = "installed" if entry["present"] else f"not installed: {entry['install']}"
        lines.append(f"extra {name} ({entry['for']}): {what}")
    for name, entry in found.published.items():
        what = entry["path"] if entry["present"] else f"not fetched: {entry['fetch']} ({entry['megabytes']} MB)"
        lines.append(f"published {name} ({entry['for']}; {entry['licence']}): {what}")
    lines += ["", *[f"problem: {text}" for text in found.problems]] if found.problems else ["", "all well"]
    return "\n".join(lines)
