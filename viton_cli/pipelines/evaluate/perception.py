"""`viton evaluate perception`: joints and labels of any backend against a data set that has them."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING

from viton_cli.devices import use_device
from viton_cli.errors import BadDataset
from viton_cli.metrics import Score
from viton_cli.perception import Perception
from viton_cli.perception.perceive import open_perception
from viton_cli.training.pairs.sources import open_sources
from viton_cli.training.perception.measure import measured

if TYPE_CHECKING:
    from collections.abc import Callable

    from viton_cli.config import EvaluatePerceptionConfig


def evaluate_perception(
    config: EvaluatePerceptionConfig, say: Callable[[str], None] | None = None, perception: Perception | None = None
) -> list[Score]:
    """Look at a data set's photos and score what is found, at the photos' own size.

    Args:
        config: The settings. say: Hears how it goes.
        perception: To be scored, instead of the one that the settings name.

    Raises:
        BadDataset: No photo with labels or joints among the ids asked for.
    """
    use_device(config.device)
    perception = perception or open_perception(
        config.pose, config.parsing, config.pose_source, config.parsing_source, config.label_set
    )
    entries = [
        entry
        for dataset in open_sources(config.data)
        for entry in dataset.entries()
        if entry.kind == "person" and fnmatch(entry.id, config.ids)
    ][: config.limit]
    if config.dry_run:
        if say:
            say(f"would score what is found in {len(entries)} photos")
        return []
    scores = measured(perception, entries, say)
    if not scores:
        raise BadDataset(f"{', '.join(config.data)}: no photo with labels or joints matches --ids '{config.ids}'")
    return scores
