"""Names of outputs never meet and never leave the folder."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viton_cli.pipelines.names import DEVICES, pair_name, safe

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


@pytest.mark.parametrize("id", ["con", "Aux.jpg", "nul/anna", "shop/COM1", "lpt¹.left", "prn ."])
def test_devices_of_windows_are_no_names(id: str) -> None:
    for part in safe(id).split("/"):
        assert part.split(".")[0].strip().casefold() not in DEVICES and not part.endswith((".", " "))
    assert safe("console") == "console" and safe("com10") == "com10"


def test_joints_of_names_cannot_be_mistaken() -> None:
    names = [
        pair_name(*pair)
        for pair in [("a__b", "c"), ("a", "b__c"), ("a_", "_c"), ("a", "b/c"), ("a", "b+c"), ("a", "b_c")]
    ]
    assert len(set(names)) == 6
    assert pair_name("edited/x", "g") != "edited/" + pair_name("x", "g")
