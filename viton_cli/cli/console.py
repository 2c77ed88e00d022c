"""What commands print: progress and problems on stderr, results on stdout."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from viton_cli.cli.mistakes import as_json_line
from viton_cli.cli.settings import EXIT_NOTHING, EXIT_OK, EXIT_SOME_FAILED
from viton_cli.engines.progress import Progress, Summary
from viton_cli.errors import shown

if TYPE_CHECKING:
    from tqdm import tqdm

    from viton_cli.metrics import Score

LINE_SECONDS = 5.0


class Console(Progress):
    """A bar if stderr is a terminal, else a plain line now and then; used as a context manager.

    When it is left by Ctrl-C it says that the same command carries on.
    """

    def __init__(self, command: str) -> None:
        self.command = command
        self.bar: tqdm[Any] | None = None
        self.total, self.count, self.began, self.last_line = 0, 0, 0.0, 0.0
        self.unit = "item"
        self.defect_shown = False

    def __enter__(self) -> Console:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self._say(f"stopped after {self.count} of {self.total}; the same command carries on where this one stopped")

    def start(self, total: int, unit: str) -> None:
        if self.bar is not None:
            self.bar.close()
        self.total, self.count, self.unit, self.began = total, 0, unit, time.monotonic()
        self.last_line = self.began
        if sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(total=total, unit=unit, file=sys.stderr, dynamic_ncols=True, leave=False)

    def advance(self, name: str, count: int = 1) -> None:
        self.count += count
        if self.bar is not None:
            self.bar.set_postfix_str(shown(name)[-40:], refresh=False)
            self.bar.update(count)
        elif time.monotonic() - self.last_line > LINE_SECONDS:
            self.last_line = time.monotonic()
            left = (self.last_line - self.began) / self.count * (self.total - self.count)
            self._say(f"{self.count} of {self.total} {self.unit}s, about {_minutes(left)} left: {name}")

    def note(self, text: str) -> None:
        self._say(text)

    def problem(self, text: str) -> None:
        self._say(f"failed: {text}")

    def defect(self, error: BaseException) -> None:
        if not self.defect_shown:  # one traceback tells as much as a thousand
            for line in "".join(traceback.format_exception(error)).rstrip().split("\n"):
                self._say(line)
        self.defect_shown = True

    def _say(self, text: str) -> None:
        text = shown(text)  # names that files bring with them forge no lines and command no terminal
        if self.bar is not None:
            self.bar.write(text, file=sys.stderr)
        else:
            typer.echo(text, err=True)


def summary(done: Summary, as_json: bool, quiet: bool = False) -> int:
    """Print the summary (on stderr if `quiet`: stdout then holds a picture) and return the exit code."""
    if done.is_main:
        typer.echo(as_json_line(done.as_dict()) if as_json else shown(str(done)), err=quiet)
    if not done.failed:
        return EXIT_OK
    return EXIT_SOME_FAILED if done.ok or done.skipped or done.defects else EXIT_NOTHING


def print_scores(scores: Sequence[Score], as_json: bool, notes: Sequence[str] = ()) -> None:
    """Scores as a table with protocol and n, or as one JSON object; notes go to stderr."""
    for text in notes:
        typer.echo(shown(text), err=True)
    if as_json:
        typer.echo(as_json_line({"scores": [score.as_dict() for score in scores], "notes": list(notes)}))
        return
    width = max(len(score.name) for score in scores)
    for score in scores:
        better = "higher is better" if score.higher_is_better else "lower is better"
        typer.echo(f"{score.name:<{width}}  {score.value:.4f}  n={score.n}  ({better}; {score.protocol})")


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
