"""What a result says of itself: which program, weights, settings and inputs made it, and that it is altered.

It stands in the file's EXIF, which PNG, JPEG and WebP all have: a sentence for people in ImageDescription, the program
in Software, the rest as JSON in UserComment. Inputs are named by hashes, so that it tells nobody where they lay.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli import __version__
from viton_cli.checkpoints import shipped
from viton_cli.config import DECISIVE, MethodConfig
from viton_cli.errors import BadImage
from viton_cli.files import open_picture, sha256
from viton_cli.files.exif import LARGEST
from viton_cli.methods import WEIGHTS
from viton_cli.records import Garment, Photo

ALTERED = "digitally altered: the clothing in this picture was put on by a program"
SOFTWARE, DESCRIPTION, EXIF_IFD, USER_COMMENT = 0x0131, 0x010E, 0x8769, 0x9286
_MASKS: WeakKeyDictionary[Garment, str] = WeakKeyDictionary()  # hashed once a garment, not once a pair
PREFIX = b"ASCII\0\0\0"  # how EXIF says that a UserComment is text


@dataclass(frozen=True)
class Receipt:
    """What made a picture.

    Attributes:
        viton: Version of the program.
        person, garment: Hash of the photo's file ("file:...") or, where it was none, of its pixels ("pixels:...").
        mask: Hash of the garment's mask as it was used, given or found.
        weights: Name or file name of each weight file, and its hash.
        settings: Those of `config.DECISIVE`; of a path only the last part.
        quality: At which it was packed, if other than by default.
    """

    viton: str
    person: str
    garment: str
    mask: str
    weights: dict[str, str]
    settings: dict[str, Any]
    quality: int | None = None

    def exif(self, before: bytes = b"") -> bytes:
        """The receipt laid into EXIF, whatever else that holds kept as far as a JPEG can hold both."""
        exif = Image.Exif()
        if before:
            exif.load(before)
        exif[DESCRIPTION] = ALTERED
        exif[SOFTWARE] = f"viton {self.viton}"
        told = {name: value for name, value in asdict(self).items() if value is not None}
        exif.get_ifd(EXIF_IFD)[USER_COMMENT] = PREFIX + json.dumps(told).encode("ascii")
        data = exif.tobytes()
        return data if len(data) <= LARGEST or not before else self.exif()


def receipt_of(
    person: Photo, garment: Garment, weights: Mapping[str, str], settings: MethodConfig, quality: int | None = None
) -> Receipt:
    """The receipt of a result of these."""
    dump = {
        name: value.name if isinstance(value, Path) else value
        for name in DECISIVE
        if (value := getattr(settings, name)) is not None
    }
    if settings.weights is not None:
        dump["weights"] = Path(settings.weights).name
    if garment not in _MASKS:
        _MASKS[garment] = _hash(np.round(garment.mask * 255).astype(np.uint8))
    return Receipt(
        __version__, fingerprint(person), fingerprint(garment.photo), _MASKS[garment], dict(weights), dump, quality
    )


def fingerprint(photo: Photo, as_pixels: bool = False) -> str:
    """What a photo is known by: its file's hash, or that of its pixels if it is no file, or `as_pixels`.

    Raises:
        BadImage: The file has gone.
    """
    if photo.source is None or as_pixels:
        return f"pixels:{_hash(photo.image)}"
    try:
        return f"file:{sha256(photo.source)}"
    except OSError as error:
        raise BadImage(f"{photo.source}: cannot be opened any more ({error.strerror})") from None


def weights_of(settings: MethodConfig) -> dict[str, str]:
    """Hashes of the weights that these settings lead to: the shipped ones that stay in use, and files of one's own."""
    used = {name: str(entry.get("sha256")) for name, entry in shipped().items()}
    kinds = WEIGHTS.get(settings.method, ())
    for kind in {kind for others in WEIGHTS.values() for kind in others}:
        if kind not in kinds or settings.weights is not None:
            used.pop(kind, None)
    if settings.weights is not None:
        files = (Path(settings.weights) / f"{kind}.safetensors" for kind in kinds)
        used |= {path.name: sha256(path) for path in files if path.is_file()}
    for source in (settings.pose_source, settings.parsing_source):
        if source is not None and source.is_file():
            used[source.name] = sha256(source)
    return used


def read_receipt(path: Path) -> Receipt:
    """The receipt of a picture.

    Raises:
        BadImage: No picture, or one without a receipt (other programs drop it when they save a picture anew).
    """
    with open_picture(path) as opened:
        comment = opened.getexif().get_ifd(EXIF_IFD).get(USER_COMMENT, b"")
    data = comment if isinstance(comment, bytes) else str(comment).encode("utf-8", "replace")
    try:
        told = json.loads(data.removeprefix(PREFIX))
        return Receipt(**told)
    except (ValueError, TypeError):
        raise BadImage(
            f"{path}: holds no receipt of this toolkit; it was not made by it, or was saved anew by another program"
        ) from None


def _hash(array: NDArray[np.uint8]) -> str:
    return hashlib.sha256(str(array.shape).encode() + np.ascontiguousarray(array).tobytes()).hexdigest()
