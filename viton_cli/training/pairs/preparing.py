"""Training pairs made from the entries of a data set, stored compressed, and kept in a cache between runs."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.data.base import Dataset, Entry
from viton_cli.errors import BadDataset, NoGarmentFound, VitonError
from viton_cli.files import decode_pixels, open_picture, read_mask, read_photo, sha256, write_arrays
from viton_cli.imaging import frames
from viton_cli.imaging.flatten import NotFlattened, flatten, top_garment
from viton_cli.imaging.product import on_white, product_view
from viton_cli.perception.garments.cut import cut_garment
from viton_cli.records import Frame, Photo, Pose
from viton_cli.vocabulary import labels as L

VERSION = 1  # of the prepared examples: raise it when what is stored changes
STORED = 1.5  # size of stored pictures over the network frame's
AROUND = 1.4  # stored crop over the try-on crop, so that augmentation can move
NUMBERS = 36 + 18 + 4  # of joints, of what is seen of them, of a box
_WORN = 128  # bit of a stored label that says: this pixel is the garment of the product picture
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _Stored:
    """A prepared example, compressed: JPEG pictures, deflated labels (with the bit `_WORN`) and mask (uint8)."""

    source: str
    person: bytes
    labels: bytes
    clothing: bytes
    mask: bytes
    numbers: bytes  # float32: 36 of joints, 18 of seen, 4 of the try-on crop's box, all in pixels of the stored crop


def _prepared(
    dataset: Dataset, size: tuple[int, int], split: str, flat_lay: bool, say: Callable[[str], None], cache: Path | None
) -> list[_Stored]:
    """The examples of one data set, from the cache if it has them."""
    name = type(dataset).__name__.lower()
    try:
        entries = list(dataset.entries(split))
    except BadDataset:
        if split == "train":
            raise
        return []
    people = {entry.id: entry for entry in entries if entry.kind == "person"}
    garments = {entry.id: entry for entry in entries if entry.kind == "garment"}
    if garments:
        jobs = [
            (person, garment) for person, garment in dataset.pairs(split) if person in people and garment in garments
        ]
    else:
        jobs = [(person, "") for person in people] if flat_lay else []
    kept = None if cache is None else cache / f"{name}-{split}-{_key(name, size, jobs, people, garments)}.npz"
    if kept is not None and kept.exists():
        try:
            stored = _load(kept, size)
            say(f"{name}: {len(stored)} training pairs ({split}), prepared before")
            return stored
        except Exception as error:  # NumPy's reader raises whatever it trips over
            say(f"{kept}: damaged, and made anew ({' '.join(str(error).split())[:100] or type(error).__name__})")
    if jobs:
        say(f"{name}: preparing training pairs from {len(jobs)} {'pairs' if garments else 'photos'} ({split})")
    stored, refused = [], Counter[str]()
    for person, garment in jobs:
        try:
            stored.append(_prepare(name, people[person], garments.get(garment), size))
        except (NotFlattened, NoGarmentFound) as error:
            refused[str(error)] += 1
        except VitonError as error:  # a file that cannot be read: named, and the others are trained on
            say(f"not used: {error}")
            refused["unreadable"] += 1
    causes = ", ".join(f"{cause} {count}" for cause, count in refused.most_common())
    say(f"{name}: {len(stored)} training pairs ({split}) of {len(jobs)}" + (f"; not used: {causes}" if causes else ""))
    if kept is not None:
        _save(kept, stored)
    return stored


def _prepare(name: str, person: Entry, garment: Entry | None, size: tuple[int, int]) -> _Stored:
    """Raises NotFlattened or NoGarmentFound with a short cause where no pair can be made."""
    labels, pose = person.labels(), person.pose()
    if labels is None:
        raise NotFlattened("no labels")
    if pose is None or not pose.seen.any():
        raise NotFlattened("no joints")
    photo = read_photo(person.image)
    if labels.shape != photo.size:
        labels = np.asarray(Image.fromarray(labels).resize(photo.size[::-1], Image.Resampling.NEAREST))
    stored_size = round(STORED * size[0]), round(STORED * size[1])
    if garment is None:
        flat = flatten(photo.image, labels, pose.joints, pose.seen, stored_size)
        clothing, mask, _ = product_view(flat.image, flat.mask, stored_size)
        worn = flat.worn
        below = (labels == flat.label) & ~worn
        labels = np.where(below, L.PANTS if flat.label == L.JUMPSUITS else L.SKIRT, labels).astype(np.uint8)
        source = f"{name} {person.id}"
    else:
        clothing, mask = _product(garment, stored_size)
        worn = labels == (L.UPPER if (labels == L.UPPER).any() else top_garment(labels)[0])
        source = f"{name} {person.id} {garment.id}"
    if not worn.any():
        raise NoGarmentFound("too little garment")
    return _store(source, photo, pose, np.where(worn, labels | _WORN, labels).astype(np.uint8), clothing, mask, size)


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
) -> _Stored:
    x0, y0, x1, y1 = frames.person_frame(pose, photo.size, size).box
    dx, dy = round((AROUND - 1) / 2 * (x1 - x0)), round((AROUND - 1) / 2 * (y1 - y0))
    wide = Frame((x0 - dx, y0 - dy, x1 + dx, y1 + dy), (round(STORED * size[0]), round(STORED * size[1])))
    corners = frames.to_frame(np.array([[x0 - 0.5, y0 - 0.5], [x1 - 0.5, y1 - 0.5]]), wide) + 0.5
    numbers = np.concatenate([frames.to_frame(pose.joints, wide).ravel(), pose.seen, corners.ravel()])
    return _Stored(
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


def _from_jpeg(data: bytes) -> NDArray[np.uint8]:
    return decode_pixels(data, "a prepared picture")


def _key(
    name: str, size: tuple[int, int], jobs: list[tuple[str, str]], people: dict[str, Entry], garments: dict[str, Entry]
) -> str:
    """A hash of everything the prepared examples are made from, told by content: dates do not tell."""
    digest = hashlib.sha256(json.dumps([VERSION, name, size, jobs]).encode("utf-8", "surrogateescape"))
    for entry in [*people.values(), *garments.values()]:
        digest.update(f"{entry.kind} {entry.id}".encode("utf-8", "surrogateescape"))
        for path in entry.files:
            with suppress(OSError):  # a file that cannot be read is told when its pair is prepared
                digest.update(f" {sha256(path)}".encode())
    return digest.hexdigest()[:16]


def _save(path: Path, stored: list[_Stored]) -> None:
    """All examples as one array of bytes and the lengths of their parts."""
    parts = [part.encode() if isinstance(part, str) else part for example in stored for part in astuple(example)]
    lengths = np.array([len(part) for part in parts], np.int64).reshape(len(stored), len(fields(_Stored)))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_arrays(path, {"lengths": lengths, "data": np.frombuffer(b"".join(parts), np.uint8)})


def _load(path: Path, size: tuple[int, int]) -> list[_Stored]:
    """Raises anything if it is not whole; every part is looked at."""
    with np.load(path, allow_pickle=False) as arrays:
        lengths, data = arrays["lengths"], arrays["data"].tobytes()
    if lengths.ndim != 2 or lengths.shape[1] != len(fields(_Stored)) or lengths.min(initial=0) < 0:
        raise ValueError("odd lengths")
    ends = np.cumsum(lengths.ravel()).tolist()
    if len(data) != (ends[-1] if ends else 0):
        raise ValueError("its end is missing")
    parts = [data[start:end] for start, end in zip([0, *ends], ends)]
    rows = [parts[i : i + lengths.shape[1]] for i in range(0, len(parts), lengths.shape[1])]
    stored = [_Stored(row[0].decode(), *row[1:]) for row in rows]
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
