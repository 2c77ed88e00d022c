"""What is trained on what, and in which order.

A `Task` says what is trained on what. Sample number i of step s is drawn with a generator seeded by (seed, s, i), and
the order of the data by (seed, epoch): a run that was killed and resumed sees what an unbroken run would have seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

if TYPE_CHECKING:
    from numpy.typing import NDArray


Batch = dict[str, Tensor]
Draw = tuple[int, np.random.Generator]  # an example's index, and the generator it is augmented with


class Task(Protocol):
    """What `fit` needs to know of a stage.

    Attributes:
        net: The network that is trained (anything frozen that the loss needs is the task's own affair).
        score: Name of the entry of `validate`'s answer that is to be high ("mIoU") or, with a leading "-", low.
    """

    net: nn.Module
    score: str

    def __len__(self) -> int:
        """Number of training examples."""

    def parameters(self, lr: float) -> list[dict[str, Any]]:
        """Parameter groups with their learning rates."""

    def sample(self, index: int, rng: np.random.Generator) -> Batch:
        """One training example without batch dimension, augmented with `rng`."""

    def batch(self, draws: Sequence[Draw]) -> Batch:
        """Examples together; a task whose examples share something, such as a shape, decides it here."""
        return stacked([self.sample(index, rng) for index, rng in draws])

    def loss(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Scalar terms to log; "loss" is what is minimised."""

    def validate(self, net: nn.Module) -> dict[str, float]:
        """Scores on held-out data; empty when there is none."""

    def picture(self, net: nn.Module) -> NDArray[np.uint8] | None:
        """A sheet of held-out examples for the eye."""

    def meta(self) -> dict[str, Any]:
        """What the weight file says of itself (architecture, sizes)."""


class Telling:
    """A task that tells how it goes. Where the processes that load data are started anew (Windows, macOS) it is sent
    to them, and what it tells to, a terminal, cannot be: there it is silent.
    """

    say: Callable[[str], None]

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "say": _silent}


def _silent(_: str) -> None:
    """Nobody listens."""


def stacked(samples: Sequence[Batch]) -> Batch:
    """Examples without batch dimension as a batch."""
    return {key: torch.stack([sample[key] for sample in samples]) for key in samples[0]}


def as_it_is(batch: Any) -> Any:
    """What the loader is to do to a batch that is one already."""
    return batch


class Stream(Dataset[Batch]):
    """Example i of the run as a function of (seed, i) alone."""

    def __init__(self, task: Task, seed: int) -> None:
        self.task, self.seed = task, seed
        self._epoch, self._order = -1, np.zeros(0, np.int64)

    def __getitems__(self, positions: Sequence[int]) -> Batch:
        return self.task.batch([self._draw(position) for position in positions])

    def _draw(self, position: int) -> Draw:
        epoch, offset = divmod(position, len(self.task))
        if epoch != self._epoch:
            self._epoch, self._order = epoch, np.random.default_rng((self.seed, epoch)).permutation(len(self.task))
        return int(self._order[offset]), np.random.default_rng((self.seed, 1, position))


class Positions:
    """The positions of each batch from `start` on, for ever; this process's share of them."""

    def __init__(self, start: int, batch: int, rank: int, world: int) -> None:
        self.start, self.batch, self.rank, self.world = start, batch, rank, world

    def __iter__(self) -> Iterator[list[int]]:
        step = self.start
        while True:
            first = (step * self.world + self.rank) * self.batch
            yield list(range(first, first + self.batch))
            step += 1
