"""The processes of a training: `torchrun` may have started several (`accelerate launch` does on GPUs, and on CPUs with
its `--mpirun_hostfile`).

Each has its own examples of a step, and the gradients are averaged: n processes with batches of b make the steps of
one with batches of n b. What must not differ between them is agreed on here: whether to stop, how far the run is,
whether a step counts. Files are the main process's.

Batch norm is the exception. On GPUs its statistics are those of all processes (SyncBatchNorm); on CPUs PyTorch has no
such layer: each process normalises by its own examples, and the averages that are kept are the main one's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

from viton_cli.errors import VitonError

T = TypeVar("T")


def is_main() -> bool:
    """Whether this process is the only or the first one, by what the launcher says: who prints."""
    return os.environ.get("RANK", "0") == "0"


class Processes:
    """The processes of this run.

    Args:
        device: "auto", "cpu", "cuda" or "mps".
    """

    def __init__(self, device: str = "cpu") -> None:
        from accelerate import PartialState

        # Without it several processes without GPUs count as one each.
        self.on_cpu = device == "cpu" or not (torch.cuda.is_available() or torch.backends.mps.is_available())
        self.state = PartialState(cpu=self.on_cpu)
        self.index, self.count = int(self.state.process_index), int(self.state.num_processes)
        self.is_main = self.index == 0

    def largest(self, *values: float) -> list[float]:
        """Of each value the largest that any process has."""
        return self._reduced(values, "MAX")

    def mean(self, *values: float) -> list[float]:
        """Of each value the mean over the processes."""
        return [total / self.count for total in self._reduced(values, "SUM")]

    def all(self, yes: bool) -> bool:
        """Whether every process says so."""
        return not self.largest(float(not yes))[0]

    def wait(self) -> None:
        """Until all processes are here."""
        self.state.wait_for_everyone()

    def main_first(self, work: Callable[[], T]) -> T:
        """Let the main process do a piece of work, then the others, which find its files.

        Raises:
            VitonError: In all processes, where the main one could not do it.
        """
        if self.count == 1:
            return work()
        told: list[str | None] = [None]
        if self.is_main:
            try:
                result = work()
            except BaseException as error:
                self._tell([str(error) or type(error).__name__])
                raise
        self._tell(told)
        if told[0] is not None:
            raise VitonError(told[0])
        return result if self.is_main else work()

    def from_main(self, value: T) -> T:
        """What the main process has."""
        told = [value]
        if self.count > 1:
            self._tell(told)
        return told[0]

    def _tell(self, told: list[T]) -> None:
        from accelerate.utils import broadcast_object_list

        broadcast_object_list(told)

    def _reduced(self, values: tuple[float, ...], how: str) -> list[float]:
        if self.count == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64, device=self.state.device)
        torch.distributed.all_reduce(tensor, getattr(torch.distributed.ReduceOp, how))
        return [float(value) for value in tensor]

    def shared_norms(self, net: nn.Module) -> nn.Module:
        """The network with batch norms over all processes, where there are such."""
        if self.count == 1 or self.on_cpu:
            return net
        synced: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(net)  # type: ignore[no-untyped-call]
        return synced
