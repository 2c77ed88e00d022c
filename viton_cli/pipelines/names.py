"""Names of the files a run writes."""

from __future__ import annotations

import hashlib
import re
import unicodedata

# Folders of a try-on run; a person's own sub-folder of such a name must not write into them.
RESERVED = ("steps", "edited", "thumbs", "aside")
# What Windows takes for a device, whatever ending follows.
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in "123456789¹²³")}


def safe(id: str) -> str:
    """A file name for an id, sub-folders kept; different ids get different names.

    An id that is a plain name stays as it is. One that is not (odd characters, a leading dot, "__", which joins two
    names, a reserved folder, a device of Windows, too long) is changed and gets a short hash of the id.
    """
    parts = id.split("/")
    plain = [_plain(part) for part in parts]
    if plain[0] in RESERVED:
        plain[0] = f"{plain[0]}_"
    if plain != parts:
        plain[-1] = _hashed(plain[-1], id)
    return "/".join(plain)


def pair_name(person: str, garment: str) -> str:
    """`PERSON__GARMENT`: the person's sub-folders are kept as folders, those of the garment are joined with "+"."""
    joined = safe(garment).replace("/", "+")
    if len(joined.encode("utf-8")) > 120:
        joined = _hashed(joined[:24], garment)
    return f"{safe(person)}__{joined}"


def _hashed(name: str, id: str) -> str:
    return f"{name}-{hashlib.sha256(id.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _plain(part: str) -> str:
    # What Windows or a shell cannot bear, and "+" and "__", which join names.
    # Of two spellings of one name, composed Unicode keeps it: to many file systems they are the same.
    plain = re.sub(r'[\x00-\x1f\x7f<>:"\\|?*+\ud800-\udfff]', "_", unicodedata.normalize("NFC", part))
    plain = re.sub(r"__+", "_", plain).strip("_").rstrip(". ").lstrip(".")
    while len(plain.encode("utf-8")) > 80:
        plain = plain[:-1]
    if plain.split(".")[0].rstrip().casefold() in DEVICES:
        plain = f"_{plain}"
    return plain or "unnamed"
