"""Dress Code (Morelli et al. 2022), 1024x768.

    ROOT/{upper_body,lower_body,dresses}/images/NNNNNN_0.jpg     the person
                                         images/NNNNNN_1.jpg     the product photo
                                         keypoints/NNNNNN_2.json {"keypoints": [[x, y, ...] x 18]}, COCO-18, 384x512
                                         label_maps/NNNNNN_4.png indexed, ATR
                                         masks/NNNNNN_1.png      garment masks, where somebody added them
                                         train_pairs.txt  test_pairs_paired.txt  test_pairs_unpaired.txt
    ROOT/train_pairs.txt  test_pairs_paired.txt  test_pairs_unpaired.txt      a third column names the category

Convention: the keypoints are in pixels of a 384x512 picture whatever the photo's size; here they are brought to the
photo's own. A coordinate of 1 or less stands for a joint that was not found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viton_cli.data.base import (
    Entry,
    Kind,
    Setting,
    check_label_set,
    check_split,
    if_there,
    in_both,
    indexed_labels,
    missing,
    pair_ids,
    pictures,
    some,
)
from viton_cli.errors import BadDataset, BadPairs
from viton_cli.files import PairRow, picture_size, read_pairs
from viton_cli.records import Pose
from viton_cli.vocabulary.labels import N_JOINTS

CATEGORIES = ("upper_body", "lower_body", "dresses")
# What the third column of the lists in circulation calls them.
CATEGORY_NAMES = {
    "0": "upper_body", "1": "lower_body", "2": "dresses", "upper": "upper_body", "lower": "lower_body",
    "dress": "dresses", **{name: name for name in CATEGORIES},
}  # fmt: skip
KEYPOINT_FRAME = (384, 512)  # (width, height)


class DressCode:
    """Ids are CATEGORY/NNNNNN_0 for persons and CATEGORY/NNNNNN_1 for garments.

    Args:
        root: The folder that holds the categories.
        label_set: What the label maps are written in.
        categories: Which to read; those that are there by default.
    """

    def __init__(
        self, root: Path, label_set: str = "dresscode", categories: tuple[str, ...] | list[str] | None = None
    ) -> None:
        self.root = Path(root)
        self.label_set = check_label_set(label_set)
        there = tuple(name for name in CATEGORIES if (self.root / name / "images").is_dir())
        if not there:
            raise BadDataset(
                f"{self.root}: no {', '.join(f'{name}/images' for name in CATEGORIES)} (Dress Code's layout)"
            )
        if absent := set(categories or ()) - set(there):
            raise BadDataset(f"{self.root}: no category {', '.join(sorted(absent))}; there: {', '.join(there)}")
        self.categories = tuple(categories) if categories else there

    def entries(self, split: str | None = None) -> Iterator[Entry]:
        """Persons, then garments, category by category. A split is what the paired lists name."""
        check_split(split, "train", "test", "val")
        wanted = None if split is None else {id for pair in self.pairs(split) for id in pair}
        for category in self.categories:
            folder = self.root / category
            kinds: tuple[tuple[Kind, str], ...] = (("person", "_0"), ("garment", "_1"))
            for kind, ending in kinds:
                for image in pictures(folder / "images", f"*{ending}.jpg"):
                    id = f"{category}/{image.stem}"
                    if wanted is not None and id not in wanted:
                        continue
                    if kind == "garment":
                        yield Entry(id, kind, image, mask=if_there(folder / "masks" / f"{image.stem}.png"))
                        continue
                    yield Entry(
                        id,
                        kind,
                        image,
                        read_labels=partial(indexed_labels, _labels_file(image), self.label_set),
                        read_pose=partial(_read_pose, _keypoints_file(image), image),
                    )

    def pairs(self, split: str, setting: Setting = "paired") -> list[tuple[str, str]]:
        """From the lists in the categories, or from those in the root where the categories have none."""
        check_split(split, "train", "test", "val")
        if split == "train" and setting == "unpaired":
            raise BadDataset(f"{self.root}: Dress Code has no unpaired training pairs")
        name = "train_pairs.txt" if split == "train" else f"test_pairs_{setting}.txt"
        own = [category for category in self.categories if (self.root / category / name).exists()]
        if own:
            return [
                (f"{category}/{person}", f"{category}/{garment}")
                for category in own
                for person, garment in pair_ids(self.root / category / name)
            ]
        path = self.root / name
        if not path.exists():
            raise BadDataset(f"{self.root}: no {name}, neither here nor in {', '.join(self.categories)}")
        pairs = []
        for row in read_pairs(path):
            category = self._category(row)
            if category in self.categories:
                pairs.append((f"{category}/{row.ids[0]}", f"{category}/{row.ids[1]}"))
        return pairs

    def report(self) -> list[str]:
        """Missing files of each category, lists that are not there, pairs that name absent pictures."""
        lines: list[str] = []
        if absent := [name for name in CATEGORIES if not (self.root / name / "images").is_dir()]:
            lines.append(f"categories that are not there: {', '.join(absent)}")
        for category in self.categories:
            people = pictures(self.root / category / "images", "*_0.jpg")
            lines += missing([_labels_file(image) for image in people], f"{category} label maps", self.root)
            lines += missing([_keypoints_file(image) for image in people], f"{category} keypoints", self.root)
            garments = [image.with_name(f"{image.stem[:-2]}_1.jpg") for image in people]
            lines += missing(garments, f"{category} own garments", self.root)
        named: dict[str, list[tuple[str, str]]] = {"train": [], "test": []}
        for split, setting in (("train", "paired"), ("test", "paired"), ("test", "unpaired")):
            try:
                rows = self.pairs(split, "paired" if setting == "paired" else "unpaired")
            except BadDataset as error:
                lines.append(str(error))
                continue
            if setting == "paired":
                named[split] = rows
            files = [self._image(id) for id in sorted({id for row in rows for id in row})]
            lines += missing(files, f"pictures of the {setting} {split} pairs", self.root)
            same = [person for person, garment in rows if person[:-2] == garment[:-2]]
            if setting == "unpaired" and same:
                lines.append(f"{len(same)} of {len(rows)} unpaired {split} pairs are paired: {some(same)}")
        return lines + in_both(*({person for person, _ in named[split]} for split in ("train", "test")))

    def _image(self, id: str) -> Path:
        category, _, name = id.partition("/")
        return self.root / category / "images" / f"{name}.jpg"

    def _category(self, row: PairRow) -> str:
        """Of a line of a list in the root: its third column, or else the one category that has both pictures."""
        third = row.kind or row.unpaired  # the grammar of pairs files knows no category by number
        if third:
            if third.lower() not in CATEGORY_NAMES:
                known = ", ".join(CATEGORY_NAMES)
                raise BadPairs(f"{row.where}: unknown category '{third}' beside {row.person}; known: {known}")
            return CATEGORY_NAMES[third.lower()]
        files = [f"{id}.jpg" for id in row.ids]
        having = [name for name in CATEGORIES if all((self.root / name / "images" / file).exists() for file in files)]
        if len(having) != 1:
            where = " and ".join(having) or "no category"
            both = f"{row.person} {row.garment}"
            raise BadPairs(f"{row.where}: {both} has no third column (category), and both are in {where}")
        return having[0]


def _labels_file(image: Path) -> Path:
    return image.parents[1] / "label_maps" / f"{image.stem[:-2]}_4.png"


def _keypoints_file(image: Path) -> Path:
    return image.parents[1] / "keypoints" / f"{image.stem[:-2]}_2.json"


def _read_pose(path: Path, image: Path) -> Pose | None:
    if not path.exists():
        return None
    try:
        points = np.asarray(json.loads(path.read_text(encoding="utf-8"))["keypoints"], np.float32)
        if points.ndim != 2 or len(points) != N_JOINTS or points.shape[1] < 2:
            raise ValueError(f"shape {points.shape}, expected 18 joints of 2 or more numbers")
    except (ValueError, KeyError, TypeError) as error:
        raise BadDataset(f"{path}: not Dress Code keypoints ({' '.join(str(error).split())})") from None
    height, width = picture_size(image)
    seen: NDArray[np.bool_] = np.all(points[:, :2] > 1, axis=1)
    joints = points[:, :2] * (np.array((width, height), np.float32) / np.array(KEYPOINT_FRAME, np.float32))
    return Pose(joints.astype(np.float32), seen, seen.astype(np.float32))
