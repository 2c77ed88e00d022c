"""Which triplets of a data set are trained on or measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from viton_cli.data.base import Dataset, Entry
from viton_cli.data.triplets import Triplet, triplets_of
from viton_cli.errors import BadDataset


@dataclass(frozen=True, eq=False)
class Source:
    """What is to be packed of a data set; a garment "" is to be laid flat from the person's own photo."""

    name: str
    dataset: Dataset
    people: dict[str, Entry]
    garments: dict[str, Entry]
    triplets: list[Triplet]

    @classmethod
    def of(cls, dataset: Dataset, split: str, flat_lay: bool = True) -> Source:
        """All triplets of a split but those of trousers and skirts.

        Raises:
            BadDataset: The set has no such split.
        """
        people, garments = entries_of(dataset, split)
        if garments:
            rows = [row for row in triplets_of(dataset, split) if row.kind != "lower"]
        else:
            rows = [Triplet(id, "", id) for id in people] if flat_lay else []
        return cls(type(dataset).__name__.lower(), dataset, people, garments, rows)


def entries_of(dataset: Dataset, split: str | None) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """People and garments of a split by id."""
    entries = list(dataset.entries(split))
    people, garments = ({e.id: e for e in entries if e.kind == kind} for kind in ("person", "garment"))
    return people, garments


def sources(datasets: Sequence[Dataset], split: str, flat_lay: bool) -> list[Source]:
    """Of every data set that has the split.

    Raises:
        BadDataset: One has no split "train".
    """
    found = []
    for dataset in datasets:
        try:
            found.append(Source.of(dataset, split, flat_lay))
        except BadDataset:
            if split == "train":
                raise
    return found
