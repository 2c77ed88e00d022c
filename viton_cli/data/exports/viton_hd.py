"""VITON-HD's layout, 1024x768; read back by `data.viton_hd`.

    ROOT/{train,test}_pairs.txt                         "NNNNN_00.jpg MMMMM_00.jpg"; test: the unpaired garment
    ROOT/{train,test}/image/NNNNN_00.jpg                RGB
                      cloth/NNNNN_00.jpg                RGB; the garment that person wears has the person's name
                      cloth-mask/NNNNN_00.jpg           L, 0 or 255
                      image-parse-v3/NNNNN_00.png       P, CIHP 0 to 19
                      image-parse-agnostic-v3.2/NNNNN_00.png      P, without garment, neck and sleeves
                      openpose_img/NNNNN_00_rendered.png          RGB on black
                      openpose_json/NNNNN_00_keypoints.json       BODY_25
                      agnostic-v3.2/NNNNN_00.jpg        RGB, grey where the garment goes
                      agnostic-mask/NNNNN_00_mask.png   L, 255 where the garment goes

"viton-hd" also writes the folders under the older names that VITON-HD's own code opens: image-parse, openpose-img,
openpose-json. "hr-viton" writes those above alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viton_cli.data.exports.base import PictureAndMask, Product, Wearer, write_jpeg, write_list
from viton_cli.data.exports.looks import Looks, Name
from viton_cli.files import write_image, write_labels, write_openpose
from viton_cli.imaging.agnostic import agnostic_labels, agnostic_picture, agnostic_region, with_torso
from viton_cli.imaging.openpose import draw_openpose
from viton_cli.vocabulary.label_sets import from_labels


class HrVitonExport(PictureAndMask):
    """The layout of the published zip, which HR-VITON and those after it open."""

    size: tuple[int, int] | None = (1024, 768)
    needs_own = True
    lacks = (
        "DensePose is not made: where a loader opens it (HR-VITON's does), run detectron2's DensePose over image/ "
        "and put its pictures into image-densepose/NNNNN_00.jpg"
    )
    parse: tuple[str, ...] = ("image-parse-v3",)
    pose_picture: tuple[str, ...] = ("openpose_img",)
    pose_numbers: tuple[str, ...] = ("openpose_json",)

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def person_files(self, name: Name) -> list[Path]:
        folder, id = self.root / name.split, _id(name)
        return [
            folder / "image" / f"{id}.jpg",
            folder / "image-parse-agnostic-v3.2" / f"{id}.png",
            folder / "agnostic-v3.2" / f"{id}.jpg",
            folder / "agnostic-mask" / f"{id}_mask.png",
            *(folder / parse / f"{id}.png" for parse in self.parse),
            *(folder / pose / f"{id}_rendered.png" for pose in self.pose_picture),
            *(folder / pose / f"{id}_keypoints.json" for pose in self.pose_numbers),
        ]

    def garment_files(self, name: Name) -> list[Path]:
        return [self.root / name.split / kind / f"{_id(name)}.jpg" for kind in ("cloth", "cloth-mask")]

    def write_person(self, name: Name, person: Wearer, own: Product | None) -> list[str]:
        """Picture, labels, joints, and what is derived of them."""
        image, agnostic_parse, agnostic, mask, *rest = self.person_files(name)
        labels = from_labels(person.labels, "viton-hd")
        joints = person.body25()
        placed = with_torso(joints, person.labels.shape)
        region = agnostic_region(labels, placed)
        write_jpeg(image, person.image, person.file)
        write_labels(agnostic_parse, agnostic_labels(labels, placed))
        write_image(agnostic, agnostic_picture(person.image, region))
        write_image(mask, region.astype(np.uint8) * 255)
        picture = draw_openpose(joints, person.labels.shape)
        for path in rest:
            _write(path, labels, picture, placed)
        return []

    def write_lists(self, looks: Looks) -> list[str]:
        """train_pairs.txt and test_pairs.txt, of the splits there are."""
        names = looks.names()
        rows = {"train": [(look.name, look.name) for look in looks.worn("train")]}
        rows["test"] = [(names[person], names[garment]) for person, garment in looks.unpaired]
        for split, pairs in rows.items():
            lines = [f"{_id(person)}.jpg {_id(garment)}.jpg" for person, garment in pairs]
            write_list(self.root / f"{split}_pairs.txt", lines)
        return []


class VitonHdExport(HrVitonExport):
    """The same with the older names beside, which VITON-HD's own code opens."""

    parse = ("image-parse-v3", "image-parse")
    pose_picture = ("openpose_img", "openpose-img")
    pose_numbers = ("openpose_json", "openpose-json")


def _id(name: Name) -> str:
    return f"{name.number:05d}_00"


def _write(path: Path, labels: NDArray[np.uint8], picture: NDArray[np.uint8], joints: NDArray[np.float64]) -> None:
    if path.suffix == ".json":
        write_openpose(path, [joints])
    elif path.stem.endswith("_rendered"):
        write_image(path, picture)
    else:
        write_labels(path, labels)
