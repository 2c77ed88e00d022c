"""The command line: one file a command, imported when that command is called, so that `viton --help` is quick."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

# Command -> what `viton --help` says of it. The command itself is `app` in the module of that name.
COMMANDS = {
    "tryon": "Dress each person of one folder in each garment of another.",
    "explain": "Show every step of one try-on, and which of them most likely went wrong.",
    "prepare": "Turn photos or a published data set into a prepared folder: crops, joints, labels, masks.",
    "train": "Train the try-on networks or perception on a prepared folder.",
    "evaluate": "Compare results with true pictures, in numbers.",
    "demo": "Open a page on this machine to try garments on in a browser.",
    "doctor": "Say what is installed or missing, or what made a result.",
    "licences": "Say what may be done with code, weights and data.",
}


class LateCommand(TyperCommand):
    """Stands for a command in the help; becomes the command itself when it is called."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        module = importlib.import_module(f"viton_cli.cli.{self.name}")
        return typer.main.get_command(module.app).make_context(info_name, args, parent=parent, **extra)

    def get_short_help_str(self, limit: int = 45) -> str:
        return self.help or ""


class LateGroup(TyperGroup):
    """The top group, whose commands are those of `COMMANDS`."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in COMMANDS:
            return LateCommand(cmd_name, help=COMMANDS[cmd_name])
        return None

    def main(
        self,
        args: Any = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line and leave with its exit code. What Click refuses is one line, as every other error, and an
        object too, where --json was given."""
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except Exception as error:
            if not standalone_mode:
                raise
            from viton_cli.cli.mistakes import refused

            code = refused(error, "--json" in list(args or sys.argv[1:]))
        if not standalone_mode:
            return code
        sys.exit(code if isinstance(code, int) else 0)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        self.commands = {name: self.get_command(ctx, name) for name in COMMANDS}  # suggestions are made from these
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=LateGroup,
    name="viton",
    add_completion=True,
    no_args_is_help=True,
    rich_markup_mode=None,  # importing rich for the help takes longer than everything else together
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from viton_cli import __version__

        typer.echo(f"viton {__version__}")
        raise typer.Exit()


@app.callback()
def viton(
    version: bool = typer.Option(False, "--version", "-V", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Image-based virtual try-on: photos of people and of clothes in, pictures of the people in the clothes out."""
