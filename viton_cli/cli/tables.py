"""Scores and tables on the terminal (rich), as CSV, Markdown, LaTeX or JSON."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from viton_cli.metrics import Score
    from viton_cli.pipelines.evaluate import Evaluation
    from viton_cli.pipelines.evaluate.table import MethodTable

HEADER = ("kind", "group", "measure", "better", "value", "95 % interval", "photo as it is", "n", "people")
PLAIN_WIDTH = 140


def print_evaluation(evaluation: Evaluation, style: str) -> None:
    """Scores on stdout, notes and what is missing on stderr; as JSON all of it in one object."""
    scores = evaluation.scores
    _say(evaluation.notes, evaluation.missing)
    if style == "json":
        typer.echo(
            json.dumps(
                {
                    "scores": [score.as_dict() for score in scores],
                    "notes": evaluation.notes,
                    "missing": evaluation.missing,
                },
                ensure_ascii=False,
            )
        )
        return
    if style == "csv":
        header = list(scores[0].as_dict())
        typer.echo(_csv([header, *([_exact(value) for value in score.as_dict().values()] for score in scores)]))
        return
    shown = [(name, index) for index, name in enumerate(HEADER)]
    shown = [(name, i) for name, i in shown if any(cells(score)[i] for score in scores)]
    rows = [[cells(score)[i] for _, i in shown] for score in scores]
    typer.echo(render([name for name, _ in shown], rows, style, "scores"))
    protocols = dict.fromkeys((score.name, score.protocol) for score in scores if not score.group)
    for name, protocol in protocols:
        typer.echo(
            {"markdown": f"- {name}: {protocol}", "latex": f"% {name}: {protocol}"}.get(style, f"{name}: {protocol}")
        )
    typer.echo({"latex": "% "}.get(style, "") + INTERVALS)


INTERVALS = (
    "Intervals: 95 %, bootstrap over people (1000 resamples; of distances between sets 100, 20 beyond 400 pictures)."
)


def print_table(table: MethodTable, style: str) -> None:
    """A table of methods on stdout, notes on stderr; as JSON all of it in one object."""
    _say(table.notes, table.missing)
    if style == "json":
        typer.echo(json.dumps(table.as_dict(), ensure_ascii=False))
    elif style == "csv":
        typer.echo(_csv([table.header, *table.rows]))
    else:
        typer.echo(render(table.header, table.rows, style, "methods"))
        for line in table.remarks:
            typer.echo({"markdown": f"- {line}", "latex": f"% {line}"}.get(style, line))


def render(header: Sequence[str], rows: Sequence[Sequence[str]], style: str, title: str) -> str:
    """A table as text (drawn by rich), Markdown or LaTeX (booktabs)."""
    if style == "markdown":
        lines = [header, ["---"] * len(header), *rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    if style == "latex":
        body = [" & ".join(_latex(cell) for cell in line) + r" \\" for line in (header, *rows)]
        return "\n".join(
            [rf"\begin{{tabular}}{{{'l' * len(header)}}}", r"\toprule", body[0], r"\midrule", *body[1:], r"\bottomrule",
             r"\end{tabular}"]
        )  # fmt: skip
    return _drawn(header, rows)


def cells(score: Score) -> list[str]:
    """A score as the cells of `HEADER`."""
    spread = f" ± {number(score.spread)}" if score.spread is not None else ""
    photo = number(score.photo) + interval(score.photo_low, score.photo_high, " ") if score.photo is not None else ""
    return [
        score.kind, score.group, score.name, "higher" if score.higher_is_better else "lower",
        number(score.value) + spread, interval(score.low, score.high), photo, str(score.n), str(score.people or ""),
    ]  # fmt: skip


def interval(low: float | None, high: float | None, before: str = "") -> str:
    """ "[low, high]", or nothing where it is not known."""
    return "" if low is None or high is None else f"{before}[{number(low)}, {number(high)}]"


def number(value: float | None) -> str:
    """Four significant digits; "inf" where it is."""
    if value is None:
        return ""
    if not math.isfinite(value):
        return "inf"
    value = round(value, 4) + 0.0  # no "-0.0000"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.2f}"


def _drawn(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    terminal = sys.stdout.isatty()
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=None if terminal else PLAIN_WIDTH, highlight=False)
    table = Table(box=box.SIMPLE if terminal else None, pad_edge=False, show_edge=False)
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(cell.replace("[", "\\[") for cell in row))
    console.print(table)
    return "\n".join(line.rstrip() for line in stream.getvalue().rstrip().splitlines())


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue().rstrip("\n")


def _exact(value: Any) -> Any:
    return "" if value is None else format(value, ".8g") if isinstance(value, float) else value


def _latex(text: str) -> str:
    for plain, written in (
        ("\\", r"\textbackslash{}"),
        ("%", r"\%"),
        ("&", r"\&"),
        ("_", r"\_"),
        ("#", r"\#"),
        ("±", r"$\pm$"),
    ):
        text = text.replace(plain, written)
    return text


def _say(notes: Sequence[str], missing: dict[str, str]) -> None:
    for note in notes:
        typer.echo(note, err=True)
    for names, why in _merged(missing):
        typer.echo(f"{names}: {why}", err=True)


def _merged(missing: dict[str, str]) -> list[tuple[str, str]]:
    """One line for all measures that lack the same."""
    names: dict[str, list[str]] = {}
    for name, why in missing.items():
        names.setdefault(why, []).append(name)
    return [(", ".join(group), why) for why, group in names.items()]
