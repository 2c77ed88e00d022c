"""The protocol of a measure, and what most measures share: a mean over pictures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from viton_cli.metrics.case import Case, Picture, Which

Rows = NDArray[np.float64]
Weights = NDArray[np.float64]
# The score, where each row (and each reference row) counts so often; None: once.
Scorer = Callable[[Weights | None, Weights | None], float]


@dataclass(frozen=True)
class Reference:
    """The true pictures a set is compared with.

    Attributes:
        rows: (m, d) features.
        matched: Whether row i belongs to row i of the set that is scored: the truth of that result.
    """

    rows: Rows
    matched: bool


class Encoder(Protocol):
    """A frozen network that describes a picture; `metrics` does not know which."""

    name: str
    sha256: str

    def features(self, image: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(D,) of an (H, W, 3) uint8 picture."""
        ...


@dataclass(frozen=True)
class Tools:
    """What some measures work with. A file that is None is looked for where the library keeps it.

    Attributes:
        inception: Weights of Inception (2015-12-05), as torch-fidelity publishes them.
        alexnet, vgg16: Weights of torchvision's AlexNet and VGG-16 (ImageNet), for LPIPS.
        encoder: The frozen encoder of `encoder-mmd`.
    """

    inception: Path | None = None
    alexnet: Path | None = None
    vgg16: Path | None = None
    encoder: Encoder | None = None


class Metric(Protocol):
    """A measure.

    Attributes:
        name: As in `METRICS`.
        higher_is_better: Which way is up.
        needs: What a case must have for it: "truth", "photo", "edited", "labels:truth" ...
        of_sets: It compares sets of pictures: `scorer` wants the rows of true pictures too.
    """

    name: str
    higher_is_better: bool
    needs: tuple[str, ...]
    of_sets: bool

    def __init__(self, tools: Tools) -> None:
        """Raises MissingExtra or NotFetched, whose text is the command that brings what is missing."""
        ...

    def protocol(self, rows: Rows, reference: Reference | None) -> str:
        """All that another program would have to do alike, library and its version included."""
        ...

    def measure(self, case: Case, which: Which) -> Sequence[float] | NDArray[np.float64] | None:
        """The row of one picture of a case; None where it says nothing (no skin is uncovered, too small a picture)."""
        ...

    def features(self, picture: Picture) -> NDArray[np.float64]:
        """Of sets only: the row of a picture of the reference set."""
        ...

    def scorer(self, rows: Rows, reference: Reference | None) -> Scorer:
        """What gives the score of (n, d) rows, also of resamples of them.

        Args:
            rows: Of the pictures scored.
            reference: Of sets only: the true pictures.
        """
        ...

    def spread(self, rows: Rows, reference: Reference | None) -> float | None:
        """The standard deviation that goes with the value by custom (over splits, over subsets), if there is one."""
        ...


class MeanOfPictures(ABC):
    """A measure whose value is the mean of its rows. A subclass has `measure` and says `how`."""

    name: ClassVar[str]
    higher_is_better: ClassVar[bool]
    needs: ClassVar[tuple[str, ...]]
    how: ClassVar[str]
    of_sets = False

    def __init__(self, tools: Tools) -> None:
        del tools

    def protocol(self, rows: Rows, reference: Reference | None) -> str:
        """See `Metric.protocol`."""
        return f"{self.how}; mean over pictures"

    @abstractmethod
    def measure(self, case: Case, which: Which) -> Sequence[float] | None:
        """See `Metric.measure`."""

    def features(self, picture: Picture) -> NDArray[np.float64]:
        """See `Metric.features`: only measures of sets have them."""
        raise TypeError(f"{self.name} is a mean over pictures; it has no features")

    def scorer(self, rows: Rows, reference: Reference | None) -> Scorer:
        """See `Metric.scorer`."""
        values = rows[:, 0]
        return lambda weights, others: self.of_mean(
            float(values.mean() if weights is None else weights @ values / weights.sum())
        )

    def of_mean(self, mean: float) -> float:
        """The score that a mean of the rows stands for: itself."""
        return mean

    def spread(self, rows: Rows, reference: Reference | None) -> float | None:
        """See `Metric.spread`: none."""
        return None


def library(name: str) -> str:
    """ "name 1.2.3"."""
    return f"{name} {version(name)}"
