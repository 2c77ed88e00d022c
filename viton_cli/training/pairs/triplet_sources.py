"""Which triplets of a data set are trained on or measured, and what a garment laid flat makes of the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viton_cli.data.base import Dataset, Entry
from viton_cli.data.triplets import HasLaidFlat, LaidFlat, Triplet, triplets_of
from viton_cli.errors import BadDataset
from viton_cli.imaging.flatten import top_garment
from viton_cli.vocabulary import labels as L


@dataclass(frozen=True, eq=False)
class Source:
    """What is to be packed of a data set."""

    name: str
    dataset: Dataset
    people: dict[str, Entry]
    garments: dict[str, Entry]
    triplets: list[Triplet]

    @classmethod
    def of(cls, dataset: Dataset, split: str) -> Source:
        """All triplets of a split but those of trousers and skirts.

        Raises:
            BadDataset: The set has no such split, or no pairs in it.
        """
        people, garments = entries_of(dataset, split)
        rows = [row for row in triplets_of(dataset, split) if row.kind != "lower"]
        return cls(type(dataset).__name__.lower(), dataset, people, garments, rows)

    @classmethod
    def paired(cls, dataset: Dataset, split: str) -> Source:
        """Its pairs of a person and the garment worn, where both are there.

        Raises:
            BadDataset: The set has no such split, or no pairs in it.
        """
        people, garments = entries_of(dataset, split)
        pairs = [(person, garment) for person, garment in dataset.pairs(split) if person in people]
        rows = [Triplet(person, garment, person) for person, garment in pairs if garment in garments]
        return cls(type(dataset).__name__.lower(), dataset, people, garments, rows)

    def files(self) -> list[Path]:
        """All that is read of what the triplets speak of."""
        used = {id for row in self.triplets for id in (row.person, row.garment, row.truth)}
        entries = [entry for entry in (*self.people.values(), *self.garments.values()) if entry.id in used]
        return [path for entry in entries for path in entry.files]

    def laid_flat(self, person: str, garment: str | None) -> LaidFlat | None:
        """What is known of a garment that was laid flat out of the person's picture; None if it was not."""
        if garment is None or not isinstance(self.dataset, HasLaidFlat):
            return None
        return self.dataset.laid_flat(person, garment)


def entries_of(dataset: Dataset, split: str | None) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """People and garments of a split by id."""
    entries = list(dataset.entries(split))
    people, garments = ({e.id: e for e in entries if e.kind == kind} for kind in ("person", "garment"))
    return people, garments


def as_top(labels: NDArray[np.uint8], worn: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Labels (H, W) of a person whose garment was laid flat: what was laid is a top, what was cut off below is not.

    Raises:
        BadDataset: `worn` is of another picture.
    """
    if worn.shape != labels.shape:
        raise BadDataset("the garment was laid flat out of another picture")
    label, _ = top_garment(labels)
    below = (labels == label) & ~worn
    labels = np.where(below, L.PANTS if label == L.JUMPSUITS else L.SKIRT, labels)
    return np.where(worn, L.UPPER, labels).astype(np.uint8)


def sources(datasets: Sequence[Dataset], split: str) -> list[Source]:
    """Of every data set that has the split.

    Raises:
        BadDataset: One has no split "train", or no pairs in it.
    """
    found = []
    for dataset in datasets:
        try:
            found.append(Source.of(dataset, split))
        except BadDataset:
            if split == "train":
                raise
    return found
