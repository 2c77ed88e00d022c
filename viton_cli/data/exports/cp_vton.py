"""CP-VTON's layout, 256x192, with what CP-VTON+ adds; read back by `data.cp_vton`.

    ROOT/train_pairs.txt                                "NNNNNN_0.jpg NNNNNN_1.jpg"
    ROOT/test_pairs.txt  test_pairs_same.txt            the unpaired garments; CP-VTON+: the own ones
    ROOT/{train,test}/image/NNNNNN_0.jpg                RGB
                      image-parse/NNNNNN_0.png          P, LIP 0 to 19
                      pose/NNNNNN_0_keypoints.json      COCO-18, key `pose_keypoints`, missing joints 0, 0, 0
                      cloth/NNNNNN_1.jpg                RGB
                      cloth-mask/NNNNNN_1.jpg           L, 0 or 255 (CP-VTON takes what is above 200, CP-VTON+ from 128)
                      image-parse-new/NNNNNN_0.png      CP-VTON+: L, LIP and 20 = neck and chest skin
                      image-mask/NNNNNN_0.png           CP-VTON+: L, 255 = the body, whatever covers it

`warp-cloth` and `warp-mask` are what their first stage writes and their second opens.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from viton_cli.data.exports.base import PictureAndMask, Product, Wearer, write_jpeg, write_list
from viton_cli.data.exports.looks import Looks, Name
from viton_cli.files import write_image, write_labels, write_text
from viton_cli.vocabulary.label_sets import from_labels
from viton_cli.vocabulary.labels import BACKGROUND, BAG, IGNORE


class CpVtonExport(PictureAndMask):
    """The layout of `viton_resize`."""

    size: tuple[int, int] | None = (256, 192)
    needs_own = False
    lacks = ""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def person_files(self, name: Name) -> list[Path]:
        folder, id = self.root / name.split, f"{name.number:06d}_0"
        return [
            folder / "image" / f"{id}.jpg",
            folder / "image-parse" / f"{id}.png",
            folder / "pose" / f"{id}_keypoints.json",
            folder / "image-parse-new" / f"{id}.png",
            folder / "image-mask" / f"{id}.png",
        ]

    def garment_files(self, name: Name) -> list[Path]:
        return [self.root / name.split / kind / f"{name.number:06d}_1.jpg" for kind in ("cloth", "cloth-mask")]

    def write_person(self, name: Name, person: Wearer, own: Product | None) -> list[str]:
        """Picture, labels, joints, body."""
        image, parse, pose, new_parse, body = self.person_files(name)
        write_jpeg(image, person.image, person.file)
        write_labels(parse, from_labels(person.labels, "lip"))
        numbers = [round(float(value), 3) for value in person.coco18().ravel()]
        hands: dict[str, list[float]] = {
            key: [] for key in ("face_keypoints", "hand_right_keypoints", "hand_left_keypoints")
        }
        write_text(pose, json.dumps({"version": 1.0, "people": [{"pose_keypoints": numbers, **hands}]}))
        write_image(new_parse, from_labels(person.labels, "cp-vton+"))
        write_image(body, np.where(np.isin(person.labels, (BACKGROUND, BAG, IGNORE)), 0, 255).astype(np.uint8))
        return []

    def write_lists(self, looks: Looks) -> list[str]:
        """The three lists, of the splits there are."""
        same = {
            split: [(look.name.number, look.name.number) for look in looks.worn(split)] for split in ("train", "test")
        }
        lists = {
            "train_pairs.txt": same["train"],
            "test_pairs.txt": looks.unpaired,
            "test_pairs_same.txt": same["test"],
        }
        for file, pairs in lists.items():
            write_list(self.root / file, [f"{person:06d}_0.jpg {garment:06d}_1.jpg" for person, garment in pairs])
        return []
