"""Image-based virtual try-on after VITON (Han et al., CVPR 2018).

    photos ─ frames.crop ─► perception ─► pose, parsing ─► represent ─► p 22x256x192 ─► generator ─► coarse image, clothing mask
    clothing photo ─ clothing mask ─► warp: two contours ─► shape context ─► TPS ─► warped clothing
    coarse image, warped clothing ─► composer ─► result 3x256x192 ─► compositing ─► full-size photo ─► files

From Python:

    from viton_cli import TryOn
    result = TryOn().run("person.jpg", "shirt.jpg")      # paths, PIL images or uint8 arrays
    result.image, result.edited, result.steps, result.checks

`prepare`, `train` and `evaluate` do what the commands of those names do and take their settings as keywords
(`viton_cli.config` lists them). Nothing heavy is imported until one of these names is used.

The rooms, imports pointing down only (ARCHITECTURE.md says more)

    cli                                           parses, prints
    pipelines, pages, engines                     what a command does; what is looked at after; how work is run
    methods, training                             VITON start to end; how its networks were made
    perception, data, metrics, compositing        people and garments found; data sets; scores; the full-size picture
    checkpoints                                   weight files
    core, imaging, files                          the paper; pictures beside the paper; disk
    vocabulary, records, config, registry, errors, threads
"""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from viton_cli import errors as errors
from viton_cli.threads import wait_passively

if TYPE_CHECKING:
    from viton_cli.engines.progress import Summary
    from viton_cli.pipelines.evaluate import Evaluation
    from viton_cli.pipelines.tryon import TryOn as TryOn

wait_passively()

__version__ = "0.1.0"
__all__ = ["TryOn", "errors", "evaluate", "prepare", "train"]


def prepare(**settings: Any) -> Summary:
    """Write a prepared folder; settings of `config.PrepareConfig`."""
    from viton_cli.config import PrepareConfig, load
    from viton_cli.pipelines.prepare import prepare as run

    return run(load(PrepareConfig, flags=settings))


def train(stage: str = "both", **settings: Any) -> None:
    """Train "stage1", "stage2", "both" one after the other, or "perception"; settings of `config.TrainConfig`."""
    from viton_cli.config import TrainConfig, load
    from viton_cli.training.train import train as run

    config = load(TrainConfig, flags=settings)
    for part in ("stage1", "stage2") if stage == "both" else (stage,):
        run(part, config)


def evaluate(**settings: Any) -> Evaluation:
    """Score results against true pictures; settings of `config.EvaluateConfig`."""
    from viton_cli.config import EvaluateConfig, load
    from viton_cli.pipelines.evaluate import evaluate as run

    return run(load(EvaluateConfig, flags=settings))


def __getattr__(name: str) -> Any:
    if name != "TryOn":
        raise AttributeError(f"module 'viton_cli' has no attribute '{name}'")
    from viton_cli.pipelines.tryon import TryOn

    return TryOn
