"""Every command's settings, in the order of the help."""

from __future__ import annotations

from viton_cli.config.base import Config
from viton_cli.config.baselines import (
    BaselinesConfig,
    TrainCaganConfig,
    TrainCrnConfig,
    TrainPrganConfig,
)
from viton_cli.config.comparing import (
    EvaluateAblationsConfig,
    EvaluateMethodsConfig,
)
from viton_cli.config.demo import DemoConfig
from viton_cli.config.explain import ExplainConfig
from viton_cli.config.models import (
    EvaluateConfig,
    EvaluatePerceptionConfig,
    EvaluateReportConfig,
    EvaluateSheetConfig,
    EvaluateStage1Config,
    EvaluateTableConfig,
    EvaluateVotesConfig,
    PrepareConfig,
    TryOnConfig,
)
from viton_cli.config.training import (
    ReleaseConfig,
    TrainConfig,
    TrainGarmentConfig,
    TrainPerceptionConfig,
    TrainStage1Config,
    TrainStage2Config,
)

COMMANDS: tuple[type[Config], ...] = (
    PrepareConfig,
    TryOnConfig,
    DemoConfig,
    ExplainConfig,
    TrainConfig,
    TrainStage1Config,
    TrainStage2Config,
    TrainPerceptionConfig,
    TrainGarmentConfig,
    ReleaseConfig,
    BaselinesConfig,
    TrainCrnConfig,
    TrainPrganConfig,
    TrainCaganConfig,
    EvaluateConfig,
    EvaluateStage1Config,
    EvaluateTableConfig,
    EvaluateMethodsConfig,
    EvaluateAblationsConfig,
    EvaluateReportConfig,
    EvaluatePerceptionConfig,
    EvaluateSheetConfig,
    EvaluateVotesConfig,
)
