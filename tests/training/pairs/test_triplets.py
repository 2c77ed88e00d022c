"""Triplets packed from a drawn wardrobe: targets are the truth's, p is the person's, and the file is read again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_wardrobe import write_wardrobe

from viton_cli.config import TrainStage1Config, TrainStage2Config, load
from viton_cli.core.losses import Answer
from viton_cli.data.wardrobe import Wardrobe
from viton_cli.errors import BadConfig
from viton_cli.files import read_photo, write_image
from viton_cli.training.pairs import packing
from viton_cli.training.pairs.packing import Packed, packed
from viton_cli.training.pairs.triplet_set import TripletSet
from viton_cli.training.pairs.triplet_sources import Source
from viton_cli.training.pairs.views import sample
from viton_cli.training.train import train
from viton_cli.vocabulary.layout import TRUNK

SIZE = (128, 64)


@pytest.fixture(scope="module")
def wardrobe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wardrobe(tmp_path_factory.mktemp("wardrobe"))


@pytest.fixture(scope="module")
def pack(wardrobe: Path) -> Packed:
    return packed(Source.of(Wardrobe(wardrobe), "train"), (256, 192), False, lambda _: None)


def test_what_is_packed(pack: Packed) -> None:
    assert len(pack) == 8 and pack.people.tolist() == ["w0001_1a", "w0001_1b", "w0002_1a", "w0002_1b"]
    assert pack.image.shape == (4, 336, 252, 3) and pack.clothing.shape == (4, 256, 192, 3)
    assert pack.exact.all() and set(np.unique(pack.part)) == {0, 40}


def test_the_product_at_the_true_places_is_the_truth(pack: Packed) -> None:
    """By the coordinates on the cloth: column and row of the product as far along as on the drawn garment."""
    examples = TripletSet([pack], (256, 192), 0.0, 0.0)
    one = examples.sample(0, None)
    known = torch.isfinite(one["places"][0])
    assert known.sum() > 0.9 * one["worn"].sum() and (one["layout"][known] == TRUNK).all()
    rows, columns = torch.nonzero(known, as_tuple=True)
    for axis, at in ((0, columns.float()), (1, rows.float())):
        share = (at - at.min()) / (at.max() - at.min())
        value = one["places"][axis][known]
        low, high = (float(n) for n in torch.nonzero(one["clothing_mask"][0] > 0.5)[:, 1 - axis].aminmax())
        assert ((value - low) / (high - low) - share).abs().max() < 0.04
    worn = sample(one["clothing"], torch.nan_to_num(one["places"]).permute(1, 2, 0))
    assert (worn - one["image"])[:, known].abs().mean() < 0.05


def test_p_is_the_persons_and_the_answer_is_the_truths(pack: Packed) -> None:
    examples = TripletSet([pack], (256, 192), 0.0, 0.0)
    other = examples.unpaired(99)
    assert len(other) == 4 and len(examples.unpaired(2)) == 2
    one = examples.sample(other[0], None)
    worn = one["worn"][0] > 0
    before, after = (one[name][:, worn].mean(1) for name in ("person", "image"))
    assert (before - after).abs().max() > 0.5, "another colour"
    garment = one["clothing_mask"][0] > 0.9
    torch.testing.assert_close(one["clothing"][:, garment].mean(1), after, atol=0.06, rtol=0)
    assert float(one["tall"]) == pytest.approx(float((one["clothing_mask"][0] > 0.5).any(1).sum()), abs=1)


def test_an_example_is_a_function_of_its_generator(pack: Packed) -> None:
    examples = TripletSet([pack], (256, 192), 1.0, 0.5)
    one, same, other = (examples.sample(3, np.random.default_rng(seed)) for seed in (5, 5, 6))
    for name in one:
        torch.testing.assert_close(one[name], same[name], equal_nan=True)
    assert not torch.equal(one["image"], other["image"])
    answer = Answer.of({name: value[None] for name, value in one.items()})
    assert answer.image.abs().max() <= 1 and torch.isfinite(answer.places).any()
    assert not torch.isfinite(answer.places[:, 0][answer.worn[:, 0] == 0]).any()


def test_the_file_is_read_again(wardrobe: Path, tmp_path: Path) -> None:
    source, said = Source.of(Wardrobe(wardrobe), "val"), list[str]()
    first = packed(source, SIZE, False, said.append, tmp_path)
    again = packed(source, SIZE, False, said.append, tmp_path)
    (file,) = tmp_path.iterdir()
    assert said[-1] == "wardrobe: 4 triplets, prepared before"
    for name in ("image", "labels", "places", "triplets", "people"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    picture = wardrobe / "image/w0007_1a.jpg"
    picture.touch()
    copy = Wardrobe(Path(shutil.copytree(wardrobe, tmp_path / "copy")))
    packed(Source.of(copy, "val"), SIZE, False, said.append, tmp_path)
    assert said[-1] == "wardrobe: 4 triplets, prepared before", "neither its date nor its place matters"
    whole = file.read_bytes()
    for bytes in (whole[: len(whole) // 2], b"text"):
        file.write_bytes(bytes)
        assert len(packed(source, SIZE, False, said.append, tmp_path)) == 4 and "damaged, and made anew" in said[-3]
    write_image(copy.root / "image/w0007_1a.jpg", 255 - read_photo(picture).image)
    packed(Source.of(copy, "val"), SIZE, False, said.append, tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 2, "made again once a picture is another"


def test_what_cannot_be_used_is_counted(tmp_path: Path) -> None:
    root = write_wardrobe(tmp_path, ("w0001", "w0002"))
    (root / "image-parse/w0002_1a.png").unlink()
    said: list[str] = []
    made = packed(Source.of(Wardrobe(root), "train"), (64, 64), False, said.append)
    assert len(made) == 5, "all four of one person, one of the other"
    assert said[-1] == "wardrobe: 5 triplets of 8; photos not used: no labels 1"


def test_garments_laid_flat_are_an_eighth(pack: Packed) -> None:
    laid = Packed(**{**vars(pack), "exact": np.zeros(len(pack), bool)})
    both = TripletSet([pack, laid], (256, 192), 0.0, 0.0)
    assert len(both) == 16 and float(both.sample(12, None)["trust"]) == pytest.approx(0.3)
    tiled = {"triplets": np.tile(pack.triplets, (14, 1)), "exact": np.tile(pack.exact, 14)}
    many = Packed(**{**vars(pack), **tiled})
    mixed = TripletSet([many, laid], (256, 192), 0.0, 0.0)
    assert len(mixed) == 112 + 16 and sum(p == 1 for p, _ in mixed.order) == 16


def settings(data: Path, out: Path, **changes: object) -> TrainStage1Config:
    given: dict[str, object] = {
        "data": [f"wardrobe:{data}"], "out": out, "size": (64, 64), "batch": 4, "steps": 12, "log_every": 2,
        "device": "cpu", "ema": 0.5, "lr": 3e-3,
        "channels": [8, 8, 8], "blocks": [0, 1, 1], "perceived": 0.0, "augment": 0.2,
    }  # fmt: skip
    return TrainStage1Config(**{**given, **changes})  # type: ignore[arg-type]


def test_stage1_in_lite_trains_a_generator_with_a_layout(wardrobe: Path, tmp_path: Path) -> None:
    from viton_cli.core.generator import LayoutGenerator
    from viton_cli.methods.networks import load_generator

    scores = train("stage1", settings(wardrobe, tmp_path), lambda _: None)
    assert {"M IoU", "layout mean IoU", "places off", "coarse error"} <= set(scores)
    net, meta = load_generator(tmp_path / "stage1.safetensors")
    assert isinstance(net, LayoutGenerator) and meta["channels"] == [8, 8, 8]
    lines = [json.loads(line) for line in (tmp_path / "stage1/log.jsonl").read_text().splitlines()]
    found = [line["loss"] for line in lines if "loss" in line]
    assert np.mean(found[-2:]) < np.mean(found[:2])
    assert len(list((tmp_path / "stage1/samples").glob("*.jpg"))) == 1


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("channels=[8, 8]", "--blocks: bad value for 'blocks': as many as --channels, which are 2, not '0,1,2,2,2,1'"),
        ("channels=8,x", "--set channels=8,x: bad value for 'channels': input should be a valid integer"),
        ("channels=8", "--set channels=8: bad value for 'channels': there should be 2 to 7"),
        ("channels=0,9", "--set channels=0,9: bad value for 'channels': each should be from 1 to 1024"),
        ("perceived=2.0", "--set perceived=2.0: bad value for 'perceived': input should be less than or equal to 1"),
    ],
)
def test_settings_that_cannot_be(given: str, text: str) -> None:
    with pytest.raises(BadConfig) as caught:
        load(TrainStage1Config, None, [given], {"data": ["x"], "out": "x"}, {})
    assert str(caught.value).startswith(text) and "\n" not in str(caught.value)


def test_both_stages_and_another_run_share_what_was_prepared(
    wardrobe: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    whole = packing.pack
    monkeypatch.setattr(packing, "pack", lambda *given: counted.append(given[0].name) or whole(*given))
    common = {"data": [f"wardrobe:{wardrobe}"], "size": (64, 64), "batch": 4, "steps": 1, "device": "cpu"}
    second = {"width": 4, "perceived": 0.0, "perceptual_source": encoder, "out": tmp_path / "one"}
    train("stage1", settings(wardrobe, tmp_path / "one", steps=1), lambda _: None)
    train("stage2", TrainStage2Config(**common, **second), lambda _: None)
    assert len(counted) == 2 == len(list((tmp_path / "one/pairs").iterdir())), "the two splits, once each"
    for name in ("two", "three"):
        kept = {"cache": tmp_path / "kept", "steps": 1}
        train("stage1", settings(wardrobe, tmp_path / name, **kept), lambda _: None)
    assert len(counted) == 4 and not (tmp_path / "three/pairs").exists()
    with pytest.raises(BadConfig, match="--cache"):
        train("stage1", settings(wardrobe, tmp_path / "four", cache=wardrobe), lambda _: None)
