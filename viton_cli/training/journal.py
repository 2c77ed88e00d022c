"""What a run writes down as it goes: log.jsonl, losses.csv, curve.png, TensorBoard, and lines for whoever watches."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from viton_cli.files import append_line
from viton_cli.training.curve import append_row, draw_curve
from viton_cli.training.watch import Tick

if TYPE_CHECKING:
    from viton_cli.config import TrainingConfig
    from viton_cli.training.processes import Processes


class Journal:
    """The journal of a run, in its folder. Only the main process writes; the losses are the means over all.

    Args:
        config: Of the run.
        processes: Those of the run.
        say: Gets lines of progress.
        watch: Gets every step; `say` then gets no lines of steps.
        track: Gets values and their step, for TensorBoard.
    """

    def __init__(
        self,
        config: TrainingConfig,
        processes: Processes,
        say: Callable[[str], None],
        watch: Callable[[Tick], None] | None,
        track: Callable[[dict[str, float], int], None] | None,
    ) -> None:
        self.config, self.processes, self.say, self.watch, self.track = config, processes, say, watch, track
        self.sums: dict[str, float] = {}
        self.counted = 0

    def step(self, terms: Mapping[str, float], rate: float, tick: Tick, minutes: float, best: int | None) -> None:
        """Take in the losses of a step; every `log_every` of them are written as their mean.

        Args:
            terms: "loss" and its terms. rate: The learning rate. tick: Where the run is.
            minutes: Of training so far. best: The step whose weights are kept.
        """
        self.counted += 1
        for name, value in terms.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        if self.watch and self.processes.is_main:
            self.watch(tick)
        if self.counted < self.config.log_every:
            return
        means = self.processes.mean(*(total / self.counted for total in self.sums.values()))
        line = {name: round(value, 5) for name, value in zip(self.sums, means)}
        self.sums, self.counted = {}, 0
        if not self.processes.is_main:
            return
        entry = {"step": tick.step, "minutes": round(minutes, 2), "lr": rate, **line}
        self._write(entry)
        append_row(self.config.out / "losses.csv", entry)
        if not self.watch:
            left = f"{tick.seconds_left / 60:.0f} min left"
            self.say("  ".join([f"step {tick.step}", *(f"{k} {v:.4f}" for k, v in line.items()), left]))
        draw_curve(self.config.out / "log.jsonl", self.config.out / "curve.png", best)

    def scores(self, scores: Mapping[str, float], step: int, minutes: float) -> None:
        """Note what the held-out data say."""
        if scores:
            self._write({"step": step, "minutes": round(minutes, 2), **scores})
            self.say(f"step {step}: " + ", ".join(f"{k} {v:.4f}" for k, v in scores.items()))

    def _write(self, line: dict[str, float]) -> None:
        append_line(self.config.out / "log.jsonl", json.dumps(line).encode())
        if self.track:
            self.track({name: value for name, value in line.items() if name != "step"}, int(line["step"]))
