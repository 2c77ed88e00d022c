"""Scores of stage 1 where the answer is known: clothing mask, layout, places, coarse picture."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viton_cli.core.generator import Painting
from viton_cli.core.losses import Answer, mask_iou
from viton_cli.metrics import Score
from viton_cli.vocabulary.layout import GARMENT, LAYOUT

OFF = 0.03  # of the garment's height: a place farther from the true one than this is off
DIFFERS = (
    12  # of 255, in any channel: where the truth differs from the person's photo so much, there is something to do
)

PROTOCOL = {
    "M IoU": "clothing mask cut at 0.5, in the network frame, mean over try-ons",
    "layout": "largest share of 10 classes, pixels of all try-ons counted together, garment of unknown part left out",
    "places off": f"share of the garment's pixels whose place is more than {OFF:.0%} of its height off, mean over "
    "try-ons",
    "places median": "median distance over a garment's pixels, in garment heights, mean over try-ons",
    "coarse error": f"mean absolute difference of 255 where truth and photo differ by more than {DIFFERS}, mean over "
    "try-ons",
}


class Stage1Measures:
    """Collects what stage 1 paints beside what is true. Layout and places are scored of a generator that has them."""

    def __init__(self) -> None:
        self.overlap: list[float] = []
        self.counts: NDArray[np.int64] = np.zeros((len(LAYOUT), len(LAYOUT)), np.int64)  # (true, painted)
        self.off: list[float] = []
        self.median: list[float] = []
        self.error: list[float] = []
        self.layouts = 0

    def add(self, painting: Painting, answer: Answer, person: Tensor) -> None:
        """Take in a batch; `person` (B, 3, H, W) in [-1, 1] are the photos that were to be dressed."""
        self.overlap += mask_iou(torch.sigmoid(painting.mask), answer.worn).tolist()
        differs = (person - answer.image).abs().amax(1) * 127.5 > DIFFERS
        errors = (painting.image - answer.image).abs().mean(1) * 127.5
        self.error += [float(one[where].mean()) for one, where in zip(errors, differs) if where.any()]
        if painting.layout is not None:
            known = answer.layout != GARMENT
            pair = answer.layout[known] * len(LAYOUT) + painting.layout.argmax(1)[known]
            self.counts += np.bincount(pair.cpu().numpy(), minlength=self.counts.size).reshape(self.counts.shape)
            self.layouts += len(answer.layout)
        if painting.places is not None:
            distance = (painting.places - answer.places).norm(dim=1) / answer.tall[:, None, None]
            for one in distance:
                there = one[torch.isfinite(one)]
                if len(there):
                    self.off.append(float((there > OFF).float().mean()))
                    self.median.append(float(there.median()))

    def iou(self) -> dict[str, float]:
        """IoU of each class of the layout that occurs in the truth."""
        both, true, painted = np.diag(self.counts), self.counts.sum(1), self.counts.sum(0)
        return {name: float(both[i] / (true[i] + painted[i] - both[i])) for i, name in enumerate(LAYOUT) if true[i]}

    def scores(self) -> list[Score]:
        """Every score of which there is anything."""
        found = []
        if self.overlap:
            found.append(_mean("M IoU", self.overlap, True))
        if self.layouts:
            classes = self.iou()
            values = {"layout mean IoU": float(np.mean(list(classes.values()))) if classes else 0.0}
            values |= {f"layout IoU {name}": value for name, value in classes.items()}
            found += [Score(name, value, PROTOCOL["layout"], self.layouts, True) for name, value in values.items()]
        for name, collected in (("places off", self.off), ("places median", self.median), ("coarse error", self.error)):
            if collected:
                found.append(_mean(name, collected, False))
        return found


def _mean(name: str, values: list[float], higher_is_better: bool) -> Score:
    return Score(name, float(np.mean(values)), PROTOCOL[name], len(values), higher_is_better)
