"""One process's share of a run that `accelerate launch` may have started several times."""

from __future__ import annotations

import os
from typing import Any

from viton_cli.engines.progress import Summary


class Share:
    """This process's share of the work: all of it, unless `accelerate launch` started several processes."""

    def __init__(self) -> None:
        self.state: Any = None
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            from accelerate import PartialState

            self.state = PartialState()
        self.index = self.state.process_index if self.state else 0
        self.count = self.state.num_processes if self.state else 1
        self.is_main = self.index == 0
        self.part = f"-{self.index}" if self.state else ""

    def wait(self) -> None:
        """Until all processes are here."""
        if self.state:
            self.state.wait_for_everyone()

    def sum(self, done: Summary) -> Summary:
        """The main process's summary counts all; the others' keep their own."""
        if not self.state:
            return done
        from accelerate.utils import gather_object

        parts: list[Summary] = gather_object([done])
        if self.is_main:
            for part in parts[1:]:
                done.ok += part.ok
                done.skipped += part.skipped
                done.failed += part.failed
                done.defects += part.defects
                done.problems += part.problems
                done.seconds = max(done.seconds, part.seconds)
        return done
