"""The one grammar of pairs files, and what is said of files that do not keep to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viton_cli.errors import BadPairs
from viton_cli.files import PairRow, read_pairs, stem


def read(tmp_path: Path, text: str | bytes, name: str = "pairs.csv") -> list[PairRow]:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_pairs(path)


def cause(tmp_path: Path, text: str | bytes, name: str = "pairs.csv") -> str:
    with pytest.raises(BadPairs) as caught:
        read(tmp_path, text, name)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / name)) and "\n" not in message and len(message) < 400
    return message.removeprefix(str(tmp_path / name))


@pytest.mark.parametrize(
    "text",
    [
        "a.jpg b.jpg\nc c.png\n",
        "a.jpg\tb.jpg\nc\tc.png",
        "a.jpg,b.jpg\r\nc, c.png\r\n",
        "\ufeff# a remark\n\n  a.jpg   b.jpg  \r\r  c\tc.png",
        'person,garment\na.jpg,"b.jpg"\nc,c.png\n',
        "garment\tperson\nb.jpg\ta.jpg\nc.png\tc\n",
        "Person Garment\na.jpg b.jpg\nc c.png\n",
        "people,clothes\na.jpg,b.jpg\nc,c.png\n",
        '{"person": "a.jpg", "garment": "b.jpg"}\n\n# a remark\n{"garment": "c.png", "person": "c"}\n',
    ],
)
def test_one_meaning_in_every_spelling(tmp_path: Path, text: str) -> None:
    rows = read(tmp_path, text)
    assert [(row.person, row.garment) for row in rows] == [("a.jpg", "b.jpg"), ("c", "c.png")]
    assert [row.ids for row in rows] == [("a", "b"), ("c", "c")]
    assert all(row.truth is row.kind is row.mask is row.output is row.verdict is row.unpaired is None for row in rows)


def test_a_third_column_without_header(tmp_path: Path) -> None:
    rows = read(tmp_path, "a b upper\na b lower\na b dress\na b c\na b dresses\na b\n")
    assert [row.kind for row in rows] == ["upper", "lower", "dress", None, "dress", None]
    assert [row.unpaired for row in rows] == [None, None, None, "c", None, None]


def test_all_columns_and_others(tmp_path: Path) -> None:
    values = {"person": "p/a 1.jpg", "garment": "g", "truth": "t", "unpaired": "u", "mask": "m.png", "output": "o"}
    values |= {"kind": "Upper_Body", "verdict": "KEEP", "note": "worn, once"}
    as_csv = ",".join(values) + "\n" + ",".join(f'"{value}"' for value in values.values()) + "\nx,y\n"
    as_json = json.dumps(values) + '\n{"person": "x", "garment": "y", "truth": null, "mask": ""}\n'
    expected = PairRow("", "p/a 1.jpg", "g", "t", "u", "m.png", "o", "upper", "keep", {"note": "worn, once"})
    for name, text in (("p.csv", as_csv), ("p.jsonl", as_json)):
        first, second = read(tmp_path, text, name)
        assert first == PairRow(**{**vars(expected), "where": f"{tmp_path / name}:{2 if name == 'p.csv' else 1}"})
        assert (second.person, second.garment, second.truth, second.mask) == ("x", "y", None, None)


def test_a_manifest_is_a_pairs_file_too(tmp_path: Path) -> None:
    line = {"person": "a", "garment": "b", "output": "a__b.png", "status": "ok", "seconds": {"warp": 1}, "edited": None}
    (row,) = read(tmp_path, json.dumps(line) + "\n", "manifest.jsonl")
    assert (row.ids, row.output, row.more) == (("a", "b"), "a__b.png", {"status": "ok", "seconds": {"warp": 1}})


def test_other_names_give_way_to_the_true_ones(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "image,person,garment\nshown.jpg,a,b\n")
    assert row.ids == ("a", "b") and row.more == {"image": "shown.jpg"}


def test_numbers_in_json_are_names(tmp_path: Path) -> None:
    assert read(tmp_path, '{"person": 7, "garment": "g"}', "p.jsonl")[0].ids == ("7", "g")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a b\na\n", ":2: 1 columns, expected 2 or 3 (person, garment): 'a'"),
        ("a b c d\n", ":1: 4 columns, expected 2 or 3"),
        ("a;b\n", "(columns are separated by commas, tabs or blanks)"),
        ("person,garment\na,b,c\n", ":2: 3 columns, the header has 2: 'a,b,c'"),
        ("person,garment\na,\n", ":2: no garment (expected 'person garment')"),
        ("person,garment\n", ": no pairs in this file, only a header"),
        ("\n# nothing\n", ": no pairs in this file"),
        ("person,garmnet\na,b\n", ":1: unknown column 'garmnet' (did you mean 'garment'?)"),
        ("person,garment,truht\na,b,c\n", ":1: unknown column 'truht' (did you mean 'truth'?)"),
        ("person,garment,mask,mask\na,b,c,d\n", ":1: column 'mask' is there twice"),
        ("person,garment,kind\na,b,hat\n", ":2: unknown kind 'hat'; known: upper, lower, dress"),
        ("person,garment,verdict\na,b,so so\n", ":2: unknown verdict 'so so'; known: keep, reject"),
        ('a,"b\n', ":1: a quote is not closed"),
        ("a,b\nc,\x01d\n", r":2: 'garment' holds the character '\x01'"),
        (b"\xff\xfe\x00\xd8", ": not a text file (UTF-8)"),
        ('{"person": "a"}\n', ":1: no garment"),
        ('{"person": "a", "garment": ["b"]}\n', """:1: 'garment' is ["b"], expected text"""),
        ('{"person": "a", "garment": "\\ud800"}\n', r":1: 'garment' holds the character '\ud800'"),
        ('{"person": "a", "garment": "b"}\n{"person"\n', """:2: not a JSON object: '{"person"'"""),
        ('{"person": "a", "garment": "b", "outptu": "c"}\n', "did you mean 'output'?"),
        ("a b\nc\nd e\nf\ng\nh\ni\nj\nk\n", ":2: 1 columns, expected 2 or 3 (person, garment): 'c'; also wrong: "
         "line 4, 5, 6, 7 and 2 more"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_with_line_and_cause(tmp_path: Path, text: str | bytes, wanted: str) -> None:
    assert wanted in cause(tmp_path, text)


def test_other_files(tmp_path: Path) -> None:
    assert "one object a line is wanted" in cause(tmp_path, '[{"person": "a", "garment": "b"}]', "p.json")
    assert "not a JSON object" in cause(tmp_path, "[" * 3_000, "p.jsonl")
    with pytest.raises(BadPairs, match=r"gone: cannot be opened \(No such file"):
        read_pairs(tmp_path / "gone")
    with pytest.raises(BadPairs, match=r"cannot be opened \(Is a directory"):
        read_pairs(tmp_path)


@pytest.mark.parametrize(
    "text", ["a,b\n{},b\n", "a b\nb {}\n", 'a,b\n"{}",b\n', "person,garment,note\na,b,{}\n", '{{"person": "{}"}}\n']
)
def test_a_field_of_200000_characters(tmp_path: Path, text: str) -> None:
    message = cause(tmp_path, text.format("x" * 200_000))
    assert "200,000 characters" in message and message.startswith((":1: ", ":2: "))


NAMES = st.text(st.characters(blacklist_categories=["C", "Z"], blacklist_characters='"#{,;'), min_size=1, max_size=9)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=4))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]) -> None:
    folder = tmp_path_factory.mktemp("pairs")
    for name, text in (
        ("p.csv", "person,garment\n" + "".join(f'"{a}","{b}"\n' for a, b in pairs)),
        ("p.txt", "person\tgarment\n" + "".join(f"{a}\t{b}\n" for a, b in pairs)),
        ("p.jsonl", "".join(json.dumps({"person": a, "garment": b}) + "\n" for a, b in pairs)),
    ):
        assert [(row.person, row.garment) for row in read(folder, text, name)] == pairs


@given(st.binary(max_size=200))
def test_any_bytes_are_pairs_or_one_line(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    try:
        assert all(row.person and row.garment for row in read(folder, data))
    except BadPairs as error:
        assert "\n" not in str(error)


def test_stems_lose_picture_endings_only() -> None:
    names = {"a_0.jpg": "a_0", "a.PNG": "a", "v1.2": "v1.2", "b": "b", "dir/c.jpeg": "dir/c"}
    assert {name: stem(name) for name in names} == names
