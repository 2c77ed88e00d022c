"""What the options for more than one core and more than one machine refuse."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from conftest import Viton


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize("command", ["tryon", "prepare", "evaluate"])
def test_a_missing_device_is_refused_in_one_line(viton: Viton, folders: SimpleNamespace, command: str) -> None:
    given = ["--person", folders.people, "--clothes", folders.clothes, "--out", folders.out]
    if command == "evaluate":
        given = ["--results", folders.people, "--person", folders.people]
    code, out, err = viton(command, *given, "--device", "cuda")
    assert code == 2 and not out and err.count("\n") == 1 and "--device cuda" in err
    assert not folders.out.exists()
