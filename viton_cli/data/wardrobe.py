"""Rendered people who each wear several garments, with true answers of every unpaired try-on, and true places.

    ROOT/image/wNNNN_LG.jpg  image-parse/wNNNN_LG.png  pose/wNNNN_LG_keypoints.json    labels of this toolkit; COCO-18
    ROOT/cloth/wNNNN_LG.jpg  cloth-mask/wNNNN_LG.png                                    G = l: trousers or skirt
    ROOT/image-places/wNNNNG.png  cloth-places/wNNNNG.png                               see `triplets.read_coordinates`
    ROOT/pairs.csv                                                                      person,garment,truth,kind

Person NNNN is in garment G (a, b, c) and look L: within a look, only the garment differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path

from viton_cli.data.base import (
    Entry,
    Setting,
    check_split,
    find,
    if_there,
    indexed_labels,
    missing,
    openpose_pose,
    pictures,
)
from viton_cli.data.triplets import ClothCoordinates, Triplet, read_coordinates
from viton_cli.errors import BadPairs
from viton_cli.files import read_pairs, stem

LABEL_SET = "viton"
HELD_OUT = "7"  # last digit of the people kept for validation


class Wardrobe:
    """Splits: "val" holds the people whose number ends in 7 and all they wear, "train" the others."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._images = find(self.root, "image", what="wardrobes keep their people there")
        self._cloth = find(self.root, "cloth", what="wardrobes keep their garments there")

    def entries(self, split: str | None = None) -> Iterator[Entry]:
        """People, then garments."""
        check_split(split, "train", "val")
        for image in pictures(self._images):
            if split in (None, split_of(image.stem)):
                yield Entry(
                    id=image.stem,
                    kind="person",
                    image=image,
                    read_labels=partial(indexed_labels, self._parse_file(image), LABEL_SET),
                    read_pose=partial(openpose_pose, self._pose_file(image)),
                )
        for image in pictures(self._cloth):
            if split in (None, split_of(image.stem)):
                yield Entry(id=image.stem, kind="garment", image=image, mask=if_there(self._mask_file(image)))

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
        people, garments = pictures(self._images), pictures(self._cloth)
        lines = missing([self._parse_file(image) for image in people], "label maps", self.root)
        lines += missing([self._pose_file(image) for image in people], "keypoints", self.root)
        lines += missing([self._mask_file(image) for image in garments], "garment masks", self.root)
        for kind, stems in (("image", people), ("cloth", [file for file in garments if file.stem[-1] != "l"])):
            wanted = sorted({self._places_file(kind, file.stem) for file in stems})
            lines += missing(wanted, f"coordinates of {kind}", self.root)
        named = sorted({name for row in self._rows for name in (row.person, row.truth)})
        lines += missing([self._images / f"{name}.jpg" for name in named], "people of pairs.csv", self.root)
        worn = sorted({row.garment for row in self._rows})
        return lines + missing([self._cloth / f"{name}.jpg" for name in worn], "garments of pairs.csv", self.root)

    def _parse_file(self, image: Path) -> Path:
        return self.root / "image-parse" / f"{image.stem}.png"

    def _pose_file(self, image: Path) -> Path:
        return self.root / "pose" / f"{image.stem}_keypoints.json"

    def _mask_file(self, image: Path) -> Path:
        return self.root / "cloth-mask" / f"{image.stem}.png"

    def _places_file(self, kind: str, name: str) -> Path:
        """One file for all looks: they differ in light, trousers and skin only."""
        return self.root / f"{kind}-places" / f"{name.split('_')[0]}{name[-1]}.png"


def split_of(name: str) -> str:
    """The split of a picture, by its person."""
    return "val" if name.split("_")[0].endswith(HELD_OUT) else "train"
