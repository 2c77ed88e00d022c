"""Rendered people who each wear several garments, with true answers of every unpaired try-on, and true places.

    ROOT/image/wNNNN_LG.jpg  image-parse/wNNNN_LG.png  pose/wNNNN_LG_keypoints.json    labels of this toolkit; COCO-18
    ROOT/cloth/wNNNN_LG.jpg  cloth-mask/wNNNN_LG.png                                    G = l: trousers or skirt
    ROOT/image-places/wNNNNG.png  cloth-places/wNNNNG.png                               see `triplets.read_coordinates`
    ROOT/pairs.csv                                                                      person,garment,truth,kind

Person NNNN is in garment G (a, b, c) and look L: within a look, only the garment differs.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from viton_cli.data.base import (
    Setting,
    check_split,
    find,
    if_there,
    missing,
    pictures,
)
from viton_cli.data.rendered_files import RenderedFiles
from viton_cli.data.triplets import ClothCoordinates, Triplet, read_coordinates
from viton_cli.errors import BadPairs
from viton_cli.files import read_pairs, stem

HELD_OUT = "7"  # last digit of the people kept for validation


class Wardrobe(RenderedFiles):
    """Splits: "val" holds the people whose number ends in 7 and all they wear, "train" the others."""

    def in_split(self, name: str, split: str) -> bool:
        """See `RenderedFiles.in_split`."""
        return split_of(name) == split

    def pairs(self, split: str, setting: Setting = "paired") -> list[tuple[str, str]]:
        """Person and garment of `triplets`, paired or not, without trousers and skirts."""
        rows = [row for row in self.triplets(split) if row.kind != "lower"]
        return [(row.person, row.garment) for row in rows if row.unpaired == (setting == "unpaired")]

    def triplets(self, split: str) -> list[Triplet]:
        """Rows of pairs.csv of one split.

        Raises:
            BadDataset: No such split. BadPairs: pairs.csv is not there, cannot be read, or lacks a truth or a kind.
        """
        check_split(split, "train", "val")
        return [row for row in self._rows if split_of(row.person) == split]

    @cached_property
    def _rows(self) -> list[Triplet]:
        rows = []
        for row in read_pairs(find(self.root, "pairs.csv", what="the list of pairs")):
            if row.truth is None or row.kind is None:
                lacking = "truth" if row.truth is None else "kind"
                raise BadPairs(f"{row.where}: no {lacking}; expected the columns person,garment,truth,kind")
            rows.append(Triplet(*row.ids, stem(row.truth), row.kind))
        return rows

    def truth(self, person: str, garment: str) -> Path | None:
        """The picture that a perfect try-on of this pair would give, if it was rendered."""
        for row in self._rows:
            if (row.person, row.garment) == (person, garment):
                return if_there(self._images / f"{row.truth}.jpg")
        return None

    def coordinates(self, truth: str, garment: str) -> tuple[ClothCoordinates, ClothCoordinates] | None:
        """Where on its cloth the garment lies in the picture `truth` and on its product photo.

        Raises:
            BadDataset: A file cannot be read.
        """
        files = self._places_file("image", truth), self._places_file("cloth", garment)
        if not all(file.exists() for file in files):
            return None
        return read_coordinates(files[0]), read_coordinates(files[1])

    def report(self) -> list[str]:
        """Missing labels, joints, masks, coordinates, and pictures of pairs."""
        lines = self.missing_files()
        garments = [file for file in pictures(self._cloth) if file.stem[-1] != "l"]
        for kind, files in (("image", pictures(self._images)), ("cloth", garments)):
            wanted = sorted({self._places_file(kind, file.stem) for file in files})
            lines += missing(wanted, f"coordinates of {kind}", self.root)
        people = (name for row in self._rows for name in (row.person, row.truth))
        return lines + self.missing_of_rows(people, (row.garment for row in self._rows))

    def _places_file(self, kind: str, name: str) -> Path:
        """One file for all looks: they differ in light, trousers and skin only."""
        return self.root / f"{kind}-places" / f"{name.split('_')[0]}{name[-1]}.png"


def split_of(name: str) -> str:
    """The split of a picture, by its person."""
    return "val" if name.split("_")[0].endswith(HELD_OUT) else "train"
