"""Dress Code's layout, 1024x768; read back by `data.dresscode`.

    ROOT/{upper_body,lower_body,dresses}/images/NNNNNN_0.jpg     RGB, the person
                                         images/NNNNNN_1.jpg     RGB, the garment
                                         keypoints/NNNNNN_2.json {"keypoints": [[x, y, confidence, joint] x 18]}
                                         label_maps/NNNNNN_4.png P, ATR 0 to 17
                                         skeletons/NNNNNN_5.jpg  RGB on black
                                         masks/NNNNNN_1.png      L, the garment's mask (as LaDI-VTON adds it)
                                         train_pairs.txt  test_pairs_paired.txt  test_pairs_unpaired.txt
    ROOT/train_pairs.txt  test_pairs_paired.txt  test_pairs_unpaired.txt         the same with the category's number

Convention: keypoints are in pixels of a 384x512 picture; 0, 0 for what was not found (loaders take 1 and less so).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from viton_cli.data.dresscode import CATEGORIES, KEYPOINT_FRAME
from viton_cli.data.exports.base import PictureAndMask, Product, Wearer, write_jpeg, write_list
from viton_cli.data.exports.looks import Looks, Name
from viton_cli.files import write_image, write_labels, write_text
from viton_cli.imaging.openpose import draw_openpose
from viton_cli.vocabulary.label_sets import from_labels

CATEGORY = {"upper": "upper_body", "lower": "lower_body", "dress": "dresses"}


class DressCodeExport(PictureAndMask):
    """A garment's kind, as `prepare` found it, decides on the category."""

    size: tuple[int, int] | None = (1024, 768)
    needs_own = False
    lacks = (
        "DensePose is not made: Dress Code's own loader opens it, as dense/NNNNNN_5.png (parts) and "
        "dense/NNNNNN_5_uv.npz (array 'uv')"
    )

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def person_files(self, name: Name) -> list[Path]:
        folder, number = self.root / CATEGORY[name.kind], f"{name.number:06d}"
        return [
            folder / "images" / f"{number}_0.jpg",
            folder / "label_maps" / f"{number}_4.png",
            folder / "keypoints" / f"{number}_2.json",
            folder / "skeletons" / f"{number}_5.jpg",
        ]

    def garment_files(self, name: Name) -> list[Path]:
        folder, number = self.root / CATEGORY[name.kind], f"{name.number:06d}"
        return [folder / "images" / f"{number}_1.jpg", folder / "masks" / f"{number}_1.png"]

    def write_person(self, name: Name, person: Wearer, own: Product | None) -> list[str]:
        """Picture, labels, joints, and these drawn."""
        image, parse, pose, skeleton = self.person_files(name)
        write_jpeg(image, person.image, person.file)
        write_labels(parse, from_labels(person.labels, "dresscode"))
        joints = person.coco18()
        scale = np.array(KEYPOINT_FRAME) / person.labels.shape[::-1]
        rows = [
            [round(float(x * scale[0]), 4), round(float(y * scale[1]), 4), round(float(seen), 4), float(number)]
            if seen > 0
            else [0.0, 0.0, 0.0, -1.0]  # loaders make unsigned numbers of x and y
            for number, (x, y, seen) in enumerate(joints)
        ]
        write_text(pose, json.dumps({"keypoints": rows}))
        write_image(skeleton, draw_openpose(joints, person.labels.shape))
        return []

    def write_lists(self, looks: Looks) -> list[str]:
        """Lists in each category, and in the root for all."""
        names = looks.names()
        lists = {
            "train_pairs.txt": [(look.name, look.name) for look in looks.worn("train")],
            "test_pairs_paired.txt": [(look.name, look.name) for look in looks.worn("test")],
            "test_pairs_unpaired.txt": [(names[person], names[garment]) for person, garment in looks.unpaired],
        }
        for file, pairs in lists.items():
            lines = []
            for kind, category in CATEGORY.items():
                own = [_pair(person, garment) for person, garment in pairs if person.kind == garment.kind == kind]
                lines += [f"{pair} {CATEGORIES.index(category)}" for pair in own]
                write_list(self.root / category / file, own)
            write_list(self.root / file, lines)
        mixed = sum(person.kind != garment.kind for pairs in lists.values() for person, garment in pairs)
        return [f"{mixed} pairs of two categories have no place in this layout"] if mixed else []


def _pair(person: Name, garment: Name) -> str:
    return f"{person.number:06d}_0.jpg {garment.number:06d}_1.jpg"
