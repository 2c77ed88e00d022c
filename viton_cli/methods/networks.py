"""The two networks of VITON, built from a stage's settings and read from weight files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from viton_cli.checkpoints import load_network
from viton_cli.core.composer import Composer
from viton_cli.core.generator import Generator

# Filters of the first layer of generator and refinement network. "paper": section 4.2.
WIDTHS = {"lite": (24, 24), "paper": (64, 64)}


def build(kind: str, width: int) -> Generator | Composer:
    """`kind` "stage1" or "stage2"."""
    return Generator(width) if kind == "stage1" else Composer(width)


def load_stage(path: Path, kind: str) -> tuple[Generator | Composer, dict[str, Any]]:
    """The network of a weight file, ready for use, and what the file says of itself.

    Raises:
        BadWeights: Missing, damaged, or weights of something else.
    """
    return load_network(path, kind, lambda meta: build(kind, int(meta["width"])))
