"""The quality figure of a result: how likely it is to be right, from the signs of what was made on the way.

    log of the expected error = base + sum of weight x sign        every weight >= 0: more doubt, never more quality
    quality = P(error < TOLERABLE)                                 of a normal law around it, of the spread seen

quality.json holds base, weights and spread, and where they came from; tests/benchmarks/fit_quality.py makes it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

TOLERABLE = 40.0  # mean error, of 255, where there was something to do: with more, results look wrong


@dataclass(frozen=True)
class QualityModel:
    """What quality.json holds.

    Attributes:
        base, weights, limits: Of the log of the error; a sign counts up to its limit.
        spread: Standard deviation of the log of the error around it.
        usual: The mean of each sign where the model was made.
    """

    base: float
    weights: Mapping[str, float]
    limits: Mapping[str, float]
    spread: float
    usual: Mapping[str, float]

    def log_error(self, signs: Mapping[str, float]) -> float:
        """Log of the expected mean error, of 255."""
        return self.base + sum(
            weight * min(signs.get(name, 0.0), self.limits[name]) for name, weight in self.weights.items()
        )

    def __call__(self, signs: Mapping[str, float]) -> float:
        """The quality, [0, 1]."""
        z = (math.log(TOLERABLE) - self.log_error(signs)) / self.spread
        return 0.5 * (1 + math.erf(z / math.sqrt(2)))

    def blame(self, signs: Mapping[str, float]) -> str:
        """The sign that lowers the quality the most, against what is usual."""
        return max(self.weights, key=lambda name: self.weights[name] * (signs.get(name, 0.0) - self.usual[name]))


@cache
def quality_model() -> QualityModel:
    """The model of the package."""
    told = json.loads(files("viton_cli.methods").joinpath("quality.json").read_text(encoding="utf-8"))
    return QualityModel(told["base"], told["weights"], told["limits"], told["spread"], told["usual"])
