"""Training pairs made from the entries of a data set, stored compressed, and kept in a cache between runs."""

from __future__ import annotations

import io
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.data.base import Dataset, Entry
from viton_cli.errors import BadDataset, NoGarmentFound, VitonError
from viton_cli.files import decode_pixels, open_picture, read_mask, read_photo
from viton_cli.imaging import frames
from viton_cli.imaging.flatten import top_garment
from viton_cli.imaging.product import on_white, product_view
from viton_cli.perception.garments.cut import cut_garment
from viton_cli.records import Frame, Photo, Pose
from viton_cli.training.pairs.cache import Arrays, Kept, content_key
from viton_cli.training.pairs.triplet_sources import Source, as_top
from viton_cli.vocabulary import labels as L

VERSION = 2  # of the prepared examples: raise it when what is stored changes
STORED = 1.5  # size of stored pictures over the network frame's
AROUND = 1.4  # stored crop over the try-on crop, so that augmentation can move
NUMBERS = 36 + 18 + 4  # of joints, of what is seen of them, of a box
WORN = 128  # bit of a stored label that says: this pixel is the garment of the product picture
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Stored:
    """A prepared example, compressed: JPEG pictures, deflated labels (with the bit `WORN`) and mask (uint8)."""

    source: str
    person: bytes
    labels: bytes
    clothing: bytes
    mask: bytes
    numbers: bytes  # float32: 36 of joints, 18 of seen, 4 of the try-on crop's box, all in pixels of the stored crop


def prepared(
    dataset: Dataset, size: tuple[int, int], split: str, say: Callable[[str], None], cache: Path | None
) -> list[Stored]:
    """The examples of one data set, from the folder `cache` if it has them.

    Raises:
        BadDataset: The data set has no split "train", or no pairs in it.
    """
    try:
        source = Source.paired(dataset, split)
    except BadDataset:
        if split == "train":
            raise
        return []
    name = source.name
    kept = Kept(cache, f"{name}-{split}-{_key(source, size) if cache else ''}", _pack, partial(_unpack, size))
    found = kept.read(say)
    if found is not None:
        say(f"{name}: {len(found)} training pairs ({split}), prepared before")
        return found
    if source.triplets:
        say(f"{name}: preparing training pairs from {len(source.triplets)} pairs ({split})")
    stored, refused = [], Counter[str]()
    for row in source.triplets:
        try:
            stored.append(_prepare(source, row.person, row.garment, size))
        except _NotUsed as error:
            refused[str(error)] += 1
        except VitonError as error:  # a file that cannot be read: named, and the others are trained on
            say(f"not used: {error}")
            refused["no garment found" if isinstance(error, NoGarmentFound) else "unreadable"] += 1
    causes = ", ".join(f"{cause} {count}" for cause, count in refused.most_common())
    rest = f"; not used: {causes}" if causes else ""
    say(f"{name}: {len(stored)} training pairs ({split}) of {len(source.triplets)}{rest}")
    kept.write(stored, say)
    return stored


class _NotUsed(VitonError):
    """No pair can be made; the text is the cause in two or three words."""


def _prepare(source: Source, person: str, garment: str, size: tuple[int, int]) -> Stored:
    """Raises _NotUsed, or what reading the files raises."""
    entry = source.people[person]
    labels, pose = entry.labels(), entry.pose()
    if labels is None:
        raise _NotUsed("no labels")
    if pose is None or not pose.seen.any():
        raise _NotUsed("no joints")
    photo = read_photo(entry.image)
    if labels.shape != photo.size:
        labels = np.asarray(Image.fromarray(labels).resize(photo.size[::-1], Image.Resampling.NEAREST))
    clothing, mask = _product(source.garments[garment], (round(STORED * size[0]), round(STORED * size[1])))
    laid = source.laid_flat(person, garment)
    if laid is not None:
        labels, worn = as_top(labels, laid.worn), laid.worn
    else:
        worn = labels == (L.UPPER if (labels == L.UPPER).any() else top_garment(labels)[0])
    if not worn.any():
        raise _NotUsed("too little garment")
    packed = np.where(worn, labels | WORN, labels).astype(np.uint8)
    return _store(f"{source.name} {person} {garment}", photo, pose, packed, clothing, mask, size)


