"""What `prepare` writes is what `train` takes: laid-flat garments, places, pairs, and words where one lacks."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from viton_cli.config import PrepareConfig
from viton_cli.data.ccp import Ccp
from viton_cli.data.prepared import Prepared, laid_file
from viton_cli.engines.progress import Progress, Summary
from viton_cli.errors import BadDataset
from viton_cli.files import Manifest, write_image
from viton_cli.perception.backends.fake import draw_person
from viton_cli.pipelines.prepare import flatten, prepare
from viton_cli.pipelines.prepare.pairs import MISSING, shuffled
from viton_cli.training.pairs.packing import packed
from viton_cli.training.pairs.pairs import PairSet
from viton_cli.training.pairs.triplet_set import TripletSet
from viton_cli.training.pairs.triplet_sources import Source, as_top
from viton_cli.training.pairs.views import sample
from viton_cli.vocabulary import labels as L

SIZE = (256, 192)


class Notes(Progress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Two drawn people whose tops are shaded from left to right and from top to bottom, and one without a top."""
    for name, middle in {"anna": 0.5, "sub/bert": 0.47}.items():
        image, labels, _ = draw_person((512, 384), middle=middle)
        ys, xs = np.mgrid[:512, :384]
        shade = np.stack([xs * 0.08, ys * 0.06, 0 * xs], 2).astype(np.int16)  # little enough to be told by its colour
        image = np.where((labels == L.UPPER)[..., None], image + shade - 16, image).clip(0, 255)
        write_image(tmp_path / "people" / f"{name}.png", image.astype(np.uint8))
    image, labels, _ = draw_person((512, 384), sleeves="none")
    image[labels == L.UPPER] = 235
    write_image(tmp_path / "people/bare.png", image)
    return tmp_path / "people"


def run(people: Path, notes: Progress | None = None, **settings: Any) -> Summary:
    given: dict[str, Any] = {"person": people, "out": people.parent / "data", "pose": "fake", "parsing": "fake"}
    given |= {"flatten": True, "test_share": 0.0, "overlays": False}
    return prepare(PrepareConfig(**{**given, **settings}), notes)


def laid(data: Path) -> dict[str, dict[str, Any]]:
    lines = Manifest(data / "manifest.jsonl").read()
    return {line["worn_by"]: line for line in lines if "worn_by" in line}


def test_worn_garments_become_products_and_pairs(people: Path) -> None:
    notes, data = Notes(), people.parent / "data"
    done = run(people, notes)
    assert (done.ok, done.failed) == (3, 0), "nobody fails because a garment cannot be laid flat"
    assert (data / "train_pairs.txt").read_text() == "anna\tlaid/anna\nsub/bert\tlaid/sub/bert\n"
    for id in ("anna", "sub/bert"):
        for file in (f"cloth/laid/{id}.jpg", f"cloth-mask/laid/{id}.png", f"laid/{id}.npz"):
            assert (data / file).is_file(), file
    assert {id: line["status"] for id, line in laid(data).items()} == {
        "anna": "ok", "sub/bert": "ok", "bare": "skipped"
    }  # fmt: skip
    assert laid(data)["bare"]["cause"] == "cannot be laid flat: too little garment"
    assert "2 of 3 worn garments laid flat; the others cannot be: too little garment 1" in notes.said
    assert Prepared(data).report() == [] and not (data / "representation").exists()


def test_training_finds_each_point_of_the_worn_garment_on_the_laid_one(people: Path) -> None:
    """The laid garment, sampled at the places, is the photo; both presets take the folder as it is."""
    run(people)
    data = Prepared(people.parent / "data")
    pack = packed(Source.of(data, "train"), SIZE, True, lambda _: None)
    assert len(pack) == 2 and not pack.exact.any()
    examples = TripletSet([pack], SIZE, 0.0, 0.0)
    for index in range(2):
        one = examples.sample(index, None)
        known = torch.isfinite(one["places"][0])
        assert known.sum() > 0.8 * one["worn"].sum() and float(one["trust"]) < 1
        worn = sample(one["clothing"], torch.nan_to_num(one["places"]).permute(1, 2, 0))
        assert (worn - one["image"])[:, known].abs().mean() < 0.02
    pairs = PairSet([data], SIZE, say=lambda _: None)
    assert [pairs.source(i) for i in range(len(pairs))] == [
        "prepared anna laid/anna", "prepared sub/bert laid/sub/bert"
    ]  # fmt: skip
    assert ((pairs.sample(0).labels == L.UPPER) == (pairs.sample(0).worn_mask > 0)).all()


