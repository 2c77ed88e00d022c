"""What perception finds in photos whose joints or labels are known, scored at the photos' own size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from viton_cli.data.base import Entry
from viton_cli.files import read_photo
from viton_cli.metrics import Score
from viton_cli.metrics.perception import LabelCounts, correct_keypoints
from viton_cli.perception import Perception

LABELS = "labels merged to 12 classes, pixels of all photos counted together, at photo size"
JOINTS = "seen joints within {} of the torso diagonal, a person not found counts as all wrong"


def measured(perception: Perception, entries: Sequence[Entry], say: Callable[[str], None] | None = None) -> list[Score]:
    """Scores of labels and of joints, as far as the photos have them; none where no photo has either.

    Args:
        perception: What is scored. entries: Photos of people. say: Hears how it goes.
    """
    counts = LabelCounts()
    hits: dict[float, list[NDArray[np.bool_]]] = {0.1: [], 0.2: []}
    labelled = posed = missed = 0
    for number, entry in enumerate(entries):
        labels, truth = entry.labels(), entry.pose()
        if labels is None and truth is None:
            continue
        (found,) = perception.perceive([read_photo(entry.image, entry.id)])
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
    scores = []
    if labelled:
        scores.append(Score("mIoU12", counts.mean_iou(), LABELS, labelled, True))
        scores += [Score(f"IoU {name}", value, LABELS, labelled, True) for name, value in counts.iou().items()]
        person = "everything but background, at photo size"
        scores.append(Score("IoU person", counts.person_iou(), person, labelled, True))
    if posed:
        scores += [
            Score(f"PCK@{t}", float(np.concatenate(c).mean()), JOINTS.format(t), posed, True)
            for t, c in hits.items()
            if c
        ]
        nobody = "share of photos with joints where nobody was found"
        scores.append(Score("people missed", missed / posed, nobody, posed, False))
    return scores
