"""Photos read as their viewer sees them, and read again as they are.

A huge photo is worked on at a working size, which no network's input comes near; only a result's own pixels are needed
at the photo's full size, and for that its file is read again (`read_original`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.errors import BadImage
from viton_cli.files.colour import alpha_of, is_srgb, own_rgb, plain, to_srgb
from viton_cli.files.exif import TURNS, kept_exif, orientation
from viton_cli.files.listing import plain_name
from viton_cli.files.opening import open_picture
from viton_cli.records import Original, Photo

MIN_SIDE = 24
WORKING_PIXELS = 8_000_000  # to which `tryon` and `prepare` bound the photos they work on
HUGE = 24_000_000  # pixels of a photo of which no more than one is in memory whole at a time
_huge = threading.Lock()


def read_photo(path: Path, id: str | None = None, most: int | None = None) -> Photo:
    """Read a photo as its viewer sees it: EXIF turned, sRGB, transparent parts over white, `alpha` kept beside it.

    Grey, 16-bit, palette, CMYK and animated (first frame) pictures become RGB.

    Args:
        path: The file.
        id: By default the name without ending.
        most: Pixels; a larger photo is made smaller to that. By default none is.

    Raises:
        BadImage: Missing, empty, torn, not a picture, smaller than 24 pixels or too large (see `open_picture`).
    """
    path = Path(path)
    return _photo(path, str(path), plain_name(path.stem) if id is None else id, path, most)


def read_rgb(path: Path) -> Image.Image:
    """The pixels of `read_photo` as an RGB image of PIL: of a huge photo there is no second copy in memory.

    Raises:
        BadImage: See `read_photo`.
    """
    with open_picture(path, str(path)) as opened:
        _check_size(opened.size, str(path))
        with one_at_a_time(opened.size):
            opened.load()
        own, profile = own_rgb(plain(opened))
        return _turned(to_srgb(own, profile), orientation(opened))


def decode_photo(data: bytes, name: str, most: int | None = None) -> Photo:
    """`read_photo` for the bytes of a picture, as they come from a pipe; `name` is used in messages and as the id."""
    return _photo(data, name, name, None, most)


def adopt_photo(picture: Image.Image | NDArray[np.uint8], name: str, most: int | None = None) -> Photo:
    """`read_photo` for a picture in memory: a PIL image, or (H, W, 3) uint8 sRGB."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(np.ascontiguousarray(picture))
    return _photo(image, name, name, None, most)


def read_original(photo: Photo) -> Image.Image:
    """A photo at its full size, upright, RGB in the numbers of its own profile, transparent parts over white.

    Raises:
        BadImage: Its file cannot be read any more, or is another one by now.
    """
    original = photo.original
    if original is None or original.exact or original.data is None:
        return Image.fromarray(photo.image)
    if isinstance(original.data, np.ndarray):
        return Image.fromarray(original.data)
    name = str(photo.source or photo.id)
    with open_picture(original.data, name) as opened:
        opened.load()
        picture, profile = own_rgb(plain(opened))
        picture = _turned(picture, orientation(opened))
    if picture.size != original.size[::-1] or profile != original.profile:
        raise BadImage(f"{name}: changed while it was worked on")
    picture.info = {}  # else the old picture's words would be written with the new one
    return picture


@contextmanager
def one_at_a_time(size: tuple[int, int]) -> Iterator[None]:
    """Entered by threads that hold a whole photo of this size: huge ones wait for each other."""
    if size[0] * size[1] <= HUGE:
        yield
        return
    with _huge:
        yield


def _photo(source: Path | bytes | Image.Image, name: str, id: str, path: Path | None, most: int | None) -> Photo:
    with open_picture(source, name) as opened:
        size = opened.size
        _check_size(size, name)
        with one_at_a_time(size):
            small = _at_most(opened, most, draft=opened is not source)
            opened.load()
        turn = orientation(opened)
        own, profile = own_rgb(small)
        alpha = alpha_of(small)
        image = np.asarray(_turned(to_srgb(own, profile), turn), np.uint8)
        exif = kept_exif(opened)
        exact = small.size == size and is_srgb(profile)
        data: Path | bytes | NDArray[np.uint8] | None = None
        if not exact:
            data = np.asarray(_turned(own_rgb(plain(opened))[0], turn)) if isinstance(source, Image.Image) else source
    full = (size[0], size[1]) if turn >= 5 else (size[1], size[0])
    original = Original(full, profile, exif, exact, data)
    return Photo(id, image, path, None if alpha is None else np.asarray(_turned(alpha, turn), np.uint8), original)


def _check_size(size: tuple[int, int], name: str) -> None:
    if min(size) < MIN_SIDE:
        raise BadImage(f"{name}: {size[0]}x{size[1]} pixels is too small (under {MIN_SIDE} on a side)")


def _at_most(picture: Image.Image, most: int | None, draft: bool) -> Image.Image:
    """The picture as `plain`, of at most so many pixels; `draft`: it may be changed to that end."""
    width, height = picture.size
    if most is None or width * height <= most:
        return plain(picture)
    scale = (most / (width * height)) ** 0.5
    size = max(int(width * scale), 1), max(int(height * scale), 1)
    if draft:
        picture.draft(picture.mode, size)  # a JPEG is decoded at a half, quarter or eighth where that is enough
    return plain(picture).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _turned(picture: Image.Image, turn: int) -> Image.Image:
    return picture.transpose(TURNS[turn]) if turn in TURNS else picture
