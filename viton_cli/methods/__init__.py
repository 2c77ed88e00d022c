"""Try-on methods: a person and a garment in, a `Result` at the photo's own size out. VITON and its peers."""

from __future__ import annotations

from typing import Protocol

from viton_cli.records import Garment, Person, Result
from viton_cli.registry import Registry


class Method(Protocol):
    """Dresses a person in a garment."""

    def __init__(self, weights: str | None = None, warp: str = "parts") -> None: ...

    def run(self, person: Person, garment: Garment, steps: bool = False) -> Result:
        """Raises NoGarmentFound when the garment cannot be laid onto this person."""
        ...


METHODS = Registry("method", {"viton": "viton_cli.methods.viton:Viton"})
