"""Names to implementations: `Registry("METHODS", {"viton": "viton_cli.methods.viton:Viton"})`.

A target is imported when it is asked for, so that listing names costs nothing and an optional dependency is only
needed by the one entry that uses it.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator
from typing import Any

from viton_cli.errors import UnknownName


class Registry:
    """A fixed mapping of names to `"module:attribute"` targets.

    Args:
        kind: What the names stand for, as it is to appear in messages ("pose backend").
        targets: Name to `"module:attribute"`.
        unlisted: Names that can be had but are not offered: stand-ins for tests.
    """

    def __init__(self, kind: str, targets: dict[str, str], unlisted: tuple[str, ...] = ()) -> None:
        self.kind = kind
        self.unlisted = unlisted
        self._targets = dict(targets)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._targets if name not in self.unlisted)

    def __contains__(self, name: object) -> bool:
        return name in self._targets

    def get(self, name: str) -> Any:
        """Import and return the object registered under `name`.

        Raises:
            UnknownName: With the known names and the nearest suggestion.
        """
        if name not in self._targets:
            near = difflib.get_close_matches(name, list(self), n=1)
            hint = f" (did you mean '{near[0]}'?)" if near else ""
            raise UnknownName(f"unknown {self.kind} '{name}'{hint}; known: {', '.join(sorted(self))}")
        module, _, attribute = self._targets[name].partition(":")
        return getattr(importlib.import_module(module), attribute)
