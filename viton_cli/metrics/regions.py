"""What the result does where truth and photo differ, where they agree, and where it may do nothing at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from viton_cli.metrics.case import AGREES, DIFFERS, Case, Which, compare, gap, strips
from viton_cli.metrics.metric import MeanOfPictures
from viton_cli.vocabulary import labels as L

FEWEST = 50


class Region(MeanOfPictures):
    """Mean absolute error, of 255, where the true picture differs from the photo: where there was something to do."""

    name, higher_is_better, needs = "region", False, ("truth", "photo")
    how = f"mean absolute error in levels of 255, RGB, over the pixels where truth and photo differ by over {DIFFERS}"

    def measure(self, case: Case, which: Which) -> Sequence[float] | None:
        """See `Metric.measure`. None where truth and photo are the same (the person's own garment)."""
        seen, truth = case.seen(which), case.seen("truth")
        count = int(case.differs.sum())
        if count < FEWEST:
            return None
        total = 0
        for top, bottom in strips(*seen.size):
            inside = case.differs[top:bottom]
            total += int(gap(seen.rows(top, bottom)[inside], truth.rows(top, bottom)[inside]).sum(dtype=np.int64))
        return [total / (3 * count)]


class MaskIou(MeanOfPictures):
    """Intersection over union of the garment in the result and in the true picture."""

    name, higher_is_better, needs = "iou", True, ("truth", "parsed:result", "parsed:truth")
    how = "upper clothes, dress and coat in the picture against those in the true one, both found by the same parser"

    def measure(self, case: Case, which: Which) -> Sequence[float] | None:
        """See `Metric.measure`."""
        if which not in case.parsed:
            return None
        here, there = np.isin(case.parsed[which], L.CLOTHES), np.isin(case.parsed["truth"], L.CLOTHES)
        union = int((here | there).sum())
        return [int((here & there).sum()) / union] if there.sum() >= FEWEST else None


class Spill(MeanOfPictures):
    """Share of the pixels that had to stay which the try-on changed."""

    name, higher_is_better, needs = "spill", False, ("truth", "photo", "labels:truth")
    how = (
        "share of pixels that differ at all from the photo, of those in the person's box (by the labels of the true "
        f"picture) where truth and photo differ by at most {AGREES} of 255"
    )

    def measure(self, case: Case, which: Which) -> Sequence[float] | None:
        """See `Metric.measure`."""
        rows, columns = (np.flatnonzero((case.labels["truth"] > 0).any(axis)) * case.result.factor for axis in (1, 0))
        if not len(rows):
            return None
        box = np.s_[rows[0] : rows[-1] + case.result.factor, columns[0] : columns[-1] + case.result.factor]
        same = case.agrees[box]
        if same.sum() < FEWEST:
            return None
        if which == "photo":
            return [0.0]
        changed = compare(case.seen(which), case.seen("photo"), lambda gap: gap > 0)[box]
        return [float(changed[same].mean())]


class Outside(MeanOfPictures):
    """Share of the pixels outside the edited mask which differ from the photo: must be 0."""

    name, higher_is_better, needs = "outside", False, ("photo", "edited")
    how = "share of pixels that differ at all from the photo, of those outside the mask that the run wrote; must be 0"

    def measure(self, case: Case, which: Which) -> Sequence[float] | None:
        """See `Metric.measure`."""
        assert case.edited is not None
        outside = ~case.edited
        if not outside.any():
            return None
        if which == "photo":
            return [0.0]
        return [float(compare(case.seen(which), case.seen("photo"), lambda gap: gap > 0)[outside].mean())]
