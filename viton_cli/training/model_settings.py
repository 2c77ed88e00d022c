"""The `model.` settings of a training: which names a stage knows, and what kind of value each takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from viton_cli.checkpoints import MAX_WIDTH
from viton_cli.errors import BadConfig

_KINDS: dict[type, tuple[str, tuple[type, ...]]] = {
    bool: ("true or false", (bool,)),
    int: ("a whole number", (int,)),
    float: ("a number", (int, float)),
    str: ("a name or a path", (str, Path)),
    list: ("a list of whole numbers, such as [64, 96]", (list, tuple)),
}

# What a number may be; beyond it no network can be built, or no machine holds it.
LIMITS: dict[str, tuple[float, float]] = {
    "width": (1, MAX_WIDTH), "perceptual_shrink": (1, 16), "encoder_rate": (0, 100), "labelled_repeats": (0, 1000),
}  # fmt: skip


def check_model(given: Mapping[str, Any], known: Mapping[str, type]) -> None:
    """See that every setting given is one that is known, and of its kind.

    Args:
        given: `TrainConfig.model`.
        known: Name to bool, int, float, str or list (of whole numbers).

    Raises:
        BadConfig: One is not; the text names it.
    """
    for name in sorted(given):
        if name not in known:
            raise BadConfig(f"unknown setting 'model.{name}'; known: {', '.join('model.' + k for k in known)}")
        meant, types = _KINDS[known[name]]
        value = given[name]
        fits = isinstance(value, types) and (bool in types or not isinstance(value, bool))
        if fits and isinstance(value, (list, tuple)):
            fits = all(isinstance(item, int) and not isinstance(item, bool) for item in value)
        if not fits:
            raise BadConfig(f"bad value for 'model.{name}': should be {meant}, not '{str(value)[:60]}'")
        least, most = LIMITS.get(name, (-math.inf, math.inf))
        if isinstance(value, (int, float)) and not least <= value <= most:
            raise BadConfig(f"bad value for 'model.{name}': should be from {least} to {most}, not {str(value)[:60]}")
