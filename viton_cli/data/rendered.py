"""Rendered people and garments with exact labels, joints and true answers.

    ROOT/image/pNNNN.jpg  image-parse/pNNNN.png  pose/pNNNN_keypoints.json     labels of this toolkit; COCO-18
    ROOT/cloth/gNNNN.jpg  cloth-mask/gNNNN.png
    ROOT/pairs.csv                                                              person,garment,truth

`pNNNN_gMMMM` is person NNNN in garment MMMM with the same pose, camera and light: the truth of an unpaired try-on.
"""

from __future__ import annotations

import re
from pathlib import Path

from viton_cli.data.base import (
    Setting,
    check_split,
    find,
    if_there,
)
from viton_cli.data.rendered_files import RenderedFiles
from viton_cli.data.triplets import Triplet
from viton_cli.errors import BadPairs
from viton_cli.files import read_pairs, stem


class Rendered(RenderedFiles):
    """Splits: "val" holds the people and garments whose number ends in 3, "train" the others.

    A picture in which a person wears a garment of the other split is in neither; `entries()` has it.
    """

    def in_split(self, name: str, split: str) -> bool:
        """See `RenderedFiles.in_split`."""
        return _splits(name) == {split}

    def pairs(self, split: str, setting: Setting = "paired") -> list[tuple[str, str]]:
        """Rows of pairs.csv of one split: paired where the person picture is its own truth, else unpaired."""
        check_split(split, "train", "val")
        return [
            (person, garment)
            for person, garment, truth in self.rows()
            if (person == truth) == (setting == "paired") and _splits(person) | _splits(garment) == {split}
        ]

    def triplets(self, split: str) -> list[Triplet]:
        """Rows of pairs.csv whose names all belong to one split, and whose pictures are there."""
        check_split(split, "train", "val")
        rows = [Triplet(*row) for row in self.rows() if set().union(*(_splits(name) for name in row)) == {split}]
        return [row for row in rows if (self._images / f"{row.truth}.jpg").exists()]

    def rows(self) -> list[tuple[str, str, str]]:
        """pairs.csv: (person, garment, truth), where `truth` is the picture of that person in that garment.

        Raises:
            BadPairs: Unreadable or without these columns.
        """
        path = find(self.root, "pairs.csv", what="the list of pairs")
        rows = read_pairs(path)
        if any(row.truth is None for row in rows):
            lacking = next(row for row in rows if row.truth is None)
            raise BadPairs(f"{lacking.where}: no truth; expected the columns person,garment,truth")
        return [(*row.ids, stem(row.truth or "")) for row in rows]

    def truth(self, person: str, garment: str) -> Path | None:
        """The picture that a perfect try-on of this pair would give, if it was rendered."""
        for row in self.rows():
            if row[:2] == (person, garment):
                return if_there(self._images / f"{row[2]}.jpg")
        return None

    def report(self) -> list[str]:
        """Missing labels, joints, masks and pictures of pairs."""
        rows = self.rows()
        people = (name for person, _, truth in rows for name in (person, truth))
        return self.missing_files() + self.missing_of_rows(people, (garment for _, garment, _ in rows))


def _splits(name: str) -> set[str]:
    """The splits that the numbers in a name belong to."""
    return {"val" if number.endswith("3") else "train" for number in re.findall(r"\d+", name)} or {"train"}
