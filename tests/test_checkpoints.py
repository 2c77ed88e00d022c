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


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e30])
def test_numbers_that_are_not_finite_are_named_and_replace_nothing(tmp_path: Path, bad: float) -> None:
    path = tmp_path / "w.safetensors"
    checkpoints.save_weights(path, {"w": torch.ones(3)}, {}, half=True)
    before = path.read_bytes()
    spoilt = {"fine": torch.ones(2), "spoilt": torch.tensor([1.0, bad])}
    with pytest.raises(BadWeights, match=r"w\.safetensors: not written: 'spoilt'"):
        checkpoints.save_weights(path, spoilt, {}, half=True)  # 1e30 is none in half precision
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    if bad == 1e30:
        return
    from safetensors.torch import save_file

    save_file(spoilt, path)
    with pytest.raises(BadWeights, match=r"w\.safetensors: damaged: 'spoilt'"):
        checkpoints.load_weights(path)


ODD: dict[str, object] = {
    "channels": [None, 8, [], [0, 8], ["8"], [10**9] * 5, [8] * 99],
    "width": [None, 0, -4, 1.5, "8", True, 10**9, 10**30, [4], {"a": 1}],
    "size": [None, 0, [64], [64, 0], [64, -64], [64, 65], [64.0, 64.0], ["64", "64"], [10**9, 10**9], "6464", {}],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ODD.items() for value in values])
def test_an_odd_description_is_refused_before_a_network_is_built(tmp_path: Path, name: str, value: object) -> None:
    from viton_cli.methods.networks import build_generator, load_generator

    meta = {"kind": "stage1", "width": 4, "size": [64, 64], name: value}
    checkpoints.save_weights(tmp_path / "w.safetensors", build_generator({"width": 4}).state_dict(), meta)
    with pytest.raises(BadWeights, match=rf"w\.safetensors: does not fit its own description: {name}") as caught:
        load_generator(tmp_path / "w.safetensors")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "text", ["[]", "3", "null", '"text"', "{", "[" * 100_000, '{"version": 2}', '{"version": "x"}']
)
def test_metadata_that_is_no_description(tmp_path: Path, text: str) -> None:
    from safetensors.torch import save_file

    save_file({"w": torch.ones(2)}, tmp_path / "w.safetensors", {"viton": text})
    with pytest.raises(BadWeights, match=r"w\.safetensors: (weights of version|not a whole safetensors file)"):
        checkpoints.load_weights(tmp_path / "w.safetensors")


def test_a_width_of_another_network_costs_no_memory(tmp_path: Path) -> None:
    from viton_cli.methods.networks import build_generator, load_generator

    meta = {"kind": "stage1", "width": 1024, "size": [64, 64]}
    checkpoints.save_weights(tmp_path / "w.safetensors", build_generator({"width": 4}).state_dict(), meta)
    with pytest.raises(BadWeights, match="does not fit its own description"):
        load_generator(tmp_path / "w.safetensors")


def test_a_folder_or_pipe_is_no_weight_file(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.safetensors")
    for path in (tmp_path, tmp_path / "pipe.safetensors"):
        with pytest.raises(BadWeights, match="not a file"):
            checkpoints.load_weights(path)


def test_eight_bits_take_a_quarter_and_come_back_close(tmp_path: Path) -> None:
    torch.manual_seed(0)
    given = {"conv.weight": torch.randn(64, 64, 3, 3), "norm.weight": torch.randn(64)}
    checkpoints.save_weights(tmp_path / "whole.safetensors", given, {})
    checkpoints.save_weights(tmp_path / "eight.safetensors", given, {"kind": "x"}, half=True, eight_bits=True)
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("whole", "eight")]
    assert sizes[1] < 0.27 * sizes[0]
    back, meta = checkpoints.load_weights(tmp_path / "eight.safetensors")
    assert list(back) == list(given) and meta["kind"] == "x"
    error = (back["conv.weight"] - given["conv.weight"]).norm() / given["conv.weight"].norm()
    assert error < 0.01
