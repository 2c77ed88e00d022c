"""What commands print: progress and problems on stderr, results on stdout."""

from __future__ import annotations

import shutil
import sys
import time
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from viton_cli.cli.screen import Screen, listen, write
from viton_cli.cli.settings import EXIT_NOTHING, EXIT_OK, EXIT_SOME_FAILED
from viton_cli.engines.progress import Progress, Summary
from viton_cli.errors import shown

if TYPE_CHECKING:
    from tqdm import tqdm

    from viton_cli.metrics import Score

LINE_SECONDS = 5.0
COUNTERS = 62  # columns that tqdm's counters take at most, with a bar of ten


class Console(Progress):
    """A bar if stderr is a terminal, else a plain line now and then; used as a context manager.

    When it is left by Ctrl-C it says that the same command carries on.
    """

    def __init__(self, command: str, screen: Screen) -> None:
        self.command, self.screen = command, screen
        self.bar: tqdm[Any] | None = None
        self.total, self.count, self.began, self.last_line = 0, 0, 0.0, 0.0
        self.unit = "item"
        self.defect_shown = False

    def __enter__(self) -> Console:
        listen(self.screen, self._say)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self._say(f"stopped after {self.count} of {self.total}; the same command carries on where this one stopped")

    def start(self, total: int, unit: str) -> None:
        if self.bar is not None:
            self.bar.close()
        self.total, self.count, self.unit, self.began = total, 0, unit, time.monotonic()
        self.last_line = self.began
        if not self.screen.quiet and sys.stderr.isatty() and total:
            from tqdm import tqdm

            self.bar = tqdm(total=total, unit=unit, file=sys.stderr, dynamic_ncols=True, leave=False)

    def advance(self, name: str, count: int = 1) -> None:
        self.count += count
        if self.bar is not None:
            self._name(shown(name))
            self.bar.update(count)
        elif time.monotonic() - self.last_line > LINE_SECONDS and not self.screen.quiet:
            self.last_line = time.monotonic()
            left = (self.last_line - self.began) / self.count * (self.total - self.count)
            self._say(f"{self.count} of {self.total} {self.unit}s, about {_minutes(left)} left: {shown(name)}")

    def note(self, text: str) -> None:
        if not self.screen.quiet:
            self._say(shown(text))

    def check(self, text: str, severity: str) -> None:
        if self.screen.quiet or (severity == "info" and not self.screen.verbose):
            return
        words = {"info": "info", "warn": "warning", "bad": "bad"}
        self._say(f"{words[severity]}: {shown(text)}", bad=severity == "bad")

    def problem(self, text: str) -> None:
        self._say(f"failed: {shown(text)}", bad=True)

    def defect(self, error: BaseException) -> None:
        if not self.defect_shown:  # one traceback tells as much as a thousand
            for line in "".join(traceback.format_exception(error)).rstrip().split("\n"):
                self._say(line)
        self.defect_shown = True

    def _name(self, name: str) -> None:
        """Put a name behind the bar. Where the line is too narrow, first the garment's name gives way, then the bar."""
        assert self.bar is not None
        wide = shutil.get_terminal_size().columns - COUNTERS
        self.bar.bar_format = None if len(shorter(name, wide)) <= wide else "{n_fmt}/{total_fmt} [{remaining}]{postfix}"
        self.bar.set_postfix_str(shorter(name, wide), refresh=False)

    def _say(self, text: str, bad: bool = False) -> None:
        if self.bar is not None:
            with self.bar.external_write_mode(file=sys.stderr):
                write(text, bad)
        else:
            write(text, bad)


def shorter(name: str, wide: int) -> str:
    """A pair's name in at most so many letters if that can be had from the garment's; the person's stays whole."""
    person, joint, garment = name.partition("__")
    if len(name) <= wide or not joint:
        return name
    room = max(wide - len(person) - len(joint) - 1, 0)
    return f"{person}{joint}{garment[:room]}\N{HORIZONTAL ELLIPSIS}"


def summary(done: Summary, screen: Screen, aside: bool = False) -> int:
    """Print the summary (on stderr if `aside`: stdout then holds a picture) and return the exit code."""
    if done.is_main and aside:
        screen.note(str(done))
    elif done.is_main and (screen.json or not screen.quiet):
        screen.show(done.as_dict(), str(done))
    if not done.failed:
        return EXIT_SOME_FAILED if done.unfit else EXIT_OK
    return EXIT_SOME_FAILED if done.ok or done.skipped or done.defects else EXIT_NOTHING


def planned(plan: str, screen: Screen, notes: Sequence[str] = ()) -> int:
    """Print what a dry run would do; notes go to stderr. Returns the exit code."""
    for text in notes:
        screen.note(text)
    screen.show({"plan": plan, "notes": list(notes)}, plan)
    return EXIT_OK


def print_scores(scores: Sequence[Score], screen: Screen, notes: Sequence[str] = ()) -> None:
    """Scores as a table with protocol and n, or as one JSON object; notes go to stderr."""
    for text in notes:
        screen.note(text)
    rows = [
        (
            score.name,
            f"{score.value:.4f}",
            f"n={score.n}",
            f"({'higher' if score.higher_is_better else 'lower'} is better; {score.protocol})",
        )
        for score in scores
    ]
    told = {"scores": [score.as_dict() for score in scores], "notes": list(notes)}
    if scores or screen.json:
        screen.table(told, ("metric", "score", "pictures", "protocol"), rows)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
