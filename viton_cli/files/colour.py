"""Colours: from what a file's numbers mean, by its ICC profile, to sRGB and back."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

STRIP = 4_000_000  # numbers worked on at once, to bound the memory


def plain(picture: Image.Image) -> Image.Image:
    """A picture as one of the kinds "L", "RGB", "RGBA", "LA" and "CMYK", which can be resized."""
    if picture.mode[0] in "IF":
        return grey8(picture)
    if picture.mode in ("L", "RGB", "RGBA", "LA", "CMYK") and "transparency" not in picture.info:
        return picture
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def alpha_of(picture: Image.Image) -> Image.Image | None:
    """The alpha channel, unless there is none or it is opaque all over."""
    if not picture.has_transparency_data:
        return None
    alpha = (picture if picture.mode in ("RGBA", "LA") else picture.convert("RGBA")).getchannel("A")
    return alpha if alpha.getextrema()[0] != 255 else None


def own_rgb(picture: Image.Image) -> tuple[Image.Image, bytes | None]:
    """A `plain` picture as RGB, transparent parts over white, and the profile of its numbers (None: sRGB).

    Printers' colours are converted to sRGB; a profile that is damaged or of other kinds of numbers is left aside, as
    browsers do.
    """
    profile = picture.info.get("icc_profile")
    if picture.mode == "CMYK":
        return _printed(picture, profile), None
    if alpha_of(picture) is not None:
        rgb = _over_white(picture)
    else:
        rgb = picture if picture.mode == "RGB" else picture.convert("RGB")
    grey = picture.mode in ("L", "LA")
    return rgb, profile if profile and not grey and _opened(profile, "RGB") else None


def to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB numbers of a profile as sRGB; the picture itself if they are that already."""
    ways = _ways(profile)
    return picture if ways is None else ImageCms.applyTransform(picture, ways[0]) or picture


def from_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Inverse of `to_srgb`, but for colours that sRGB does not have."""
    ways = _ways(profile)
    return picture if ways is None else ImageCms.applyTransform(picture, ways[1]) or picture


def is_srgb(profile: bytes | None) -> bool:
    """Whether numbers of this profile are sRGB."""
    return _ways(profile) is None


def grey8(picture: Image.Image) -> Image.Image:
    """Brightness in 8 bits; 16-bit pictures by their upper byte, float pictures as [0, 1]."""
    if picture.mode[0] not in "IF":
        return picture.convert("L")
    values = np.asarray(picture)
    highest = max((float(part.max(initial=0)) for part in _strips(values)), default=0.0)
    scale = 255.0 if picture.mode == "F" else 255 / 65535 if highest > 255 else 1.0
    out = np.empty(values.shape, np.uint8)
    for part, place in zip(_strips(values), _strips(out)):
        place[:] = np.round(np.clip(np.nan_to_num(part.astype(np.float32)), 0, 255 / scale) * scale)
    return Image.fromarray(out)


def _strips(values: NDArray[np.generic]) -> list[NDArray[np.generic]]:
    rows = max(STRIP // max(values.shape[1], 1), 1)
    return [values[row : row + rows] for row in range(0, len(values), rows)]


@lru_cache(maxsize=8)
def _ways(profile: bytes | None) -> tuple[ImageCms.ImageCmsTransform, ImageCms.ImageCmsTransform] | None:
    """From a profile of RGB numbers to sRGB and back; None where that is sRGB itself, or cannot be used both ways."""
    own = _opened(profile, "RGB") if profile else None
    if own is None:
        return None
    srgb = ImageCms.createProfile("sRGB")
    try:
        if "sRGB" in ImageCms.getProfileDescription(own):
            return None
        # Without a memory of the last colour: threads share these.
        flags = ImageCms.Flags.NOCACHE
        return (
            ImageCms.buildTransform(own, srgb, "RGB", "RGB", flags=flags),
            ImageCms.buildTransform(srgb, own, "RGB", "RGB", flags=flags),
        )
    except ImageCms.PyCMSError:
        return None


def _over_white(picture: Image.Image) -> Image.Image:
    white = Image.new("RGB", picture.size, "white")
    rows = max(STRIP // picture.width, 1)
    for top in range(0, picture.height, rows):
        part = picture.crop((0, top, picture.width, min(top + rows, picture.height)))
        white.paste(part.convert("RGB"), (0, top), part.getchannel("A"))
    return white


def _opened(profile: bytes, space: str) -> ImageCms.ImageCmsProfile | None:
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return own if own.profile.xcolor_space.strip() == space else None
    except (ImageCms.PyCMSError, OSError):
        return None


def _printed(picture: Image.Image, profile: bytes | None) -> Image.Image:
    own = _opened(profile, "CMYK") if profile else None
    if own is not None:
        try:
            return ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode="RGB") or picture
        except ImageCms.PyCMSError:
            pass
    return picture.convert("RGB")
