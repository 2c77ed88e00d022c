"""Pictures and masks as Python has them: paths, PIL images, arrays. What cannot be meant is refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.config import ADDRESS, is_address
from viton_cli.errors import BadImage, BadMask
from viton_cli.files import WORKING_PIXELS, adopt_photo, read_mask, read_photo
from viton_cli.records import Photo

Picture = str | Path | Image.Image | NDArray[np.generic] | Photo
Mask = str | Path | Image.Image | NDArray[np.generic]
LAYOUTS = "(H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA"


def as_photo(picture: Picture, id: str) -> Photo:
    """A picture given from Python.

    Args:
        picture: A file, a PIL image, or an array: grey, RGB or RGBA, uint8 or floats in [0, 1].
        id: Its name, where it is no file.

    Raises:
        BadImage: Anything else; the text says what it is and what to give.
    """
    if isinstance(picture, Photo):
        return picture
    if isinstance(picture, (str, Path)):
        if is_address(picture):
            raise BadImage(ADDRESS.format(picture))
        return read_photo(Path(picture), most=WORKING_PIXELS)
    return adopt_photo(picture if isinstance(picture, Image.Image) else _bytes(picture, id), id, WORKING_PIXELS)


def as_mask(mask: Mask, size: tuple[int, int], working: tuple[int, int] | None = None) -> NDArray[np.float32]:
    """A mask given from Python: (H, W) float32 in [0, 1], of a photo of this (height, width).

    Args:
        mask: A file, a PIL image, or an (H, W) array: bool, uint8 of up to 255, or floats in [0, 1].
        size: The photo's own.
        working: The size the photo is worked on at, which the mask will have; by default its own.

    Raises:
        BadMask: Anything else, or another size.
    """
    if isinstance(mask, (str, Path)):
        return read_mask(Path(mask), working or size)
    shares = _shares(mask, size)
    if working in (None, size):
        return shares
    return np.asarray(Image.fromarray(shares).resize(working[::-1], Image.Resampling.BILINEAR), np.float32)


def _shares(mask: Image.Image | NDArray[np.generic], size: tuple[int, int]) -> NDArray[np.float32]:
    """A mask in memory as float32 in [0, 1]."""
    array = np.asarray(mask.convert("L")) if isinstance(mask, Image.Image) else mask
    if not isinstance(array, np.ndarray):
        raise BadMask(f"mask: {_kind(array)} is no mask; give a path, a PIL image or an array")
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.shape != size:
        shape = "x".join(map(str, array.shape))
        raise BadMask(f"mask: an array of {shape} for a photo of {size[0]}x{size[1]} (height x width)")
    if array.dtype == np.bool_:
        return array.astype(np.float32)
    if array.dtype == np.uint8:
        # 0 and 1 are meant as no and yes: as shares of 255 they would be an empty mask.
        return array.astype(np.float32) / np.float32(255 if array.max(initial=0) > 1 else 1)
    if array.dtype.kind == "f" and _is_share(array):
        return array.astype(np.float32)
    raise BadMask(f"mask: {_values(array)}; give bool, uint8 or floats in [0, 1]")


def _bytes(array: object, id: str) -> NDArray[np.uint8]:
    """A picture's array as uint8."""
    if not isinstance(array, np.ndarray):
        raise BadImage(f"{id}: {_kind(array)} is no picture; give a path, a PIL image or an array")
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (3, 4)):
        first = array.ndim == 3 and array.shape[0] in (1, 3, 4)
        hint = "; channels come last: give array.transpose(1, 2, 0)" if first else ""
        raise BadImage(f"{id}: an array of shape {array.shape}, not {LAYOUTS}{hint}")
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype.kind == "f" and _is_share(array):
        return np.round(array * 255).astype(np.uint8)
    raise BadImage(f"{id}: {_values(array)}; give uint8, or floats in [0, 1]")


def _is_share(array: NDArray[np.generic]) -> bool:
    values = array.astype(np.float32)
    return bool(np.isfinite(values).all() and values.min(initial=0) >= 0 and values.max(initial=0) <= 1)


def _values(array: NDArray[np.generic]) -> str:
    if array.dtype.kind not in "uif" or not array.size:
        return f"an array of {array.dtype}"
    low, high = (float(value(array.astype(np.float64))) for value in (np.min, np.max))
    return f"an array of {array.dtype} with values from {low:g} to {high:g}"


def _kind(value: object) -> str:
    kind = type(value)
    return f"a {kind.__name__}" if kind.__module__ == "builtins" else f"a {kind.__module__}.{kind.__name__}"
