"""What an input option was given, as one list of photos: files, folders, patterns, repeats."""

from __future__ import annotations

from pathlib import Path

import pytest
from stand_ins import photo

from viton_cli.errors import NothingUsable
from viton_cli.files import expand, list_inputs, list_photos


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a/x.jpg", "a/y.png", "b/x.jpg", "b/sub/z.jpg", "c[1].png"):
        photo(tmp_path / name)
    return tmp_path


def ids(entries: list[str]) -> list[str]:
    return [id for id, _ in list_inputs(entries)]


def test_one_folder_gives_the_ids_it_always_gave(root: Path) -> None:
    assert list_inputs(str(root / "b")) == list_photos(root / "b") == list_inputs([root / "b"])


def test_files_folders_and_repeats_together(root: Path) -> None:
    found = dict(list_inputs([str(root / "a/y.png"), str(root / "b")]))
    assert found == {"sub/z": root / "b/sub/z.jpg", "x": root / "b/x.jpg", "y": root / "a/y.png"}
    assert ids([str(root / "a/y.png")] * 2) == ["y"]
    assert ids([str(root / "a"), str(root / "a/y.png")]) == ["x", "y"], "one file, given in two ways"


def test_patterns_are_resolved_also_where_the_shell_did_not(root: Path) -> None:
    assert ids([str(root / "a/*")]) == ["x", "y"]
    assert ids([str(root / "**/*.jpg")]) == ["a/x", "b/x", "z"]
    assert expand([root / "c[1].png"]) == [root / "c[1].png"], "a name may hold brackets"
    with pytest.raises(NothingUsable, match=r"nobody-\*\.jpg: no file fits this pattern"):
        list_inputs([str(root / "nobody-*.jpg")])


def test_photos_of_one_name_are_told_apart_by_ending_then_by_folders(root: Path) -> None:
    assert ids([str(root / "a/x.jpg"), str(root / "b/x.jpg")]) == ["a/x", "b/x"]
    photo(root / "a/x.png")
    assert ids([str(root / "a/x.jpg"), str(root / "a/x.png")]) == ["x.jpg", "x.png"]
    for folder in ("one", "two"):
        photo(root / folder / "same/X.jpg")
    same = [str(root / folder / "same/X.jpg") for folder in ("one", "two")]
    assert ids(same) == ["one/same/X", "two/same/X"]


def test_every_entry_must_be_there(root: Path) -> None:
    with pytest.raises(NothingUsable, match=r"gone: no such file or folder"):
        list_inputs([str(root / "a"), str(root / "gone")])
