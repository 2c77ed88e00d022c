"""Image-based virtual try-on after VITON (Han et al., CVPR 2018).

    photos ─ frames.crop ─► perception ─► pose, parsing ─► represent ─► p 22x256x192 ─► generator ─► coarse image, clothing mask
    garment photo ─ garment mask ─► warp: places, or two contours and shape context ─► TPS ─► warped clothing
    coarse image, warped clothing ─► composer ─► result 3x256x192 ─► compositing ─► full-size photo ─► files

From Python:

    from viton_cli import TryOn
    result = TryOn().run("person.jpg", "shirt.jpg")      # paths, PIL images or uint8 arrays
    result.image, result.edited, result.steps, result.checks

    import viton_cli
    report = viton_cli.tryon("people/*.jpg", "clothes", "out", steps=True)
    report.ok, report.failed, report.results, report.problems

`tryon`, `prepare`, `train` and `evaluate` do what the commands of those names do, take their settings by name, and
return a report (`viton_cli.api`). Nothing heavy is imported until one of these names is used.

The rooms, imports pointing down only (ARCHITECTURE.md says more)

    cli, api                                      parses, prints; the commands as functions
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
    from viton_cli.api import evaluate as evaluate
    from viton_cli.api import prepare as prepare
    from viton_cli.api import train as train
    from viton_cli.api import tryon as tryon
    from viton_cli.pipelines.tryon import TryOn as TryOn

wait_passively()

__version__ = "0.1.0"
__all__ = ["TryOn", "errors", "evaluate", "prepare", "train", "tryon"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'viton_cli' has no attribute '{name}'")
    if name == "TryOn":
        from viton_cli.pipelines.tryon import TryOn

        return TryOn
    from viton_cli import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
