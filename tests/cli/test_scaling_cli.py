"""What the options for more than one core and more than one machine refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

Viton = Callable[..., tuple[int, bytes, str]]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize("command", ["tryon", "prepare", "evaluate"])
def test_a_missing_device_is_refused_in_one_line(viton: Viton, folders: SimpleNamespace, command: str) -> None:
    given = ["--person", folders.people, "--clothes", folders.clothes, "--out", folders.out]
    if command == "evaluate":
        given = ["--results", folders.people, "--person", folders.people]
    code, out, err = viton(command, *given, "--device", "cuda")
    assert code == 2 and not out and err.count("\n") == 1 and "--device cuda" in err
    assert not folders.out.exists()


def test_cache_with_and_without_a_folder(
    viton: Viton, folders: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = folders.root / "user"
    folders.photo(folders.people / "anna.png", (120, 90, 60))
    monkeypatch.setenv("XDG_CACHE_HOME", str(user))
    given = ["--person", folders.people, "--clothes", folders.clothes]
    assert viton("tryon", *given, "--out", folders.root / "a", "--cache", folders.root / "mine")[0] == 0
    assert not user.exists() and len(list((folders.root / "mine").rglob("*.npz"))) == 5
    assert viton("tryon", *given, "--cache", "--out", folders.root / "b")[0] == 0
    assert len(list((user / "viton-cli").rglob("*.npz"))) == 5
    assert viton("prepare", *given, "--out", folders.root / "c", "--cache")[0] == 0
    code, out, _ = viton("doctor", "--clear-cache")
    assert code == 0 and b"5 entries" in out and not list(user.rglob("*.npz"))
    code, out, _ = viton("doctor", "--clear-cache", "--cache", folders.root / "mine", "--json")
    assert code == 0 and json.loads(out)["entries"] == 5
    assert viton("doctor", "--cache", folders.root / "mine")[0] == 2
