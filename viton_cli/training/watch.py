"""What somebody who watches a training is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tick:
    """One step of a run, for whoever watches it.

    Attributes:
        step: Its number. steps: How many there will be, if steps end the run.
        progress: How far the run is, [0, 1]. loss: Of this step. seconds_left: Of training, about.
    """

    step: int
    steps: int | None
    progress: float
    loss: float
    seconds_left: float
