"""The rendered set, the prepared folder and the plain pair of folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from viton_cli.data.folders import Folders
from viton_cli.data.prepared import Prepared
from viton_cli.data.rendered import Rendered
from viton_cli.errors import BadDataset, BadPairs
from viton_cli.files import Manifest
from viton_cli.vocabulary import labels as L

ALL_LABELS = np.tile(np.arange(L.N_LABELS, dtype=np.uint8), (8, 1))


@pytest.fixture
def rendered(tmp_path: Path, photo: Any, indexed: Any, openpose: Any) -> Path:
    for name in ("p0001", "p0002", "p0002_g0003", "p0003"):
        photo(tmp_path / "image" / f"{name}.jpg")
        indexed(tmp_path / "image-parse" / f"{name}.png", ALL_LABELS)
        openpose(tmp_path / "pose" / f"{name}_keypoints.json")
    for name in ("g0001", "g0002", "g0003"):
        photo(tmp_path / "cloth" / f"{name}.jpg")
        indexed(tmp_path / "cloth-mask" / f"{name}.png", np.full((8, 8), 255), mode="L")
    (tmp_path / "pairs.csv").write_text(
        "person,garment,truth\np0001,g0001,p0001\np0001,g0002,p0009\np0002,g0002,p0002\np0003,g0003,p0003\n"
        "p0002,g0003,p0002_g0003\n"
    )
    return tmp_path


def test_rendered_splits_never_share_a_person_or_a_garment(rendered: Path) -> None:
    data = Rendered(rendered)
    train, val = ({entry.id for entry in data.entries(split)} for split in ("train", "val"))
    assert train == {"p0001", "p0002", "g0001", "g0002"}
    assert val == {"p0003", "g0003"}
    assert {entry.id for entry in data.entries()} == train | val | {"p0002_g0003"}


def test_rendered_pairs_and_truths(rendered: Path) -> None:
    data = Rendered(rendered)
    assert data.pairs("train") == [("p0001", "g0001"), ("p0002", "g0002")]
    assert data.pairs("train", "unpaired") == [("p0001", "g0002")]
    assert data.pairs("val") == [("p0003", "g0003")]
    assert data.truth("p0002", "g0003") == rendered / "image" / "p0002_g0003.jpg"
    assert data.truth("p0001", "g0002") is None and data.truth("p0001", "g0003") is None
    assert data.report() == ["1 of 5 people of pairs.csv missing: image/p0009.jpg"]


def test_rendered_entries(rendered: Path) -> None:
    entry = next(Rendered(rendered).entries())
    labels, pose = entry.labels(), entry.pose()
    assert labels is not None and np.array_equal(labels, ALL_LABELS)
    assert pose is not None and pose.joints[L.L_ANKLE].tolist() == [15, 28]


def test_rendered_pairs_without_columns(rendered: Path) -> None:
    (rendered / "pairs.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadPairs, match=r"person,garment,truth"):
        Rendered(rendered).pairs("train")


@pytest.fixture
def prepared(tmp_path: Path, photo: Any, indexed: Any, openpose: Any) -> Path:
    """Ids with blanks and sub-folders; `alone` is in no pair."""
    for id in ("anna", "street/ben b", "carl", "alone"):
        photo(tmp_path / "image" / f"{id}.jpg")
        indexed(tmp_path / "image-parse-v3" / f"{id}.png", ALL_LABELS)
        openpose(tmp_path / "openpose_json" / f"{id}_keypoints.json", 25)
    for id in ("shirt", "my coat", "top"):
        photo(tmp_path / "cloth" / f"{id}.jpg")
        indexed(tmp_path / "cloth-mask" / f"{id}.png", np.full((8, 8), 255), mode="L")
    (tmp_path / "train_pairs.txt").write_text("anna\tshirt\nstreet/ben b\tmy coat\n")
    (tmp_path / "test_pairs.txt").write_text("carl\ttop\n")
    return tmp_path


def test_prepared_splits(prepared: Path) -> None:
    data = Prepared(prepared)
    assert [entry.id for entry in data.entries("train")] == ["alone", "anna", "street/ben b", "my coat", "shirt"]
    assert [entry.id for entry in data.entries("test")] == ["carl", "top"] == [e.id for e in data.entries("val")]
    assert data.pairs("train") == [("anna", "shirt"), ("street/ben b", "my coat")]
    Manifest(prepared / "manifest.jsonl").append({"id": "alone", "kind": "person", "status": "ok", "split": "val"})
    assert "alone" in [entry.id for entry in Prepared(prepared).entries("val")]


def test_prepared_entries_are_whole(prepared: Path) -> None:
    by_id = {entry.id: entry for entry in Prepared(prepared).entries()}
    labels, pose = by_id["street/ben b"].labels(), by_id["street/ben b"].pose()
    assert labels is not None and np.array_equal(labels, ALL_LABELS)
    assert pose is not None and pose.joints[L.R_HIP, 0] == 11
    assert by_id["my coat"].mask == prepared / "cloth-mask" / "my coat.png"


def test_prepared_report(prepared: Path) -> None:
    data = Prepared(prepared)
    assert data.report() == []
    (prepared / "image" / "carl.jpg").unlink()
    (prepared / "image-parse-v3" / "anna.png").unlink()
    Manifest(prepared / "manifest.jsonl").append({"id": "dora", "kind": "person", "status": "failed", "cause": "torn"})
    assert data.report() == [
        "1 of 3 label maps missing: image-parse-v3/anna.png",
        "1 photos could not be prepared (see manifest.jsonl): dora",
        "1 of 1 persons of test_pairs.txt missing: image/carl.jpg",
    ]
    with pytest.raises(BadDataset, match=r"no test_pairs_unpaired.txt"):
        data.pairs("test", "unpaired")


@pytest.fixture
def folders(tmp_path: Path, photo: Any) -> Path:
    for name in ("people/anna.jpg", "people/sub/ben.png", "people/carl.jpg", "clothes/anna.png", "clothes/sub/ben.jpg"):
        photo(tmp_path / name, (32, 32))
    photo(tmp_path / "clothes" / "extra.jpg", (32, 32))
    photo(tmp_path / "clothes-mask" / "anna.png", (32, 32))
    return tmp_path


def test_equal_names_are_pairs(folders: Path) -> None:
    data = Folders(folders)
    assert data.pairs("train") == [("anna", "anna"), ("sub/ben", "sub/ben")]
    entries = list(data.entries())
    assert [entry.id for entry in entries] == ["anna", "carl", "sub/ben", "anna", "extra", "sub/ben"]
    assert [entry.mask is not None for entry in entries] == [False, False, False, True, False, False]
    assert entries[0].labels() is None and entries[0].pose() is None


def test_folders_report_and_unpaired(folders: Path) -> None:
    data = Folders(folders)
    with pytest.raises(BadDataset, match=r"no pairs.txt"):
        data.pairs("test", "unpaired")
    (folders / "pairs.txt").write_text("anna.jpg extra.jpg\ndora anna\n")
    assert data.pairs("test", "unpaired") == [("anna", "extra"), ("dora", "anna")]
    assert data.report() == [
        "1 of 3 people without a garment of the same name: carl",
        "1 of 3 garments without a person of the same name: extra",
        "1 names of pairs.txt are in neither folder: dora",
    ]


def test_folders_of_other_names(folders: Path) -> None:
    (folders / "clothes").rename(folders / "garments")
    assert len(Folders(folders, clothes="garments").pairs("train")) == 2
    with pytest.raises(BadDataset, match=r"no clothes"):
        Folders(folders)


@pytest.mark.parametrize(
    "line",
    ["3", "[]", "{}", '{"split": "test"}', '{"kind": "person", "split": "test"}', '{"kind": ["person"], "id": "a"}',
     '{"kind": "person", "id": 3, "split": "test"}', '{"kind": "person", "id": "a", "split": ["test"]}', "[" * 30_000],
)  # fmt: skip
def test_a_prepared_folder_with_a_manifest_of_odd_shape(tmp_path: Path, photo: Any, line: str) -> None:
    photo(tmp_path / "image/a.jpg")
    photo(tmp_path / "image/b.jpg")
    sound = '{"kind": "person", "id": "b", "split": "test"}'
    (tmp_path / "manifest.jsonl").write_text(f"{line}\n{sound}\n")
    data = Prepared(tmp_path)
    assert [entry.id for entry in data.entries("train")] == ["a"]
    assert [entry.id for entry in data.entries("test")] == ["b"]
    assert data.report()
