"""Masks and label maps, read and written."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.errors import BadDataset, BadMask
from viton_cli.files.atomic import write_bytes
from viton_cli.files.colour import alpha_of, grey8, plain
from viton_cli.files.exif import TURNS, orientation
from viton_cli.files.opening import open_picture
from viton_cli.files.pictures import one_at_a_time
from viton_cli.vocabulary import labels


def read_mask(path: Path, size: tuple[int, int]) -> NDArray[np.float32]:
    """Read a mask as (H, W) float32 in [0, 1]: the alpha channel if the file has one that varies, else its brightness.

    A mask of the photo's proportions but another size is resized. Masks written as 0 and 1 are understood. A JPEG,
    whose edges and even areas are noisy, is either 0 or 1, told apart at 128.

    Args:
        path: Any picture.
        size: (height, width) of the photo that the mask belongs to.

    Raises:
        BadMask: Unreadable, of other proportions than the photo, or nowhere above one half.
    """
    height, width = size
    with open_picture(path, error=BadMask, what="the mask cannot be read") as opened, one_at_a_time(opened.size):
        alpha = alpha_of(opened)
        mask = grey8(plain(opened)) if alpha is None else alpha
        if (turn := orientation(opened)) in TURNS:
            mask = mask.transpose(TURNS[turn])
        is_jpeg = opened.format in ("JPEG", "MPO")
        own_width, own_height = mask.size
        if abs(own_height * width - own_width * height) > 2 * max(height, width, own_height, own_width):
            raise BadMask(f"{path}: the mask is {own_width}x{own_height} pixels, its photo {width}x{height}")
        if is_jpeg:
            mask = mask.point([0] * 128 + [255] * 128)
        elif mask.getextrema()[1] == 1:  # written as 0 and 1
            mask = mask.point([0, *[255] * 255])
        if mask.size != (width, height):
            # A much larger one is brought near by whole steps first, on eight bits.
            mask = mask.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    values = np.asarray(mask, np.float32) / np.float32(255)
    if values.max(initial=0.0) <= 0.5:
        raise BadMask(f"{path}: the mask is empty")
    return values


def write_labels(path: Path, parsing: NDArray[np.uint8]) -> None:
    """Write (H, W) labels as an indexed PNG: the pixel value is the label, the palette is for the eye only."""
    picture = Image.fromarray(np.ascontiguousarray(parsing, np.uint8))
    picture.putpalette(labels.palette())
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=6)
    write_bytes(path, stream.getvalue())


def read_labels(path: Path) -> NDArray[np.uint8]:
    """Read an indexed (or 8-bit grey) PNG as (H, W) uint8 labels, by index and never by colour.

    Raises:
        BadDataset: Unreadable, or a colour picture, whose labels cannot be told.
    """
    with open_picture(path, error=BadDataset, what="the labels cannot be read") as opened:
        if opened.mode not in ("P", "L", "1"):
            raise BadDataset(f"{path}: labels must be an indexed or 8-bit grey PNG, this is {opened.mode}")
        return np.array(opened, np.uint8)
