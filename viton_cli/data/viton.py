"""VITON as its authors released it (withdrawn since; for those who have a licence to use it).

    ROOT/women_top/NNNNNN_0.jpg                 the person
         women_top/NNNNNN_1.jpg                 the product photo
         segment/NNNNNN_0.mat                   "segment" (641, 641): LIP labels
         pose/NNNNNN_0.mat                      "candidate" (n, 4) x, y, score, id; "subset" (people, 20)
         viton_train_pairs.txt  viton_test_pairs.txt          "NNNNNN_0.jpg NNNNNN_1.jpg"

Convention: "segment" is transposed, and holds the photo in its upper left corner with the longer side at 641; it is
turned, cropped and brought to the photo's size here. "candidate" is in photo pixels; "subset" holds for each person
the rows of "candidate" in COCO-18 order, -1 for a joint that was not found. `pose.pkl` is not read: unpickling executes
code.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.data.base import (
    Entry,
    Labels,
    Setting,
    check_label_set,
    check_split,
    find,
    in_both,
    largest,
    missing,
    missing_of_pairs,
    own_garment,
    pair_ids,
    pictures,
    read_mat,
)
from viton_cli.errors import BadDataset
from viton_cli.files import picture_size
from viton_cli.records import Pose
from viton_cli.vocabulary.label_sets import to_labels
from viton_cli.vocabulary.labels import N_JOINTS

SIDE = 641


class Viton:
    """Ids are file names without ending, `NNNNNN_0` for persons and `NNNNNN_1` for garments.

    Args:
        root: The folder that holds `women_top`, or the one above it if that is called `data`.
        label_set: What "segment" is written in.
    """

    def __init__(self, root: Path, label_set: str = "lip") -> None:
        root = Path(root)
        self.root = root / "data" if (root / "data" / "women_top").is_dir() else root
        self.label_set = check_label_set(label_set)
        self._photos = find(self.root, "women_top", what="VITON keeps persons and products there")

    def entries(self, split: str | None = None) -> Iterator[Entry]:
        """Persons, then garments; a split is what its pairs file names."""
        check_split(split, "train", "test", "val")
        wanted = None if split is None else {id for pair in self.pairs(split) for id in pair}
        for image in pictures(self._photos, "*_0.jpg"):
            if wanted is None or image.stem in wanted:
                yield Entry(
                    id=image.stem,
                    kind="person",
                    image=image,
                    read_labels=partial(self._labels, image),
                    read_pose=partial(self._pose, image),
                )
        for image in pictures(self._photos, "*_1.jpg"):
            if wanted is None or image.stem in wanted:
                yield Entry(id=image.stem, kind="garment", image=image)

    def pairs(self, split: str, setting: Setting = "paired") -> list[tuple[str, str]]:
        """The training list is paired, the test list unpaired; paired test pairs are made from the names."""
        check_split(split, "train", "test", "val")
        if split == "train" and setting == "unpaired":
            raise BadDataset(f"{self.root}: VITON has no unpaired training pairs")
        name = "viton_train_pairs.txt" if split == "train" else "viton_test_pairs.txt"
        rows = pair_ids(find(self.root, name, what="the list of pairs"))
        return (
            rows if setting == "unpaired" or split == "train" else [(person, own_garment(person)) for person, _ in rows]
        )

    def report(self) -> list[str]:
        """Missing label maps, joints and lists, and pairs that name absent pictures."""
        people = pictures(self._photos, "*_0.jpg")
        lines = missing([self._segment_file(image) for image in people], "label maps", self.root)
        lines += missing([self._pose_file(image) for image in people], "keypoints", self.root)
        if lines and (self.root / "pose.pkl").exists():
            lines.append("pose.pkl is not read, since unpickling executes code: write its people to pose/ID.mat")
        named: dict[str, list[tuple[str, str]]] = {"train": [], "test": []}
        for split in named:
            name = f"viton_{split}_pairs.txt"
            if not (self.root / name).exists():
                lines.append(f"no {name}")
                continue
            named[split] = self.pairs(split, "paired" if split == "train" else "unpaired")
            lines += missing_of_pairs(named[split], self._photos, self._photos, self.root, name)
        return lines + in_both(*((person for person, _ in rows) for rows in named.values()))

    def _segment_file(self, image: Path) -> Path:
        return self.root / "segment" / f"{image.stem}.mat"

    def _pose_file(self, image: Path) -> Path:
        return self.root / "pose" / f"{image.stem}.mat"

    def _labels(self, image: Path) -> Labels | None:
        path = self._segment_file(image)
        if not path.exists():
            return None
        segment = read_mat(path, "segment").astype(np.uint8)
        try:
            return to_labels(upright(segment, picture_size(image)), self.label_set)
        except ValueError as error:
            raise BadDataset(f"{path}: {error}") from None

    def _pose(self, image: Path) -> Pose | None:
        path = self._pose_file(image)
        if not path.exists():
            return None
        candidates = np.asarray(read_mat(path, "candidate"), np.float32).reshape(-1, 4)
        subset = read_mat(path, "subset")
        rows = np.asarray(subset, np.int64).reshape(-1, subset.shape[-1] or N_JOINTS + 2)[:, :N_JOINTS]
        if rows.shape[1] != N_JOINTS or rows.max(initial=-1) >= len(candidates):
            raise BadDataset(f"{path}: 'subset' does not fit 'candidate'")
        # One row of zeros at the end, where the index -1 of a missing joint points to.
        table = np.vstack([candidates, np.zeros((1, 4), np.float32)])
        return largest([Pose(table[row, :2], row >= 0, np.clip(table[row, 2], 0, 1)) for row in rows])


def upright(segment: NDArray[np.uint8], size: tuple[int, int]) -> Labels:
    """VITON's square, transposed label array (641, 641) as the label map of its photo.

    Args:
        segment: As it is stored.
        size: (height, width) of the photo.

    Raises:
        ValueError: Another shape.
    """
    if segment.shape != (SIDE, SIDE):
        raise ValueError(f"'segment' is {segment.shape}, expected ({SIDE}, {SIDE})")
    height, width = size
    longer = max(size)
    part = segment.T[: round(SIDE * height / longer), : round(SIDE * width / longer)]
    return np.asarray(Image.fromarray(np.ascontiguousarray(part)).resize((width, height), Image.Resampling.NEAREST))
