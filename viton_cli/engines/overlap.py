"""Reading ahead and writing behind in threads, so that pictures are packed and unpacked beside the networks' work."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def read_ahead(
    items: Iterable[T], read: Callable[[T], R], workers: int, ahead: int | None = None
) -> Iterator[tuple[T, Future[R]]]:
    """Each item with the future of `read(item)`, in order, read by `workers` threads; up to `ahead` (by default as many
    as there are workers) are read before they are asked for."""
    ahead = workers if ahead is None else ahead
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[tuple[T, Future[R]]] = deque()
        try:
            for item in items:
                waiting.append((item, pool.submit(read, item)))
                if len(waiting) > ahead:
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()
        finally:
            for _, future in waiting:
                future.cancel()


def batches(items: Iterable[T], weight: Callable[[T], float], most: int, heaviest: float) -> Iterator[list[T]]:
    """Items in their order, up to `most` together, fewer where their weights would come to more than `heaviest`."""
    batch: list[T] = []
    sum_of_weights = 0.0
    for item in items:
        added = weight(item)
        if batch and (len(batch) == most or sum_of_weights + added > heaviest):
            yield batch
            batch, sum_of_weights = [], 0.0
        batch.append(item)
        sum_of_weights += added
    if batch:
        yield batch


class Writer:
    """Runs jobs in `workers` threads, never more than twice as many waiting; a context manager.

    Leaving it waits for all jobs, also after an exception or Ctrl-C: what was finished is on the disk. The first
    exception of a job is raised by the next `submit` or on leaving.
    """

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(workers)
        self._limit = 2 * workers
        self._running: deque[Future[Any]] = deque()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._pool.shutdown(wait=True)
        if kind is None:
            for future in self._running:
                future.result()

    def submit(self, job: Callable[..., object], *arguments: object) -> None:
        """Queue a job; waits while too many are queued."""
        while len(self._running) >= self._limit:
            self._running.popleft().result()
        self._running.append(self._pool.submit(job, *arguments))
