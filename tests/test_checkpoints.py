"""Weights: what is written comes back; damaged, foreign and dangerous files are refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from viton_cli import checkpoints
from viton_cli.errors import BadWeights
from viton_cli.files import sha256


def tensors() -> dict[str, torch.Tensor]:
    shared = torch.linspace(-1, 1, 12).reshape(3, 4)
    return {"a": shared, "b": shared.T, "steps": torch.tensor(7)}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    checkpoints.save_weights(tmp_path / "small.safetensors", tensors(), {"size": [256, 192]}, half=True)
    entry = {"sha256": sha256(tmp_path / "small.safetensors"), "licence": "CC0"}
    (tmp_path / "manifest.json").write_text(json.dumps({"small": entry}))
    monkeypatch.setattr(checkpoints, "FOLDER", tmp_path)
    checkpoints.packaged.cache_clear()
    return tmp_path


def test_round_trip_is_exact_in_single_precision(tmp_path: Path) -> None:
    checkpoints.save_weights(tmp_path / "w.safetensors", tensors(), {"channels": [1, 2]})
    back, meta = checkpoints.load_weights(tmp_path / "w.safetensors")
    assert meta == {"channels": [1, 2]} and back.keys() == tensors().keys()
    assert all(torch.equal(back[name], tensor) for name, tensor in tensors().items())


def test_half_precision_halves_the_file_and_comes_back_as_float32(tmp_path: Path) -> None:
    large = {"w": torch.linspace(-1, 1, 10_000), "n": torch.tensor(3)}
    for half in (False, True):
        checkpoints.save_weights(tmp_path / f"{half}.safetensors", large, {}, half=half)
    back, _ = checkpoints.load_weights(tmp_path / "True.safetensors")
    assert back["w"].dtype == torch.float32 and back["n"].dtype == torch.int64
    assert (back["w"] - large["w"]).abs().max() < 1e-3
    assert (tmp_path / "True.safetensors").stat().st_size < 0.55 * (tmp_path / "False.safetensors").stat().st_size


@pytest.mark.parametrize("zipped", [True, False])
def test_pickles_are_refused_unread(tmp_path: Path, zipped: bool) -> None:
    torch.save(tensors(), tmp_path / "w.pt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(BadWeights, match=r"w\.pt.*pickle"):
        checkpoints.load_weights(tmp_path / "w.pt")


def test_torn_missing_and_foreign_files_are_named(tmp_path: Path) -> None:
    checkpoints.save_weights(tmp_path / "w.safetensors", tensors(), {})
    whole = (tmp_path / "w.safetensors").read_bytes()
    for data in (whole[:-20], whole[:30], b"", b"text"):
        (tmp_path / "w.safetensors").write_bytes(data)
        with pytest.raises(BadWeights, match=r"w\.safetensors"):
            checkpoints.load_weights(tmp_path / "w.safetensors")
    with pytest.raises(BadWeights, match="gone"):
        checkpoints.load_weights(tmp_path / "gone.safetensors")


def test_packaged_weights_are_found_by_name(package: Path) -> None:
    assert checkpoints.packaged("small") == package / "small.safetensors" == checkpoints.resolve("small")
    assert checkpoints.shipped()["small"]["licence"] == "CC0"
    with pytest.raises(BadWeights, match=r"'large'.*small"):
        checkpoints.resolve("large")


def test_damaged_packaged_weights_say_how_to_mend_them(package: Path) -> None:
    with (package / "small.safetensors").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(BadWeights, match=r"SHA-256.*pip install --force-reinstall"):
        checkpoints.packaged("small")
    (package / "small.safetensors").unlink()
    with pytest.raises(BadWeights, match=r"missing.*pip install --force-reinstall"):
        checkpoints.packaged("small")


def test_a_path_is_a_path(package: Path) -> None:
    assert checkpoints.resolve(package / "small.safetensors") == package / "small.safetensors"
    with pytest.raises(BadWeights, match="no such weight file"):
        checkpoints.resolve("runs/best.safetensors")
