"""Pictures opened: the one place of the package where a picture's bytes are given to a decoder.

Only the kinds named in `FORMATS` are tried, by their content and never by the file's ending; whatever a decoder raises
becomes one error that names the file.
"""

from __future__ import annotations

import ctypes
import io
import logging
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError, _imaging

from viton_cli.errors import BadImage, VitonError
from viton_cli.files.exif import orientation

# None of these starts another program or reads another file.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF")
# A little under what Pillow itself refuses, so that there is one limit and one text.
MAX_PIXELS = 178_000_000
MAX_ASPECT = 20
KINDS = "JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, HEIC"
GET_HEIC = "HEIC pictures need a reader: pip install 'viton-cli[heif]' (or save it as JPEG or PNG)"

# Pillow tells of odd files by warnings and by its log; what matters of that is in the error.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())


def _silence_libtiff() -> None:
    """libtiff writes what it finds odd straight to stderr; Pillow raises an error too, and leaves that as it is."""
    with suppress(OSError, AttributeError):  # built in without a name: then it stays as it is
        library = ctypes.CDLL(_imaging.__file__)
        for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
            set_handler = getattr(library, name)
            set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
            set_handler(None)


_silence_libtiff()


class _Refused(Exception):
    """Why a picture is not read, in words."""


@contextmanager
def open_picture(
    source: Path | bytes | Image.Image, name: str = "", error: type[VitonError] = BadImage, what: str = ""
) -> Iterator[Image.Image]:
    """A picture, opened; its pixels are decoded when they are first asked for, which belongs into the `with` block.

    Args:
        source: A file, a file's bytes, or a picture that is open already.
        name: For messages; by default the file's.
        error: What to raise. what: The beginning of its text, before the cause.

    Raises:
        VitonError: `error`, for whatever goes wrong here or in the block: no such file, no file at all, torn, not a
            picture of a kind this reads, over 178 megapixels, over 20 times as long as wide.
    """
    try:
        if isinstance(source, Image.Image):
            _check_size(*source.size)
            yield source
            return
        with _stream(source) as stream:
            try:
                opened = Image.open(stream, formats=_formats())
            except UnidentifiedImageError:
                raise _Refused(_kind(stream)) from None
            with opened:
                _check_size(*opened.size)
                yield opened
    except VitonError:
        raise
    except Exception as caught:  # decoders raise whatever they trip over
        cause = _cause(caught)
        name = name or (str(source) if isinstance(source, Path) else "picture")
        raise error(f"{name}: {what} ({cause})" if what else f"{name}: {cause}") from None


def picture_size(path: Path) -> tuple[int, int]:
    """(height, width) of a picture as its viewer sees it, by the file's header.

    Raises:
        BadImage: As `open_picture`.
    """
    with open_picture(path) as opened:
        width, height = opened.size
        return (width, height) if orientation(opened) >= 5 else (height, width)


def decode_pixels(data: bytes, name: str) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 of a picture that the toolkit packed itself, as it was packed.

    Raises:
        BadImage: As `open_picture`; the text calls it `name`.
    """
    with open_picture(data, name) as opened:
        return np.array(opened.convert("RGB"))


def _stream(source: Path | bytes) -> IO[bytes]:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    mode = os.stat(source).st_mode
    if not stat.S_ISREG(mode):  # opening a pipe would wait for ever, a device might never end
        raise _Refused("a folder, not a picture" if stat.S_ISDIR(mode) else "a pipe, socket or device, not a file")
    return open(source, "rb")


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise _Refused(f"{width}x{height} pixels is no picture")
    if width * height > MAX_PIXELS:
        raise _Refused(f"{width}x{height} pixels is too large (over {MAX_PIXELS // 10**6} megapixels)")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise _Refused(f"{width}x{height} pixels is too long and thin (over {MAX_ASPECT}:1)")


@cache
def _formats() -> tuple[str, ...]:
    """Pillow's names of what is read; HEIC where its reader is installed."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return FORMATS
    register_heif_opener()
    return (*FORMATS, "HEIF")


def _kind(stream: IO[bytes]) -> str:
    """What a file is that is no picture."""
    stream.seek(0)
    start = stream.read(512)
    if not start:
        return "the file is empty"
    if start[4:8] == b"ftyp" and start[8:12] not in (b"avif", b"avis"):
        return "not a whole HEIC picture" if "HEIF" in _formats() else GET_HEIC
    is_text = start.isascii() and b"\0" not in start and not start.startswith(b"%!")
    return "not a picture but text" if is_text else f"not a picture of a kind this reads ({KINDS})"


def _cause(error: Exception) -> str:
    """One line on why reading failed."""
    if isinstance(error, Image.DecompressionBombError):
        return f"too large (over {MAX_PIXELS // 10**6} megapixels)"
    if isinstance(error, MemoryError):
        return "too large for the memory of this machine"
    if isinstance(error, OSError) and error.errno:
        return f"cannot be opened ({error.strerror or error})"
    if "truncated" in str(error) or isinstance(error, EOFError):
        return "the file is torn (its end is missing)"
    return str(error) or type(error).__name__
