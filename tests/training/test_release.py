"""From runs to weights to use and to ship: tiny trainings, `viton train release`, a try-on with what it wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from viton_cli import TryOn
from viton_cli.checkpoints import load_weights, save_weights
from viton_cli.config import ReleaseConfig, TrainConfig, TrainPerceptionConfig
from viton_cli.data.base import Entry
from viton_cli.errors import BadConfig, BadWeights
from viton_cli.files import sha256, write_image
from viton_cli.methods.networks import build_generator
from viton_cli.perception.backends.fake import draw_person
from viton_cli.perception.builtin.network import Perceived, PerceptionNet
from viton_cli.training.perception import calibrate as module
from viton_cli.training.perception.calibrate import MOVED, calibrate, halves
from viton_cli.training.release import release, used_by
from viton_cli.training.train import train
from viton_cli.vocabulary import labels as L


@pytest.fixture(scope="module")
def run(rendered: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of stage 1 and stage 2, of one step each."""
    run, first = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("first") / "first.safetensors"
    torch.manual_seed(0)
    tensors = build_generator({"width": 4}).state_dict()
    tensors[[name for name in tensors if name.endswith("bias")][-1]][3] = 2.0  # a mask that covers everything
    save_weights(first, tensors, {"kind": "stage1", "width": 4, "size": [64, 64]})
    config = TrainConfig(
        data=[f"rendered:{rendered}"], out=run, size=(64, 64), batch=2, steps=1, device="cpu", preset="paper", width=4,
        perceptual="builtin", perceptual_source=encoder, seed=3,
    )  # fmt: skip
    train("stage1", config.model_copy(update={"init": str(first)}), lambda _: None)
    train("stage2", config, lambda _: None)
    return run


@pytest.fixture(scope="module")
def released(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("weights") / "out"
    release(ReleaseConfig(out=out, eight_bits=["stage1"]), [run])
    return out


def test_what_is_written(run: Path, released: Path) -> None:
    manifest = json.loads((released / "manifest.json").read_text())
    assert set(manifest) == {"stage1", "stage2"}
    for name, entry in manifest.items():
        assert entry["sha256"] == sha256(released / f"{name}.safetensors") and entry["licence"] == "Apache-2.0"
        assert entry["trained_as"] == sha256(run / f"{name}.safetensors") and entry["steps"] == 1
        assert entry["kind"] == name and entry["size"] == [64, 64] and entry["scores"]
        assert (entry["settings"]["seed"], entry["settings"]["batch"], entry["settings"]["preset"]) == (3, 2, "paper")
        before, after = (load_weights(folder / f"{name}.safetensors")[0] for folder in (run, released))
        for tensor in before:
            largest = float(before[tensor].abs().max())
            torch.testing.assert_close(after[tensor], before[tensor], rtol=0, atol=largest / 200 + 1e-6)
    assert [manifest[name]["bits"] for name in ("stage1", "stage2")] == [8, 16]
    sources = json.loads((released / "sources.json").read_text())
    told = [(one["licence"], one["weights"]) for one in sources]
    assert told == [("CC0-1.0", ["stage1", "stage2"]), ("not stated", ["stage1"])], "init's file is a source too"


def test_stage2_says_which_stage1_it_was_trained_on(run: Path, released: Path, tmp_path: Path) -> None:
    stage2 = json.loads((released / "manifest.json").read_text())["stage2"]
    assert stage2["stage1"] == sha256(run / "stage1.safetensors") and stage2["stage1_is_beside"] is True
    other = tmp_path / "other"
    other.mkdir()
    (other / "stage1.safetensors").write_bytes((released / "stage1.safetensors").read_bytes())
    second = tmp_path / "second"
    second.mkdir()
    (second / "stage2.safetensors").write_bytes((run / "stage2.safetensors").read_bytes())
    done = release(ReleaseConfig(out=tmp_path / "out"), [other, second])
    assert done.manifest["stage2"]["stage1_is_beside"] is False
    assert "stage2: it was trained on another stage 1 than the one released with it" in done.notes


def test_try_on_takes_it(released: Path, tmp_path: Path) -> None:
    image, _, _ = draw_person((200, 150))
    write_image(tmp_path / "anna.png", image)
    shirt = np.full((120, 90, 3), 255, np.uint8)
    shirt[15:105, 20:70] = (40, 60, 120)
    Image.fromarray(shirt).save(tmp_path / "shirt.png")
    dressed = TryOn(weights=str(released), pose="fake", parsing="fake", warp="paper")
    mask = np.zeros((120, 90), bool)
    mask[15:105, 20:70] = True
    result = dressed.run(tmp_path / "anna.png", tmp_path / "shirt.png", mask)
    assert result.image.shape == image.shape and np.array_equal(result.image[~result.edited], image[~result.edited])


def test_a_release_is_replaced_by_the_next_and_nothing_else_is(run: Path, released: Path, tmp_path: Path) -> None:
    before = (released / "stage1.safetensors").read_bytes()
    release(ReleaseConfig(out=released, eight_bits=["stage1"]), [run])
    assert (released / "stage1.safetensors").read_bytes() == before, "the same run gives the same file"
    planned = release(ReleaseConfig(out=tmp_path / "next", dry_run=True), [run])
    assert str(planned).startswith(f"would release {run / 'stage1.safetensors'} as") and not list(tmp_path.iterdir())
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BadConfig, match="holds files but no manifest of viton"):
        release(ReleaseConfig(out=tmp_path), [run])
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("given", "runs", "text"),
    [
        ({}, ["run", "run"], "is of the same network; give one of these runs"),
        ({}, ["empty"], r"no run of viton train with weights \(stage1, stage2, perception, garment.*safetensors\)"),
        ({"eight_bits": ["garment"]}, ["run"], "--eight-bits garment: no run has weights of that name"),
        ({"sources": Path("gone.json")}, ["run"], "gone.json: not a list of sources"),
    ],
)
def test_what_cannot_be_released(run: Path, tmp_path: Path, given: dict[str, Any], runs: list[str], text: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadConfig, match=text) as caught:
        release(
            ReleaseConfig(out=tmp_path / "out", **given), [{"run": run}.get(name, tmp_path / name) for name in runs]
        )
    assert "\n" not in str(caught.value) and not (tmp_path / "out").exists()


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    (tmp_path / "stage1.safetensors").write_bytes(b"torn")
    with pytest.raises(BadWeights, match=r"stage1\.safetensors: not a whole safetensors file"):
        release(ReleaseConfig(out=tmp_path / "out"), [tmp_path])


