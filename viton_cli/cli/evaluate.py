"""`viton evaluate`."""

from __future__ import annotations

import typer

from viton_cli.cli.console import print_scores
from viton_cli.cli.settings import APP, EXIT_OK, with_settings
from viton_cli.config import EvaluateConfig, EvaluatePerceptionConfig, EvaluateStage1Config

app = typer.Typer(**APP)
JSON = typer.Option(False, "--json", help="Print one JSON object.")


@app.callback(invoke_without_command=True)
@with_settings(EvaluateConfig)
def evaluate(config: EvaluateConfig, *, json: bool = JSON) -> int:
    """Compare results with true pictures of the same name, and print each score with its protocol and n.

    Example: viton evaluate --results out --reference truth
    """
    from viton_cli.pipelines.evaluate import evaluate as run

    evaluation = run(config)
    print_scores(evaluation.scores, json, notes=evaluation.notes)
    return EXIT_OK


@app.command()
@with_settings(EvaluatePerceptionConfig)
def perception(config: EvaluatePerceptionConfig, *, json: bool = JSON) -> int:
    """Score joints and labels against a data set that has them.

    Example: viton evaluate perception --data ccp:data/ccp --ids '*3'
    """
    from viton_cli.pipelines.evaluate.perception import evaluate_perception

    print_scores(evaluate_perception(config, say=lambda text: typer.echo(text, err=True)), json)
    return EXIT_OK


@app.command()
@with_settings(EvaluateStage1Config)
def stage1(config: EvaluateStage1Config, *, json: bool = JSON) -> int:
    """Score clothing mask, layout, places and coarse picture on unpaired try-ons whose true answers are known.

    Example: viton evaluate stage1 --data wardrobe:data/wardrobe --ids '*7'
    """
    from viton_cli.pipelines.evaluate.stage1 import evaluate_stage1

    print_scores(evaluate_stage1(config, say=lambda text: typer.echo(text, err=True)), json)
    return EXIT_OK
