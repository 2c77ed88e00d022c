"""Names in any script are drawn in letters or escaped, never as boxes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from viton_cli.imaging import lettering
from viton_cli.imaging.drawing import tile

NAMES = ("anna", "Zoë Żółć", "Ольга", "مريم", "דנה", "王芳", "さくら", "प्रिया", "ana 👗", "e\u0301", "a\x1bb\n")
FAR = 10_000.0


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """No font and no answer is remembered from one test to the next."""
    for remembered in (lettering._font, lettering._has, lettering._lays_out):
        remembered.cache_clear()
    yield
    for remembered in (lettering._font, lettering._has, lettering._lays_out):
        remembered.cache_clear()


def boxes(words: str, font: ImageFont.FreeTypeFont) -> list[str]:
    """Letters that a font draws as it draws what is no letter at all."""

    def shape(letter: str) -> tuple[object, bytes]:
        mask = font.getmask(letter)
        return mask.size, bytes(mask)

    return [letter for letter in words if letter != " " and shape(letter) == shape("\uffff")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fonts", [lettering.SYSTEM_FONTS, ()], ids=["fonts of this system", "none"])
@pytest.mark.parametrize("layout", [True, False])
def test_no_letter_is_a_box(monkeypatch: pytest.MonkeyPatch, name: str, fonts: tuple[str, ...], layout: bool) -> None:
    monkeypatch.setattr(lettering, "SYSTEM_FONTS", fonts)
    monkeypatch.setattr(lettering.features, "check", lambda feature: layout)
    words, font = lettering.drawable(name, FAR)
    assert words.isprintable() and boxes(words, font) == []
    if not fonts:
        assert words.isascii(), "Pillow's own font has no more"
    if not layout and name in ("مريم", "דנה"):
        assert words.isascii(), "unjoined or in the wrong order, such words cannot be read"


def test_pillows_own_font_has_ascii_alone() -> None:
    """The reason for all this: it draws even an umlaut as a box."""
    own = ImageFont.load_default()
    assert boxes("".join(map(chr, range(33, 127))), own) == [] and boxes("éж王", own) == ["é", "ж", "王"]


def test_only_the_letters_that_no_font_has_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "SYSTEM_FONTS", ())
    assert lettering.drawable("ana 👗 é", FAR)[0] == r"ana \U0001f457 \xe9"


def test_what_is_too_wide_is_cut_and_says_so() -> None:
    words, font = lettering.drawable("a-person-with-a-very-long-name", 90)
    assert words.endswith("...") and words.startswith("a-person") and font.getlength(words) <= 90


def test_captions_of_sheets_and_tiles_are_drawn_so(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    real = ImageDraw.ImageDraw.text
    monkeypatch.setattr(
        ImageDraw.ImageDraw, "text", lambda self, at, text, **more: drawn.append(text) or real(self, at, text, **more)
    )
    monkeypatch.setattr(lettering, "SYSTEM_FONTS", ())
    tile([np.zeros((200, 200, 3), np.uint8)], 1, ["Ольга"])
    assert drawn == [r"\u041e\u043b\u044c\u0433\u0430"]
    sheet = Image.new("RGB", (300, 20))
    lettering.write_words(ImageDraw.Draw(sheet), (0, 0), "王", 300, "white")
    assert drawn[-1] == r"\u738b" and np.asarray(sheet).any()
