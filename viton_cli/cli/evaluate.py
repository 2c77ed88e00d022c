"""`viton evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from viton_cli.cli.arguments import Command
from viton_cli.cli.console import Console, planned, print_scores
from viton_cli.cli.screen import Screen
from viton_cli.cli.settings import APP, EXIT_OK, EXIT_SOME_FAILED, with_settings
from viton_cli.config import (
    EvaluateAblationsConfig,
    EvaluateConfig,
    EvaluateMethodsConfig,
    EvaluatePerceptionConfig,
    EvaluateReportConfig,
    EvaluateSheetConfig,
    EvaluateStage1Config,
    EvaluateTableConfig,
    EvaluateVotesConfig,
)

if TYPE_CHECKING:
    from viton_cli.metrics import Score

app = typer.Typer(**APP)


@app.callback(invoke_without_command=True)
@with_settings(EvaluateConfig)
def evaluate(config: EvaluateConfig, screen: Screen) -> int:
    """Compare results with true pictures, and print each score with its protocol, n and interval.

    Example: viton evaluate --results out --pairs pairs.csv --reference truth --person people
    """
    from viton_cli.cli.tables import print_evaluation
    from viton_cli.pipelines.evaluate import evaluate as run

    with Console("viton evaluate", screen) as console:
        evaluation = run(config, console)
    if config.dry_run:
        return planned(evaluation.plan, screen, evaluation.notes)
    print_evaluation(evaluation, "json" if screen.json else config.style)
    return _exit(config.metrics, evaluation.missing)


@app.command(cls=Command)
@with_settings(EvaluatePerceptionConfig)
def perception(config: EvaluatePerceptionConfig, screen: Screen) -> int:
    """Score joints and labels against a data set that has them.

    Example: viton evaluate perception --data ccp:data/ccp --ids '*3'
    """
    from viton_cli.pipelines.evaluate.perception import evaluate_perception

    return _scored(evaluate_perception, config, screen)


@app.command(cls=Command)
@with_settings(EvaluateStage1Config)
def stage1(config: EvaluateStage1Config, screen: Screen) -> int:
    """Score clothing mask, layout, places and coarse picture on unpaired try-ons whose true answers are known.

    Example: viton evaluate stage1 --data wardrobe:data/wardrobe --ids '*7'
    """
    from viton_cli.pipelines.evaluate.stage1 import evaluate_stage1

    return _scored(evaluate_stage1, config, screen)


@app.command(cls=Command)
@with_settings(EvaluateTableConfig)
def table(
    config: EvaluateTableConfig,
    screen: Screen,
    *,
    folders: list[str] = typer.Argument(None, help="FOLDER or NAME=FOLDER of each method's results."),
) -> int:
    """Set methods beside each other as the paper's Table 1 does, with our measures and the paper's numbers.

    Example: viton evaluate table viton=out non-parametric=out2 --reference truth --person people
    """
    from viton_cli.cli.tables import print_table
    from viton_cli.pipelines.evaluate.table import make_table

    with Console("viton evaluate table", screen) as console:
        made = make_table(config.model_copy(update={"results": [*config.results, *(folders or [])]}), console)
    if config.dry_run:
        return planned(made.plan, screen, made.notes)
    print_table(made, "json" if screen.json else config.style)
    return _exit(config.metrics, made.missing)


@app.command(cls=Command)
@with_settings(EvaluateMethodsConfig)
def methods(config: EvaluateMethodsConfig, screen: Screen) -> int:
    """Run VITON and the paper's baselines on the same pairs, and set them beside each other as table does.

    Example: viton evaluate methods --person P --clothes C --pairs pairs.csv --reference P --weights RUN --out OUT
    """
    from viton_cli.cli.tables import print_table
    from viton_cli.pipelines.evaluate.methods import compare_methods

    with Console("viton evaluate methods", screen) as console:
        made, failed = compare_methods(config, console)
    if config.dry_run:
        return planned(made.plan, screen, made.notes)
    print_table(made, "json" if screen.json else config.style)
    return EXIT_SOME_FAILED if failed else _exit(config.metrics, made.missing)


@app.command(cls=Command)
@with_settings(EvaluateAblationsConfig)
def ablations(config: EvaluateAblationsConfig, screen: Screen) -> int:
    """Train VITON with one part left out at a time, and set the results on held-out try-ons beside each other.

    Example: viton evaluate ablations --data wardrobe:data/wardrobe --minutes 60 --out ablations
    """
    from viton_cli.cli.tables import print_table
    from viton_cli.pipelines.evaluate.ablations import compare_ablations

    with Console("viton evaluate ablations", screen) as console:
        made, failed = compare_ablations(config, console)
    if config.dry_run:
        return planned(made.plan, screen, made.notes)
    print_table(made, "json" if screen.json else config.style)
    return EXIT_SOME_FAILED if failed else _exit(config.metrics, made.missing)


@app.command(cls=Command)
@with_settings(EvaluateReportConfig)
def report(
    config: EvaluateReportConfig,
    screen: Screen,
    *,
    folder: Path = typer.Argument(None, help="Folder of a training run or of results."),
) -> int:
    """Write a page of a training run (curves, scores, samples) or of results (worst and best by each measure).

    Example: viton evaluate report out --reference truth --out report.html
    """
    from viton_cli.pipelines.evaluate.report import write_report

    with Console("viton evaluate report", screen) as console:
        done = write_report(config if folder is None else config.model_copy(update={"source": folder}), console)
    if config.dry_run:
        return planned(done, screen)
    screen.show({"out": str(config.out)}, done)
    return EXIT_OK


RESULTS = typer.Argument(..., metavar="A B", help="Folders of results to compare, as FOLDER or NAME=FOLDER.")
FILES = typer.Argument(..., metavar="FILES", help="Answers saved by the page (JSONL) or typed from paper (CSV).")


@app.command(cls=Command)
@with_settings(EvaluateSheetConfig)
def sheet(config: EvaluateSheetConfig, screen: Screen, *, results: list[str] = RESULTS) -> int:
    """Make a page, and sheets of paper, on which people say which of two results is better.

    Example: viton evaluate sheet viton=out other=theirs --person people --clothes clothes --out study
    """
    from viton_cli.pipelines.evaluate.sheet import write_sheet

    made = write_sheet(config, results)
    for note in made.notes:
        screen.note(note)
    screen.show(made.as_dict(), str(made))
    return EXIT_OK


@app.command(cls=Command)
@with_settings(EvaluateVotesConfig)
def votes(config: EvaluateVotesConfig, screen: Screen, *, files: list[str] = FILES) -> int:
    """Say which method the raters of a sheet preferred, how surely, and how far they agree.

    Example: viton evaluate votes study/answers-*.jsonl
    """
    from viton_cli.cli.votes import print_votes
    from viton_cli.pipelines.evaluate.votes import count_votes

    counted = count_votes(config, files)
    if config.dry_run:
        return planned(counted.plan, screen, counted.problems)
    return print_votes(counted, screen.json)


def _scored(
    score: Callable[..., list[Score]], config: EvaluatePerceptionConfig | EvaluateStage1Config, screen: Screen
) -> int:
    """Score a network and print that; of a dry run what would be scored."""
    plan: list[str] = []
    scores = score(config, say=plan.append if config.dry_run else screen.note)
    if config.dry_run:
        return planned(plan[-1], screen, plan[:-1])
    print_scores(scores, screen)
    return EXIT_OK


def _exit(asked: list[str], missing: dict[str, Any]) -> int:
    """1 if a measure that was asked for by name could not be taken."""
    return EXIT_SOME_FAILED if set(asked) & set(missing) else EXIT_OK
