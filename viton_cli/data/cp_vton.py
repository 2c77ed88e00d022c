"""VITON as CP-VTON re-packed it (`viton_resize`), and with the files that CP-VTON+ adds; 256x192 throughout.

    ROOT/{train,test}_pairs.txt                          "NNNNNN_0.jpg NNNNNN_1.jpg"; CP-VTON+: test_pairs_same.txt
    ROOT/{train,test}/image/NNNNNN_0.jpg                 the person
                      image-parse/NNNNNN_0.png           indexed, LIP
                      image-parse-new/NNNNNN_0.png       CP-VTON+: LIP and 20 = neck and chest skin, grey PNG
                      pose/NNNNNN_0_keypoints.json       COCO-18, key `pose_keypoints`
                      cloth/NNNNNN_1.jpg                 the product photo
                      cloth-mask/NNNNNN_1.jpg            a JPEG: threshold at one half

The training pairs are paired; test_pairs.txt is unpaired but for a few lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from viton_cli.data.base import (
    Entry,
    Setting,
    check_label_set,
    check_split,
    find,
    if_there,
    in_both,
    indexed_labels,
    missing,
    missing_of_pairs,
    openpose_pose,
    own_garment,
    pair_ids,
    pictures,
    some,
)
from viton_cli.errors import BadDataset

SPLITS = ("train", "test")


class CpVton:
    """Ids are file names without ending, `NNNNNN_0` for persons and `NNNNNN_1` for garments.

    Args:
        root: The folder that holds `train` and `test`, or the one above it if that is called `data`.
        label_set: "lip" reads `image-parse`, "cp-vton+" reads `image-parse-new`.
    """

    def __init__(self, root: Path, label_set: str = "lip") -> None:
        root = Path(root)
        self.root = root / "data" if (root / "data").is_dir() else root
        self.label_set = check_label_set(label_set)
        self._parse = "image-parse-new" if label_set == "cp-vton+" else "image-parse"
        self.splits = tuple(split for split in SPLITS if (self.root / split / "image").is_dir())
        if not self.splits:
            raise BadDataset(f"{self.root}: no train/image or test/image (CP-VTON's layout keeps its pictures there)")

    def entries(self, split: str | None = None) -> Iterator[Entry]:
        """Persons, then garments, split by split."""
        check_split(split, "train", "test", "val")
        for name in self.splits if split is None else ("test" if split == "val" else split,):
            folder = self.root / name
            for image in pictures(folder / "image"):
                yield Entry(
                    id=image.stem,
                    kind="person",
                    image=image,
                    read_labels=partial(indexed_labels, self._parse_file(image), self.label_set),
                    read_pose=partial(openpose_pose, _pose_file(image)),
                )
            for image in pictures(folder / "cloth"):
                yield Entry(id=image.stem, kind="garment", image=image, mask=if_there(_mask_file(image)))

    def pairs(self, split: str, setting: Setting = "paired") -> list[tuple[str, str]]:
        """Training pairs are paired; test pairs are test_pairs.txt, or each person with its own garment."""
        check_split(split, "train", "test", "val")
        if split == "train":
            if setting == "unpaired":
                raise BadDataset(f"{self.root}: CP-VTON's layout has no unpaired training pairs")
            return self._read("train_pairs.txt")
        if setting == "unpaired":
            return self._read("test_pairs.txt")
        if (self.root / "test_pairs_same.txt").exists():
            return self._read("test_pairs_same.txt")
        return [(person, own_garment(person)) for person, _ in self._read("test_pairs.txt")]

    def report(self) -> list[str]:
        """Missing files of each split, pairs that name absent pictures, test pairs that are not unpaired."""
        lines: list[str] = []
        ids: dict[str, list[str]] = {}
        for split in self.splits:
            persons = pictures(self.root / split / "image")
            garments = pictures(self.root / split / "cloth")
            ids[split] = [image.stem for image in persons]
            lines += missing([self._parse_file(image) for image in persons], f"{split} label maps", self.root)
            lines += missing([_pose_file(image) for image in persons], f"{split} keypoints", self.root)
            lines += missing([_mask_file(image) for image in garments], f"{split} garment masks", self.root)
            if not (self.root / f"{split}_pairs.txt").exists():
                lines.append(f"no {split}_pairs.txt")
                continue
            pairs = self._read(f"{split}_pairs.txt")
            image, cloth = self.root / split / "image", self.root / split / "cloth"
            lines += missing_of_pairs(pairs, image, cloth, self.root, f"{split}_pairs.txt")
            own = [person for person, garment in pairs if garment == own_garment(person)]
            if split == "test" and own and len(own) < len(pairs):
                lines.append(f"{len(own)} of {len(pairs)} lines of test_pairs.txt are not unpaired: {some(own)}")
        return lines + in_both(ids.get("train", []), ids.get("test", []))

    def _read(self, name: str) -> list[tuple[str, str]]:
        return pair_ids(find(self.root, name, what="the list of pairs"))

    def _parse_file(self, image: Path) -> Path:
        return image.parents[1] / self._parse / f"{image.stem}.png"


def _pose_file(image: Path) -> Path:
    return image.parents[1] / "pose" / f"{image.stem}_keypoints.json"


def _mask_file(image: Path) -> Path:
    return image.parents[1] / "cloth-mask" / image.name
