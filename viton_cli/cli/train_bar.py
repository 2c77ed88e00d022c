"""The bar of a training on a terminal: steps, loss and time left, from the first step on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from viton_cli.cli.screen import Screen, listen, write

if TYPE_CHECKING:
    from tqdm import tqdm

    from viton_cli.training.watch import Tick

SMOOTH = 0.05  # share of a new step in the loss that is shown
FORMAT = "{desc} |{bar}|{percentage:3.0f}%"


class TrainBar:
    """A bar a stage; without a terminal, or when quiet, none. A context manager."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.is_shown = not screen.quiet and sys.stderr.isatty()
        self.bar: tqdm[Any] | None = None
        self.stage, self.loss = "", 0.0

    def __enter__(self) -> TrainBar:
        listen(self.screen, self._say)
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def note(self, text: str) -> None:
        """A line above the bar."""
        if not self.screen.quiet:
            self._say(text)

    def step(self, stage: str, tick: Tick) -> None:
        """One step is done."""
        from tqdm import tqdm

        first = self.bar is None or self.stage != stage
        if self.bar is None or first:
            self._close()
            self.bar = tqdm(total=100, file=sys.stderr, dynamic_ncols=True, leave=False, bar_format=FORMAT)
            self.stage = stage
        self.loss = tick.loss if first else self.loss + SMOOTH * (tick.loss - self.loss)
        steps = f"/{tick.steps}" if tick.steps else ""
        told = f"{stage} step {tick.step}{steps}, loss {self.loss:.4f}, {_clock(tick.seconds_left)} left"
        self.bar.set_description_str(told, refresh=False)
        self.bar.update(100 * tick.progress - self.bar.n)
        if first:
            self.bar.refresh()

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def _say(self, text: str) -> None:
        if self.bar is not None:
            with self.bar.external_write_mode(file=sys.stderr):
                write(text)
        else:
            write(text)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
