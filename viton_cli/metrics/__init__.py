"""METRICS: name to a class that is fed pictures and gives a `Score`. One file a metric."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from viton_cli.registry import Registry

METRICS = Registry("metric", {"ssim": "viton_cli.metrics.ssim:Ssim"})


@dataclass(frozen=True)
class Score:
    """A number that cannot be misread.

    Attributes:
        name: The metric.
        value: Its value over all items.
        protocol: All that another library would have to do alike: window, range, colour, averaging.
        n: Number of items it is the score of.
        higher_is_better: Which way is up.
    """

    name: str
    value: float
    protocol: str
    n: int
    higher_is_better: bool

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


class PairedMetric(Protocol):
    """A metric that compares each result with its true picture. Built without arguments."""

    def add(self, name: str, result: NDArray[np.uint8], reference: NDArray[np.uint8]) -> None:
        """Take one pair of (H, W, 3) uint8 pictures.

        Raises:
            BadImage: They differ in size, or are too small for the metric; the text begins with `name`.
        """
        ...

    def score(self) -> Score:
        """The score of all pairs so far."""
        ...