def test_sources_of_what_it_began_with_count_and_unknown_ones_are_told(run: Path, tmp_path: Path) -> None:
    later = tmp_path / "later"
    (later / "stage1").mkdir(parents=True)
    (later / "stage1/config.yaml").write_text(f"data: ['ccp:/data/ccp', /mine]\ninit: {run}/stage1.safetensors\n")
    (later / "stage1.safetensors").write_bytes((run / "stage1.safetensors").read_bytes())
    first = used_by(run / "stage1.safetensors")
    assert used_by(later / "stage1.safetensors") == ["ccp:ccp", "prepared:mine", *first] and len(first) == 2
    done = release(ReleaseConfig(out=tmp_path / "out"), [later])
    assert [one["licence"] for one in done.sources] == ["Apache-2.0", "not stated", "CC0-1.0", "not stated"]
    assert any("no source is known for prepared:mine" in note for note in done.notes)


class TestCalibration:
    def test_halves_are_apart_and_whole(self) -> None:
        entries = [Entry(f"p{n:04d}", "person", Path("x")) for n in range(40)]
        one, other = halves(entries)
        assert {e.id for e in one} | {e.id for e in other} == {e.id for e in entries}
        assert not {e.id for e in one} & {e.id for e in other} and min(len(one), len(other)) > 10
        assert halves(entries[::-1])[0] == one[::-1], "by the id alone"

    def test_what_is_said_too_seldom_is_said_more(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Dress loses to top by 0.35 where it is true, top wins by 0.6 where that is: 0.4 and 0.5 mend all."""
        truth = np.full((64, 64), L.UPPER, np.uint8)
        truth[:, 32:] = L.DRESS
        logits = torch.full((1, L.N_LABELS, 32, 32), -9.0)
        logits[:, L.UPPER], logits[:, L.DRESS, :, :16], logits[:, L.DRESS, :, 16:] = 1.0, 0.4, 0.65
        monkeypatch.setattr(module, "see_both_ways", lambda *_: Perceived(logits, logits, logits, logits))
        write_image(tmp_path / "a.png", np.zeros((64, 64, 3), np.uint8))
        entry = Entry("a", "person", tmp_path / "a.png", read_labels=lambda: truth)
        net = PerceptionNet(16).eval()
        bias = net.parsing.labels.bias.detach().clone()  # type: ignore[union-attr]
        done = calibrate(net, [entry], (64, 64))
        assert 0.35 < done.biases["dress"] - done.biases["top"] < 0.6 and done.after == 1.0 > done.before
        moved = net.parsing.labels.bias.detach() - bias  # type: ignore[union-attr]
        for name, label in MOVED.items():
            assert float(moved[label]) == pytest.approx(done.biases[name], abs=1e-6)
        assert int((moved != 0).sum()) == sum(value != 0 for value in done.biases.values())

    def test_scores_are_of_the_photos_that_did_not_choose(self, rendered: Path, tmp_path: Path) -> None:
        config = TrainPerceptionConfig(
            data=[f"rendered:{rendered}"], out=tmp_path / "run", size=(64, 64), batch=2, steps=1, device="cpu", width=16
        )
        train("perception", config, lambda _: None)
        done = release(ReleaseConfig(out=tmp_path / "out"), [tmp_path / "run"])
        entry = done.manifest["perception"]
        assert entry["calibration"]["photos"] == 1 and entry["scored_on"] == 1
        assert {"mIoU12", "PCK@0.1"} <= set(entry["scores"]) and set(entry["calibration"]["biases"]) == set(MOVED)
        plain = release(ReleaseConfig(out=tmp_path / "plain", calibrate=False), [tmp_path / "run"])
        assert "calibration" not in plain.manifest["perception"]
