"""What a command prints, and how: coloured and in tables on a terminal, plain when piped or with NO_COLOR."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any

import typer

from viton_cli.errors import shown


@dataclass(frozen=True)
class Screen:
    """How a command was asked to speak: results on stdout, everything else on stderr.

    Attributes:
        json: Results as one JSON object.
        quiet: Only errors and results.
        verbose: Also what the package logs of its work.
    """

    json: bool = False
    quiet: bool = False
    verbose: bool = False

    def show(self, told: dict[str, Any], text: str) -> None:
        """A command's result: `told` as JSON, or `text`."""
        typer.echo(json.dumps(told, ensure_ascii=False) if self.json else text)

    def table(self, told: dict[str, Any], columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A result in rows: JSON, a table on a terminal, else aligned columns without their heads."""
        if self.json or not is_rich(sys.stdout):
            self.show(told, aligned(rows))
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        Console().print(table)

    def note(self, text: str) -> None:
        """Something worth knowing."""
        if not self.quiet:
            write(text)


def is_rich(stream: IO[Any] | None) -> bool:
    """Whether a stream is a terminal that may be written to in colour."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream is not None and stream.isatty() and not plain


def write(text: str, bad: bool = False) -> None:
    """Lines on stderr; red for what went wrong, if that is a terminal."""
    lines = "\n".join(map(shown, text.splitlines()))
    typer.echo(typer.style(lines, fg="red") if bad and is_rich(sys.stderr) else lines, err=True)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows with their columns under each other; the last column is left as long as it is."""
    widths = [max(map(len, column)) for column in zip(*rows)][:-1]
    return "\n".join("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[-1]]) for row in rows)


def listen(screen: Screen, write: Callable[[str], None] = write) -> None:
    """Print what the package logs: warnings, with -v everything, with -q errors alone."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            write(self.format(record))

    logger = logging.getLogger("viton_cli")
    for old in [handler for handler in logger.handlers if type(handler).__name__ == "Handler"]:
        logger.removeHandler(old)
    logger.addHandler(Handler())
    logger.propagate = False
    level = logging.ERROR if screen.quiet else logging.DEBUG if screen.verbose else logging.WARNING
    logger.setLevel(level)
