"""Flags made from a command's settings model, and what every command does around its pipeline: errors, exit codes."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer

from viton_cli.cli.arguments import ALONE, Group
from viton_cli.cli.choices import choices, completion
from viton_cli.cli.mistakes import cause, is_disk, print_object
from viton_cli.cli.screen import Screen, listen, write
from viton_cli.cli.streams import drop_stdout
from viton_cli.config import Config, load, refuse_addresses
from viton_cli.errors import BadConfig, BadPairs, BadWeights, MissingExtra, NotOurs, UnknownName, VitonError

EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE, EXIT_NOTHING, EXIT_INTERRUPTED = 0, 1, 2, 3, 130
WRONG_USAGE = (BadConfig, BadPairs, BadWeights, MissingExtra, NotOurs, UnknownName)
APP: dict[str, Any] = {
    "cls": Group,
    "add_completion": False,  # the top group has it for all
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


# What switches a setting off, where that is not --no-NAME.
OTHERWISE = {"tuck": "--untuck"}
JSON: Any = typer.Option("--json", help="Print one JSON object.")
QUIET: Any = typer.Option("--quiet", "-q", help="Print nothing but errors and results.")
VERBOSE: Any = typer.Option("--verbose", "-v", help="Print what is done, in detail.")
SPEAKING = {"json": JSON, "quiet": QUIET, "verbose": VERBOSE}


def with_settings(model: type[Config]) -> Callable[[Callable[..., int]], Callable[..., None]]:
    """Make a Typer command of a function that takes the resolved settings and a screen and returns an exit code.

    What keyword-only parameters the function has besides become the command's own.

    The command has a flag for each setting of `model`, `--config`, `--set`, `--json`, `--quiet` and `--verbose`. Where
    the command is a group's own action and a sub-command was called, the function is left out.
    """

    def make(run: Callable[..., int]) -> Callable[..., None]:
        own = [p for p in inspect.signature(run, eval_str=True).parameters.values() if p.kind is p.KEYWORD_ONLY]

        def command(ctx: typer.Context, **given: Any) -> None:
            if ctx.invoked_subcommand is not None:
                misplaced = [name for name, value in given.items() if value is not None and value is not False]
                if misplaced:
                    sub = f"{ctx.info_name} {ctx.invoked_subcommand}"
                    typer.echo(f"error: give --{misplaced[0].replace('_', '-')} after '{sub}', not before it", err=True)
                    raise typer.Exit(EXIT_USAGE)
                return
            screen = Screen(*(bool(given.pop(name)) for name in ("json", "quiet", "verbose")))
            extra = {p.name: given.pop(p.name) for p in own}
            file, sets = given.pop("config"), given.pop("set") or ()
            listen(screen)

            def work() -> int:
                for name, values in extra.items():
                    refuse_addresses(name.replace("_", " "), values)
                return run(load(model, file, sets, given), screen, **extra)

            raise typer.Exit(guarded(work, screen.json, given.get("out") == "-"))

        parameters = [inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]
        # What the command adds to its base comes first.
        names = sorted(model.model_fields, key=lambda name: name not in model.__annotations__)
        parameters += [_parameter(name, *_flag(name, model)) for name in names]
        parameters += [
            _parameter("config", Path | None, typer.Option(help="YAML file of settings.", metavar="FILE")),
            _parameter("set", list[str] | None, typer.Option(help="A setting; may be repeated.", metavar="NAME=VALUE")),
            *(_parameter(name, bool, flag, False) for name, flag in SPEAKING.items()),
            *own,
        ]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in parameters}
        command.__name__, command.__doc__ = run.__name__, run.__doc__
        return command

    return make


def guarded(work: Callable[[], int], as_json: bool = False, aside: bool = False) -> int:
    """Run a command's body; an expected error becomes one line on stderr and the exit code that fits it.

    Args:
        work: The body.
        as_json: Also print an object on stdout. aside: On stderr, as stdout is for a picture.
    """

    def told(text: str, code: int, line: str | None = None) -> int:
        write(line or f"error: {text}", bad=True)
        if as_json:
            print_object(text, code, aside)
        return code

    try:
        code = work()
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except VitonError as error:
        return told(str(error), EXIT_USAGE if isinstance(error, WRONG_USAGE) else EXIT_NOTHING)
    except BrokenPipeError:
        drop_stdout()
        return EXIT_SOME_FAILED
    except OSError as error:
        return told(cause(error), EXIT_SOME_FAILED if is_disk(error) else EXIT_USAGE)
    except KeyboardInterrupt:
        return told("interrupted", EXIT_INTERRUPTED, "interrupted")
    except Exception as error:
        if as_json:
            print_object(f"defect of the toolkit: {type(error).__name__}: {' '.join(str(error).split())}", 1, aside)
        raise


def _parameter(name: str, kind: Any, option: Any, default: object = None) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])


def _flag(name: str, model: type[Config]) -> tuple[Any, Any]:
    """Type and Typer option of one setting."""
    field = model.model_fields[name]
    (kind, *_) = (kind for kind in _members(field.annotation) if kind is not type(None))
    flag = "--" + name.replace("_", "-")
    default = "" if field.is_required() or field.default is None else _shown(field.default)
    default = "each stage's own" if name in model.by_stage else default
    help = (field.description or "") + (f" [default: {default}]" if default else "")
    if kind is bool:
        other = OTHERWISE.get(name, f"--no-{name.replace('_', '-')}")
        return bool | None, typer.Option(f"{flag}/{other}", help=help, show_default=False)
    several = get_origin(kind) is list
    names = choices(name) or tuple(str(choice) for choice in get_args(kind) if get_origin(kind) is Literal)
    plain = f"[{_metavar(kind)}]" if flag in ALONE else _metavar(kind)
    metavar = "|".join(names) + (",..." if several else "") if names else plain
    option = typer.Option(
        flag,
        help=help,
        metavar=metavar,
        show_default=False,
        autocompletion=completion(names, several) if names else None,
    )
    return list[str] | None if several else str | None, option


def _members(annotation: Any) -> tuple[Any, ...]:
    """The kinds of a setting, what only checks and converts left out."""
    kinds = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return tuple(get_args(kind)[0] if get_origin(kind) is Annotated else kind for kind in kinds)


def _metavar(kind: Any) -> str:
    if get_origin(kind) is tuple:
        return "A,B" if _members(get_args(kind)[0]) == (float,) else "HEIGHTxWIDTH"
    if get_origin(kind) is list:
        return "INTEGER,..." if get_args(kind)[0] is int else "PATH..."
    return {int: "INTEGER", float: "NUMBER", Path: "PATH"}.get(kind, "TEXT")


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return "on" if default else ""
    if isinstance(default, tuple) and all(isinstance(part, int) for part in default):
        return "x".join(map(str, default))
    if isinstance(default, (list, tuple)):
        return ",".join(str(part) for part in default)
    return str(default)
