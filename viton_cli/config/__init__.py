"""Every setting of every command, with its default and meaning: the only place where a default is written.

Defaults < config file (YAML) < environment (VITON_COMMAND_NAME) < `--set name=value` < flags. The flags of the command
line are made from these models, so that a setting exists everywhere or nowhere. An unknown name is an error that names
the nearest known one.

    base.py      what all settings share
    models.py    the settings of each command, and those of each training stage; demo.py, explain.py: of two more
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
from viton_cli.config.commands import COMMANDS
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
    TrainConfig,
    TryOnConfig,
    for_stage,
)

__all__ = [
    "ADDRESS", "COMMANDS", "DECISIVE", "Config", "DemoConfig", "Device", "EvaluateConfig",
    "EvaluatePerceptionConfig",
    "EvaluateReportConfig", "EvaluateSheetConfig", "EvaluateStage1Config", "EvaluateTableConfig",
    "EvaluateVotesConfig", "ExplainConfig", "Inputs", "MethodConfig", "Names", "Pair", "Perception", "PrepareConfig",
    "ScoringConfig", "Size", "TrainConfig", "TryOnConfig", "for_stage", "is_address", "known_settings", "load",
    "refuse_addresses", "store_of",
]  # fmt: skip
