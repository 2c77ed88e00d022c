"""last.ckpt: everything a training needs to carry on, and the refusal to carry on with anything else."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from viton_cli.errors import BadConfig, BadWeights
from viton_cli.files import write_bytes, write_text

if TYPE_CHECKING:
    from viton_cli.config import TrainingConfig

VERSION = 2  # Version 1 had no number and did not hold the settings.
# A run that is carried on with another of these would not be the run that was begun.
LASTING = (
    "preset", "seed", "lr", "batch", "size", "betas", "weight_decay", "schedule", "ema", "clip", "precision",
    "norm_decay", "accumulate",
)  # fmt: skip


def write_checkpoint(path: Path, state: dict[str, Any], config: TrainingConfig) -> None:
    """Write a checkpoint, and beside it in words how far it got.

    Args:
        path: Of the checkpoint.
        state: "net", "average": state dicts; "optimizer"; "step"; "seconds"; "best": scores or None; "rng".
        config: The run's settings.

    Raises:
        BadWeights: A weight is not finite; the checkpoint that is there stays.
    """
    for part in ("net", "average"):
        if name := first_not_finite(state[part]):
            raise BadWeights(f"{path}: not written at step {state['step']}: '{name}' is not finite; lower --lr")
    buffer = io.BytesIO()
    torch.save({"version": VERSION, "settings": _lasting(config), **state}, buffer)
    write_bytes(path, buffer.getvalue())
    write_text(path.with_suffix(".txt"), f"step {state['step']}\nminutes {state['seconds'] / 60:.1f}\n")


def read_checkpoint(
    path: Path, net: nn.Module, optimizer: torch.optim.Optimizer, config: TrainingConfig
) -> dict[str, Any]:
    """Read a checkpoint into network and optimiser, and return the rest of it.

    Raises:
        BadWeights: Damaged, of another network, of a later version, or with weights that are not finite.
        BadConfig: The run was begun with other settings.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        version = state.get("version", 1)
        if version not in (1, VERSION):
            raise BadWeights(f"{path}: a checkpoint of version {version}; this viton reads versions 1 and {VERSION}")
        for part in ("net", "average"):
            if name := first_not_finite(state[part]):
                raise BadWeights(f"{path}: '{name}' is not finite; such a run cannot be carried on")
        _check_settings(path, state.get("settings", {}), config)
        if state["average"].keys() != net.state_dict().keys():
            raise ValueError("its average is of another network")
        net.load_state_dict(state["average"])  # see that it fits; the weights themselves come last
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
        best = state["best"]
        if best is not None and not math.isfinite(best["value"]):
            best = None  # an earlier version kept such a score for ever
        return {**state, "step": int(state["step"]), "seconds": float(state["seconds"]), "best": best}
    except (BadWeights, BadConfig):
        raise
    except Exception as error:  # PyTorch's reader raises whatever it trips over
        cause = " ".join(str(error).split()) or type(error).__name__
        raise BadWeights(f"{path}: not a checkpoint of this training: {cause[:200]}") from error


def first_not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """Name of the first tensor that holds a NaN or an infinity."""
    return next((name for name, t in tensors.items() if t.is_floating_point() and not torch.isfinite(t).all()), None)


def _lasting(config: TrainingConfig) -> dict[str, Any]:
    return config.model_dump(mode="json", include=set(LASTING))


def _check_settings(path: Path, before: Mapping[str, Any], config: TrainingConfig) -> None:
    now = _lasting(config)
    changed = [
        f"{name}={before[name]}, not {now[name]}" for name in LASTING if name in before and before[name] != now[name]
    ]
    if changed:
        raise BadConfig(
            f"{path}: the run was begun with {'; '.join(changed)}; carry on with that, or give another --out"
        )
