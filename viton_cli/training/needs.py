"""What a training needs from the machine, seen before the data are read."""

from __future__ import annotations

import importlib.util

import torch

from viton_cli.errors import BadConfig, MissingExtra


def check_device(device: str) -> None:
    """See that PyTorch has the device of `TrainConfig.device`; "auto" and "cpu" always are there.

    Raises:
        BadConfig: It has not.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(device, True):
        raise BadConfig(f"--device {device}: PyTorch finds no such device here; give --device cpu or auto")


def check_tensorboard() -> None:
    """See that TensorBoard is there.

    Raises:
        MissingExtra: It is not.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise MissingExtra("--tensorboard needs a package: pip install 'viton-cli[tensorboard]'")
