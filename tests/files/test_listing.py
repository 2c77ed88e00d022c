"""Odd things in a folder of photos: passed over with a word, told apart, never opened."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from viton_cli import files
from viton_cli.errors import NothingUsable
from viton_cli.pipelines.names import pair_name, safe
from viton_cli.pipelines.pairing import pairs_of

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def test_pipes_sockets_and_devices_are_passed_over_with_a_word(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "fifo.jpg")
    os.mkfifo(tmp_path / "fifo.txt")
    (tmp_path / "link.png").symlink_to("/dev/zero")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    said: list[str] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.png"))
        found = files.list_photos(tmp_path, note=said.append)
    # A link to nowhere stays: it is an item that fails, by name.
    assert [id for id, _ in found] == ["a", "gone"]
    odd = [tmp_path / name for name in ("fifo.jpg", "link.png", "socket.png")]
    assert sorted(said) == [f"{path}: passed over, a pipe, socket or device and not a file" for path in odd]
    with pytest.raises(NothingUsable, match="neither a file nor a folder"):
        files.list_photos(tmp_path / "fifo.jpg")


def test_folders_that_cannot_be_read_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.jpg", "locked/b.jpg", "open/c.jpg")
    scandir = os.scandir

    def locked(path: Any) -> Any:  # permissions do not bind the user who runs tests in a container
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    said: list[str] = []
    assert [id for id, _ in files.list_photos(tmp_path, note=said.append)] == ["a", "open/c"]
    assert said == [f"{tmp_path / 'locked'}: folder passed over, it cannot be read (Permission denied)"]


def test_two_spellings_of_one_name_are_two_photos(tmp_path: Path) -> None:
    touch(tmp_path, f"{COMPOSED}.jpg", f"{DECOMPOSED}.jpg")
    if len(os.listdir(tmp_path)) < 2:
        pytest.skip("to this file system they are one name")
    found = files.list_photos(tmp_path)
    assert {id: path.name for id, path in found} == {
        COMPOSED: f"{COMPOSED}.jpg",
        DECOMPOSED: f"{DECOMPOSED}.jpg",
    }
    # Also to a file system for which they are the same, their results are two.
    assert safe(COMPOSED) == COMPOSED and safe(DECOMPOSED).startswith(f"{COMPOSED}-")
    (tmp_path / "pairs.txt").write_text(f"{DECOMPOSED}.jpg {COMPOSED}.jpg\n", encoding="utf-8")
    assert pairs_of(str(tmp_path / "pairs.txt"), found, found).wanted == {DECOMPOSED: [COMPOSED]}


def test_a_decomposed_name_alone_goes_by_its_composed_form(tmp_path: Path) -> None:
    touch(tmp_path, f"{DECOMPOSED}.jpg")
    assert [id for id, _ in files.list_photos(tmp_path)] == [COMPOSED]


@pytest.mark.skipif(sys.platform == "darwin", reason="its file system refuses such names")
def test_names_that_are_no_text(tmp_path: Path) -> None:
    for name in (b"\xff.jpg", b"\xfe.jpg", b"plain.jpg"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"")
    found = files.list_photos(tmp_path)
    assert [id for id, _ in found] == ["plain", "\udcfe", "\udcff"]
    names = {pair_name(id, "g") for id, _ in found}
    assert len(names) == 3 and all(name.encode("utf-8") for name in names)
    manifest = files.Manifest(tmp_path / "manifest.jsonl")
    for id, _ in found:
        manifest.append({"person": id, "garment": "g"})
    text = manifest.path.read_bytes().decode("utf-8")  # valid UTF-8, valid JSON
    assert r'"\udcff"' in text
    manifest.end()
    assert [line["person"] for line in manifest.read()] == ["plain", "\udcfe", "\udcff"]


@pytest.mark.parametrize("path", ["x" * 5000, "a\0b", "/dev/null/x"])
def test_paths_that_cannot_be(path: str) -> None:
    with pytest.raises(NothingUsable) as caught:
        files.list_photos(Path(path))
    assert "\0" not in str(caught.value)