def _product(garment: Entry, size: tuple[int, int]) -> tuple[NDArray[np.uint8], Floats]:
    photo = read_photo(garment.image)
    mask = cut_garment(photo).mask if garment.mask is None else read_mask(garment.mask, photo.size)
    clothing, mask, _ = product_view(photo.image, mask, size)
    return clothing, mask


def _store(
    source: str,
    photo: Photo,
    pose: Pose,
    packed: NDArray[np.uint8],
    clothing: NDArray[np.uint8],
    mask: Floats,
    size: tuple[int, int],
) -> Stored:
    x0, y0, x1, y1 = frames.person_frame(pose, photo.size, size).box
    dx, dy = round((AROUND - 1) / 2 * (x1 - x0)), round((AROUND - 1) / 2 * (y1 - y0))
    wide = Frame((x0 - dx, y0 - dy, x1 + dx, y1 + dy), (round(STORED * size[0]), round(STORED * size[1])))
    corners = frames.to_frame(np.array([[x0 - 0.5, y0 - 0.5], [x1 - 0.5, y1 - 0.5]]), wide) + 0.5
    numbers = np.concatenate([frames.to_frame(pose.joints, wide).ravel(), pose.seen, corners.ravel()])
    return Stored(
        source,
        _jpeg(frames.crop(photo.image, wide).astype(np.uint8)),
        zlib.compress(frames.crop(packed, wide, L.BACKGROUND, nearest=True).tobytes()),
        _jpeg(on_white(clothing, np.ones_like(mask))),
        zlib.compress(np.asarray(mask * 255 + 0.5, np.uint8).tobytes()),
        numbers.astype(np.float32).tobytes(),
    )


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=95, subsampling=0)
    return buffer.getvalue()


def from_jpeg(data: bytes) -> NDArray[np.uint8]:
    """A picture of `Stored`."""
    return decode_pixels(data, "a prepared picture")


def _key(source: Source, size: tuple[int, int]) -> str:
    """A hash of everything the prepared examples are made from."""
    rows = [(row.person, row.garment) for row in source.triplets]
    return content_key([VERSION, source.name, size, rows], source.files())


def _pack(stored: list[Stored]) -> Arrays:
    """All examples as one array of bytes and the lengths of their parts."""
    parts = [part.encode() if isinstance(part, str) else part for example in stored for part in astuple(example)]
    lengths = np.array([len(part) for part in parts], np.int64).reshape(len(stored), len(fields(Stored)))
    return {"lengths": lengths, "data": np.frombuffer(b"".join(parts), np.uint8)}


def _unpack(size: tuple[int, int], arrays: Arrays) -> list[Stored]:
    """Raises anything if it is not whole; every part is looked at."""
    lengths, data = arrays["lengths"], arrays["data"].tobytes()
    if lengths.ndim != 2 or lengths.shape[1] != len(fields(Stored)) or lengths.min(initial=0) < 0:
        raise ValueError("odd lengths")
    ends = np.cumsum(lengths.ravel()).tolist()
    if len(data) != (ends[-1] if ends else 0):
        raise ValueError("its end is missing")
    parts = [data[start:end] for start, end in zip([0, *ends], ends)]
    rows = [parts[i : i + lengths.shape[1]] for i in range(0, len(parts), lengths.shape[1])]
    stored = [Stored(row[0].decode(), *row[1:]) for row in rows]
    pixels = round(STORED * size[0]) * round(STORED * size[1])
    for example in stored:
        for packed in (example.labels, example.mask):
            if len(zlib.decompress(packed)) != pixels:
                raise ValueError("a picture of another size")
        for picture in (example.person, example.clothing):
            with open_picture(picture, "a prepared picture") as opened:
                width, height = opened.size
            if width * height != pixels:
                raise ValueError("a picture of another size")
        if len(example.numbers) != 4 * NUMBERS:
            raise ValueError("odd joints")
    return stored
