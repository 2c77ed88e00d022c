"""How the votes of a human evaluation are printed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import typer

from viton_cli.cli.settings import EXIT_OK, EXIT_SOME_FAILED

if TYPE_CHECKING:
    from viton_cli.pipelines.evaluate.votes import Interval, Votes


def print_votes(votes: Votes, as_json: bool) -> int:
    """Tables, or one JSON object, on stdout; whom and what was left out on stderr. Returns the exit code."""
    for text in votes.problems:
        typer.echo(f"failed: {text}", err=True)
    for rater, cause in votes.excluded.items():
        typer.echo(f"left out: {rater}: {cause}", err=True)
    for text in votes.notes:
        typer.echo(text, err=True)
    if as_json:
        typer.echo(json.dumps(votes.as_dict(), ensure_ascii=False))
        return EXIT_SOME_FAILED if votes.problems else EXIT_OK
    typer.echo(
        f"{votes.n} votes of {votes.raters} raters on {votes.pairs} pairs; chance is 50 %; intervals hold 95 %\n"
    )
    head: tuple[str, ...] = ("method", "preferred", "n", "Wilson", "over pairs", "strength", "", "p", "p (Holm)")
    rows = [
        (m.method, _percent(m.share), str(m.n), _span(m.wilson), _span(m.bootstrap), f"{m.strength:+.2f}",
         f"{m.strength_interval[0]:+.2f} .. {m.strength_interval[1]:+.2f}", _p(m.p), _p(m.p_holm))
        for m in votes.methods
    ]  # fmt: skip
    _table([head, *rows])
    typer.echo("")
    head = ("first", "second", "first preferred", "n", "Wilson", "p", "p (Holm)")
    _table(
        [
            head,
            *(
                (d.first, d.second, _percent(d.share), str(d.n), _span(d.wilson), _p(d.p), _p(d.p_holm))
                for d in votes.duels
            ),
        ]
    )
    typer.echo("")
    if votes.repeated:
        alpha = "not defined" if math.isnan(votes.alpha) else f"{votes.alpha:.3f}"
        typer.echo(f"agreement: Krippendorff's alpha {alpha}, {_percent(votes.agree)} of the raters' pairs agree, "
                   f"{votes.repeated} questions asked twice or more")  # fmt: skip
    else:
        typer.echo("agreement: unknown, no question was answered by two raters")
    typer.echo(
        "strength: Bradley-Terry, log odds. Wilson and p (binomial, two-sided) take votes as independent, "
        "'over pairs' does not."
    )
    return EXIT_SOME_FAILED if votes.problems else EXIT_OK


def _table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        typer.echo("  ".join(cells).rstrip())


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _span(interval: Interval) -> str:
    return f"{100 * interval[0]:.1f} .. {100 * interval[1]:.1f}"


def _p(value: float) -> str:
    return "<.0001" if value < 0.0001 else f"{value:.4f}"
