"""`viton evaluate report`: what a page says of a training run, or of a folder of results."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from viton_cli.config import EvaluateReportConfig
from viton_cli.engines.progress import Progress
from viton_cli.errors import BadConfig, NothingUsable
from viton_cli.files import Manifest, check_apart, read_photo
from viton_cli.lights import check_of
from viton_cli.metrics import METRICS, Score
from viton_cli.pages.report import SAMPLE, TILE, Curve, Section, Shown, as_uri, curve, write_page
from viton_cli.pipelines.evaluate.pictures import evaluate_folder, read_beside
from viton_cli.pipelines.evaluate.scoring import Measured

SHEETS = 24  # sheets of samples shown at most, evenly over the run
NOT_VALUES = ("step", "minutes", "lr")


def write_report(config: EvaluateReportConfig, progress: Progress | None = None) -> str:
    """Write the page.

    Returns:
        What was done, or would be done, in words.

    Raises:
        NothingUsable: The folder is neither a run nor results.
        BadConfig: The page would not be an .html file, or would overwrite something else.
        VitonError: As of `evaluate_folder`.
    """
    source = config.source
    if source is None:
        raise BadConfig("give the folder of a training run or of results: viton evaluate report FOLDER --out FILE.html")
    if not source.is_dir():
        raise NothingUsable(f"{source}: no such folder")
    if config.out.suffix.lower() not in (".html", ".htm"):
        raise BadConfig(f"--out {config.out}: the page is one .html file")
    check_apart(config.out, [source, *read_beside(config)])
    if config.out.exists() and "<!doctype html>" not in config.out.read_text("utf-8", "replace")[:60].lower():
        raise BadConfig(f"--out {config.out}: is there already, and is no page")
    logs = sorted(source.glob("log.jsonl")) + sorted(source.glob("*/log.jsonl"))
    if config.dry_run:
        plan = f"would show {len(logs)} logs" if logs else evaluate_folder(source, config, progress).plan
        return f"{plan}, and write {config.out}"
    sections = [section for log in logs for section in _run(log)] if logs else _results(source, config, progress)
    write_page(config.out, f"{'Training run' if logs else 'Results'}: {source.name}", sections)
    return str(config.out)


def _run(log: Path) -> list[Section]:
    """The sections of one stage of a training run."""
    entries = _entries(log)
    training = [entry for entry in entries if "lr" in entry]
    scored = [entry for entry in entries if "lr" not in entry]
    sheets = sorted((log.parent / "samples").glob("*.jpg"))
    shown = [sheets[round(i * (len(sheets) - 1) / max(SHEETS - 1, 1))] for i in range(SHEETS)] if sheets else []
    samples = [(int(path.stem), as_uri(path, width=SAMPLE)) for path in dict.fromkeys(shown) if path.stem.isdigit()]
    name = log.parent.name
    sections = [Section(f"{name}: training", curves=_curves(training), warnings=_warnings_of_run(training, scored))]
    if scored:
        keys = list(dict.fromkeys(key for entry in scored for key in entry if key not in NOT_VALUES))
        rows = [["step", "minutes", *keys]]
        rows += [
            [f"{entry[key]:.6g}" if key in entry else "" for key in ("step", "minutes", *keys)] for entry in scored
        ]
        sections.append(Section(f"{name}: scores on held-out data by step", curves=_curves(scored), rows=rows))
    if samples:
        sections.append(Section(f"{name}: the same held-out pictures through time", samples=samples))
    return sections


def _entries(log: Path) -> list[dict[str, float]]:
    """The lines of a log that hold a step and numbers; others (torn by a kill) are passed over."""
    found = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("step"), (int, float)):
            found.append({k: float(v) for k, v in entry.items() if isinstance(v, (int, float))})
    return found


def _curves(entries: Sequence[dict[str, float]]) -> list[Curve]:
    keys = list(dict.fromkeys(key for entry in entries for key in entry if key not in NOT_VALUES))
    drawn = [curve(key, [(entry["step"], entry[key]) for entry in entries if key in entry]) for key in keys]
    return [one for one in drawn if one is not None]


def _warnings_of_run(training: Sequence[dict[str, float]], scored: Sequence[dict[str, float]]) -> list[str]:
    lines = []
    for entry in (*training, *scored):
        lines += [f"step {entry['step']:.0f}: {key} is not finite" for key, v in entry.items() if not math.isfinite(v)]
    for before, after in pairwise(training):
        if after["step"] <= before["step"]:
            lines.append(f"step {after['step']:.0f}: carried on from a checkpoint before step {before['step']:.0f}")
    if training and not scored:
        lines.append(f"no scores on held-out data up to step {training[-1]['step']:.0f}")
    return lines


def _results(source: Path, config: EvaluateReportConfig, progress: Progress | None) -> list[Section]:
    """Scores, warnings, failures, and the worst and best results by each measure of single pictures."""
    found = evaluate_folder(source, config, progress)
    entries = Manifest(source / "manifest.jsonl").read()
    failed = [
        f"{e.get('person')} + {e.get('garment')}: {e.get('cause')}" for e in entries if e.get("status") == "failed"
    ]
    header = ["measure", "kind", "group", "value", "low", "high", "photo as it is", "n"]
    table = [header, *(_line(score) for score in found.scores)]
    missing = [f"{name}: {why}" for name, why in found.missing.items()]
    sections = [Section("Scores", rows=table, warnings=[*found.notes, *missing])]
    checks = [
        f"{e.get('person')} + {e.get('garment')}: {check}"
        for e in entries
        for check in map(check_of, e.get("checks") or [])
        if check.severity != "info"
    ]
    if failed:
        sections.append(Section(f"{len(failed)} pairs failed", warnings=failed))
    if checks:
        sections.append(Section(f"{len(checks)} warnings of the run", warnings=checks))
    for name in dict.fromkeys(score.name for score in found.scores):
        ranked = _ranked(name, found.measured)
        if len(ranked) < 2 or ranked[0][0] == ranked[-1][0]:
            continue
        count = min(config.count, len(ranked) // 2)
        sections.append(Section(f"{name}: worst", shown=[_shown(name, *one) for one in ranked[:count]]))
        sections.append(Section(f"{name}: best", shown=[_shown(name, *one) for one in ranked[: -count - 1 : -1]]))
    return sections


def _ranked(name: str, measured: Sequence[Measured]) -> list[tuple[float, Measured]]:
    """Results from the worst to the best by a measure of single pictures; empty for distances between sets."""
    rows = [(one.rows[name, "result"], one) for one in measured if (name, "result") in one.rows]
    if not rows or len(rows[0][0]) != 1:
        return []
    higher = METRICS.get(name).higher_is_better
    if name == "psnr":  # whose rows are squared errors
        higher = False
    return sorted(
        ((float(row[0]), one) for row, one in rows), key=lambda one: (one[0] if higher else -one[0], one[1].item.name)
    )


def _shown(name: str, value: float, one: Measured) -> Shown:
    files: list[tuple[str, Path | None]] = [
        ("photo", one.item.photo), ("result", one.item.result), ("true picture", one.item.truth)
    ]  # fmt: skip
    images = [(what, as_uri(read_photo(path).image, height=TILE)) for what, path in files if path is not None]
    label = "mean squared error" if name == "psnr" else name
    kept = ", ".join(f"{column} {value}" for column, value in one.groups.items())
    return Shown(f"{one.item.name}: {label} {value:.4g} ({'; '.join(filter(None, (one.kind, kept)))})", images)


def _line(score: Score) -> list[str]:
    values: list[Any] = [score.value, score.low, score.high, score.photo]
    return [score.name, score.kind, score.group, *("" if v is None else f"{v:.4g}" for v in values), str(score.n)]
