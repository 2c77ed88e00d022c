"""`viton evaluate`."""

from __future__ import annotations

import typer

from viton_cli.cli.arguments import Command
from viton_cli.cli.console import print_scores
from viton_cli.cli.screen import Screen
from viton_cli.cli.settings import APP, EXIT_OK, with_settings
from viton_cli.config import EvaluateConfig, EvaluatePerceptionConfig

app = typer.Typer(**APP)


@app.callback(invoke_without_command=True)
@with_settings(EvaluateConfig)
def evaluate(config: EvaluateConfig, screen: Screen) -> int:
    """Compare results with true pictures of the same name, and print each score with its protocol and n.

    Example: viton evaluate --results out --reference truth
    """
    from viton_cli.pipelines.evaluate import evaluate as run

    evaluation = run(config)
    print_scores(evaluation.scores, screen, notes=evaluation.notes)
    return EXIT_OK


@app.command(cls=Command)
@with_settings(EvaluatePerceptionConfig)
def perception(config: EvaluatePerceptionConfig, screen: Screen) -> int:
    """Score joints and labels against a data set that has them.

    Example: viton evaluate perception --data ccp:data/ccp --ids '*3'
    """
    from viton_cli.pipelines.evaluate.perception import evaluate_perception

    print_scores(evaluate_perception(config, say=screen.note), screen)
    return EXIT_OK
