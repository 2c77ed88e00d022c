"""What of a training of the try-on networks is the paper's, setting by setting, and what departs from it.

Source: VITON, Han et al., CVPR 2018, and its published code where the paper is silent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from viton_cli.config import PairsConfig

# Where the value that `--preset paper` has is from.
WHERE = {
    "size": "section 4.2",
    "steps": "section 4.2",
    "batch": "section 4.2",
    "accumulate": "section 4.2: the whole batch at once",
    "lr": "section 4.2",
    "betas": "section 4.2",
    "weight_decay": "section 4.2: Adam has none",
    "schedule": "section 4.2: one rate",
    "precision": "32 bits; nothing else is said",
    "ema": "no average of the weights is spoken of",
    "clip": "no clipping is spoken of",
    "augment": "published code: its flip is never called",
    "perceived": "section 3.1: labels and joints of the data set",
    "perceptual": "equation 1 and 3",
    "perceptual_shrink": "equation 1 and 3: at the frame's size",
    "network": "section 3.2: 4 output channels",
    "width": "section 4.2",
    "norm_decay": "published code",
    "warp": "section 3.3: outlines by shape contexts",
    "without": "section 3.1: pose, shape, face and hair",
    "loss": "equation 3; the published code adds pixels, and counts |alpha| where there is garment",
    "lambda_warp": "section 4.2",
    "lambda_tv": "section 4.2",
}
# What no setting changes.
ALWAYS = {
    "stage1": (
        "the mask channel ends in a sigmoid, not in the published code's tanh: its target is 0 or 1",
        "people stand before white, by their labels: the paper's are studio photos, whose ground is white",
        "the weights lambda_i of equation 1 are the published code's; the paper does not print them",
        "bags are left out of the body shape: the paper's label set has none",
    ),
    "stage2": (
        "people stand before white, by their labels: the paper's are studio photos, whose ground is white",
        "stage 1 is frozen as in use; the published code leaves its dropout and batch statistics on",
        "the 3x3 layers have group norms of one group, the published code's LayerNorm; the paper says nothing of any",
        "outlines are sampled at equal steps, not at random, and matches fitted from person to garment",
    ),
}


@dataclass(frozen=True)
class Row:
    """One setting: its value in this training and in the paper's, and where the latter is from."""

    setting: str
    value: Any
    paper: Any
    where: str

    @property
    def departs(self) -> bool:
        """Whether the training is not the paper's in this."""
        return bool(_plain(self.value) != _plain(self.paper))


@dataclass(frozen=True)
class Explanation:
    """What of one stage's training is the paper's."""

    stage: str
    rows: list[Row]
    always: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        rows = [{**vars(row), "departs": row.departs} for row in self.rows]
        return {"settings": rows, "always": list(self.always)}

    def __str__(self) -> str:
        table = [("", "setting", "here", "the paper", "from")]
        table += [
            ("departs" if row.departs else "", row.setting, _shown(row.value), _shown(row.paper), row.where)
            for row in self.rows
        ]
        widths = [max(len(line[column]) for line in table) for column in range(4)]
        lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(line, widths)), line[4]]) for line in table]
        count = sum(row.departs for row in self.rows)
        head = f"{self.stage}: {count or 'none'} of {len(self.rows)} settings depart{'s' * (count == 1)} from the paper"
        fixed = [f"departs always: {text}" for text in self.always]
        return "\n".join([head, *(f"  {line.rstrip()}" for line in [*lines, *fixed])])


def explain(stage: str, config: PairsConfig) -> Explanation:
    """Say it of a stage's settings, in the order of `WHERE`."""
    paper = type(config).PAPER
    rows = [Row(name, getattr(config, name), paper[name], where) for name, where in WHERE.items() if name in paper]
    return Explanation(stage, rows, ALWAYS[stage])


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    if value is None:
        return "open"
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
