"""Names of outputs never meet and never leave the folder; pairs files say who wears what."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viton_cli.errors import BadPairs
from viton_cli.pipelines.names import pair_name, pairs_of, read_pairs, safe

PEOPLE = [(id, Path(f"people/{id}.jpg")) for id in ("anna", "bert two", "sub/carl", "left/dora", "right/dora")]
CLOTHES = [(id, Path(f"clothes/{id}.png")) for id in ("red", "green", "tops/blue")]
ids = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=3).map("/".join)


@pytest.mark.parametrize("id", ["anna", "anna 2", "ä/b", "a.b", "a-b_c", "日本"])
def test_plain_names_stay(id: str) -> None:
    assert safe(id) == id


@given(ids)
def test_a_name_stays_in_its_folder(id: str) -> None:
    parts = PurePosixPath(safe(id)).parts
    assert parts and not {"..", ".", "/"} & set(parts) and parts[0] not in ("steps", "edited", "thumbs")
    assert all(len(part.encode("utf-8")) < 100 and not part.startswith(".") for part in parts)


@given(ids, ids, ids, ids)
def test_different_pairs_have_different_names(person: str, garment: str, other: str, another: str) -> None:
    assert (pair_name(person, garment) == pair_name(other, another)) == ((person, garment) == (other, another))


def test_joints_of_names_cannot_be_mistaken() -> None:
    names = [
        pair_name(*pair)
        for pair in [("a__b", "c"), ("a", "b__c"), ("a_", "_c"), ("a", "b/c"), ("a", "b+c"), ("a", "b_c")]
    ]
    assert len(set(names)) == 6
    assert pair_name("edited/x", "g") != "edited/" + pair_name("x", "g")


def test_all_and_zip() -> None:
    assert sum(len(clothes) for clothes in pairs_of("all", PEOPLE, CLOTHES).values()) == 15
    assert pairs_of("zip", PEOPLE[:3], CLOTHES) == {"anna": ["red"], "bert two": ["green"], "sub/carl": ["tops/blue"]}
    with pytest.raises(BadPairs, match="5 people but 3 garments"):
        pairs_of("zip", PEOPLE, CLOTHES)


@pytest.mark.parametrize(
    "text",
    [
        "anna red\nsub/carl tops/blue\n",
        "anna.jpg\tred.png\ncarl.jpg\tblue.png\n",
        '\ufeffperson,garment,note\r\nanna,red,"worn, truth"\r\n\r\n# a remark\r\nsub/carl.jpg, blue\r\n',
    ],
)
def test_pairs_files_of_every_kind(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.txt").write_bytes(text.encode())
    rows = read_pairs(tmp_path / "p.txt", PEOPLE, CLOTHES)
    assert [row[:2] for row in rows] == [("anna", "red"), ("sub/carl", "tops/blue")]
    assert rows[0][2] == ("worn, truth" if "worn" in text else "")


def test_names_with_blanks_go_with_commas_or_tabs(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("bert two.jpg,red.png\nbert two\tgreen\n")
    assert pairs_of(str(tmp_path / "p.txt"), PEOPLE, CLOTHES) == {"bert two": ["red", "green"]}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("anna red\nana red\n", r"p\.txt:2: there is no person called 'ana' \(did you mean 'anna'\?\)"),
        ("anna blu\n", r"p\.txt:1: there is no garment called 'blu' \(did you mean 'blue'\?\)"),
        ("anna\n", r"p\.txt:1: expected 'person garment'"),
        ("dora red\n", "'dora' could be any of left/dora, right/dora"),
        ("\n# nothing\n", "no pairs"),
        ("\xff\xfe", "not a text file"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, text: str, cause: str) -> None:
    (tmp_path / "p.txt").write_bytes(text.encode("latin-1"))
    with pytest.raises(BadPairs, match=cause):
        read_pairs(tmp_path / "p.txt", PEOPLE, CLOTHES)
    with pytest.raises(BadPairs, match="cannot be opened"):
        read_pairs(tmp_path / "gone", PEOPLE, CLOTHES)
