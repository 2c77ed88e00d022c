"""The settings of each training, with defaults and meanings: one model a network, and what its loop takes.

TrainingConfig              what every training takes: data, steps, rate, where to
├── PairsConfig             what both try-on networks take
│   ├── TrainStage1Config   viton train stage1
│   ├── TrainStage2Config   viton train stage2
│   └── TrainConfig         viton train: both, one after the other; each gets what is its own
├── TrainPerceptionConfig   viton train perception
└── TrainGarmentConfig      viton train garment
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from viton_cli.config.base import FORCE, Config, Names, Pair, Size, Whole, Words, precision_of, words

WIDEST = 1024  # channels of a layer
Width = Annotated[int, Field(ge=1, le=WIDEST)]
# What the trainings of versions without such settings were begun with; null stood for them in their files.
OPEN = ("steps", "batch", "lr", "betas", "weight_decay")
Parts = Annotated[list[Literal["pose", "shape", "head"]], BeforeValidator(words)]
T = TypeVar("T", bound="TrainingConfig")


class TrainingConfig(Config):
    """What every training takes.

    Attributes:
        PAPER: What `--preset paper` sets; sources of settings win over it.
    """

    command = "train"
    former_group = "model"
    PAPER: ClassVar[dict[str, Any]] = {}

    data: Names = Field(min_length=1, description="Prepared folder, or FORMAT:PATH of a data set; may be repeated.")
    out: Path = Field(description="Folder of the run: weights, curve, samples.")
    preset: Literal["lite", "paper"] = Field(
        "lite", description="lite: what two CPU cores can train; paper: all as published."
    )
    steps: int | None = Field(12000, ge=1, description="Training steps; with --minutes alone as many as fit.")
    minutes: float | None = Field(
        None, gt=0, description="Stop after so long, reading data and both stages together; stage 1 has 3/4 of it."
    )
    batch: int = Field(8, ge=1, description="Examples a step.")
    accumulate: int = Field(1, ge=1, le=1024, description="Batches whose mean gradient makes one step.")
    lr: float = Field(1e-3, gt=0, description="Learning rate.")
    betas: Pair = Field((0.9, 0.99), description="Decay of Adam's two averages.")
    weight_decay: float = Field(1e-2, ge=0, description="AdamW's weight decay.")
    schedule: Literal["cosine", "constant"] = Field("cosine", description="Course of the learning rate.")
    ema: float = Field(0.998, ge=0, lt=1, description="Decay of the average of the weights, which is kept; 0: none.")
    clip: float = Field(1.0, ge=0, description="Largest norm of a step's gradient; 0: any.")
    seed: int = Field(0, ge=0, description="Seed of everything random.")
    workers: int = Field(0, ge=0, le=64, description="Processes that load data beside the training.")
    threads: int | None = Field(None, ge=1, le=1024, description="Threads of the training; by default all cores.")
    checkpoint_minutes: float = Field(10, gt=0, description="Write a checkpoint this often.")
    validate_minutes: float = Field(10, gt=0, description="Validate and write sample pictures this often.")
    log_every: int = Field(20, ge=1, description="Log the losses every so many steps.")
    tensorboard: bool = Field(False, description="Log for TensorBoard too, into RUN/STAGE/tensorboard.")
    init: str | None = Field(None, description="Start from these weights: a file or the name of shipped ones.")
    resume: bool = Field(False, description="Carry on from the last checkpoint in --out.")
    dry_run: bool = Field(False, description="Say what it would take in time, memory and disk, and do nothing.")
    force: bool = Field(False, description=FORCE)
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where to compute.")
    precision: Annotated[Literal["no", "fp16", "bf16"], BeforeValidator(precision_of)] = Field(
        "no", description="Mixed precision."
    )

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, values: Any) -> Any:
        """Lay what is given over the preset."""
        if not isinstance(values, dict):
            return values
        given = {name: value for name, value in values.items() if value is not None or name not in OPEN}
        if given.get("preset") == "paper":
            given = {**cls.PAPER, **given}
        if given.get("minutes") is not None and values.get("steps") is None:
            given["steps"] = None
        return given


class PairsConfig(TrainingConfig):
    """What both try-on networks take."""

    explain: bool = Field(
        False, description="Say setting by setting what is the paper's and what departs, and do nothing."
    )
    size: Size = Field((256, 192), description="Height x width of the network's frame.")
    perceptual: Literal["none", "builtin", "vgg16", "vgg19"] = Field(
        "none", description="Network whose features the perceptual loss compares; vgg19 is the paper's."
    )
    perceptual_source: Path | None = Field(None, description="Weight file of --perceptual; by default its own.")
    perceptual_shrink: int = Field(2, ge=1, le=16, description="By how much pictures are made smaller for VGG.")
    cache: Path | None = Field(
        None, description="Folder that keeps prepared examples for other runs; by default OUT/pairs, for both stages."
    )
    augment: float = Field(0.6, ge=0, le=4, description="Strength of the augmentation; 0: none.")
    perceived: float = Field(
        0.5, ge=0, le=1, description="Share of triplets with the labels and joints that perception finds."
    )

    @model_validator(mode="before")
    @classmethod
    def _no_data_to_explain(cls, values: Any) -> Any:
        """What is explained needs neither data nor a folder."""
        if isinstance(values, dict) and str(values.get("explain")).lower() in ("true", "1", "yes", "on"):
            return {"data": ["none"], "out": "none", **values}
        return values


class TrainStage1Config(PairsConfig):
    """`viton train stage1`."""

    PAPER: ClassVar[dict[str, Any]] = {
        "size": (256, 192), "steps": 15000, "batch": 16, "accumulate": 1, "precision": "no", "lr": 2e-4,
        "betas": (0.5, 0.999), "weight_decay": 0.0, "schedule": "constant", "ema": 0.0, "clip": 0.0,
        "perceptual": "vgg19", "perceptual_shrink": 1, "augment": 0.0, "perceived": 0.0,
        "network": "paper", "width": 64, "norm_decay": 0.999, "without": [],
    }  # fmt: skip

    network: Literal["layout", "paper"] = Field(
        "layout", description="paper: the 4 channels of coarse image and clothing mask; layout: layout and places too."
    )
    width: Width = Field(24, description="Filters of the first layer, of --network paper; the paper has 64.")
    channels: Whole = Field(
        [64, 96, 160, 256, 320, 320], description="Channels at each size from the frame's half on, of --network layout."
    )
    blocks: Whole = Field(
        [0, 1, 2, 2, 2, 1], description="Residual blocks at each of these sizes.", validate_default=True
    )
    without: Parts = Field([], description="Parts of the person representation to leave out: pose, shape, head.")
    norm_decay: float = Field(0.9, ge=0, lt=1, description="Decay of BatchNorm's averages.")

    @field_validator("channels")
    @classmethod
    def _wide_enough(cls, channels: list[int]) -> list[int]:
        if not 2 <= len(channels) <= 7:
            raise ValueError("there should be 2 to 7")
        if not all(1 <= count <= WIDEST for count in channels):
            raise ValueError(f"each should be from 1 to {WIDEST}")
        return channels

    @field_validator("blocks")
    @classmethod
    def _as_many(cls, blocks: list[int], info: ValidationInfo) -> list[int]:
        channels = info.data.get("channels")
        if channels is not None and len(blocks) != len(channels):
            raise ValueError(f"as many as --channels, which are {len(channels)}")
        if not all(0 <= count <= 64 for count in blocks):
            raise ValueError("each should be from 0 to 64")
        return blocks


class TrainStage2Config(PairsConfig):
    """`viton train stage2`."""

    PAPER: ClassVar[dict[str, Any]] = {
        name: value for name, value in TrainStage1Config.PAPER.items()
        if name not in ("network", "norm_decay", "without")
    } | {"steps": 6000, "warp": "paper", "loss": "paper", "lambda_warp": 0.1, "lambda_tv": 5e-6}  # fmt: skip

    steps: int | None = Field(1500, ge=1, description="Training steps; with --minutes alone as many as fit.")
    betas: Pair = Field((0.5, 0.999), description="Decay of Adam's two averages.")
    weight_decay: float = Field(0.0, ge=0, description="AdamW's weight decay.")
    perceptual: Literal["none", "builtin", "vgg16", "vgg19"] = Field(
        "builtin", description="Network whose features the perceptual loss compares; vgg19 is the paper's."
    )
    augment: float = Field(0.4, ge=0, le=4, description="Strength of the augmentation; 0: none.")
    width: Width = Field(24, description="Filters of the refinement network; the paper has 64.")
    stage1: str | None = Field(
        None, description="Weights of stage 1: a file; by default the run's own, else the shipped ones."
    )
    loss: Literal["code", "paper"] = Field(
        "code", description="code: equation 3 as the published code has it, with pixels; paper: as printed."
    )
    lambda_warp: float = Field(0.1, ge=0, description="Weight of |alpha|, which rewards warped garment.")
    lambda_tv: float = Field(5e-6, ge=0, description="Weight of the total variation of alpha.")
    warp: Literal["auto", "places", "parts", "paper"] = Field(
        "auto", description="How garments are warped; auto: by places where stage 1 says them, else by parts."
    )


class TrainConfig(TrainStage1Config, TrainStage2Config):
    """`viton train`: stage 1, then stage 2. What is not given is each stage's own (`settings_for`)."""

    PAPER: ClassVar[dict[str, Any]] = {}
    by_stage: ClassVar[frozenset[str]] = frozenset(
        name for name, field in TrainStage2Config.model_fields.items()
        if name in TrainStage1Config.model_fields and TrainStage1Config.model_fields[name].default != field.default
    )  # fmt: skip

    def to_yaml(self) -> str:
        """What was given: the rest is in each stage's own file."""
        return self.as_yaml(exclude_unset=True)


