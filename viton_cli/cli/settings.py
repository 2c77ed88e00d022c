"""Flags made from a command's settings model, and what every command does around its pipeline: errors, exit codes."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import typer
from pydantic.fields import FieldInfo

from viton_cli.cli.mistakes import cause, is_disk, print_object
from viton_cli.cli.streams import drop_stdout
from viton_cli.config import Config, load
from viton_cli.errors import BadConfig, BadPairs, BadWeights, MissingExtra, NotOurs, UnknownName, VitonError, shown

EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE, EXIT_NOTHING, EXIT_INTERRUPTED = 0, 1, 2, 3, 130
WRONG_USAGE = (BadConfig, BadPairs, BadWeights, MissingExtra, NotOurs, UnknownName)
APP: dict[str, Any] = {
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


def with_settings(model: type[Config]) -> Callable[[Callable[..., int]], Callable[..., None]]:
    """Make a Typer command of a function that takes the resolved settings and returns an exit code.

    The command has a flag for each setting of `model` (free-form settings aside), `--config`, `--set`, and whatever
    keyword-only parameters the function itself has. Where the command is a group's own action
    and a sub-command was called, the function is left out.
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
            extra = {p.name: given.pop(p.name) for p in own}
            file, sets = given.pop("config"), given.pop("set") or ()

            def work() -> int:
                return run(load(model, file, sets, given), **extra)

            raise typer.Exit(guarded(work, bool(extra.get("json")), given.get("out") == "-"))

        parameters = [inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]
        # What the command adds to its base comes first.
        names = sorted(model.model_fields, key=lambda name: name not in model.__annotations__)
        flags = {name: flag for name in names if (flag := _flag(name, model.model_fields[name]))}
        parameters += [_parameter(name, *flag) for name, flag in flags.items()]
        parameters += [
            _parameter("config", Path | None, typer.Option(help="YAML file of settings.", metavar="FILE")),
            _parameter("set", list[str] | None, typer.Option(help="A setting; may be repeated.", metavar="NAME=VALUE")),
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
        typer.echo(line or f"error: {shown(text)}", err=True)
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


def _parameter(name: str, kind: Any, option: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option])


def _flag(name: str, field: FieldInfo) -> tuple[Any, Any] | None:
    """Type and Typer option of one setting; None for a free-form one, which only `--set` and files reach."""
    kinds = [kind for kind in _members(field.annotation) if kind is not type(None)]
    flag = "--" + name.replace("_", "-")
    default = "" if field.is_required() or field.default is None else _shown(field.default)
    help = (field.description or "") + (f" [default: {default}]" if default else "")
    if kinds == [bool]:
        return bool | None, typer.Option(f"{flag}/--no-{name.replace('_', '-')}", help=help, show_default=False)
    if get_origin(kinds[0]) is list:
        return list[str] | None, typer.Option(flag, help=help, metavar="TEXT", show_default=False)
    if get_origin(kinds[0]) is dict:
        return None
    return str | None, typer.Option(flag, help=help, metavar=_metavar(kinds[0]), show_default=False)


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _metavar(kind: Any) -> str:
    if kind in (int, float):
        return "NUMBER"
    if kind is Path:
        return "PATH"
    if get_origin(kind) is tuple:
        return "N,N"
    choices = [str(choice) for choice in get_args(kind)]
    return "|".join(choices) if choices else "TEXT"


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return "on" if default else ""
    if isinstance(default, (list, tuple)):
        return ",".join(str(part) for part in default)
    return str(default)
