"""Training pairs for the try-on networks: a product picture and a photo of somebody who wears that garment.

A data set with products gives true pairs. One with photos of people only gives pairs whose product picture is the worn
garment itself, laid flat (`core.flat_lay`). All examples are prepared once and kept in memory, compressed.
"""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.core import frames
from viton_cli.core import labels as L
from viton_cli.core.flat_lay import NotLaidFlat, lay_flat, top_garment
from viton_cli.core.product import WHITE, on_white, product_view
from viton_cli.data.base import Dataset, Entry
from viton_cli.errors import BadDataset, NoGarmentFound
from viton_cli.files import read_mask, read_photo, write_arrays
from viton_cli.perception.garments import cut_garment
from viton_cli.pipelines import pair_augment as augment
from viton_cli.records import Frame, Photo, Pose

VERSION = 1  # of the prepared examples: raise it when what is stored changes
STORED = 1.5  # size of stored pictures over the network frame's
AROUND = 1.4  # stored crop over the try-on crop, so that augmentation can move
_WORN = 128  # bit of a stored label that says: this pixel is the garment of the product picture

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PairSample:
    """One training example in the network frame (h, w).

    Attributes:
        person: (h, w, 3) uint8, the try-on crop of the photo.
        labels: (h, w) uint8.
        joints: (18, 2) float32 in the frame, seen: (18,) bool.
        clothing: (h, w, 3) uint8, the product on white.
        clothing_mask: (h, w) float32 in [0, 1].
        worn_mask: (h, w) float32, 1 where the photo shows that garment.
    """

    person: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    joints: Floats
    seen: NDArray[np.bool_]
    clothing: NDArray[np.uint8]
    clothing_mask: Floats
    worn_mask: Floats


@dataclass(frozen=True)
class _Stored:
    """A prepared example, compressed: JPEG pictures, deflated labels (with the bit `_WORN`) and mask (uint8)."""

    source: str
    person: bytes
    labels: bytes
    clothing: bytes
    mask: bytes
    numbers: bytes  # float32: 36 of joints, 18 of seen, 4 of the try-on crop's box, all in pixels of the stored crop


