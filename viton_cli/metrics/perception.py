"""Scores of perception: intersection over union of labels, percentage of correct keypoints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viton_cli.vocabulary import labels as L


class LabelCounts:
    """Pixel counts of (true, predicted) class pairs over a data set, labels merged to the 12 of `MERGED_12`."""

    names = tuple(L.MERGED_12)

    def __init__(self) -> None:
        self.table = L.merge_table()
        self.counts = np.zeros((len(self.names), len(self.names)), np.int64)

    def add(self, truth: NDArray[np.uint8], predicted: NDArray[np.uint8]) -> None:
        """Count one picture: two (H, W) label maps of the 22 labels; `labels.IGNORE` in the truth is left out."""
        known = truth != L.IGNORE
        t, p = self.table[truth[known]].astype(np.int64), self.table[predicted[known]]
        n = len(self.names)
        self.counts += np.bincount(t * n + p, minlength=n * n).reshape(n, n)

    def iou(self) -> dict[str, float]:
        """IoU of each class that occurs in the truth."""
        both = np.diag(self.counts)
        union = self.counts.sum(0) + self.counts.sum(1) - both
        return {
            name: float(both[i] / union[i]) for i, name in enumerate(self.names) if self.counts[i].sum() and union[i]
        }

    def mean_iou(self) -> float:
        """Mean of `iou` over the classes that occur."""
        values = list(self.iou().values())
        return float(np.mean(values)) if values else 0.0

    def person_iou(self) -> float:
        """IoU of everything but background, 0 if there is nothing else."""
        background = int(self.table[L.BACKGROUND])
        keep = [i for i in range(len(self.names)) if i != background]
        both = self.counts[np.ix_(keep, keep)].sum()
        return float(both / max(self.counts.sum() - self.counts[background, background], 1))


def torso_diagonal(joints: NDArray[np.float32], seen: NDArray[np.bool_]) -> float | None:
    """Mean length of the two torso diagonals (shoulder to the opposite hip); None if no diagonal is seen."""
    pairs = [(a, b) for a, b in ((L.R_SHOULDER, L.L_HIP), (L.L_SHOULDER, L.R_HIP)) if seen[a] and seen[b]]
    return float(np.mean([np.linalg.norm(joints[a] - joints[b]) for a, b in pairs])) if pairs else None


def correct_keypoints(
    truth: NDArray[np.float32], seen: NDArray[np.bool_], predicted: NDArray[np.float32], threshold: float
) -> NDArray[np.bool_] | None:
    """Which of the seen joints lie within `threshold` torso diagonals of the truth; None without a torso diagonal."""
    diagonal = torso_diagonal(truth, seen)
    if not diagonal:
        return None
    distance = np.linalg.norm(truth[seen] - predicted[seen], axis=1)
    return np.asarray(distance <= threshold * diagonal)
