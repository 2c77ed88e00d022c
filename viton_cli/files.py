"""Everything that is read from or written to a disk, except weights: photos, masks, labels, keypoints, manifests.

Every file is written under a hidden temporary name in its folder and then renamed, so that a reader, or a run that was
cut off, never meets half a file.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import threading
import unicodedata
from collections import Counter
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from viton_cli.core import labels
from viton_cli.errors import BadDataset, BadImage, BadMask, NothingUsable
from viton_cli.records import Photo, Pose

# HEIC is listed so that such a photo is named as unreadable instead of being passed over in silence.
PHOTO_ENDINGS: tuple[str, ...] = (
    ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif",
)  # fmt: skip
MIN_SIDE = 24
MAX_PIXELS = 200_000_000
# Fields that tell one manifest line from another; each kind of manifest uses those it has.
KEY_FIELDS = ("kind", "id", "person", "garment")


def list_photos(path: Path, without: Path | None = None) -> list[tuple[str, Path]]:
    """All pictures of a file or folder as (id, path), folders read recursively, sorted by id.

    An id is the name relative to `path` without its ending. Where two files would share an id (`a.jpg`, `a.png`, also
    `A.png` on a file system that ignores case) each keeps its ending. Hidden files and other endings are passed over,
    and so is the folder `without`: a run's own output, where that lies inside its input.

    Raises:
        NothingUsable: `path` does not exist or holds no picture.
    """
    path = Path(path)
    if path.is_file():
        return [(_plain(path.stem), path)]
    if not path.is_dir():
        raise NothingUsable(f"{path}: no such file or folder")
    found: list[Path] = []
    apart = without.resolve() if without else None
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".") and Path(folder, name).resolve() != apart]
        found += [
            Path(folder, name)
            for name in names
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in PHOTO_ENDINGS
        ]
    if not found:
        raise NothingUsable(f"{path}: no pictures in this folder (looked for {', '.join(PHOTO_ENDINGS)})")
    full = [_plain(file.relative_to(path).as_posix()) for file in found]
    ids = [os.path.splitext(name)[0] for name in full]
    while True:
        shared = Counter(name.casefold() for name in ids)
        longer = [whole if shared[name.casefold()] > 1 else name for whole, name in zip(full, ids)]
        if longer == ids:
            return sorted(zip(ids, found))
        ids = longer


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


def encode_image(image: NDArray[np.uint8], ending: str = ".png") -> bytes:
    """A (H, W) or (H, W, 3) uint8 picture as the bytes of a PNG (quickly packed) or JPEG (quality 95) file."""
    stream = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(image))
    if ending.lower() in (".jpg", ".jpeg"):
        picture.save(stream, "JPEG", quality=95)
    elif ending.lower() == ".png":
        picture.save(stream, "PNG", compress_level=1)
    else:
        raise BadImage(f"pictures are written as .png or .jpg, not as '{ending}'")
    return stream.getvalue()


def write_image(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a (H, W) or (H, W, 3) uint8 picture, PNG or JPEG by the ending of `path`."""
    write_bytes(path, encode_image(image, Path(path).suffix))


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


def write_keypoints(path: Path, poses: list[Pose]) -> None:
    """Write people as OpenPose JSON in BODY_25 order; joints that are not seen, and the feet, are 0, 0, 0."""
    people = []
    for pose in poses:
        body = np.zeros((25, 3))
        for joint, place in enumerate(labels.COCO18_IN_BODY25):
            if pose.seen[joint]:
                # Readers take confidence 0 for "not found".
                body[place] = (*pose.joints[joint], max(float(pose.confidence[joint]), 0.001))
        hips = body[[9, 12]]
        if hips[:, 2].all():
            body[labels.BODY25_MID_HIP] = (*hips[:, :2].mean(0), hips[:, 2].min())
        people.append({"person_id": [-1], "pose_keypoints_2d": [round(float(value), 3) for value in body.ravel()]})
    write_text(path, json.dumps({"version": 1.3, "people": people}) + "\n")


def read_keypoints(path: Path) -> list[Pose]:
    """Read the people of an OpenPose JSON file, in the file's order; an empty list if it holds nobody.

    BODY_25 (75 numbers) and COCO-18 (54), keys `pose_keypoints_2d` and `pose_keypoints`.

    Raises:
        BadDataset: Not such a file.
    """
    try:
        people = json.loads(Path(path).read_text(encoding="utf-8"))["people"]
        return [_pose(person.get("pose_keypoints_2d") or person["pose_keypoints"]) for person in people]
    except OSError as error:
        raise BadDataset(f"{path}: cannot be opened ({error.strerror or error})") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadDataset(f"{path}: not OpenPose keypoints ({_cause(error)})") from None


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; line ends as given."""
    write_bytes(path, text.encode())


def write_arrays(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write named arrays as a compressed `.npz`."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    write_bytes(path, stream.getvalue())


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` in one step, making its folder if need be. All writers of the toolkit end here."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


class Manifest:
    """A `manifest.jsonl`: one JSON object a line, appended as the work goes on, so that a killed run can be carried on.

    Lines with the same kind, id, person and garment speak of the same thing: the last one counts. Lines that cannot be
    read (the last one of a run that was killed) are passed over. Safe to append to from several threads.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._whole = False

    def append(self, entry: dict[str, Any]) -> None:
        """Add one line."""
        line = (json.dumps(entry, ensure_ascii=False) + "\n").encode("utf-8", "surrogateescape")
        with self._lock:
            if not self._whole:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                if self.path.exists() and self.path.read_bytes()[-1:] not in (b"", b"\n"):
                    line = b"\n" + line
                self._whole = True
            with self.path.open("ab") as stream:
                stream.write(line)

    def read(self) -> list[dict[str, Any]]:
        """The entries, the last of each key, in the order in which each key first came; empty if there is no file."""
        if not self.path.exists():
            return []
        entries: dict[tuple[object, ...], dict[str, Any]] = {}
        for line in self.path.read_bytes().decode("utf-8", "surrogateescape").split("\n"):
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                entries[tuple(str(entry.get(field)) for field in KEY_FIELDS)] = entry
        return list(entries.values())

    def compact(self) -> None:
        """Rewrite the file so that each key has one line."""
        with self._lock:
            lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in self.read()]
            write_bytes(self.path, "".join(lines).encode("utf-8", "surrogateescape"))


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


def _pose(numbers: list[float]) -> Pose:
    if len(numbers) not in (54, 75):
        raise ValueError(f"{len(numbers)} numbers a person, BODY_25 has 75 and COCO-18 has 54")
    points = np.asarray(numbers, np.float32).reshape(-1, 3)
    if not np.isfinite(points).all():
        raise ValueError("a coordinate is not a number")
    if len(points) == 25:
        points = points[list(labels.COCO18_IN_BODY25)]
    seen = (points[:, 2] > 0) & points[:, :2].any(axis=1)
    return Pose(
        joints=np.ascontiguousarray(points[:, :2]),
        seen=seen,
        confidence=np.clip(points[:, 2], 0.0, 1.0) * seen.astype(np.float32),
    )


def _plain(name: str) -> str:
    """Composed Unicode, so that a name is the same on every file system."""
    return unicodedata.normalize("NFC", name)