class PairSet:
    """All pairs of some data sets, with augmentation.

    Args:
        datasets: Opened data sets.
        size: (height, width) of the network frame.
        split: "train", "val" or "test"; a data set without that split adds nothing unless it is "train".
        flat_lay: Make pairs out of photos of people where a data set has no products.
        say: Gets a line for each data set: how many pictures were used, and why others were not.
        cache: Folder that keeps the prepared examples, so that the next run starts at once.

    Raises:
        BadDataset: The data sets give no pair at all (`split` "train" only).
    """

    def __init__(
        self,
        datasets: Sequence[Dataset],
        size: tuple[int, int],
        split: str = "train",
        flat_lay: bool = True,
        say: Callable[[str], None] = print,
        cache: Path | None = None,
    ) -> None:
        self.size = size
        self._stored: list[_Stored] = []
        for dataset in datasets:
            self._stored += _prepared(dataset, size, split, flat_lay, say, cache)
        if not self._stored and split == "train":
            raise BadDataset(
                "no training pairs: the data sets have neither products nor photos to lay garments flat from"
            )

    def __len__(self) -> int:
        return len(self._stored)

    def source(self, index: int) -> str:
        """Where an example is from: "FORMAT PERSON GARMENT", or "FORMAT PERSON" for a garment laid flat."""
        return self._stored[index].source

    def sample(self, index: int, rng: np.random.Generator | None = None) -> PairSample:
        """Example `index`, augmented with `rng`, or as try-on would crop it."""
        stored, size = self._stored[index], self.size
        image = _from_jpeg(stored.person)
        packed = np.frombuffer(zlib.decompress(stored.labels), np.uint8).reshape(image.shape[0], image.shape[1])
        numbers = np.frombuffer(stored.numbers, np.float32)
        joints, seen, box = numbers[:36].reshape(18, 2), numbers[36:54] > 0, tuple(numbers[54:].tolist())
        flip = rng is not None and bool(rng.random() < 0.5)

        matrix = augment.crop_matrix(box, size, rng, flip)
        person = augment.view(image, matrix, size, frames.GREY)
        packed = augment.view(packed, matrix, size, L.BACKGROUND, nearest=True)
        labels = np.asarray(packed & (_WORN - 1), np.uint8)
        worn = ((packed & _WORN) > 0).astype(np.float32)
        joints = ((joints - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T).astype(np.float32)
        if flip:
            labels = np.array(L.FLIP_LABELS, np.uint8)[labels]
            joints, seen = joints[list(L.FLIP_JOINTS)], seen[list(L.FLIP_JOINTS)]
        seen = seen & (joints >= -0.5).all(1) & (joints < np.array(size[::-1]) - 0.5).all(1)

        clothing, mask = self._clothing(stored, rng, flip)
        if rng is not None:
            person, clothing = self._repaint(stored, person, labels, worn, clothing, mask, rng)
        return PairSample(person, labels, joints, seen, clothing, mask, worn)

    def _clothing(
        self, stored: _Stored, rng: np.random.Generator | None, flip: bool
    ) -> tuple[NDArray[np.uint8], Floats]:
        image = _from_jpeg(stored.clothing)
        height, width = image.shape[:2]
        mask = np.frombuffer(zlib.decompress(stored.mask), np.uint8).reshape(height, width)
        if rng is not None:
            matrix = augment.product_matrix((height, width), rng, flip)
            image = augment.view(image, matrix, (height, width), WHITE)
            mask = augment.view(mask, matrix, (height, width), 0)
        shape = self.size[::-1]
        small = np.array(Image.fromarray(image).resize(shape, Image.Resampling.BILINEAR))
        small_mask = np.asarray(
            Image.fromarray(mask).resize(shape, Image.Resampling.BILINEAR), np.float32
        ) / np.float32(255)
        return small, small_mask

    def _repaint(
        self,
        stored: _Stored,
        person: NDArray[np.uint8],
        labels: NDArray[np.uint8],
        worn: Floats,
        clothing: NDArray[np.uint8],
        mask: Floats,
        rng: np.random.Generator,
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """New colours for the garment in both pictures, another background, another light."""
        if rng.random() < 0.75:
            recolouring = augment.random_recolouring(rng)
            person, clothing = recolouring.apply(person, worn), recolouring.apply(clothing, mask)
        if rng.random() < (0.7 if stored.source.startswith("rendered ") else 0.12):
            wall = augment.plain_wall(self.size, rng)
            if rng.random() < 0.6:
                other = self._stored[int(rng.integers(len(self)))]
                wall = augment.photo_wall(_from_jpeg(other.person), self.size, rng)
            person = augment.replace_background(person, labels, wall, rng)
        return augment.change_light(person, rng), clothing


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
        stored = _load(kept)
        say(f"{name}: {len(stored)} training pairs ({split}), prepared before")
        return stored
    if jobs:
        say(f"{name}: preparing training pairs from {len(jobs)} {'pairs' if garments else 'photos'} ({split})")
    stored, refused = [], Counter[str]()
    for person, garment in jobs:
        try:
            stored.append(_prepare(name, people[person], garments.get(garment), size))
        except (NotLaidFlat, NoGarmentFound) as error:
            refused[str(error)] += 1
    causes = ", ".join(f"{cause} {count}" for cause, count in refused.most_common())
    say(f"{name}: {len(stored)} training pairs ({split}) of {len(jobs)}" + (f"; not used: {causes}" if causes else ""))
    if kept is not None:
        _save(kept, stored)
    return stored


def _prepare(name: str, person: Entry, garment: Entry | None, size: tuple[int, int]) -> _Stored:
    """Raises NotLaidFlat or NoGarmentFound with a short cause where no pair can be made."""
    labels, pose = person.labels(), person.pose()
    if labels is None:
        raise NotLaidFlat("no labels")
    if pose is None or not pose.seen.any():
        raise NotLaidFlat("no joints")
    photo = read_photo(person.image)
    if labels.shape != photo.size:
        labels = np.asarray(Image.fromarray(labels).resize(photo.size[::-1], Image.Resampling.NEAREST))
    stored_size = round(STORED * size[0]), round(STORED * size[1])
    if garment is None:
        flat = lay_flat(photo.image, labels, pose.joints, pose.seen, stored_size)
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
    return np.asarray(Image.open(io.BytesIO(data)))


def _key(
    name: str, size: tuple[int, int], jobs: list[tuple[str, str]], people: dict[str, Entry], garments: dict[str, Entry]
) -> str:
    """A hash of everything the prepared examples are made from."""
    digest = hashlib.sha256(json.dumps([VERSION, name, size, jobs]).encode())
    for entry in [*people.values(), *garments.values()]:
        status = entry.image.stat()
        digest.update(f"{entry.image.resolve()} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _save(path: Path, stored: list[_Stored]) -> None:
    """All examples as one array of bytes and the lengths of their parts."""
    parts = [part.encode() if isinstance(part, str) else part for example in stored for part in astuple(example)]
    lengths = np.array([len(part) for part in parts], np.int64).reshape(len(stored), len(fields(_Stored)))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_arrays(path, {"lengths": lengths, "data": np.frombuffer(b"".join(parts), np.uint8)})


def _load(path: Path) -> list[_Stored]:
    with np.load(path) as arrays:
        lengths, data = arrays["lengths"], arrays["data"].tobytes()
    ends = np.cumsum(lengths.ravel()).tolist()
    parts = [data[start:end] for start, end in zip([0, *ends], ends)]
    rows = [parts[i : i + lengths.shape[1]] for i in range(0, len(parts), lengths.shape[1] or 1)]
    return [_Stored(row[0].decode(), *row[1:]) for row in rows]
