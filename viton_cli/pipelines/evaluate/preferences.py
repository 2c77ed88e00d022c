"""What people said of methods, as far as a table shows it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viton_cli.errors import BadConfig


@dataclass(frozen=True)
class Preference:
    """How often a method was preferred.

    Attributes:
        share: Of its duels, [0, 1]; chance is one half. low, high: Its 95 % interval. n: Duels.
    """

    share: float
    low: float
    high: float
    n: int


def read_preferences(files: Sequence[Path]) -> dict[str, Preference]:
    """Method to what people said of it, from what `viton evaluate votes ... --json` printed.

    Raises:
        BadConfig: A file that is not that.
    """
    found: dict[str, Preference] = {}
    for file in files:
        try:
            methods = json.loads(file.read_text(encoding="utf-8"))["methods"]
            found |= {str(one["method"]): _preference(one) for one in methods}
        except OSError as error:
            raise BadConfig(f"{file}: cannot be opened ({error.strerror or error})") from None
        except (ValueError, KeyError, TypeError):
            raise BadConfig(f"{file}: not what 'viton evaluate votes FILES --json' prints") from None
    return found


def _preference(one: dict[str, Any]) -> Preference:
    return Preference(float(one["share"]), float(one["low"]), float(one["high"]), int(one["n"]))
