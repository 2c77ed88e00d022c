"""`viton evaluate methods`: every method run on the same pairs, then set beside each other as `table` does.

OUT/METHOD holds a method's results as `viton tryon` writes them; what is finished is not done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from viton_cli.config import EvaluateMethodsConfig, EvaluateTableConfig, TryOnConfig
from viton_cli.config.models import ScoringConfig
from viton_cli.engines.progress import Progress
from viton_cli.errors import BadConfig, NothingUsable
from viton_cli.methods import METHODS, WEIGHTS
from viton_cli.pipelines.evaluate.table import MethodTable, make_table
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon import tryon

SHIPPED = ("stage1", "stage2")
# As published, the pasting baseline is warped by shape contexts.
PUBLISHED: dict[str, dict[str, Any]] = {"non-parametric": {"warp": "paper"}}


@dataclass(frozen=True)
class Contender:
    """One row of a table.

    Attributes:
        name: Of the row and of its folder. settings: Of `viton tryon`.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Photos:
    """What is dressed in what; see `TryOnConfig`."""

    person: Sequence[str]
    clothes: Sequence[str]
    pairs: Path
    limit: int | None = None


def compare_methods(config: EvaluateMethodsConfig, progress: Progress | None = None) -> tuple[MethodTable, int]:
    """The table of all methods, and how many pairs failed.

    Raises:
        BadConfig: No such method, or one that needs weights and has none.
        VitonError: As of `tryon` and `make_table`.
    """
    photos = Photos(config.person, config.clothes, config.pairs, config.limit)
    return compare(
        contenders(config), photos, config.out, config, progress, {"threads": config.threads, "force": config.force}
    )


def contenders(config: EvaluateMethodsConfig) -> list[Contender]:
    """The rows: each method with the weights of the run, or with the shipped ones if the run has none of it; VITON with
    the shipped ones in a row of its own.

    Raises:
        BadConfig: No such method, or one that needs weights and has none.
    """
    asked = list(METHODS) if config.methods == ["all"] else config.methods
    for name in asked:
        METHODS.get(name)
    rows, shipped, lacking, run = [], [], [], config.weights
    for name in asked:
        own = run is not None and all((run / f"{kind}.safetensors").is_file() for kind in WEIGHTS[name])
        if not own and not set(WEIGHTS[name]) <= set(SHIPPED):
            lacking.append(name)
            continue
        weights = {"weights": str(run)} if own else {}
        rows.append(Contender(name, {"method": name, **weights, **PUBLISHED.get(name, {})}))
        if own and name == "viton":
            shipped.append(Contender("viton-shipped", {"method": name}))
    if lacking and config.methods != ["all"]:
        raise BadConfig(
            f"no weights of {', '.join(lacking)}: viton train baselines --data DATA --minutes M --out RUN makes them; "
            "give --weights RUN"
        )
    return [*rows, *shipped]


def compare(
    rows: Sequence[Contender], photos: Photos, out: Path, config: ScoringConfig, progress: Progress | None,
    more: dict[str, Any],
) -> tuple[MethodTable, int]:  # fmt: skip
    """Run every contender, and score what each made.

    Args:
        rows: The contenders. photos: What is dressed in what. out: Folder of their folders.
        config: How to score. progress: Hears how it goes. more: Settings of `viton tryon` that all share.

    Raises:
        NothingUsable: No pair of any contender was made.
        VitonError: As of `tryon` and `make_table`.
    """
    progress = progress or Progress()
    shared: Tools | None = None
    failed, notes, results, plans = 0, [], [], []
    for row in rows:
        given = {
            "person": list(photos.person), "clothes": list(photos.clothes), "pairing": str(photos.pairs),
            "out": str(out / row.name), "limit": photos.limit, **more, **row.settings,
        }  # fmt: skip
        settings = TryOnConfig.model_validate(given)
        if config.dry_run:
            plans.append(f"{row.name}: {tryon(settings.model_copy(update={'dry_run': True}), progress).planned} pairs")
            continue
        # People are found and garments cut by the same networks, loaded once.
        tools = Tools(settings, *(() if shared is None else (shared.finder, shared.cutter)))
        shared = shared or tools
        progress.note(f"{row.name}: {out / row.name}")
        done = tryon(settings, progress, tools)
        failed += done.failed
        if done.ok + done.skipped:
            results.append(f"{row.name}={out / row.name}")
        notes += [f"{row.name}: {problem}" for problem in done.problems]
    if config.dry_run:
        return MethodTable([], [], [], [], {}, plan="; ".join(plans)), 0
    if not results:
        raise NothingUsable(f"{out}: no pair of any method was made: {notes[0] if notes else 'none was asked for'}")
    asked = config.model_fields_set & (set(ScoringConfig.model_fields) - {"dry_run"})
    scoring = {name: getattr(config, name) for name in asked}
    table = make_table(EvaluateTableConfig.model_validate({**scoring, "results": results}), progress)
    table.notes[:0] = notes
    return table, failed
