"""From a result at the working size, in sRGB, to the picture that is written: the photo's own numbers at its own size,
and only the edited part painted over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.files import encode_image, one_at_a_time, read_original
from viton_cli.files.colour import STRIP, from_srgb
from viton_cli.pipelines.receipts import Receipt
from viton_cli.records import Photo, Result

Box = tuple[int, int, int, int]


@contextmanager
def finished(photo: Photo, result: Result) -> Iterator[Image.Image]:
    """The whole picture, RGB in the numbers of the photo's profile; equal to the photo outside `edited_box`. Huge ones
    are finished one after the other.

    Raises:
        BadImage: The photo cannot be read again, or is another one by now.
    """
    if photo.original is None or photo.original.exact:
        yield Image.fromarray(result.image)
        return
    with one_at_a_time(photo.full_size):
        picture = read_original(photo)
        _paint(picture, photo, result)
        yield picture


def encode(
    photo: Photo, result: Result, ending: str, strip: bool, receipt: Receipt | None = None, quality: int | None = None
) -> bytes:
    """The finished picture as a file's bytes, with its receipt, the photo's profile and, unless `strip`, its EXIF.

    Args:
        photo: The person's. result: At the working size. ending, quality: As in `files.encode_image`.
        strip: Leave the photo's EXIF out. receipt: What made it.

    Raises:
        BadImage: See `finished`; or an ending that is not written.
    """
    exif = b"" if strip or photo.original is None else photo.original.exif
    with finished(photo, result) as picture:
        return encode_image(picture, ending, profile_of(photo), receipt.exif(exif) if receipt else exif, quality)


def at_full_size(photo: Photo, garment: Photo, result: Result) -> Result:
    """The result with `image`, `edited`, `places` and `profile` as the finished picture has them."""
    profile, trace = profile_of(photo), full_trace(photo, garment, result)
    if photo.original is None or photo.original.exact:
        return replace(result, trace=trace, profile=profile)
    with finished(photo, result) as picture:
        image = np.asarray(picture)
    return replace(result, image=image, edited=full_edited(photo, result), trace=trace, profile=profile)


def full_trace(photo: Photo, garment: Photo, result: Result) -> Callable[[], NDArray[np.float32]] | None:
    """What works out `Result.places` for the full-size photo, in pixels of the garment's full-size photo."""
    same = photo.full_size == photo.size and garment.full_size == garment.size
    return result.trace if same or result.trace is None else partial(_full_places, result.trace, photo, garment)


def full_edited(photo: Photo, result: Result) -> NDArray[np.bool_]:
    """(H, W) at the photo's full size, where the finished picture may differ from the photo."""
    height, width = photo.full_size
    if photo.full_size == photo.size:
        return result.edited
    return np.asarray(Image.fromarray(result.edited).resize((width, height), Image.Resampling.NEAREST))


def edited_box(photo: Photo, result: Result) -> Box | None:
    """(x0, y0, x1, y1) of the full-size photo's pixels around everything edited; None if nothing is."""
    rows, columns = np.flatnonzero(result.edited.any(1)), np.flatnonzero(result.edited.any(0))
    if not len(rows):
        return None
    (height, width), (full_height, full_width) = photo.size, photo.full_size
    return (
        int(columns[0]) * full_width // width,
        int(rows[0]) * full_height // height,
        -(-(int(columns[-1]) + 1) * full_width // width),
        -(-(int(rows[-1]) + 1) * full_height // height),
    )


def profile_of(photo: Photo) -> bytes | None:
    """ICC profile that belongs to a photo's own numbers."""
    return photo.original.profile if photo.original else None


def _full_places(trace: Callable[[], NDArray[np.float32]], photo: Photo, garment: Photo) -> NDArray[np.float32]:
    rows, columns = (
        ((np.arange(whole) + 0.5) * size / whole).astype(int) for whole, size in zip(photo.full_size, photo.size)
    )
    scale = np.asarray(np.divide(garment.full_size[::-1], garment.size[::-1]), np.float32)
    places: NDArray[np.float32] = trace()[rows[:, None], columns]
    places += np.float32(0.5)  # in place, as below: those of a huge photo are there once and not three times
    places *= scale
    places -= np.float32(0.5)
    return places


def _paint(picture: Image.Image, photo: Photo, result: Result) -> None:
    """Paint the edited part over the original, a few rows at a time."""
    box = edited_box(photo, result)
    if box is None:
        return
    x0, y0, x1, y1 = box
    fx, fy = photo.size[1] / picture.width, photo.size[0] / picture.height
    image, edited = Image.fromarray(result.image), Image.fromarray(result.edited.astype(np.uint8) * 255)
    rows = max(STRIP // (x1 - x0), 1)
    for top in range(y0, y1, rows):
        bottom = min(top + rows, y1)
        size, there = (x1 - x0, bottom - top), (x0 * fx, top * fy, x1 * fx, bottom * fy)
        if (fx, fy) == (1, 1):
            part, mask = image.crop((x0, top, x1, bottom)), edited.crop((x0, top, x1, bottom))
        else:
            part = image.resize(size, Image.Resampling.BICUBIC, box=there)
            mask = edited.resize(size, Image.Resampling.NEAREST, box=there)
        picture.paste(from_srgb(part, profile_of(photo)), (x0, top), mask)
