"""`viton doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viton_cli.cli.arguments import Command
from viton_cli.cli.screen import Screen, listen
from viton_cli.cli.settings import APP, EXIT_OK, EXIT_SOME_FAILED, JSON, QUIET, VERBOSE, guarded
from viton_cli.config import refuse_addresses
from viton_cli.errors import BadConfig

if TYPE_CHECKING:
    from viton_cli.pipelines.doctor import Diagnosis
    from viton_cli.pipelines.repeat import Repeat

app = typer.Typer(**APP)
PATH: dict[str, Any] = {"metavar": "PATH", "show_default": False}


@app.command(cls=Command)
def doctor(
    file: Path | None = typer.Argument(None, metavar="[FILE]", help="A result: say what made it.", show_default=False),
    person: Path | None = typer.Option(None, help="The person FILE was made from: make it again, compare.", **PATH),
    clothes: Path | None = typer.Option(None, help="The garment FILE was made from.", **PATH),
    clothes_mask: Path | None = typer.Option(None, help="The mask given when FILE was made.", **PATH),
    weights: Path | None = typer.Option(None, help="The weights FILE was made with, if not the shipped ones.", **PATH),
    pose_source: Path | None = typer.Option(None, help="Likewise.", **PATH),
    parsing_source: Path | None = typer.Option(None, help="Likewise.", **PATH),
    fetch: list[str] = typer.Option(
        [], "--fetch", metavar="NAME", help="Fetch published weights (inception, alexnet, vgg16); may be repeated."
    ),
    clear_cache: bool = typer.Option(False, "--clear-cache", help="Throw away what --cache of tryon and prepare kept."),
    cache: Path | None = typer.Option(None, help="Where that is, if not in the user's cache folder.", **PATH),
    dry_run: bool = typer.Option(
        False,
        "--dry-run",
        help="Say what would be made again, fetched or thrown away, and do not.",
    ),
    json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
    verbose: Annotated[bool, VERBOSE] = False,
) -> None:
    """Say what is installed, what is missing, and the command that mends it; or what made a result.

    The exit code is 1 if something needed is missing or damaged, or if FILE would not be made again as it is. Nothing
    is fetched but what --fetch names.
    """
    screen = Screen(json, quiet, verbose)
    listen(screen)
    given = {"weights": weights, "pose_source": pose_source, "parsing_source": parsing_source}
    sources = {name: path for name, path in given.items() if path is not None}
    own = {"FILE": file, "--person": person, "--clothes": clothes, "--clothes-mask": clothes_mask, "--cache": cache}
    paths = {**own, **{"--" + name.replace("_", "-"): path for name, path in given.items()}}
    if code := guarded(lambda: _refuse_addresses(paths), json):
        raise typer.Exit(code)
    if code := guarded(lambda: _fetch(fetch, dry_run, screen), json):
        raise typer.Exit(code)
    if clear_cache or cache:
        raise typer.Exit(guarded(lambda: _clear(clear_cache, cache, dry_run, screen), json))

    def work() -> int:
        if file is None:
            if person or clothes or clothes_mask or sources:
                raise BadConfig("--person, --clothes and where weights lie belong to a FILE: viton doctor FILE ...")
            return _installation(screen)
        if (person is None) != (clothes is None):
            raise BadConfig("to make FILE again both are needed: give --person and --clothes")
        from viton_cli.pipelines.repeat import check, repeat

        if person is None or clothes is None or dry_run:
            found = check(file, sources)
        else:
            found = repeat(file, person, clothes, clothes_mask, sources)
        screen.table(found.as_dict(), ("", ""), _lines(found))
        return EXIT_OK if found.is_same else EXIT_SOME_FAILED

    raise typer.Exit(guarded(work, json))


def _refuse_addresses(paths: dict[str, Path | None]) -> int:
    for name, path in paths.items():
        refuse_addresses(name, path)
    return EXIT_OK


def _fetch(names: list[str], dry_run: bool, screen: Screen) -> int:
    if names:
        from viton_cli.metrics.fetched import PUBLISHED, cached, fetch

        for name in names:  # all names are looked at before anything is fetched
            cached(name)
        for name in names:
            if dry_run:
                screen.note(f"would fetch {name}, {PUBLISHED[name].megabytes} MB, from {PUBLISHED[name].url}")
            else:
                fetch(name, screen.note)
    return EXIT_OK


def _clear(wanted: bool, folder: Path | None, dry_run: bool, screen: Screen) -> int:
    from viton_cli.pipelines.cached import clear_memory

    if not wanted:
        raise BadConfig("--cache belongs to --clear-cache")
    place, count, size = clear_memory(folder, dry_run)
    told = {"cache": str(place), "entries": count, "bytes": size}
    done = f"would throw away {count} entries" if dry_run else f"{count} entries thrown away"
    screen.show(told, f"{done}, {size / 1e6:.1f} MB: {place}")
    return EXIT_OK


def _installation(screen: Screen) -> int:
    from viton_cli.pipelines.doctor import diagnose

    found = diagnose()
    if screen.json or not screen.quiet:
        screen.table(found.as_dict(), ("part", "state"), _rows(found))
    if not screen.json:
        for text in found.problems:
            typer.echo(f"problem: {text}")
        if not found.problems and not screen.quiet:
            typer.echo("all well")
    return EXIT_SOME_FAILED if found.problems else EXIT_OK


def _rows(found: Diagnosis) -> list[tuple[str, str]]:
    rows = [(name, version or "MISSING") for name, version in found.versions.items()]
    rows += [("devices", ", ".join(found.devices) or "none"), ("cores", str(found.cores))]
    for name, entry in found.weights.items():
        what = f"ok, {entry['megabytes']} MB, sha256 {entry['sha256'][:12]}" if entry["ok"] else "DAMAGED"
        rows.append((f"weights {name}", what))
    for name, entry in found.extras.items():
        what = "installed" if entry["present"] else f"not installed: {entry['install']}"
        rows.append((f"extra {name} ({entry['for']})", what))
    for name, entry in found.published.items():
        what = entry["path"] if entry["present"] else f"not fetched: {entry['fetch']} ({entry['megabytes']} MB)"
        rows.append((f"published {name} ({entry['for']}; {entry['licence']})", what))
    return rows


def _lines(found: Repeat) -> list[tuple[str, str]]:
    receipt = found.receipt
    rows = [("made by", f"viton {receipt.viton}; digitally altered")]
    rows += [("person", receipt.person), ("garment", receipt.garment), ("mask", receipt.mask)]
    rows += [(f"weights {name}", value) for name, value in receipt.weights.items()]
    rows += [("settings", ", ".join(f"{name}={value}" for name, value in receipt.settings.items()))]
    rows += [("difference", text) for text in found.differences]
    if found.pixels is not None:
        rows.append(("made again", "every pixel the same" if found.is_same else f"{found.pixels} pixels differ"))
    else:
        rows.append(("today", "would make the same" if found.is_same else "would not make the same"))
    return rows
