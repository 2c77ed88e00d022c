"""`viton evaluate perception`: joints and labels of any backend against a data set that has them."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viton_cli.devices import use_device
from viton_cli.errors import BadDataset
from viton_cli.files import read_photo
from viton_cli.metrics import Score
from viton_cli.metrics.perception import LabelCounts, correct_keypoints
from viton_cli.perception import Perception
from viton_cli.perception.perceive import open_perception
from viton_cli.training.pairs.sources import open_sources

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
    counts = LabelCounts()
    hits: dict[float, list[NDArray[np.bool_]]] = {0.1: [], 0.2: []}
    labelled = posed = missed = 0
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
    for number, entry in enumerate(entries):
        labels, truth = entry.labels(), entry.pose()
        if labels is None and truth is None:
            continue
        photo = read_photo(entry.image, entry.id)
        (found,) = perception.perceive([photo])
        pose = found.pose
        if truth is not None:
            # A person not found has all joints wrong.
            joints = pose.joints if pose else np.full_like(truth.joints, -1e6)
            missed += pose is None
            for threshold, collected in hits.items():
                correct = correct_keypoints(truth.joints, truth.seen, joints, threshold)
                if correct is not None:
                    collected.append(correct)
            posed += 1
        if labels is not None:
            counts.add(labels, found.parsing.labels)
            labelled += 1
        if say and (number + 1) % 50 == 0:
            say(f"{number + 1} of {len(entries)} photos")
    if not labelled and not posed:
        raise BadDataset(f"{', '.join(config.data)}: no photo with labels or joints matches --ids '{config.ids}'")
    scores = []
    if labelled:
        protocol = "labels merged to 12 classes, pixels of all photos counted together, at photo size"
        scores.append(Score("mIoU12", counts.mean_iou(), protocol, labelled, True))
        scores += [Score(f"IoU {name}", value, protocol, labelled, True) for name, value in counts.iou().items()]
        scores.append(
            Score("IoU person", counts.person_iou(), "everything but background, at photo size", labelled, True)
        )
    if posed:
        protocol = "seen joints within {} of the torso diagonal, a person not found counts as all wrong"
        scores += [
            Score(f"PCK@{t}", float(np.concatenate(c).mean()), protocol.format(t), posed, True)
            for t, c in hits.items()
            if c
        ]
        scores.append(
            Score("people missed", missed / posed, "share of photos with joints where nobody was found", posed, False)
        )
    return scores
