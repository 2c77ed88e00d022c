"""Pictures written, by the ending of their name."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.errors import BadImage
from viton_cli.files.atomic import write_bytes

# Ending -> format and how it is packed: PNG quickly.
ENDINGS: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {"compress_level": 1}),
    ".jpg": ("JPEG", {"quality": 95}),
    ".jpeg": ("JPEG", {"quality": 95}),
    ".webp": ("WEBP", {"quality": 95, "method": 2}),
}


def encode_image(
    image: NDArray[np.uint8] | Image.Image, ending: str = ".png", profile: bytes | None = None, exif: bytes = b""
) -> bytes:
    """A picture as the bytes of a file.

    Args:
        image: (H, W) or (H, W, 3) uint8, or a PIL image of such.
        ending: ".png" (quickly packed), ".jpg" or ".webp" (both of quality 95).
        profile: ICC profile of its numbers; None for sRGB.
        exif: As `files.exif` gives it.

    Raises:
        BadImage: Another ending, or a picture too large for the format.
    """
    if ending.lower() not in ENDINGS:
        raise BadImage(f"pictures are written as {', '.join(ENDINGS)}, not as '{ending}'")
    kind, options = ENDINGS[ending.lower()]
    picture = image if isinstance(image, Image.Image) else Image.fromarray(np.ascontiguousarray(image))
    stream = io.BytesIO()
    try:
        picture.save(stream, kind, icc_profile=profile, exif=exif, **options)
    except (ValueError, OSError) as error:  # WebP ends at 16383 pixels a side, JPEG at 65500
        raise BadImage(f"{picture.width}x{picture.height} pixels cannot be written as {kind} ({error})") from None
    return stream.getvalue()


def write_image(
    path: Path, image: NDArray[np.uint8] | Image.Image, profile: bytes | None = None, exif: bytes = b""
) -> None:
    """Write a picture as `encode_image` does, by the ending of `path`."""
    write_bytes(path, encode_image(image, Path(path).suffix, profile, exif))
