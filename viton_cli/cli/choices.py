"""The values of options that name something registered: listed in the help, completed in the shell."""

from __future__ import annotations

import importlib
from collections.abc import Callable

# Setting -> the registry its values come from. Listing one imports no implementation.
REGISTRIES = {
    "pose": "viton_cli.perception:POSE",
    "parsing": "viton_cli.perception:PARSING",
    "method": "viton_cli.methods:METHODS",
    "methods": "viton_cli.methods:METHODS",
    "metrics": "viton_cli.metrics:METRICS",
    "format": "viton_cli.data:DATASETS",
    "export": "viton_cli.data.exports:EXPORTS",
    "label_set": "viton_cli.vocabulary.label_sets:FILE_LABEL_SETS",
}
BESIDE = {"metrics": ("all",), "methods": ("all",)}  # what a setting takes that is not registered


def choices(setting: str) -> tuple[str, ...]:
    """The names a setting takes; none for a setting that names nothing registered."""
    if setting not in REGISTRIES:
        return ()
    module, _, name = REGISTRIES[setting].partition(":")
    return (*BESIDE.get(setting, ()), *getattr(importlib.import_module(module), name))


def completion(names: tuple[str, ...], several: bool = False) -> Callable[[str], list[str]]:
    """What Typer asks for the values that begin with what was typed.

    Args:
        names: All values. several: Values are joined by commas; the last is completed.
    """

    def fitting(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",") if several else ("", "", incomplete)
        return [f"{before}{comma}{name}" for name in names if name.startswith(last)]

    return fitting
