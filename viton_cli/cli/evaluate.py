"""`viton evaluate`."""

from __future__ import annotations

import json as json_format
from pathlib import Path

import typer

from viton_cli.cli.console import print_scores
from viton_cli.cli.settings import APP, EXIT_OK, with_settings
from viton_cli.config import EvaluateConfig, EvaluatePerceptionConfig, EvaluateSheetConfig, EvaluateVotesConfig

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


RESULTS = typer.Argument(..., metavar="A B", help="Folders of results to compare, as FOLDER or NAME=FOLDER.")
FILES = typer.Argument(..., metavar="FILES", help="Answers saved by the page (JSONL) or typed from paper (CSV).")


@app.command()
@with_settings(EvaluateSheetConfig)
def sheet(config: EvaluateSheetConfig, *, results: list[str] = RESULTS, json: bool = JSON) -> int:
    """Make a page, and sheets of paper, on which people say which of two results is better.

    Example: viton evaluate sheet viton=out other=theirs --person people --clothes clothes --out study
    """
    from viton_cli.pipelines.evaluate.sheet import write_sheet

    made = write_sheet(config, results)
    for note in made.notes:
        typer.echo(note, err=True)
    typer.echo(json_format.dumps(made.as_dict(), ensure_ascii=False) if json else str(made))
    return EXIT_OK


@app.command()
@with_settings(EvaluateVotesConfig)
def votes(config: EvaluateVotesConfig, *, files: list[Path] = FILES, json: bool = JSON) -> int:
    """Say which method the raters of a sheet preferred, how surely, and how far they agree.

    Example: viton evaluate votes study/answers-*.jsonl
    """
    from viton_cli.cli.votes import print_votes
    from viton_cli.pipelines.evaluate.votes import count_votes

    return print_votes(count_votes(config, files), json)
