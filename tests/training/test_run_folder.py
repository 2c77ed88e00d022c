"""The folder of a training run: nothing in it that is somebody else's is touched, and old runs are carried on."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
from test_train import settings

from viton_cli.errors import BadConfig, NotOurs, VitonError
from viton_cli.training.train import train


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_data_and_run_are_apart(rendered: Path, encoder: Path, tmp_path: Path) -> None:
    data = shutil.copytree(rendered, tmp_path / "data")
    before = files(tmp_path)
    for out in (data, tmp_path):
        with pytest.raises(BadConfig, match=r"--out .*read.*; give another --out"):
            train("stage1", settings(data, encoder, out, force=True), lambda _: None)
    assert files(tmp_path) == before


def test_other_files_are_left_alone(rendered: Path, encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("mine")
    with pytest.raises(BadConfig, match="holds files but no manifest of viton"):
        train("stage1", settings(rendered, encoder, tmp_path), lambda _: None)
    with pytest.raises(NotOurs, match=r"config\.yaml: is not as viton wrote it"):
        train("stage1", settings(rendered, encoder, tmp_path, force=True), lambda _: None)
    assert files(tmp_path) == {"config.yaml": b"mine"}


def test_a_start_is_not_written_over(rendered: Path, encoder: Path, tmp_path: Path) -> None:
    train("stage1", settings(rendered, encoder, tmp_path / "run", steps=1), lambda _: None)
    shutil.rmtree(tmp_path / "run/stage1")
    before = files(tmp_path)
    changes = {"init": str(tmp_path / "run/stage1.safetensors"), "steps": 1}
    with pytest.raises(BadConfig, match=r"stage1\.safetensors would be written and is .*, which is read"):
        train("stage1", settings(rendered, encoder, tmp_path / "run", **changes), lambda _: None)
    assert files(tmp_path) == before


def test_a_run_of_a_version_without_ledger_is_carried_on(rendered: Path, encoder: Path, tmp_path: Path) -> None:
    train("stage1", settings(rendered, encoder, tmp_path, steps=1), lambda _: None)
    (tmp_path / ".viton.jsonl").unlink()
    heard: list[str] = []
    train("stage1", settings(rendered, encoder, tmp_path, steps=2, resume=True), heard.append)
    assert any(line.startswith("carrying on from step 1") for line in heard)
    train("stage1", settings(rendered, encoder, tmp_path, steps=3, resume=True), lambda _: None)


@pytest.mark.parametrize(
    "changes", [{"size": (64, 96)}, {"perceptual_source": "gone.safetensors"}, {"init": "gone.safetensors"}]
)
def test_a_run_that_cannot_be_begun_leaves_nothing(
    rendered: Path, encoder: Path, tmp_path: Path, changes: dict[str, object]
) -> None:
    with pytest.raises(VitonError):
        train("stage1", settings(rendered, encoder, tmp_path / "run", **changes), lambda _: None)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_the_weights_that_were_published(
    rendered: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    train("stage1", settings(rendered, encoder, run, steps=1), lambda _: None)
    before = (run / "stage1.safetensors").read_bytes()
    replace = os.replace

    def full(source: Path, target: Path) -> None:
        if Path(target) == run / "stage1.safetensors":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source), None, str(target))
        replace(source, target)

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError) as caught:
        train("stage1", settings(rendered, encoder, run, steps=2, resume=True), lambda _: None)
    assert caught.value.filename == str(run / "stage1.safetensors") and caught.value.filename2 is None
    assert (run / "stage1.safetensors").read_bytes() == before
    monkeypatch.undo()
    train("stage1", settings(rendered, encoder, run, steps=2, resume=True), lambda _: None)
    assert (run / "stage1.safetensors").read_bytes() == (run / "stage1/best.safetensors").read_bytes()
    assert not list(run.rglob("*.tmp"))
