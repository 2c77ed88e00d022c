"""Who is to wear what: all, one by one, or by a file; everything the file names is checked before the start."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from viton_cli.config import TryOnConfig
from viton_cli.errors import BadConfig, BadPairs
from viton_cli.pipelines.pairing import Pairing, find_pairs, pairs_of
from viton_cli.pipelines.tryon import tryon

PEOPLE = [(id, Path(f"people/{id}.jpg")) for id in ("anna", "bert two", "sub/carl", "left/dora", "right/dora")]
CLOTHES = [(id, Path(f"clothes/{id}.png")) for id in ("red", "green", "tops/blue")]


def of(tmp_path: Path, text: str, name: str = "p.csv", **settings: Any) -> Pairing:
    (tmp_path / name).write_bytes(text.encode())
    return pairs_of(str(tmp_path / name), PEOPLE, CLOTHES, **settings)


def test_all_and_zip() -> None:
    assert len(pairs_of("all", PEOPLE, CLOTHES).pairs) == 15
    zipped = pairs_of("zip", PEOPLE[:3], CLOTHES).wanted
    assert zipped == {"anna": ["red"], "bert two": ["green"], "sub/carl": ["tops/blue"]}
    with pytest.raises(BadPairs, match="5 people but 3 garments"):
        pairs_of("zip", PEOPLE, CLOTHES)
    with pytest.raises(BadPairs, match=r"--pairing zpi: .*did you mean 'zip'\?"):
        pairs_of("zpi", PEOPLE, CLOTHES)


@pytest.mark.parametrize(
    "text",
    [
        "anna red\nsub/carl tops/blue\n",
        "anna.jpg\tred.png\ncarl.jpg\tblue.png\n",
        '\ufeffperson,garment,note\r\nanna,red,"worn, truth"\r\n\r\n# a remark\r\nsub/carl.jpg, blue\r\n',
        '{"person": "anna", "garment": "red"}\n{"person": "./sub/carl", "garment": "tops/blue.png"}\n',
    ],
)
def test_names_of_photos_in_every_spelling(tmp_path: Path, text: str) -> None:
    assert of(tmp_path, text).pairs == [("anna", "red"), ("sub/carl", "tops/blue")]


def test_paths_relative_to_the_file(tmp_path: Path) -> None:
    people = [("anna", tmp_path / "photos" / "anna.jpg")]
    clothes = [("anna", tmp_path / "shop" / "anna.png"), ("b", tmp_path / "shop" / "b.png")]
    for file in (people[0][1], clothes[1][1]):
        file.parent.mkdir()
        file.touch()
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "p.csv").write_text("../photos/anna.jpg,../shop/b.png\n")
    assert pairs_of(str(tmp_path / "lists" / "p.csv"), people, clothes).pairs == [("anna", "b")]


def test_a_pair_named_twice_is_one_and_an_unpaired_garment_is_put_on(tmp_path: Path) -> None:
    pairing = of(tmp_path, "bert two.jpg,red.png\nbert two\tgreen\nanna,red,blue\nbert two,red\n")
    assert pairing.wanted == {"bert two": ["red", "green"], "anna": ["tops/blue"]}


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    pairing = of(tmp_path, "person,garment,verdict\nanna,red,keep\nanna,green,reject\nsub/carl,red,\n")
    assert pairing.pairs == [("anna", "red"), ("sub/carl", "red")]
    file = tmp_path / "p.csv"
    assert pairing.notes == (
        f"{file}: 1 rejected pairs are left out",
        f"{file}: 3 of 5 people and 2 of 3 garments are in no pair",
    )
    with pytest.raises(BadPairs, match="no pairs in this file but rejected ones"):
        of(tmp_path, "person,garment,verdict\nanna,red,reject\n")


def test_limit_and_shuffle() -> None:
    assert pairs_of("all", PEOPLE, CLOTHES, limit=4).pairs == pairs_of("all", PEOPLE, CLOTHES).pairs[:4]
    mixed = [pairs_of("all", PEOPLE, CLOTHES, shuffle=True, seed=seed) for seed in (0, 0, 1)]
    assert mixed[0].wanted == mixed[1].wanted != mixed[2].wanted
    assert sorted(mixed[0].pairs) == sorted(mixed[2].pairs) == sorted(pairs_of("all", PEOPLE, CLOTHES).pairs)
    few = pairs_of("all", PEOPLE, CLOTHES, limit=5, shuffle=True, seed=1)
    assert len(few.pairs) == 5 and set(few.pairs) <= set(mixed[2].pairs) and list(few.wanted) != [PEOPLE[0][0]]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("anna red\nana red\n", r"p\.csv:2: there is no person called 'ana' \(did you mean 'anna'\?\)$"),
        ("anna blu\n", r"p\.csv:1: there is no garment called 'blu' \(did you mean 'blue'\?\)"),
        ("dora red\n", "'dora' could be any of left/dora, right/dora"),
        ("ana red\nanna red\nanna pink\n", r"p\.csv:1: .*'ana'.*; also wrong: line 3$"),
        ("person,garment,mask\nanna,red,no.png\n", r"p\.csv:2: there is no mask .*no\.png"),
        ("person,garment,mask\nanna,red,p.csv\nanna,green,\nsub/carl,red,q.csv\n", "p.csv:4: another mask for 'red'"),
        ("person,garment,output\nanna,red,a\nanna,red,b\n", "p.csv:3: the pair of line 2, with another output"),
        ("person,garment,output\nanna,red,A.png\nanna,green,a\n", "p.csv:3: output 'a' is that of line 2 too"),
        ("person,garment,output\nanna,red,\nanna,green,anna__red\n", "p.csv:2: output 'anna__red' is that of line 3"),
        ("person,garment,output\nanna,red,a.jpg\n", r"p\.csv:2: output 'a.jpg': results are written as \.png"),
        ("person,garment,output\nanna,red,../a\n", "'../a' leads out of the folder"),
        ("person,garment,output\nanna,red,/a\n", "'/a' leads out of the folder"),
        ("person,garment,output\nanna,red,C:a\n", "'C:a' leads out of the folder"),
        ("person,garment,output\nanna,red,b/.a\n", "is no plain file name"),
        ("person,garment,output\nanna,red,a?\n", "has a character that no file name has everywhere"),
        ("person,garment,output\nanna,red,steps/a\n", "is a name the run keeps for itself"),
        ("person,garment,output\nanna,red,sheet-2\n", "is a name the run keeps for itself"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, text: str, cause: str) -> None:
    (tmp_path / "q.csv").touch()
    with pytest.raises(BadPairs, match=cause):
        of(tmp_path, text)


def test_lines_are_found_in_the_files_order(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("sub/carl tops/blue\nanna red green\n")
    found = find_pairs(tmp_path / "p.txt", PEOPLE, CLOTHES)
    assert [(line.person, line.garment, line.unpaired) for line in found] == [
        ("sub/carl", "tops/blue", None), ("anna", "red", "green"),
    ]  # fmt: skip


@pytest.mark.usefixtures("fakes")
def test_masks_and_outputs_of_a_file_are_used(folders: SimpleNamespace) -> None:
    mask = np.zeros((64, 48), np.uint8)
    mask[:, :24] = 255
    (folders.root / "masks").mkdir()
    Image.fromarray(mask).save(folders.root / "masks" / "m.png")
    half = np.asarray(Image.open(folders.clothes / "red.png").convert("RGB")).copy()
    half[:, 24:] = (0, 0, 90)
    Image.fromarray(half).save(folders.clothes / "red.png")
    rows = [
        {"person": "anna", "garment": "red", "mask": "masks/m.png", "output": "looks/first.png"},
        {"person": "anna", "garment": "green"},
    ]
    file = folders.root / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = {"person": str(folders.people), "clothes": str(folders.clothes), "out": str(folders.out)}
    done = tryon(TryOnConfig(**given, pairing=str(file), steps=True))
    assert (done.ok, done.failed) == (2, 0)
    picture = np.asarray(Image.open(folders.out / "looks" / "first.png"))
    assert picture[15, 10].tolist() == [200, 10, 10], "only the masked half of the garment is put on"
    assert (folders.out / "anna__green.png").is_file() and (folders.out / "steps/looks/first.jpg").is_file()
    assert tryon(TryOnConfig(**given, pairing=str(file), steps=True)).skipped == 2
    limited = tryon(TryOnConfig(**{**given, "out": str(folders.root / "few")}, limit=2, shuffle=True, seed=3))
    assert limited.ok == 2
    with pytest.raises(BadConfig, match="--seed belongs to --shuffle"):
        tryon(TryOnConfig(**given, seed=3))


def test_a_long_file_of_wrong_names_is_refused_within_a_second_or_two(tmp_path: Path) -> None:
    photos = [(f"p{n:05d}", tmp_path / f"p{n:05d}.jpg") for n in range(1000)]
    (tmp_path / "pairs.txt").write_text("p0000,p0000\n" * 5_000)
    began = time.process_time()
    with pytest.raises(BadPairs, match=r"pairs\.txt:1: there is no person called 'p0000' .*and 4995 more"):
        pairs_of(str(tmp_path / "pairs.txt"), photos, photos)
    assert time.process_time() - began < 3
