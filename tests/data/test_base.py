from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from viton_cli.data import DATASETS
from viton_cli.data.base import (
    Entry,
    check_split,
    in_both,
    largest,
    missing,
    own_garment,
    pair_ids,
    read_mat,
    some,
)
from viton_cli.errors import BadDataset, UnknownName
from viton_cli.records import Pose


def test_ids_of_a_pairs_file(tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text("a_0.jpg b_1.jpg\nc_0.jpg c_1.jpg d_1.jpg\n")
    assert pair_ids(path) == [("a_0", "b_1"), ("c_0", "c_1")]
    assert pair_ids(path, "unpaired") == [("a_0", "b_1"), ("c_0", "d_1")]


def test_missing_files_are_counted_and_capped(tmp_path: Path) -> None:
    files = [tmp_path / f"{n}.png" for n in range(6)]
    files[2].touch()
    assert missing(files, "label maps", tmp_path) == ["5 of 6 label maps missing: 0.png, 1.png, 3.png and 2 more"]
    assert missing(files[2:3], "label maps", tmp_path) == []
    assert some(["a", "b", "c"]) == "a, b, c"


def test_small_helpers() -> None:
    assert own_garment("000001_0") == "000001_1"
    assert in_both(["a", "b"], ["b"]) == ["1 ids are in train and in test: b"]
    check_split(None, "train")
    with pytest.raises(BadDataset, match=r"no split 'dev' in this data set; known: train, val"):
        check_split("dev", "train", "val")


def test_the_largest_person_is_taken() -> None:
    def pose(reach: float, seen: bool = True) -> Pose:
        joints = np.linspace((0, 0), (reach, reach), 18).astype(np.float32)
        return Pose(joints, np.full(18, seen), np.ones(18, np.float32))

    small, big, unseen = pose(10), pose(90), pose(500, seen=False)
    assert largest([small, big, unseen]) is big
    assert largest([unseen]) is None and largest([]) is None


def test_entries_read_nothing_until_asked() -> None:
    calls: list[str] = []
    entry = Entry("a", "person", Path("a.jpg"), read_labels=lambda: calls.append("labels"), read_pose=None)  # type: ignore[func-returns-value]
    assert calls == [] and entry.pose() is None
    entry.labels()
    assert calls == ["labels"]


def test_matlab_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_text("not MATLAB")
    with pytest.raises(BadDataset, match=r"a.mat: not a MATLAB file"):
        read_mat(tmp_path / "a.mat", "segment")


@pytest.mark.parametrize("name", DATASETS)
def test_every_format_says_what_an_empty_folder_lacks(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadDataset) as caught:
        DATASETS.get(name)(tmp_path)
    text = str(caught.value)
    assert str(tmp_path) in text and "no " in text and "\n" not in text


@pytest.mark.parametrize("name", DATASETS)
def test_every_format_is_documented(name: str) -> None:
    assert DATASETS.get(name).__doc__


def test_a_near_name_is_suggested() -> None:
    with pytest.raises(UnknownName, match=r"did you mean 'viton-hd'"):
        DATASETS.get("vitonhd")
