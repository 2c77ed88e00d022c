"""`viton evaluate ablations`: VITON trained with one part left out at a time, each scored on the same try-ons.

OUT/runs/NAME is the training of a variant, OUT/results/NAME what it dresses, OUT/pairs.csv the try-ons,
OUT/prepared the examples that all trainings share. Stopped, the same command carries on.

Source: VITON, figure 7 and section 4.4 (pose, body shape), section 3.3 (refinement), equation 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from viton_cli.config import EvaluateAblationsConfig, EvaluateTableConfig, TrainConfig
from viton_cli.data.base import Dataset
from viton_cli.data.triplets import Triplet, triplets_of
from viton_cli.engines.progress import Progress
from viton_cli.errors import BadConfig, BadDataset
from viton_cli.files import check_apart, look, write_text
from viton_cli.pipelines.evaluate.methods import Contender, Photos, compare
from viton_cli.pipelines.evaluate.table import MethodTable
from viton_cli.training.pairs.sources import open_sources, source_of
from viton_cli.training.report import train_all


@dataclass(frozen=True)
class Ablation:
    """One variant.

    Attributes:
        training: What of `viton train` is other than in "whole"; None: the weights of "whole" are used.
        use: What of `viton tryon` is.
    """

    training: dict[str, Any] | None = None
    use: dict[str, Any] = field(default_factory=dict)


ABLATIONS = {
    "whole": Ablation({}),
    "no-pose": Ablation({"without": ["pose"]}),
    "no-shape": Ablation({"without": ["shape"]}),
    "no-head": Ablation({"without": ["head"]}),
    "no-refinement": Ablation(use={"refine": False}),
    "coarse-only": Ablation(use={"method": "encoder-decoder"}),
    "no-warp-reward": Ablation({"lambda_warp": 0.0}),
    "no-smoothness": Ablation({"lambda_tv": 0.0}),
    "loss-as-printed": Ablation({"loss": "paper"}),
}


def compare_ablations(config: EvaluateAblationsConfig, progress: Progress | None = None) -> tuple[MethodTable, int]:
    """Train what is not trained, and the table; how many pairs failed.

    Raises:
        BadConfig: No such variant, or neither minutes nor steps; the folder holds other files.
        BadDataset: No held-out try-ons.
        VitonError: As of `train_all` and `compare`. KeyboardInterrupt: Stopped, and can be resumed.
    """
    progress = progress or Progress()
    chosen = list(ABLATIONS) if config.variants == ["all"] else config.variants
    if strange := [name for name in chosen if name not in ABLATIONS]:
        raise BadConfig(f"--variants: unknown '{strange[0]}'; known: {', '.join(ABLATIONS)}")
    if config.minutes is None and config.steps is None:
        raise BadConfig("give --minutes or --steps: how much each variant is trained")
    check_apart(config.out, [path for _, path in map(source_of, config.data)])
    needed = list(dict.fromkeys(weights_of(name) for name in chosen))
    if config.dry_run:
        budget = f"{config.minutes:g} minutes" if config.minutes else f"{config.steps} steps a stage"
        plan = f"{len(needed)} trainings of {budget}: {', '.join(needed)}; {config.limit} try-ons each at most"
        return MethodTable([], [], [], [], {}, plan=plan), 0
    look(config.out, "ablations", config.force, ("pairs.csv", "prepared", "results", "runs")).begin()
    photos, truths = held_out(open_sources(config.data), config.limit, config.out / "pairs.csv")
    for name in needed:
        progress.note(f"{name}: training in {config.out / 'runs' / name}")
        train_all("both", training(config, name), progress.note)
    rows = [Contender(name, {"weights": str(config.out / "runs" / weights_of(name)), **ABLATIONS[name].use})
            for name in chosen]  # fmt: skip
    asked = {"reference": truths, "person": list(photos.person), "pairs": photos.pairs, "metrics": config.metrics}
    scoring = EvaluateTableConfig.model_validate(asked)
    more = {"threads": config.threads, "force": config.force}
    return compare(rows, photos, config.out / "results", scoring, progress, more)


def weights_of(name: str) -> str:
    """The variant whose training a variant uses."""
    return name if ABLATIONS[name].training is not None else "whole"


def training(config: EvaluateAblationsConfig, name: str) -> TrainConfig:
    """The settings of a variant's training; what was begun is carried on."""
    given = {key: getattr(config, key) for key in ("data", "batch", "size", "perceived", "seed", "threads", "device")}
    budget = {key: value for key in ("minutes", "steps") if (value := getattr(config, key)) is not None}
    own = ABLATIONS[name].training or {}
    out, cache = config.out / "runs" / name, config.out / "prepared"
    return TrainConfig(**given, **budget, **own, out=out, cache=cache, resume=True, force=config.force)


def held_out(datasets: Sequence[Dataset], limit: int, file: Path) -> tuple[Photos, list[str]]:
    """The held-out try-ons of data sets, evenly spread, unpaired ones where there are such; writes their list.

    Raises:
        BadDataset: There are none.
    """
    rows: list[Triplet] = []
    people: dict[str, Path] = {}
    garments: dict[str, Path] = {}
    for dataset in datasets:
        entries = list(dataset.entries("val"))
        people |= {entry.id: entry.image for entry in entries if entry.kind == "person"}
        garments |= {entry.id: entry.image for entry in entries if entry.kind == "garment"}
        rows += [row for row in triplets_of(dataset, "val") if row.kind != "lower"]
    rows = [row for row in rows if {row.person, row.truth} <= set(people) and row.garment in garments]
    rows = [row for row in rows if row.unpaired] or rows
    if not rows:
        raise BadDataset("no held-out try-ons with a true answer in these data")
    rows = rows[:: -(-len(rows) // limit)]
    lines = [f"{row.person},{row.garment},{row.truth}" for row in rows]
    write_text(file, "\n".join(["person,garment,truth", *lines]) + "\n")
    worn_by = dict.fromkeys(str(people[row.person]) for row in rows)
    wanted = dict.fromkeys(str(garments[row.garment]) for row in rows)
    truths = dict.fromkeys(str(people[row.truth]) for row in rows)
    return Photos(list(worn_by), list(wanted), file), list(truths)
