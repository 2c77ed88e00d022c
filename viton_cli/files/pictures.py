"""Photos read as their viewer sees them; pictures written as PNG or JPEG."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from viton_cli.errors import BadImage
from viton_cli.files.atomic import write_bytes
from viton_cli.files.listing import _plain
from viton_cli.records import Photo

MIN_SIDE = 24
MAX_PIXELS = 200_000_000


def read_photo(path: Path, id: str | None = None) -> Photo:
    """Read a photo as its viewer sees it: EXIF turned, sRGB, transparent parts over white, `alpha` kept beside it.

    Grey, 16-bit, palette, CMYK and animated (first frame) pictures become RGB. The id is by default
    the name without ending.

    Raises:
        BadImage: Missing, empty, torn, not a picture, smaller than 24 pixels or larger than 200 megapixels.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            return _photo(stream, str(path), _plain(path.stem) if id is None else id, path)
    except OSError as error:
        raise BadImage(f"{path}: cannot be opened ({error.strerror or error})") from None


def decode_photo(data: bytes, name: str) -> Photo:
    """`read_photo` for the bytes of a picture, as they come from a pipe; `name` is used in messages and as the id."""
    return _photo(io.BytesIO(data), name, name, None)


def encode_image(image: NDArray[np.uint8], ending: str = ".png", exif: bytes = b"") -> bytes:
    """A (H, W) or (H, W, 3) uint8 picture as bytes: PNG (quickly packed) or JPEG (quality 95), with EXIF."""
    stream = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(image))
    if ending.lower() in (".jpg", ".jpeg"):
        picture.save(stream, "JPEG", quality=95, exif=exif)
    elif ending.lower() == ".png":
        picture.save(stream, "PNG", compress_level=1, exif=exif)
    else:
        raise BadImage(f"pictures are written as .png or .jpg, not as '{ending}'")
    return stream.getvalue()


def write_image(path: Path, image: NDArray[np.uint8], exif: bytes = b"") -> None:
    """Write a (H, W) or (H, W, 3) uint8 picture, PNG or JPEG by the ending of `path`."""
    write_bytes(path, encode_image(image, Path(path).suffix, exif=exif))


def _photo(stream: IO[bytes], name: str, id: str, source: Path | None) -> Photo:
    try:
        with Image.open(stream) as opened:
            width, height = opened.size
            if width * height > MAX_PIXELS:
                raise BadImage(f"{name}: {width}x{height} pixels is too large (over {MAX_PIXELS // 10**6} megapixels)")
            if min(width, height) < MIN_SIDE:
                raise BadImage(f"{name}: {width}x{height} pixels is too small (under {MIN_SIDE} on a side)")
            turned = ImageOps.exif_transpose(opened)
            alpha = _alpha(turned)
            image = np.asarray(_srgb(turned, alpha), np.uint8)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise BadImage(f"{name}: {_cause(error, stream, name)}") from None
    return Photo(id, image, source, None if alpha is None else np.asarray(alpha, np.uint8))


def _alpha(picture: Image.Image) -> Image.Image | None:
    """The alpha channel, unless there is none or it is opaque all over."""
    if not picture.has_transparency_data:
        return None
    alpha = picture.convert("RGBA").getchannel("A")
    return alpha if alpha.getextrema()[0] != 255 else None


def _srgb(picture: Image.Image, alpha: Image.Image | None) -> Image.Image:
    if alpha is not None:
        white = Image.new("RGB", picture.size, "white")
        white.paste(picture.convert("RGBA").convert("RGB"), mask=alpha)
        return white
    profile = picture.info.get("icc_profile")
    if picture.mode[0] in "IF":
        picture = _grey8(picture)
    elif picture.mode not in ("L", "RGB", "CMYK"):
        picture = picture.convert("RGB")
    if profile and picture.mode != "L":
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(own):
                converted = ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
                return converted or picture.convert("RGB")
        except (ImageCms.PyCMSError, OSError):
            # A damaged or foreign profile: the numbers are taken as sRGB, as browsers do.
            pass
    return picture.convert("RGB")


def _grey8(picture: Image.Image) -> Image.Image:
    """Brightness in 8 bits; 16-bit pictures by their upper byte, float pictures as [0, 1]."""
    if picture.mode[0] not in "IF":
        return picture.convert("L")
    values = np.asarray(picture, np.float32)
    scale = 255.0 if picture.mode == "F" else 255 / 65535 if values.max(initial=0.0) > 255 else 1.0
    return Image.fromarray(np.clip(np.round(values * scale), 0, 255).astype(np.uint8))


def _cause(error: Exception, stream: IO[bytes] | None = None, name: str = "") -> str:
    """One line on why reading failed."""
    if stream is not None and isinstance(error, UnidentifiedImageError):
        stream.seek(0)
        start = stream.read(512)
        if not start:
            return "the file is empty"
        if start[4:8] == b"ftyp" or name.lower().endswith((".heic", ".heif")):
            return "HEIC pictures cannot be read; save it as JPEG or PNG"
        return "not a picture" + (" but text" if b"\0" not in start and start.isascii() else "")
    if isinstance(error, Image.DecompressionBombError):
        return f"too large (over {MAX_PIXELS // 10**6} megapixels)"
    if "truncated" in str(error) or isinstance(error, EOFError):
        return "the file is torn (its end is missing)"
    if isinstance(error, KeyError):
        return f"no {error}"
    if isinstance(error, UnidentifiedImageError):
        return "not a picture"
    return " ".join(str(error).split()) or type(error).__name__
