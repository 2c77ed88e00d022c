"""`viton evaluate stage1`: what stage 1 paints, against true answers of unpaired try-ons."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatch
from typing import TYPE_CHECKING

import torch

from viton_cli.checkpoints import resolve
from viton_cli.core.losses import Answer
from viton_cli.data.base import Dataset
from viton_cli.data.triplets import triplets_of
from viton_cli.devices import placed, use_device
from viton_cli.errors import BadDataset
from viton_cli.methods.networks import load_generator
from viton_cli.methods.viton import fast_bfloat16
from viton_cli.metrics import Score
from viton_cli.metrics.stage1 import Stage1Measures
from viton_cli.training.pairs.layout import batches, paint_layout
from viton_cli.training.pairs.packing import Packed, packed
from viton_cli.training.pairs.sources import open_sources
from viton_cli.training.pairs.triplet_set import TripletSet
from viton_cli.training.pairs.triplet_sources import Source, entries_of

if TYPE_CHECKING:
    from viton_cli.config import EvaluateStage1Config


def evaluate_stage1(config: EvaluateStage1Config, say: Callable[[str], None] = print) -> list[Score]:
    """Paint every unpaired try-on with a known answer, from the labels and joints that perception finds, and score it.

    Args:
        config: Settings; a dry run only says what would be done. say: Hears how it goes.

    Raises:
        BadDataset: No such try-on among the ids asked for. BadWeights: The weights cannot be used.
    """
    sources = [_asked_for(dataset, config.ids, config.limit) for dataset in open_sources(config.data)]
    if config.dry_run:
        say(f"would score {sum(len(source.triplets) for source in sources)} try-ons")
        return []
    path = resolve("stage1") if config.weights is None else config.weights / "stage1.safetensors"
    use_device(config.device)
    generator, meta = load_generator(path)
    net = placed(generator)
    size = int(meta["size"][0]), int(meta["size"][1])
    packs: list[Packed] = []
    for source in sources:
        if source.triplets:
            packs.append(packed(source, size, True, say))
    examples = TripletSet([pack for pack in packs if len(pack)], size, 0.0, 1.0)
    if not len(examples):
        where = ", ".join(config.data)
        raise BadDataset(f"{where}: no unpaired try-on with a true answer whose person matches --ids '{config.ids}'")
    measures = Stage1Measures()
    chosen = list(range(len(examples)))
    for start in range(0, len(chosen), 8):
        for batch in batches(examples, chosen[start : start + 8]):
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=fast_bfloat16()):
                painting = paint_layout(net, batch)
            measures.add(painting, Answer.of(batch), batch["person"])
    return measures.scores()


def _asked_for(dataset: Dataset, ids: str, limit: int | None) -> Source:
    """The unpaired triplets of people whose id, or its part before "_", matches."""
    people, garments = entries_of(dataset, None)
    rows = [
        row
        for split in ("train", "val")
        for row in triplets_of(dataset, split)
        if row.unpaired and row.kind != "lower" and (fnmatch(row.person, ids) or fnmatch(row.person.split("_")[0], ids))
    ]
    rows = rows[:: -(-len(rows) // limit)] if limit and rows else rows
    return Source(type(dataset).__name__.lower(), dataset, people, garments, rows)
