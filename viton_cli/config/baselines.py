"""The settings of the trainings of the paper's baselines, one model a network.

BaselinesConfig         viton train baselines: VITON and all of them, each for the same time
BaselineConfig          what each of them takes
├── TrainCrnConfig      viton train crn
├── TrainPrganConfig    viton train prgan
└── TrainCaganConfig    viton train cagan
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from viton_cli.config.base import Pair, Size, Whole
from viton_cli.config.training import STAGES, WIDEST, TrainingConfig, Width

BASELINES = ("crn", "prgan", "cagan")
# What all presets "paper" share: no average, no clipping, one rate, pairs with product pictures, no augmentation.
_PAPER: dict[str, Any] = {
    "size": (256, 192), "accumulate": 1, "precision": "no", "weight_decay": 0.0, "schedule": "constant", "ema": 0.0,
    "clip": 0.0, "augment": False,
}  # fmt: skip


class BaselinesConfig(TrainingConfig):
    """`viton train baselines`."""

    minutes: float | None = Field(
        None, gt=0, description="Stop after so long, reading data included; each method has so much."
    )
    by_stage: ClassVar[frozenset[str]] = frozenset(("steps", "batch", "lr", "betas", "weight_decay"))
    size: Size = Field((256, 192), description="Height x width of the networks' frame.")
    cache: Path | None = Field(
        None, description="Folder that keeps prepared examples for other runs; by default OUT/pairs, for all."
    )

    def to_yaml(self) -> str:
        """What was given: the rest is in each network's own file."""
        return self.as_yaml(exclude_unset=True)


class BaselineConfig(TrainingConfig):
    """What each baseline takes."""

    minutes: float | None = Field(None, gt=0, description="Stop after so long, reading data included.")
    size: Size = Field((256, 192), description="Height x width of the network's frame.")
    cache: Path | None = Field(
        None, description="Folder that keeps prepared examples for other runs; by default OUT/pairs, for all."
    )
    betas: Pair = Field((0.5, 0.999), description="Decay of Adam's two averages.")
    weight_decay: float = Field(0.0, ge=0, description="AdamW's weight decay.")
    augment: bool = Field(True, description="Move, turn, mirror and recolour the pairs.")


class TrainCrnConfig(BaselineConfig):
    """`viton train crn`."""

    PAPER: ClassVar[dict[str, Any]] = {
        **_PAPER, "steps": 15000, "batch": 16, "lr": 1e-4, "betas": (0.9, 0.999), "perceptual": "vgg19",
        "perceptual_shrink": 1, "channels": [1024, 1024, 1024, 1024, 1024, 512, 512],
    }  # fmt: skip

    channels: Whole = Field(
        [96, 96, 96, 64, 48, 24, 12], description="Channels of each module, coarse to fine; each doubles the size."
    )
    perceptual: Literal["none", "builtin", "vgg16", "vgg19"] = Field(
        "builtin", description="Network whose features the loss compares; vgg19 is the paper's."
    )
    perceptual_source: Path | None = Field(None, description="Weight file of --perceptual; by default its own.")
    perceptual_shrink: int = Field(2, ge=1, le=16, description="By how much pictures are made smaller for VGG.")

    @field_validator("channels")
    @classmethod
    def _that_halve(cls, channels: list[int]) -> list[int]:
        if not 2 <= len(channels) <= 7:
            raise ValueError("there should be 2 to 7")
        if not all(1 <= count <= WIDEST for count in channels):
            raise ValueError(f"each should be from 1 to {WIDEST}")
        return channels


class TrainPrganConfig(BaselineConfig):
    """`viton train prgan`."""

    PAPER: ClassVar[dict[str, Any]] = {
        **_PAPER, "steps": 80000, "batch": 1, "lr": 2e-5, "betas": (0.5, 0.999), "width": 128,
    }  # fmt: skip

    width: Width = Field(8, description="Filters of the first level of both generators; the published code has 128.")


class TrainCaganConfig(BaselineConfig):
    """`viton train cagan`."""

    PAPER: ClassVar[dict[str, Any]] = {
        **_PAPER, "steps": 10000, "batch": 16, "lr": 2e-4, "betas": (0.5, 0.999), "width": 64,
    }  # fmt: skip

    batch: int = Field(8, ge=2, description="Examples a step; each is to be dressed in the garment of another.")
    lr: float = Field(2e-4, gt=0, description="Learning rate.")
    width: Width = Field(24, description="Filters of the first layers of generator and discriminator.")


STAGES |= {"crn": TrainCrnConfig, "prgan": TrainPrganConfig, "cagan": TrainCaganConfig}
