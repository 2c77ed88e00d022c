"""The settings of the commands that run methods before they score them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from viton_cli.config.base import FORCE, Config, Inputs, Names, Size, Words
from viton_cli.config.models import ScoringConfig, Style


class EvaluateMethodsConfig(ScoringConfig):
    """`viton evaluate methods`."""

    command = "evaluate_methods"

    person: Inputs = Field(description="Photos of people: files, folders, patterns.")
    clothes: Inputs = Field(description="Clothing photos: files, folders, patterns.")
    pairs: Path = Field(description="File of person, garment, truth: who is dressed in what, and the true picture.")
    weights: Path | None = Field(
        None, description="Run of viton train baselines; what it lacks runs with shipped weights, or not at all."
    )
    methods: Words = Field(["all"], min_length=1, description="Methods, separated by commas, or all.")
    limit: int | None = Field(None, ge=1, description="At most so many pairs, the first ones.")
    out: Path = Field(description="Folder to write to: OUT/METHOD holds a method's results.")
    threads: int | None = Field(None, ge=1, le=512, description="Threads of the networks; by default two.")
    style: Style = Field("text", description="How the table is printed.")
    dry_run: bool = Field(False, description="Say what would be dressed, and do nothing.")
    force: bool = Field(False, description=FORCE)


class EvaluateAblationsConfig(Config):
    """`viton evaluate ablations`."""

    command = "evaluate_ablations"

    data: Names = Field(min_length=1, description="FORMAT:PATH of a data set, or a prepared folder; may be repeated.")
    out: Path = Field(description="Folder to write to: OUT/runs/NAME is a training, OUT/results/NAME what it dresses.")
    minutes: float | None = Field(None, gt=0, description="Train each variant for so long, both stages together.")
    steps: int | None = Field(None, ge=1, description="Train each stage of each variant for so many steps.")
    batch: int = Field(8, ge=1, description="Examples a step.")
    size: Size = Field((256, 192), description="Height x width of the networks' frame.")
    perceived: float = Field(
        0.5, ge=0, le=1, description="Share of triplets with the labels and joints that perception finds."
    )
    seed: int = Field(0, ge=0, description="Seed of everything random.")
    variants: Words = Field(["all"], min_length=1, description="whole, no-pose ..., separated by commas, or all.")
    limit: int = Field(24, ge=1, description="Held-out try-ons that are scored at most, evenly spread.")
    metrics: Words = Field(["ssim", "region", "cie76"], min_length=1, description="Measures, separated by commas.")
    threads: int | None = Field(None, ge=1, le=512, description="Threads of the networks; by default two.")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where to train.")
    style: Style = Field("text", description="How the table is printed.")
    dry_run: bool = Field(False, description="Say what would be trained, and do nothing.")
    force: bool = Field(False, description=FORCE)
