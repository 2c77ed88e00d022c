from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from viton_cli.data.viton_hd import VitonHd
from viton_cli.errors import BadDataset
from viton_cli.vocabulary import labels as L

PARSE = np.tile(np.arange(20, dtype=np.uint8), (24, 1))


def write(root: Path, photo: Any, indexed: Any, openpose: Any, parse: str, pose: str) -> Path:
    for split, ids in (("train", ("00001_00", "00002_00")), ("test", ("00010_00", "00011_00"))):
        folder = root / split
        for id in ids:
            for kind in ("image", "cloth", "cloth-mask"):
                photo(folder / kind / f"{id}.jpg")
            indexed(folder / parse / f"{id}.png", PARSE)
            openpose(folder / pose / f"{id}_keypoints.json", 25)
    (root / "train_pairs.txt").write_text("00001_00.jpg 00001_00.jpg\n00002_00.jpg 00002_00.jpg\n")
    (root / "test_pairs.txt").write_text("00010_00.jpg 00011_00.jpg\n00011_00.jpg 00010_00.jpg\n")
    return root


@pytest.fixture
def root(tmp_path: Path, photo: Any, indexed: Any, openpose: Any) -> Path:
    return write(tmp_path, photo, indexed, openpose, "image-parse-v3", "openpose_json")


def test_person_and_garment_share_a_name(root: Path) -> None:
    entries = list(VitonHd(root).entries("train"))
    assert [(entry.kind, entry.id) for entry in entries] == [
        ("person", "00001_00"), ("person", "00002_00"), ("garment", "00001_00"), ("garment", "00002_00"),
    ]  # fmt: skip
    assert entries[0].image.parent.name == "image" and entries[2].image.parent.name == "cloth"
    assert entries[2].mask == root / "train" / "cloth-mask" / "00001_00.jpg"


def test_index_ten_is_torso_skin(root: Path) -> None:
    labels = next(VitonHd(root).entries("train")).labels()
    assert labels is not None
    assert labels[0].tolist() == [*range(10), L.NECK_SKIN, *range(11, 20)]
    as_lip = next(VitonHd(root, label_set="lip").entries("train")).labels()
    assert as_lip is not None and as_lip[0, 10] == L.JUMPSUITS


def test_body25_becomes_coco18(root: Path) -> None:
    """Hips are 9 and 12 there, 8 and 11 here; the joint written at index i lies at (i + 2, 2 i + 2)."""
    pose = next(VitonHd(root).entries("test")).pose()
    assert pose is not None
    assert pose.joints[[L.R_HIP, L.L_HIP], 0].tolist() == [11, 14]
    assert pose.joints[[L.NOSE, L.L_EAR], 0].tolist() == [2, 20]
    assert np.flatnonzero(~pose.seen).tolist() == [L.R_WRIST]


def test_of_several_people_the_largest_and_of_none_none(root: Path) -> None:
    path = root / "test" / "openpose_json" / "00010_00_keypoints.json"
    (person,) = json.loads(path.read_text())["people"]
    larger = {"pose_keypoints_2d": [value * 3 for value in person["pose_keypoints_2d"]]}
    path.write_text(json.dumps({"people": [person, larger, {"pose_keypoints_2d": [0] * 75}]}))
    pose = next(VitonHd(root).entries("test")).pose()
    assert pose is not None and pose.joints[L.NOSE].tolist() == [6, 6]
    path.write_text('{"people": []}')
    assert next(VitonHd(root).entries("test")).pose() is None
    path.write_text(json.dumps({"people": [{"pose_keypoints_2d": [0.5, 0.25, 0.9] * 25}]}))
    with pytest.raises(BadDataset, match=r"00010_00_keypoints.json: .*from 0 to 1 instead of pixels"):
        next(VitonHd(root).entries("test")).pose()


def test_paired_is_a_name_with_itself_whatever_column_two_says(root: Path) -> None:
    data = VitonHd(root)
    assert data.pairs("test", "paired") == [("00010_00", "00010_00"), ("00011_00", "00011_00")]
    assert data.pairs("test", "unpaired") == [("00010_00", "00011_00"), ("00011_00", "00010_00")]


def test_lists_of_others_with_a_third_column(root: Path) -> None:
    (root / "test_pairs.txt").unlink()
    (root / "test_pairs_unpaired.txt").write_text("00010_00.jpg 00011_00.jpg upper\r\n")
    assert VitonHd(root).pairs("test", "unpaired") == [("00010_00", "00011_00")]
    assert VitonHd(root).pairs("val", "paired") == [("00010_00", "00010_00")]


def test_the_older_folder_names(tmp_path: Path, photo: Any, indexed: Any, openpose: Any) -> None:
    older = write(tmp_path, photo, indexed, openpose, "image-parse", "openpose-json")
    entry = next(VitonHd(older).entries("test"))
    assert entry.labels() is not None and entry.pose() is not None
    assert VitonHd(older).report() == []


def test_the_report(root: Path) -> None:
    assert VitonHd(root).report() == []
    (root / "test" / "cloth-mask" / "00010_00.jpg").unlink()
    (root / "train_pairs.txt").unlink()
    for kind in ("image", "cloth", "cloth-mask"):
        (root / "train" / kind / "00010_00.jpg").write_bytes((root / "train" / kind / "00001_00.jpg").read_bytes())
    report = VitonHd(root).report()
    assert "1 of 2 test garment masks missing: test/cloth-mask/00010_00.jpg" in report
    assert "1 of 3 train label maps missing: train/image-parse-v3/00010_00.png" in report
    assert "no train_pairs.txt" in report
    assert "1 ids are in train and in test: 00010_00" in report


def test_a_missing_list_is_named(root: Path) -> None:
    (root / "test_pairs.txt").unlink()
    with pytest.raises(BadDataset, match=r"no test_pairs_unpaired.txt or test_pairs.txt"):
        VitonHd(root).pairs("test", "unpaired")
