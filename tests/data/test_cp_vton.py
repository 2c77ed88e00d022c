from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from viton_cli.data.cp_vton import CpVton
from viton_cli.errors import BadDataset
from viton_cli.vocabulary import labels as L

PARSE = np.tile(np.arange(20, dtype=np.uint8), (24, 1))


@pytest.fixture
def root(tmp_path: Path, photo: Any, indexed: Any, openpose: Any) -> Path:
    """Two training pairs and three test pairs, of which one line is not unpaired, as in the published list."""
    for split, ids in (("train", ("000001", "000002")), ("test", ("000010", "000011", "000012"))):
        folder = tmp_path / split
        for id in ids:
            photo(folder / "image" / f"{id}_0.jpg")
            photo(folder / "cloth" / f"{id}_1.jpg")
            photo(folder / "cloth-mask" / f"{id}_1.jpg")
            indexed(folder / "image-parse" / f"{id}_0.png", PARSE)
            openpose(folder / "pose" / f"{id}_0_keypoints.json", 18, "pose_keypoints")
    (tmp_path / "train_pairs.txt").write_text("000001_0.jpg 000001_1.jpg\n000002_0.jpg 000002_1.jpg\n")
    (tmp_path / "test_pairs.txt").write_text(
        "000010_0.jpg 000011_1.jpg\n000011_0.jpg 000010_1.jpg\n000012_0.jpg 000012_1.jpg\n"
    )
    return tmp_path


def test_entries_of_a_split(root: Path) -> None:
    entries = list(CpVton(root).entries("train"))
    assert [(entry.kind, entry.id) for entry in entries] == [
        ("person", "000001_0"), ("person", "000002_0"), ("garment", "000001_1"), ("garment", "000002_1"),
    ]  # fmt: skip
    assert entries[2].mask == root / "train" / "cloth-mask" / "000001_1.jpg"
    assert len(list(CpVton(root).entries())) == 10
    assert list(CpVton(root).entries("val")) == list(CpVton(root).entries("test"))


def test_labels_are_read_by_index_not_by_colour(root: Path) -> None:
    labels = next(CpVton(root).entries("train")).labels()
    assert labels is not None and np.array_equal(labels, PARSE)


def test_the_old_key_spelling_and_missing_joints(root: Path) -> None:
    pose = next(CpVton(root).entries("train")).pose()
    assert pose is not None
    assert pose.joints[L.L_WRIST].tolist() == [9, 16]
    assert np.flatnonzero(~pose.seen).tolist() == [L.R_WRIST]


def test_pairs(root: Path) -> None:
    data = CpVton(root)
    assert data.pairs("train") == [("000001_0", "000001_1"), ("000002_0", "000002_1")]
    assert data.pairs("test", "unpaired")[0] == ("000010_0", "000011_1")
    own = [(f"{id}_0", f"{id}_1") for id in ("000010", "000011", "000012")]
    assert data.pairs("test", "paired") == own
    (root / "test_pairs_same.txt").write_text("000012_0.jpg 000012_1.jpg\n")
    assert data.pairs("test", "paired") == own[2:]
    with pytest.raises(BadDataset, match=r"no unpaired training pairs"):
        data.pairs("train", "unpaired")


def test_cp_vton_plus_keeps_the_neck_in_a_grey_png(root: Path, indexed: Any) -> None:
    with_neck = PARSE.copy()
    with_neck[0] = 20
    for id in ("000001", "000002"):
        indexed(root / "train" / "image-parse-new" / f"{id}_0.png", with_neck, mode="L")
    labels = next(CpVton(root, label_set="cp-vton+").entries("train")).labels()
    assert labels is not None and set(labels[0]) == {L.NECK_SKIN} and np.array_equal(labels[1:], PARSE[1:])


def test_an_index_that_lip_does_not_have_is_named(root: Path, indexed: Any) -> None:
    indexed(root / "train" / "image-parse" / "000001_0.png", np.full((24, 20), 20))
    with pytest.raises(BadDataset, match=r"000001_0.png: label 20 is not in 'lip' .* another label set"):
        next(CpVton(root).entries("train")).labels()


def test_the_folder_above_data_will_do(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    above = tmp_path_factory.mktemp("above")
    root.rename(above / "data")
    assert len(list(CpVton(above).entries("train"))) == 4


def test_the_report_counts_and_names(root: Path) -> None:
    data = CpVton(root)
    assert data.report() == ["1 of 3 lines of test_pairs.txt are not unpaired: 000012_0"]
    (root / "train" / "image-parse" / "000002_0.png").unlink()
    (root / "test" / "cloth" / "000011_1.jpg").unlink()
    (root / "train" / "pose" / "000001_0_keypoints.json").unlink()
    report = "\n".join(data.report())
    assert "1 of 2 train label maps missing: train/image-parse/000002_0.png" in report
    assert "1 of 2 train keypoints missing: train/pose/000001_0_keypoints.json" in report
    assert "1 of 3 garments of test_pairs.txt missing: test/cloth/000011_1.jpg" in report
    by_id = {entry.id: entry for entry in data.entries("train")}
    assert by_id["000002_0"].labels() is None and by_id["000001_0"].pose() is None


def test_an_unknown_label_set_is_refused(root: Path) -> None:
    with pytest.raises(BadDataset, match=r"unknown label set 'coco'; known: viton, lip"):
        CpVton(root, label_set="coco")
