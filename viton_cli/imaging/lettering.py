"""Words drawn into pictures: by a font that has their letters, else escaped; never boxes in their place.

Pillow's own font has ASCII alone. What it lacks is drawn by a font of the system, where there is one that has it.
Scripts whose letters join or run from right to left (Arabic, Hebrew, Devanagari ...) need Pillow's text layout, Raqm,
besides; where that is missing they are escaped too.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import Any

from PIL import ImageDraw, ImageFont, features

from viton_cli.errors import shown

SIZE = 10
CUT = "..."
# Files of fonts that come with systems; Pillow looks for them in each system's folders.
SYSTEM_FONTS = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "NotoSansCJK-Regular.ttc", "NotoSansArabic-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf", "Lohit-Devanagari.ttf", "wqy-microhei.ttc",
    "Arial Unicode.ttf", "PingFang.ttc", "Hiragino Sans GB.ttc", "AppleSDGothicNeo.ttc", "GeezaPro.ttc", "Kohinoor.ttc",
    "segoeui.ttf", "msyh.ttc", "malgun.ttf", "YuGothM.ttc", "Nirmala.ttf", "Nirmala.ttc", "seguisym.ttf",
)  # fmt: skip


def write_words(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, width: float, fill: str = "black"
) -> None:
    """Draw a line of text, cut to a width in pixels; `at` is its top left corner."""
    words, font = drawable(text, width)
    draw.text(at, words, fill=fill, font=font)


def drawable(text: str, width: float) -> tuple[str, Any]:
    """Text in letters that a font has, cut to a width in pixels; and that font."""
    name, words = "", shown(text)
    if lacking := _lacking(words, name):
        for other in SYSTEM_FONTS:
            if _font(other) is not None and len(fewer := _lacking(words, other)) < len(lacking):
                name, lacking = other, fewer
            if not lacking:
                break
    words = "".join(_escaped(letter) if letter in lacking else letter for letter in words)
    font = _font(name)
    if font.getlength(words) > width:
        while words and font.getlength(words + CUT) > width:
            words = words[:-1]
        words += CUT
    return words, font


@cache
def _font(name: str) -> Any:
    """A font of the system, None if it is not there; "" is Pillow's own."""
    if not name:
        return ImageFont.load_default()
    try:
        return ImageFont.truetype(name, SIZE)
    except (OSError, ImportError):
        return None


def _lacking(words: str, name: str) -> set[str]:
    """The letters that cannot be drawn by a font."""
    return {letter for letter in words if not _has(name, letter)}


@lru_cache(maxsize=8192)
def _has(name: str, letter: str) -> bool:
    if letter == " ":
        return True
    if _is_laid_out(letter) and not _lays_out():
        return False
    font = _font(name)
    try:
        drawn, box = (font.getmask(shape) for shape in (letter, "\uffff"))  # the latter is no letter in any font
    except UnicodeError:  # of a Pillow without FreeType
        return False
    return (drawn.size, bytes(drawn)) != (box.size, bytes(box))


def _is_laid_out(letter: str) -> bool:
    """Whether a letter's form or place depends on its neighbours."""
    return unicodedata.bidirectional(letter) in ("R", "AL", "AN") or unicodedata.category(letter) in ("Mn", "Mc")


@lru_cache(maxsize=1)
def _lays_out() -> bool:
    return bool(features.check("raqm") and features.check("fribidi"))


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode()
