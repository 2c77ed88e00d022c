"""What errors print: one line that a terminal obeys in nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viton_cli.errors import BadImage, shown


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("anna ü 写真 .jpg", "anna ü 写真 .jpg"),
        ("a\nerror: forged", r"a\nerror: forged"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("\x9b31m\x7f\r", r"\x9b31m\x7f\r"),
        ("\udcff\udc80", r"\xff\x80"),
        ("\ud800", r"\ud800"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("no\u2028break", r"no\u2028break"),
    ],
)
def test_names_are_shown_and_not_obeyed(name: str, text: str) -> None:
    assert shown(name) == text
    assert str(BadImage(f"{name}: torn")) == f"{text}: torn"


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_one_line_that_can_be_printed(text: str) -> None:
    line = shown(text)
    assert len((line + "x").splitlines()) == 1
    assert line.encode("utf-8").decode("utf-8") == line
    assert shown(line) == line
