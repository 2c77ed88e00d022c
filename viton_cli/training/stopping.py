"""One way to stop: Ctrl-C and SIGTERM are noted and acted on between two steps, when everything can be saved."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(Exception):
    """The run was asked to stop; the checkpoint is written."""


class Asked:
    """Whether somebody asked the run to stop."""

    def __init__(self) -> None:
        self.to_stop = False

    def note(self, number: int, frame: FrameType | None) -> None:
        """Take a signal. A second Ctrl-C does not wait for the step's end; the last checkpoint stays as it is."""
        if self.to_stop and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.to_stop = True


@contextmanager
def asked_to_stop() -> Iterator[Asked]:
    """Notes the signals while it is open; after that they mean again what they meant before."""
    asked = Asked()
    former = {}
    with suppress(ValueError):  # not in the main thread: whoever runs us there stops us
        former = {number: signal.signal(number, asked.note) for number in SIGNALS}
    try:
        yield asked
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def leave_to_parent(_: int) -> None:
    """For processes that load data: Ctrl-C reaches them too, and it is the training that ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
