"""Masks and label maps, read and written."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from viton_cli.errors import BadDataset, BadMask
from viton_cli.files.atomic import write_bytes
from viton_cli.files.pictures import _alpha, _cause, _grey8
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
    try:
        with Image.open(path) as opened:
            turned = ImageOps.exif_transpose(opened)
            alpha = _alpha(turned)
            mask = np.asarray(_grey8(turned) if alpha is None else alpha, np.float32)
            if opened.format == "JPEG":
                mask = np.where(mask >= 128, np.float32(255), np.float32(0))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadMask(f"{path}: the mask cannot be read ({_cause(error)})") from None
    height, width = size
    if abs(mask.shape[0] * width - mask.shape[1] * height) > 2 * max(height, width, *mask.shape):
        raise BadMask(f"{path}: the mask is {mask.shape[1]}x{mask.shape[0]} pixels, its photo {width}x{height}")
    if mask.max(initial=0.0) > 1:
        mask = mask / np.float32(255)
    if mask.shape != size:
        mask = np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.BILINEAR), np.float32)
    if mask.max(initial=0.0) <= 0.5:
        raise BadMask(f"{path}: the mask is empty")
    return np.clip(mask, 0.0, 1.0)


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
    try:
        with Image.open(path) as opened:
            if opened.mode not in ("P", "L", "1"):
                raise BadDataset(f"{path}: labels must be an indexed or 8-bit grey PNG, this is {opened.mode}")
            return np.array(opened, np.uint8)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadDataset(f"{path}: the labels cannot be read ({_cause(error)})") from None
