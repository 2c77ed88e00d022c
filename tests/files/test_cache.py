"""A cache may lose what it holds, at any time; it gives nothing else than what was put in, and nobody else reads it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest

from viton_cli.errors import BadConfig
from viton_cli.files.cache import FORMAT, Cache, user_folder

KEYS = [f"{number:02x}" + "0" * 62 for number in range(20)]
ARRAYS = {"mask": np.arange(12, dtype=np.float32).reshape(3, 4), "seen": np.array([True, False])}


def noise(number: int) -> dict[str, np.ndarray]:
    return {"noise": np.random.default_rng(number).integers(0, 256, 10_000, np.uint8)}


def file(folder: Path, key: str) -> Path:
    return folder / FORMAT / key[:2] / f"{key}.npz"


def test_what_is_put_in_comes_out(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "a" / "cache", 10**6)
    assert cache.get(KEYS[0]) is None and cache.clear() == (0, 0)
    cache.put(KEYS[0], ARRAYS)
    found = Cache(tmp_path / "a" / "cache", 10**6).get(KEYS[0])
    assert found is not None and set(found) == set(ARRAYS) and cache.get(KEYS[1]) is None
    assert all(
        np.array_equal(found[name], array) and found[name].dtype == array.dtype for name, array in ARRAYS.items()
    )


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Cache(tmp_path, 10**6).put(KEYS[0], ARRAYS)
    finally:
        os.umask(before)
    made = file(tmp_path, KEYS[0])
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert all(stat.S_IMODE(folder.stat().st_mode) == 0o700 for folder in (made.parent, made.parent.parent))


def test_what_was_not_used_longest_goes(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 100_000)
    for number in range(9):
        cache.put(KEYS[number], noise(number))
        os.utime(file(tmp_path, KEYS[number]), (number, number))
    assert cache.get(KEYS[0]) is not None  # used now
    for number in range(9, 15):
        cache.put(KEYS[number], noise(number))
    assert cache.size() <= 100_000 and cache.get(KEYS[0]) is not None
    there = [number for number in range(1, 15) if cache.get(KEYS[number]) is not None]
    assert there == list(range(there[0], 15)) and len(there) >= 7


def test_an_entry_that_is_too_large_is_not_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 5_000)
    cache.put(KEYS[0], noise(0))
    assert cache.get(KEYS[0]) is None and not (tmp_path / FORMAT).exists()


def test_torn_and_foreign_entries_are_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 10**6)
    cache.put(KEYS[0], ARRAYS)
    whole, path = file(tmp_path, KEYS[0]).read_bytes(), file(tmp_path, KEYS[0])
    for content in (b"", b"rubbish", whole[:-1], whole[: len(whole) // 2], whole[:80] + b"x" + whole[81:]):
        path.write_bytes(content)
        assert cache.get(KEYS[0]) is None
        cache.put(KEYS[0], ARRAYS)
        assert cache.get(KEYS[0]) is not None
    file(tmp_path, KEYS[1]).parent.mkdir(exist_ok=True)
    file(tmp_path, KEYS[1]).write_bytes(whole)  # another key's
    assert cache.get(KEYS[1]) is None
    np.savez(path, key=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert cache.get(KEYS[0]) is None
    path.unlink()
    path.symlink_to(file(tmp_path, KEYS[1]))
    assert cache.get(KEYS[0]) is None


def test_clearing_takes_away_its_own_entries_alone(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 10**6)
    cache.put(KEYS[0], ARRAYS)
    half = file(tmp_path, KEYS[0]).with_name("0011.tmp")
    half.write_bytes(b"half")
    mine = [tmp_path / "notes.txt", tmp_path / FORMAT / "notes.txt", file(tmp_path, KEYS[0]).with_name("notes.txt")]
    for path in mine:
        path.write_text("mine")
    count, size = cache.clear()
    assert count == 2 and size > 4 and all(path.read_text() == "mine" for path in mine)
    for path in mine[1:]:
        path.unlink()
    cache.clear()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt"]


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a")
    with pytest.raises(BadConfig, match="is not a folder"):
        Cache(tmp_path / "file", 10**6)


def test_the_users_folder_is_that_of_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_folder().name == "viton-cli" and (os.name != "posix" or "viton-cli" in str(user_folder()))
