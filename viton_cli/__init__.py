"""Image-based virtual try-on after VITON (Han et al., CVPR 2018).

    photos ─ frames.crop ─► perception ─► pose, parsing ─► represent ─► p 22x256x192 ─► generator ─► coarse image, clothing mask
    clothing photo ─ clothing mask ─► warp: two contours ─► shape context ─► TPS ─► warped clothing
    coarse image, warped clothing ─► composer ─► result 3x256x192 ─► frames.paste_back ─► full-size photo ─► files

From Python:

    from viton_cli import TryOn
    result = TryOn().run("person.jpg", "shirt.jpg")      # paths, PIL images or uint8 arrays
    result.image, result.edited, result.steps, result.checks

`prepare`, `train` and `evaluate` do what the commands of those names do and take their settings as keywords
(`viton_cli.config` lists them). Nothing heavy is imported until one of these names is used.
"""  # noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from viton_cli import errors as errors

if TYPE_CHECKING:
    from viton_cli.pipelines.evaluate import evaluate as evaluate
    from viton_cli.pipelines.prepare import prepare as prepare
    from viton_cli.pipelines.train import train as train
    from viton_cli.pipelines.tryon import TryOn as TryOn

__version__ = "0.1.0"
__all__ = ["TryOn", "errors", "evaluate", "prepare", "train"]

_PUBLIC = {
    "TryOn": "viton_cli.pipelines.tryon",
    "prepare": "viton_cli.pipelines.prepare",
    "train": "viton_cli.pipelines.train",
    "evaluate": "viton_cli.pipelines.evaluate",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'viton_cli' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_PUBLIC[name]), name)
