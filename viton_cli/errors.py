"""Every error the toolkit raises on purpose.

A user's mistake or a bad input is a `VitonError`: its text is one line that names the file and the cause, and the
command line prints exactly that line. Anything else that escapes is a defect of the toolkit and keeps its traceback.
"""

from __future__ import annotations

import unicodedata


def shown(text: str) -> str:
    """Text as one line that a terminal only prints: what it would obey, or cannot show, is escaped.

    File names may hold line breaks, escape sequences, marks that turn the direction of writing, and bytes that are no
    text (shown as `\\xff`).
    """
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    if unicodedata.category(letter) == "Zs":
        return letter
    code = ord(letter)
    # Bytes of a name that are not UTF-8 come as these lone surrogates (`os.fsdecode`).
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else letter.encode("unicode_escape").decode()


class VitonError(Exception):
    """Base of all expected errors. `str(error)` is one line for a person, whatever the names in it hold."""

    def __str__(self) -> str:
        return shown(super().__str__())


class BadImage(VitonError):
    """A file that should be a picture cannot be read as one (torn, empty, not an image, far too large)."""


class NoPersonFound(VitonError):
    """A photo shows no person that perception can find."""


class NoGarmentFound(VitonError):
    """A garment photo or mask shows nothing that can be cut out as a garment."""


class BadMask(VitonError):
    """A given mask does not fit its photo, or is empty."""


class BadDataset(VitonError):
    """A data set folder lacks something its format needs; the text says what and where."""


class BadPairs(VitonError):
    """A pairs file cannot be read, or names a photo that is not there."""


class BadWeights(VitonError):
    """A weight file is missing, damaged, of another architecture, or of a kind that would execute code when read."""


class NotFetched(VitonError):
    """Published weights that are fetched only on demand are not here; the text names the command that brings them."""


class BadConfig(VitonError):
    """A setting is unknown or out of range."""


class NotOurs(VitonError):
    """A file that this toolkit did not write, or that was changed since, is where it would write."""


class MissingExtra(VitonError):
    """An optional dependency is not installed; the text holds the exact `pip install` line that mends it."""


class UnknownName(VitonError):
    """A registry does not know a name; the text lists the known ones and the nearest."""


class NothingUsable(VitonError):
    """An input folder holds nothing that can be worked on (exit code 3)."""
