"""How tests call the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Ran = tuple[int, bytes, str]
Viton = Callable[..., Ran]
ROOT = Path(__file__).parents[2]