def test_a_second_run_lays_nothing_and_another_photo_lays_one(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    whole = flatten.flatten
    monkeypatch.setattr(flatten, "flatten", lambda *given: counted.append(1) or whole(*given))
    data = people.parent / "data"
    run(people)
    first = {id: line["inputs"] for id, line in laid(data).items()}
    run(people)
    assert len(counted) == 3, "also who cannot be laid flat is looked at once"
    image, _, _ = draw_person((512, 384), middle=0.52)
    write_image(people / "anna.png", image)
    run(people)
    assert len(counted) == 4 and laid(data)["anna"]["inputs"] != first["anna"]
    laid_file(data, "sub/bert").unlink()
    run(people)
    assert len(counted) == 5
    assert run(people, overwrite=True).ok == 3 and len(counted) == 8


def test_what_was_laid_stays_paired_only_while_its_photo_is_the_same(people: Path) -> None:
    data = people.parent / "data"
    run(people)
    write_image(people / "anna.png", draw_person((512, 384), middle=0.52)[0])
    (people / "sub/bert.png").write_bytes(b"no picture")
    assert run(people, flatten=False).failed == 1
    assert not Source.of(Prepared(data), "train").laid_flat("sub/bert", "laid/anna")
    notes = Notes()
    run(people, notes, flatten=False)
    assert MISSING in notes.said, "one is another photo now, the other none"
    run(people)
    assert (data / "train_pairs.txt").read_text() == "anna\tlaid/anna\n"
    assert not laid_file(data, "sub/bert").exists() and not (data / "cloth/laid/sub/bert.jpg").exists()


def test_whose_garment_is_named_is_not_laid_flat(people: Path) -> None:
    shirt = np.full((100, 80, 3), 255, np.uint8)
    shirt[20:80, 20:60] = 80
    write_image(people.parent / "clothes/shirt.png", shirt)
    (people.parent / "pairs.txt").write_text("anna.png shirt.png\n")
    run(people, clothes=people.parent / "clothes", pairs=people.parent / "pairs.txt")
    data = people.parent / "data"
    assert (data / "train_pairs.txt").read_text() == "anna\tshirt\nsub/bert\tlaid/sub/bert\n"
    assert set(laid(data)) == {"sub/bert", "bare"}


def test_what_training_lacks_is_said(people: Path, tmp_path: Path) -> None:
    notes, data = Notes(), people.parent / "data"
    run(people, notes, flatten=False)
    assert MISSING in notes.said and "--pairs" in MISSING and "--flatten" in MISSING
    for take in (lambda: Source.of(Prepared(data), "train"), lambda: PairSet([Prepared(data)], SIZE)):
        with pytest.raises(BadDataset, match=r"no train_pairs.txt: nobody's garment is known: .*--pairs.*--flatten"):
            take()
    notes = Notes()
    run(people, notes, test_share=1.0)
    assert "all 2 pairs are test pairs, none to train on: see --test-share" in notes.said
    for name in ("photos", "annotations/pixel-level", "annotations/image-level"):
        (tmp_path / "ccp" / name).mkdir(parents=True)
    write_image(tmp_path / "ccp/photos/0001.jpg", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(BadDataset, match=r"viton prepare --dataset .*ccp --format ccp --flatten --out DATA"):
        Source.of(Ccp(tmp_path / "ccp"), "train")


def test_a_dress_is_a_top_down_to_where_it_was_cut() -> None:
    labels = np.full((8, 4), L.DRESS, np.uint8)
    worn = np.arange(8)[:, None] * np.ones(4) < 5
    assert (as_top(labels, worn) == np.where(worn, L.UPPER, L.SKIRT)).all()
    assert (as_top(np.full((8, 4), L.JUMPSUITS, np.uint8), worn)[5:] == L.PANTS).all()
    with pytest.raises(BadDataset, match="another picture"):
        as_top(labels, worn[:4])


@pytest.mark.parametrize("damage", ["cut", "pickle", "shape"])
def test_damaged_places_are_named(people: Path, damage: str) -> None:
    run(people)
    data = Prepared(people.parent / "data")
    path = laid_file(data.root, "anna")
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:200])
    elif damage == "pickle":
        np.savez(path, worn=np.array([print]), places=np.zeros((2, 2, 2), np.float16))
    else:
        np.savez(path, worn=np.zeros((2, 2), bool), places=np.zeros((2, 2), np.float16))
    with pytest.raises(BadDataset, match=r"laid/anna.npz: damaged"):
        data.laid_flat("anna", "laid/anna")


@given(st.integers(2, 40), st.integers(1, 6))
def test_shuffled_gives_everybody_what_somebody_else_wears(people: int, sharing: int) -> None:
    pairs = [(f"p{i}", f"g{i // sharing}") for i in range(people)]
    given = shuffled(pairs)
    assert all(garment != dict(pairs)[person] for person, garment in given)
    several = len({garment for _, garment in pairs}) > 1
    assert [person for person, _ in given] == ([person for person, _ in pairs] if several else [])
    if sharing == 1:
        assert sorted(garment for _, garment in given) == sorted(garment for _, garment in pairs), "each garment once"


def test_most_keep_their_garment_when_one_comes() -> None:
    pairs = [(f"p{i}", f"g{i}") for i in range(50)]
    before, after = (dict(shuffled(rows)) for rows in (pairs, [*pairs, ("p50", "g50")]))
    assert sum(after[person] != garment for person, garment in before.items()) == 1


def test_who_wears_two_garments_gets_a_third() -> None:
    rows = [("a", "1"), ("a", "2"), ("b", "3")]
    assert shuffled(rows) == [("a", "3"), ("b", dict(shuffled(rows))["b"])]
    assert all((person, garment) not in rows for person, garment in shuffled(rows))
    assert shuffled(list(product("ab", "12"))) == []
