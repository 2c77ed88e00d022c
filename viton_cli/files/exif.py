"""EXIF: which way up a photo is, and what of it a changed copy may carry."""

from __future__ import annotations

from PIL import ExifTags, Image

UPRIGHT = 1
LARGEST = 65_000  # bytes; a JPEG cannot hold more
# Not carried: the turning, which has been done; the place; the thumbnail and the previews in makers' notes, which show
# the old picture; what lies outside EXIF (XMP, IPTC) or describes how a TIFF file stores its pixels.
_TURN, _PLACE = ExifTags.Base.Orientation, ExifTags.IFD.GPSInfo
_LAYOUT = (
    *range(254, 260),
    262,
    263,
    266,
    273,
    *range(277, 282),
    284,
    *range(288, 294),
    *range(317, 326),
    330,
    332,
    338,
)
_FOREIGN = (339, 340, 341, 347, *range(512, 522), 529, 530, 531, 532, 700, 33723, 34377, 34675, 50341)
DROPPED = frozenset((_TURN, _PLACE, *_LAYOUT, *_FOREIGN))
DROPPED_INSIDE = frozenset((ExifTags.Base.MakerNote, ExifTags.IFD.Interop))
# Turnings by EXIF's number: what has to be done to see the photo upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


def orientation(picture: Image.Image) -> int:
    """EXIF's number for the turning of a photo, 1 to 8; 1 (upright) also where the EXIF is damaged."""
    if picture.format == "TIFF":  # which Pillow turns itself
        return UPRIGHT
    exif = _read(picture)
    value = None if exif is None else exif.get(_TURN)
    return value if isinstance(value, int) and value in TURNS else UPRIGHT


def kept_exif(picture: Image.Image) -> bytes:
    """The EXIF that a changed copy of the upright photo may carry; b"" if there is none, or it is damaged or long."""
    exif = _read(picture)
    if exif is None:
        return b""
    try:
        kept = Image.Exif()
        kept.update({tag: value for tag, value in exif.items() if tag not in DROPPED and tag != ExifTags.IFD.Exif})
        inside = {tag: value for tag, value in exif.get_ifd(ExifTags.IFD.Exif).items() if tag not in DROPPED_INSIDE}
        for tag in (ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight):
            inside.pop(tag, None)  # of the picture before it was turned; the file says its size itself
        if inside:
            kept[ExifTags.IFD.Exif] = inside
        data = kept.tobytes() if len(kept) else b""
        return data if len(data) <= LARGEST else b""
    except Exception:  # a damaged entry may be noticed only when it is written again
        return b""


def _read(picture: Image.Image) -> Image.Exif | None:
    # A PNG may have its EXIF behind the pixels, and Pillow would decode them all to look for it there.
    if picture.format == "PNG" and not {"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"} & set(
        picture.info
    ):
        return None
    try:
        exif = picture.getexif()
        exif.get(_TURN)
        return exif
    except Exception:  # the parser raises whatever it trips over; the pixels may be fine
        return None
