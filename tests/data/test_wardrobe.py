"""The wardrobe: people in several garments, split by person, with true answers and where on the cloth pixels lie."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from viton_cli.data import DATASETS
from viton_cli.data.rendered import Rendered
from viton_cli.data.triplets import HasCoordinates, HasTriplets, Triplet, triplets_of
from viton_cli.data.wardrobe import Wardrobe
from viton_cli.errors import BadDataset, BadPairs
from viton_cli.files import write_image

PEOPLE, GARMENTS = ("w0001", "w0017"), "abc"


@pytest.fixture
def wardrobe(tmp_path: Path, photo: Any, indexed: Any, openpose: Any) -> Path:
    rows = ["person,garment,truth,kind"]
    for person, garment in product(PEOPLE, GARMENTS):
        name = f"{person}_1{garment}"
        photo(tmp_path / "image" / f"{name}.jpg")
        photo(tmp_path / "cloth" / f"{name}.jpg")
        indexed(tmp_path / "image-parse" / f"{name}.png", np.zeros((32, 24)))
        indexed(tmp_path / "cloth-mask" / f"{name}.png", np.full((32, 24), 255), mode="L")
        openpose(tmp_path / "pose" / f"{name}_keypoints.json")
        for kind, part in (("image", 40), ("cloth", 80)):
            write_image(tmp_path / f"{kind}-places/{person}{garment}.png", np.full((16, 12, 3), (7, 9, part), np.uint8))
        kind = "dress" if garment == "c" else "upper"
        rows += [f"{person}_1{worn},{name},{name},{kind}" for worn in GARMENTS]
    for person in PEOPLE:
        photo(tmp_path / "cloth" / f"{person}_1l.jpg")
        indexed(tmp_path / "cloth-mask" / f"{person}_1l.png", np.full((32, 24), 255), mode="L")
        rows.append(f"{person}_1a,{person}_1l,{person}_1a,lower")
    (tmp_path / "pairs.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_people_whose_number_ends_in_7_are_held_out_with_all_they_wear(wardrobe: Path) -> None:
    data = DATASETS.get("wardrobe")(wardrobe)
    for split, person in (("train", "w0001"), ("val", "w0017")):
        assert {entry.id.split("_")[0] for entry in data.entries(split)} == {person}
        assert {name.split("_")[0] for row in data.triplets(split) for name in (row.person, row.truth)} == {person}
    assert len(list(data.entries())) == 2 * (3 + 4)


def test_every_garment_on_every_picture_of_a_person(wardrobe: Path) -> None:
    data = Wardrobe(wardrobe)
    assert isinstance(data, HasTriplets) and isinstance(data, HasCoordinates)
    rows = data.triplets("train")
    assert len(rows) == 10 and sum(row.unpaired for row in rows) == 6
    assert Triplet("w0001_1b", "w0001_1c", "w0001_1c", "dress") in rows
    assert Triplet("w0001_1a", "w0001_1l", "w0001_1a", "lower") in rows
    assert data.truth("w0001_1b", "w0001_1c") == wardrobe / "image/w0001_1c.jpg"


def test_pairs_leave_trousers_out(wardrobe: Path) -> None:
    data = Wardrobe(wardrobe)
    assert data.pairs("val") == [(f"w0017_1{g}", f"w0017_1{g}") for g in GARMENTS]
    assert len(data.pairs("val", "unpaired")) == 6


def test_coordinates_of_person_and_product(wardrobe: Path) -> None:
    found = Wardrobe(wardrobe).coordinates("w0017_3b", "w0017_2b")
    assert found is not None, "one file for all looks"
    assert [set(c.part.ravel()) for c in found] == [{40}, {80}] and found[0].at[3, 4].tolist() == [7, 9]
    assert Wardrobe(wardrobe).coordinates("w0017_1a", "w0017_1l") is None


def test_what_is_missing_is_named(wardrobe: Path) -> None:
    assert Wardrobe(wardrobe).report() == []
    (wardrobe / "cloth-places/w0001b.png").unlink()
    (wardrobe / "image/w0017_1a.jpg").unlink()
    lines = Wardrobe(wardrobe).report()
    assert "1 of 6 coordinates of cloth missing: cloth-places/w0001b.png" in lines
    assert "1 of 6 people of pairs.csv missing: image/w0017_1a.jpg" in lines


def test_bad_files_are_named(wardrobe: Path) -> None:
    with pytest.raises(BadDataset, match="no split 'test'"):
        Wardrobe(wardrobe).triplets("test")
    Image.new("L", (4, 4)).save(wardrobe / "cloth-places/w0001b.png")
    with pytest.raises(BadDataset, match=r"w0001b\.png: L instead of RGB"):
        Wardrobe(wardrobe).coordinates("w0001_1b", "w0001_1b")
    (wardrobe / "cloth-places/w0001b.png").write_bytes(b"no picture")
    with pytest.raises(BadDataset, match=r"w0001b\.png: not a picture"):
        Wardrobe(wardrobe).coordinates("w0001_1b", "w0001_1b")
    (wardrobe / "pairs.csv").write_text("person,garment,truth\nw0001_1a,w0001_1a,w0001_1a\n")
    with pytest.raises(BadPairs, match=r"pairs\.csv:2: no kind"):
        Wardrobe(wardrobe).triplets("train")


def test_rendered_sets_have_triplets_of_names_of_one_split(tmp_path: Path, photo: Any) -> None:
    for name in ("p0008", "p0008_g0009", "p0013", "p0013_g0003"):
        photo(tmp_path / "image" / f"{name}.jpg")
    (tmp_path / "cloth").mkdir()
    (tmp_path / "pairs.csv").write_text(
        "person,garment,truth\np0008,g0009,p0008_g0009\np0013,g0003,p0013_g0003\np0008,g0003,p0008_g0003\n"
        "p0008,g0007,p0008_g0007\n"
    )
    data = Rendered(tmp_path)
    assert triplets_of(data, "train") == [Triplet("p0008", "g0009", "p0008_g0009")], "the last has no picture"
    assert triplets_of(data, "val") == [Triplet("p0013", "g0003", "p0013_g0003")]
