"""One or both stages trained, and what came of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from viton_cli.config import BASELINES, PairsConfig, TrainingConfig
from viton_cli.training.estimate import Estimate
from viton_cli.training.explain import Explanation, explain
from viton_cli.training.train import plan, stage_settings, train
from viton_cli.training.watch import Tick

log = logging.getLogger(__name__)
# What is trained together, and each part's share of the minutes. Of both stages' stage 1 has the most: its network is
# the larger one and takes most of the steps.
BOTH = {"stage1": 0.75, "stage2": 0.25}
TOGETHER = {"both": BOTH, "baselines": {**BOTH, **dict.fromkeys(BASELINES, 1.0)}}


@dataclass(frozen=True)
class StageReport:
    """What became of one stage.

    Attributes:
        weights: The best weights.
        best_step: The step they are of. last_step: The step training ended at.
        scores: Theirs on held-out data; empty if there is none.
    """

    weights: Path
    best_step: int
    last_step: int
    scores: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        steps = {"best_step": self.best_step, "last_step": self.last_step}
        return {"weights": str(self.weights), **steps, "scores": self.scores}

    def __str__(self) -> str:
        scores = "".join(f", {name} {value:.4f}" for name, value in self.scores.items())
        return f"best step {self.best_step} of {self.last_step}{scores}: {self.weights}"


@dataclass(frozen=True)
class TrainReport:
    """What became of a training: each stage's report; of a dry run, what each would take; or what is the paper's."""

    out: Path
    stages: dict[str, StageReport] = field(default_factory=dict)
    planned: dict[str, Estimate] = field(default_factory=dict)
    explained: dict[str, Explanation] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        parts: Mapping[str, Estimate | StageReport | Explanation] = self.explained or self.planned or self.stages
        return {"out": str(self.out), **{stage: part.as_dict() for stage, part in parts.items()}}

    def __str__(self) -> str:
        if self.explained:
            return "\n".join(map(str, self.explained.values()))
        lines = [f"{stage} would take {part}" for stage, part in self.planned.items()]
        return "\n".join([*lines, *(f"{stage} done, {part}" for stage, part in self.stages.items())])

    def __repr__(self) -> str:
        return f"<{'; '.join(str(self).splitlines())}>"


def train_all(
    stage: str,
    config: TrainingConfig,
    say: Callable[[str], None] = log.info,
    watch: Callable[[str, Tick], None] | None = None,
) -> TrainReport:
    """Train one stage, or one after the other those of `TOGETHER`, which share `config.minutes`.

    Args:
        stage: A name of `config.STAGES`, "both" for stage 1 and stage 2, or "baselines" for these and the baselines.
        config: Settings. With `dry_run` or `explain` nothing is trained or written.
        say: Gets lines of progress. watch: Gets the stage and every step; the lines of the steps are left out then.

    Raises:
        VitonError: Data, settings or weights cannot be used. KeyboardInterrupt: Stopped, and can be resumed.
    """
    report = TrainReport(config.out)
    for part, share in TOGETHER.get(stage, {stage: 1.0}).items():
        settings = config
        if config.minutes is not None:
            settings = config.model_copy(update={"minutes": config.minutes * share})
        if isinstance(config, PairsConfig) and config.explain:
            told = stage_settings(part, settings)
            assert isinstance(told, PairsConfig)
            report.explained[part] = explain(part, told)
            continue
        if config.dry_run:
            report.planned[part] = plan(part, settings, say)
            continue
        scores = train(part, settings, say, _of(part, watch))
        best, last = int(scores.pop("step", 0)), int(scores.pop("last step"))
        report.stages[part] = StageReport(Path(config.out) / f"{part}.safetensors", best, last, scores)
    return report


def _of(stage: str, watch: Callable[[str, Tick], None] | None) -> Callable[[Tick], None] | None:
    return None if watch is None else lambda tick: watch(stage, tick)
