"""What a training needs from the machine, seen before the data are read."""

from __future__ import annotations

import importlib.util

from viton_cli.errors import MissingExtra


def check_tensorboard() -> None:
    """See that TensorBoard is there.

    Raises:
        MissingExtra: It is not.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise MissingExtra("--tensorboard needs a package: pip install 'viton-cli[tensorboard]'")
