"""Every setting of every command, with its default and meaning: the only place where a default is written.

Defaults < config file (YAML) < environment (VITON_COMMAND_NAME) < `--set name=value` < flags. The flags of the command
line are made from these models, so that a setting exists everywhere or nowhere. An unknown name is an error that names
the nearest known one.

    base.py      what all settings share
    models.py    the settings of each command; demo.py, explain.py: of two more
    training.py  those of `viton train`, one model a network
    baselines.py those of the paper's baselines
    comparing.py those of commands that run methods and score them
    commands.py  all of them
    loading.py   where they come from
    yaml_text.py YAML in bounded time and memory
"""

from __future__ import annotations

from viton_cli.config.base import (
    ADDRESS,
    Config,
    Device,
    Inputs,
    Names,
    Pair,
    Size,
    is_address,
    refuse_addresses,
    store_of,
)
from viton_cli.config.baselines import (
    BASELINES,
    BaselineConfig,
    BaselinesConfig,
    TrainCaganConfig,
    TrainCrnConfig,
    TrainPrganConfig,
)
from viton_cli.config.commands import COMMANDS
from viton_cli.config.comparing import EvaluateAblationsConfig, EvaluateMethodsConfig
from viton_cli.config.demo import DemoConfig
from viton_cli.config.explain import ExplainConfig
from viton_cli.config.loading import known_settings, load
from viton_cli.config.models import (
    DECISIVE,
    EvaluateConfig,
    EvaluatePerceptionConfig,
    EvaluateReportConfig,
    EvaluateSheetConfig,
    EvaluateStage1Config,
    EvaluateTableConfig,
    EvaluateVotesConfig,
    MethodConfig,
    Perception,
    PrepareConfig,
    ScoringConfig,
    TryOnConfig,
)
from viton_cli.config.training import (
    STAGES,
    PairsConfig,
    ReleaseConfig,
    TrainConfig,
    TrainGarmentConfig,
    TrainingConfig,
    TrainPerceptionConfig,
    TrainStage1Config,
    TrainStage2Config,
    settings_for,
)

__all__ = [
    "ADDRESS",
    "BASELINES",
    "COMMANDS",
    "DECISIVE",
    "STAGES",
    "BaselineConfig",
    "BaselinesConfig",
    "Config",
    "DemoConfig",
    "Device",
    "EvaluateAblationsConfig",
    "EvaluateConfig",
    "EvaluateMethodsConfig",
    "EvaluatePerceptionConfig",
    "EvaluateReportConfig",
    "EvaluateSheetConfig",
    "EvaluateStage1Config",
    "EvaluateTableConfig",
    "EvaluateVotesConfig",
    "ExplainConfig",
    "Inputs",
    "MethodConfig",
    "Names",
    "Pair",
    "PairsConfig",
    "Perception",
    "PrepareConfig",
    "ReleaseConfig",
    "ScoringConfig",
    "Size",
    "TrainCaganConfig",
    "TrainConfig",
    "TrainCrnConfig",
    "TrainGarmentConfig",
    "TrainPerceptionConfig",
    "TrainPrganConfig",
    "TrainStage1Config",
    "TrainStage2Config",
    "TrainingConfig",
    "TryOnConfig",
    "is_address",
    "known_settings",
    "load",
    "refuse_addresses",
    "settings_for",
    "store_of",
]