class TrainPerceptionConfig(TrainingConfig):
    """`viton train perception`."""

    preset: Literal["lite"] = Field("lite", description="The paper trains no such network.")
    steps: int | None = Field(20000, ge=1, description="Training steps; with --minutes alone as many as fit.")
    batch: int = Field(16, ge=1, description="Examples a step.")
    lr: float = Field(1.5e-3, gt=0, description="Learning rate.")
    betas: Pair = Field((0.9, 0.999), description="Decay of Adam's two averages.")
    weight_decay: float = Field(1e-4, ge=0, description="AdamW's weight decay.")
    size: Size = Field((256, 192), description="Height x width of the network's frame.")
    width: int = Field(64, ge=16, le=WIDEST, multiple_of=16, description="Channels of the parsing decoder.")
    encoder_rate: float = Field(0.3, ge=0, le=100, description="Learning rate of the encoder, as a share of --lr.")
    labelled_repeats: int = Field(3, ge=0, le=1000, description="How often an epoch shows photos labelled by hand.")
    nobody: Path | None = Field(None, description="Folder of photos without people, to learn from too.")
    teacher: str | None = Field(None, description="Weights that label the photos of which only tags are known.")


class TrainGarmentConfig(TrainingConfig):
    """`viton train garment`."""

    preset: Literal["lite"] = Field("lite", description="The paper trains no such network.")
    steps: int | None = Field(540, ge=1, description="Training steps; with --minutes alone as many as fit.")
    lr: float = Field(2e-3, gt=0, description="Learning rate.")
    betas: Pair = Field((0.9, 0.999), description="Decay of Adam's two averages.")
    weight_decay: float = Field(1e-3, ge=0, description="AdamW's weight decay.")
    ema: float = Field(0.0, ge=0, lt=1, description="Decay of the average of the weights, which is kept; 0: none.")
    clip: float = Field(2.0, ge=0, description="Largest norm of a step's gradient; 0: any.")
    precision: Annotated[Literal["no", "fp16", "bf16"], BeforeValidator(precision_of)] = Field(
        "bf16", description="Mixed precision."
    )
    photos: Path | None = Field(None, description="Photos without masks, in folders named by kind: t-shirt, dress ...")
    keep_out: int = Field(6, ge=0, description="Leave the first and every N-th --photos for measuring; 0: none.")
    encoder_rate: float = Field(0.2, ge=0, le=100, description="Learning rate of the encoder, as a share of --lr.")


class ReleaseConfig(Config):
    """`viton train release`."""

    command = "train_release"

    out: Path = Field(description="Folder of the weights to write.")
    eight_bits: Words = Field([], description="Networks stored in eight bits a weight: stage1, stage2 ...")
    calibrate: bool = Field(True, description="Choose by half the validation photos how often perception says dress.")
    sources: Path | None = Field(None, description="JSON list of what is known of data; by default the package's.")
    dry_run: bool = Field(False, description="Say what would be released, and do nothing.")
    force: bool = Field(False, description=FORCE)


# `config.baselines` adds those of the baselines.
STAGES: dict[str, type[TrainingConfig]] = {
    "stage1": TrainStage1Config, "stage2": TrainStage2Config, "perception": TrainPerceptionConfig,
    "garment": TrainGarmentConfig,
}  # fmt: skip


def settings_for(config: TrainingConfig, model: type[T]) -> T:
    """The settings of one stage: what `config` was given of them, and the stage's defaults for the rest."""
    if type(config) is model:
        return config
    return model(**{name: getattr(config, name) for name in config.model_fields_set if name in model.model_fields})
