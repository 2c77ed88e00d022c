"""Pictures written, by the ending of their name."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.errors import BadImage
from viton_cli.files.atomic import write_bytes

QUALITY = 95  # of JPEG and WebP, where none is asked for

# Ending -> format and how it is packed. PNG by runs alone, which is quicker and smaller than zlib's quickest level:
# 30 ms and 400 kB instead of 31 ms and 470 kB for a rendered 768x1024 picture, 61 ms and 1.4 MB instead of 87 ms and
# 1.6 MB for a grainy one; without any packing 20 ms and 2.4 MB. WebP by the quickest method: slower ones save 5 %.
ENDINGS: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {"compress_level": 1, "compress_type": zlib.Z_RLE}),
    ".jpg": ("JPEG", {}),
    ".jpeg": ("JPEG", {}),
    ".webp": ("WEBP", {"method": 0}),
}


def is_lossless(ending: str) -> bool:
    """Whether pictures with this ending keep every pixel."""
    return ending.lower() == ".png"


def encode_image(
    image: NDArray[np.uint8] | Image.Image,
    ending: str = ".png",
    profile: bytes | None = None,
    exif: bytes = b"",
    quality: int | None = None,
) -> bytes:
    """A picture as the bytes of a file.

    Args:
        image: (H, W) or (H, W, 3) uint8, or a PIL image of such.
        ending: ".png" (quickly packed), ".jpg" or ".webp".
        profile: ICC profile of its numbers; None for sRGB.
        exif: As `files.exif` gives it.
        quality: Of JPEG and WebP, 1 to 100; by default 95.

    Raises:
        BadImage: Another ending, or a picture too large for the format.
    """
    if ending.lower() not in ENDINGS:
        raise BadImage(f"pictures are written as {', '.join(ENDINGS)}, not as '{ending}'")
    kind, options = ENDINGS[ending.lower()]
    if not is_lossless(ending):
        options = {**options, "quality": QUALITY if quality is None else quality}
    picture = image if isinstance(image, Image.Image) else Image.fromarray(np.ascontiguousarray(image))
    stream = io.BytesIO()
    try:
        picture.save(stream, kind, icc_profile=profile, exif=exif, **options)
    except (ValueError, OSError) as error:  # WebP ends at 16383 pixels a side, JPEG at 65500
        raise BadImage(f"{picture.width}x{picture.height} pixels cannot be written as {kind} ({error})") from None
    return stream.getvalue()


def write_image(
    path: Path,
    image: NDArray[np.uint8] | Image.Image,
    profile: bytes | None = None,
    exif: bytes = b"",
    quality: int | None = None,
) -> None:
    """Write a picture as `encode_image` does, by the ending of `path`."""
    write_bytes(path, encode_image(image, Path(path).suffix, profile, exif, quality))
