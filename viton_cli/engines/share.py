"""One process's share of a run: of `--shard I/N`, and of the processes that `accelerate launch` started."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeVar

from viton_cli.engines.progress import Progress, Summary

T = TypeVar("T")


class Share:
    """This process's share of the work: all of it, if nothing was said and only one process was started.

    The processes of a run write into one folder and need not wait for each other: each keeps its own records there
    (`files.manifest`), which readers see as one.

    Args:
        shard: "I/N": the I-th of N runs, which may be on N machines.
        divided: Whether the processes of `accelerate launch` share this work.

    Attributes:
        index, count: Which of how many shares this is.
        is_main: Whether this process speaks for those that were launched together.
        part: What its records are called by; "" where it does all the work.
    """

    def __init__(self, shard: str | None = None, divided: bool = True) -> None:
        self.state: Any = None
        if divided and int(os.environ.get("WORLD_SIZE", "1")) > 1:
            from accelerate import PartialState

            # Only counts go from process to process; wherever the networks compute, these lie on the CPU.
            self.state = PartialState(cpu=True)
        rank, ranks = (self.state.process_index, self.state.num_processes) if self.state else (0, 1)
        number, shards = map(int, (shard or "1/1").split("/"))
        self.index, self.count = (number - 1) * ranks + rank, shards * ranks
        self.is_main = rank == 0
        self.part = f"-{self.index + 1}-of-{self.count}" if self.count > 1 else ""

    def of(self, items: Sequence[T]) -> list[T]:
        """This share of some items: neighbours stay together, and no share is more than one item larger."""
        ends = [len(items) * part // self.count for part in (self.index, self.index + 1)]
        return list(items[ends[0] : ends[1]])

    def heard(self, progress: Progress) -> Progress:
        """Who hears how it goes: of processes that were launched together only one tells it all."""
        return progress if self.is_main else Helper(progress)

    def sum(self, done: Summary) -> Summary:
        """The main process's summary counts those of all that were launched together; the others' keep their own."""
        done.is_main = self.is_main
        if not self.state:
            return done
        from accelerate.utils import gather_object

        parts: list[Summary] = gather_object([done])
        if self.is_main:
            for part in parts[1:]:
                _add(done, part)
        return done


def _add(done: Summary, part: Summary) -> None:
    """Put what became of other items into a summary."""
    for name in ("ok", "skipped", "failed", "defects", "aside", "unfit"):
        setattr(done, name, getattr(done, name) + getattr(part, name))
    if done.planned is not None:
        done.planned += part.planned or 0
    done.problems = list(dict.fromkeys((*done.problems, *part.problems)))
    done.seconds = max(done.seconds, part.seconds)
    if done.lights is not None and part.lights is not None:
        done.lights = {light: count + part.lights.get(light, 0) for light, count in done.lights.items()}
    done.quality = min((quality for quality in (done.quality, part.quality) if quality is not None), default=None)
    checks: dict[str, dict[str, Any]] = {}
    for check in (*done.checks, *part.checks):
        before = checks.setdefault(str(check["text"]), {**check, "results": 0})
        before["results"] += check["results"]
    done.checks = list(checks.values())


class Helper(Progress):
    """Passes on what went wrong, and nothing else."""

    def __init__(self, progress: Progress) -> None:
        self.problem = progress.problem  # type: ignore[method-assign]
        self.defect = progress.defect  # type: ignore[method-assign]
