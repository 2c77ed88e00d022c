"""stdin, stdout and stderr made fit for use: closed ones stand for nothing, and what nobody reads stops no run."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any


class Patient:
    """A stream whose failures (its reader has gone, its disk is full) are nobody's concern. Not for results.

    Args:
        stream: The stream; anything but writing is its own affair.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def mend_streams() -> None:
    """Called first of all: a number that is closed would be given to the next file that is opened, and what is meant
    for stderr would be written into it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - stays open as long as the process
    patient: Any = Patient(sys.stderr or open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    sys.stderr = patient
    if sys.stdout is not None and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # names that are no text


def drop_stdout() -> None:
    """After its reader has gone: nothing more is written to it, and Python does not complain when it ends."""
    with suppress(OSError, ValueError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
