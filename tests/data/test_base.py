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
    read_mat,
    read_pairs,
    some,
    stem,
)
from viton_cli.errors import BadDataset, BadPairs, UnknownName
from viton_cli.records import Pose


def test_pairs_files_in_all_their_spellings(tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    path.write_bytes(
        b"\xef\xbb\xbf# persons and garments\r\na_0.jpg b_1.jpg\r\n\r\n  c_0.jpg\td e_1.jpg  \r\nf g upper\n"
    )
    assert read_pairs(path) == [("a_0.jpg", "b_1.jpg"), ("c_0.jpg", "d e_1.jpg"), ("f", "g", "upper")]


@pytest.mark.parametrize(("line", "columns"), [("a b\na\n", 1), ("a b\na b c d\n", 4)])
def test_a_bad_line_is_named(tmp_path: Path, line: str, columns: int) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text(line)
    with pytest.raises(BadPairs, match=rf"pairs.txt:2: {columns} columns, expected 2 or 3") as caught:
        read_pairs(path)
    assert "\n" not in str(caught.value)


def test_pairs_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("\n# nothing\n")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00\xd8")
    for name, cause in (("empty.txt", "no pairs"), ("binary.txt", "not a text"), ("absent.txt", "No such file")):
        with pytest.raises(BadPairs, match=f"{name}: .*{cause}"):
            read_pairs(tmp_path / name)


def test_stems_lose_picture_endings_only() -> None:
    assert [stem(name) for name in ("a_0.jpg", "a.PNG", "v1.2", "b", "dir/c.jpeg")] == [
        "a_0",
        "a",
        "v1.2",
        "b",
        "dir/c",
    ]


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
