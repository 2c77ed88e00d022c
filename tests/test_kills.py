"""Thirty kills at any moment of a run, then the same command to its end: what an unbroken run gives, file by file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from stand_ins import photo

from viton_cli.files import Manifest, sha256

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="forks")]
KILLS = 30
# Their lines hold seconds, or the folder's own name.
OF_THE_CLOCK = {
    "manifest.jsonl", ".viton.jsonl", "config.yaml", "index.html", "log.jsonl", "curve.png", "last.txt", "last.ckpt",
}  # fmt: skip


def killed_and_whole(name: str, root: Path) -> tuple[dict[str, str], dict[str, str], int]:
    """Hashes of the files of a run that was killed again and again, and of one that was not; and how many kills hit."""
    path = os.pathsep.join([str(Path(__file__).parent), *filter(os.path.isabs, sys.path)])
    arguments = [sys.executable, str(Path(__file__).with_name("kills.py")), name, str(root), str(KILLS)]
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        arguments, capture_output=True, text=True, env=environment, timeout=3600
    )  # on a busy machine it takes its time
    assert done.returncode == 0, done.stderr
    hashes = []
    for folder in (root / f"{name}-killed", root / f"{name}-whole"):
        files = [p for p in folder.rglob("*") if p.is_file() and p.name not in OF_THE_CLOCK]
        assert not [p for p in files if p.suffix == ".tmp"], "what was half written is taken away"
        hashes.append({p.relative_to(folder).as_posix(): sha256(p) for p in files})
    return hashes[0], hashes[1], int(done.stdout)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for number in range(10):
        photo(tmp_path / f"people/p{number}.png", (20 + number, 80, 90))
    for number in range(20):
        photo(tmp_path / f"clothes/g{number:02d}.png", (10, 12 * number, 200))
    return tmp_path


def test_a_run_of_two_hundred_pairs(pictures: Path) -> None:
    killed, whole, hits = killed_and_whole("tryon", pictures)
    assert killed == whole and hits > KILLS // 2
    assert len([name for name in whole if name.endswith(".png") and "/" not in name]) == 200
    entries = Manifest(pictures / "tryon-killed/manifest.jsonl").read()
    assert len(entries) == 200 and {entry["status"] for entry in entries} == {"ok"}


def test_a_prepared_folder(pictures: Path) -> None:
    killed, whole, hits = killed_and_whole("prepare", pictures)
    assert killed == whole and hits > KILLS // 4
    entries = Manifest(pictures / "prepare-killed/manifest.jsonl").read()
    assert len(entries) == 30 and {entry["status"] for entry in entries} == {"ok"}


def test_a_training(tmp_path: Path) -> None:
    import torch

    from viton_cli.checkpoints import save_weights
    from viton_cli.perception.builtin.network import PerceptionNet

    sys.path.insert(0, str(Path(__file__).parent / "training"))
    from miniature import write_rendered

    write_rendered(tmp_path / "rendered", range(1, 19))
    torch.manual_seed(0)
    meta = {"kind": "perception", "width": 16, "size": [64, 64]}
    save_weights(tmp_path / "encoder.safetensors", PerceptionNet(16).state_dict(), meta)
    killed, whole, hits = killed_and_whole("train", tmp_path)
    assert hits > KILLS // 2
    weights = {name: digest for name, digest in whole.items() if name.endswith(".safetensors")}
    assert set(weights) == {"stage1.safetensors", "stage1/best.safetensors"}
    assert {name: killed[name] for name in weights} == weights
    states = [torch.load(tmp_path / f"train-{run}/stage1/last.ckpt", weights_only=True) for run in ("killed", "whole")]
    assert states[0]["step"] == states[1]["step"] == 90
    for part in ("net", "average"):
        assert all(torch.equal(states[0][part][name], value) for name, value in states[1][part].items())
    lines = (tmp_path / "train-killed/stage1/log.jsonl").read_text().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
