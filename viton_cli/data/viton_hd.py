"""VITON-HD (zip `zalando-hd-resized`), 1024x768.

    ROOT/{train,test}_pairs.txt                          "NNNNN_00.jpg MMMMM_00.jpg"
    ROOT/{train,test}/image/NNNNN_00.jpg                 the person
                      image-parse-v3/NNNNN_00.png        indexed, CIHP: 10 is torso skin
                      openpose_json/NNNNN_00_keypoints.json   BODY_25
                      cloth/NNNNN_00.jpg                 the product photo
                      cloth-mask/NNNNN_00.jpg

The release before it has `image-parse` and `openpose-json`. A person and the garment worn share one file name, so that
"paired" is a name with itself whatever the second column says; that column is the unpaired garment.
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
    pair_ids,
    pictures,
)
from viton_cli.errors import BadDataset

SPLITS = ("train", "test")
PARSE_FOLDERS = ("image-parse-v3", "image-parse")
POSE_FOLDERS = ("openpose_json", "openpose-json")


class VitonHd:
    """Ids are file names without ending; a person and its own garment have the same one.

    Args:
        root: The folder that holds `train` and `test`.
        label_set: What the label maps are written in.
    """

    def __init__(self, root: Path, label_set: str = "viton-hd") -> None:
        self.root = Path(root)
        self.label_set = check_label_set(label_set)
        self.splits = tuple(split for split in SPLITS if (self.root / split / "image").is_dir())
        if not self.splits:
            raise BadDataset(f"{self.root}: no train/image or test/image (VITON-HD keeps its pictures there)")

    def entries(self, split: str | None = None) -> Iterator[Entry]:
        """Persons, then garments, split by split."""
        check_split(split, "train", "test", "val")
        for name in self.splits if split is None else ("test" if split == "val" else split,):
            folder = self.root / name
            parse, pose = self._folders(folder)
            for image in pictures(folder / "image"):
                yield Entry(
                    id=image.stem,
                    kind="person",
                    image=image,
                    read_labels=partial(indexed_labels, parse / f"{image.stem}.png", self.label_set),
                    read_pose=partial(openpose_pose, pose / f"{image.stem}_keypoints.json"),
                )
            for image in pictures(folder / "cloth"):
                mask = if_there(folder / "cloth-mask" / image.name)
                yield Entry(id=image.stem, kind="garment", image=image, mask=mask)

    def pairs(self, split: str, setting: Setting = "paired") -> list[tuple[str, str]]:
        """From SPLIT_pairs.txt, or SPLIT_pairs_unpaired.txt for what others have re-packed."""
        check_split(split, "train", "test", "val")
        split = "test" if split == "val" else split
        names = (f"{split}_pairs.txt", f"{split}_pairs_unpaired.txt")
        path = find(self.root, *(names if setting == "paired" else reversed(names)), what="the list of pairs")
        rows = pair_ids(path, setting)
        return rows if setting == "unpaired" else [(person, person) for person, _ in rows]

    def report(self) -> list[str]:
        """Missing files of each split, and pairs that name absent pictures."""
        lines: list[str] = []
        ids: dict[str, list[str]] = {}
        for split in self.splits:
            folder = self.root / split
            parse, pose = self._folders(folder)
            ids[split] = names = [image.stem for image in pictures(folder / "image")]
            lines += missing([parse / f"{name}.png" for name in names], f"{split} label maps", self.root)
            lines += missing([pose / f"{name}_keypoints.json" for name in names], f"{split} keypoints", self.root)
            garments = pictures(folder / "cloth")
            masks = [folder / "cloth-mask" / image.name for image in garments]
            lines += missing([folder / "cloth" / f"{name}.jpg" for name in names], f"{split} own garments", self.root)
            lines += missing(masks, f"{split} garment masks", self.root)
            try:
                rows = self.pairs(split, "unpaired")
            except BadDataset:
                lines.append(f"no {split}_pairs.txt")
                continue
            lines += missing_of_pairs(rows, folder / "image", folder / "cloth", self.root, f"the {split} pairs")
        return lines + in_both(ids.get("train", []), ids.get("test", []))

    def _folders(self, folder: Path) -> tuple[Path, Path]:
        """Where this release keeps label maps and keypoints; the newer name if it has neither."""
        parse = next((folder / name for name in PARSE_FOLDERS if (folder / name).is_dir()), folder / PARSE_FOLDERS[0])
        pose = next((folder / name for name in POSE_FOLDERS if (folder / name).is_dir()), folder / POSE_FOLDERS[0])
        return parse, pose
