"""Triplets made ready for training: a data set as a few large arrays, kept in one file between runs.

People are stored by a view that is `AROUND` times as wide as the try-on frame, at the frame's own scale, so that
augmentation can move; garments as the networks see them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.checkpoints import shipped
from viton_cli.data.base import Entry
from viton_cli.data.triplets import HasCoordinates, LaidFlat
from viton_cli.errors import BadDataset, NoGarmentFound, NoPersonFound, VitonError
from viton_cli.files import read_mask, read_photo
from viton_cli.imaging import frames
from viton_cli.imaging.product import product_view
from viton_cli.perception.garments.cut import cut_garment
from viton_cli.perception.perceive import open_perception
from viton_cli.perception.person import PersonFinder
from viton_cli.records import Frame, Photo, Pose
from viton_cli.training.pairs.cache import Arrays, Kept, content_key
from viton_cli.training.pairs.shorten import whole_parts
from viton_cli.training.pairs.triplet_sources import Source, as_top
from viton_cli.training.pairs.true_places import matched_places, parts_in_frame, places_in_frame
from viton_cli.vocabulary import labels as L

VERSION = 2  # of the packed form: raise it when what is stored changes
AROUND = 1.3125  # of the try-on frame, in height and width: 336x252 for 256x192
SAY_EVERY = 100  # people
TRUE, FOUND = 0, 1  # labels and joints of the data set, and those perception finds
Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Packed:
    """n pictures of people by views of (H, W), m garments of (h, w), t triplets.

    Attributes:
        image: (n, H, W, 3) uint8. labels: (n, 2, H, W) uint8, `TRUE` and `FOUND`.
        joints: (n, 2, 18, 2) float32 in that view, seen: (n, 2, 18) bool.
        part: (n, H, W) uint8 of `data.triplets.PARTS`, 0 where no part is known.
        places: (n, H, W, 2) float16 (x, y) pixels of the picture of the garment worn, NaN where not known.
        clothing: (m, h, w, 3) uint8 on white. clothing_mask: (m, h, w) uint8, 255 = garment.
        clothing_part: (m, h, w) uint8 of `data.triplets.PARTS`, all over the garment; 0 where no part is known.
        triplets: (t, 3) int32, person, garment, truth.
        exact: (t,) bool, whether a triplet's places are exact, or those of the map that laid its garment flat.
        people: (n,) and garments: (m,), ids.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    joints: NDArray[np.float32]
    seen: NDArray[np.bool_]
    part: NDArray[np.uint8]
    places: NDArray[np.float16]
    clothing: NDArray[np.uint8]
    clothing_mask: NDArray[np.uint8]
    clothing_part: NDArray[np.uint8]
    triplets: NDArray[np.int32]
    exact: NDArray[np.bool_]
    people: NDArray[np.str_]
    garments: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.triplets)


def packed(source: Source, size: tuple[int, int], perceive: bool, say: Say, cache: Path | None = None) -> Packed:
    """The triplets of a source, from the folder `cache` if it has them.

    Args:
        source: What to pack. size: (h, w) of the try-on frame. say: Gets lines of progress.
        perceive: Let perception look at every photo; else `FOUND` is a copy of `TRUE`.
    """
    kept = Kept(cache, f"{source.name}-{_key(source, size, perceive) if cache else ''}", _arrays, _whole)
    found = kept.read(say)
    if found is not None:
        say(f"{source.name}: {len(found)} triplets, prepared before")
        return found
    made = pack(source, size, perceive, say)
    kept.write(made, say)
    return made


def pack(source: Source, size: tuple[int, int], perceive: bool, say: Say) -> Packed:
    """Prepare all triplets; what cannot be used is counted and said."""
    shelf = _Shelf(source, size, PersonFinder(open_perception()) if perceive else None)
    wanted = {id for row in source.triplets for id in (row.person, row.truth)}
    people = [id for id in source.people if id in wanted]
    if people:
        say(f"{source.name}: preparing {len(source.triplets)} triplets of {len(people)} photos of people")
    refused: Counter[str] = Counter()
    worn = {row.truth: row.garment for row in source.triplets}
    for number, id in enumerate(people):
        try:
            shelf.add(source.people[id], worn.get(id))
        except VitonError as error:
            refused[str(error)] += 1
        if (number + 1) % SAY_EVERY == 0:
            say(f"{source.name}: {number + 1} of {len(people)} photos")
    made = shelf.done()
    causes = ", ".join(f"{cause} {count}" for cause, count in refused.most_common(6))
    rest = f"; photos not used: {causes}" if causes else ""
    say(f"{source.name}: {len(made)} triplets of {len(source.triplets)}{rest}")
    return made


class _Shelf:
    """Arrays that fill up."""

    def __init__(self, source: Source, size: tuple[int, int], finder: PersonFinder | None) -> None:
        self.source, self.size, self.finder = source, size, finder
        self.stored = round(AROUND * size[0]), round(AROUND * size[1])
        self.people: dict[str, int] = {}
        self.laid: set[str] = set()  # people whose own garment was laid flat
        self.rows: list[dict[str, NDArray[Any]]] = []
        self.garments: dict[str, tuple[int, Frame, tuple[int, int]]] = {}
        self.clothes: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]] = []
        self.parts: dict[int, NDArray[np.uint8]] = {}

    def add(self, entry: Entry, worn: str | None) -> None:
        """Take in a picture of a person, and what it wears if that is known.

        Raises:
            VitonError: It cannot be used.
        """
        labels, pose = entry.labels(), entry.pose()
        if labels is None:
            raise BadDataset("no labels")
        if pose is None or not pose.seen.any():
            raise BadDataset("no joints")
        photo = read_photo(entry.image, entry.id)
        if labels.shape != photo.size:
            labels = np.asarray(Image.fromarray(labels).resize(photo.size[::-1], Image.Resampling.NEAREST))
        view = wide_view(pose, photo.size, self.size)
        laid = self.source.laid_flat(entry.id, worn)
        if laid is not None and worn is not None:
            labels = as_top(labels, laid.worn)
            part, places = np.zeros(self.stored, np.uint8), self._laid(worn, laid, photo, view)
            self.laid.add(entry.id)
        else:
            part, places = self._matched(entry.id, worn, photo, view)
        row = {"image": frames.crop(photo.image, view), "part": part, "places": places.astype(np.float16)}
        self.rows.append({**row, **self._described(photo, labels, pose, view, find=laid is None)})
        self.people[entry.id] = len(self.people)

    def _described(
        self, photo: Photo, labels: NDArray[np.uint8], pose: Pose, view: Frame, find: bool
    ) -> dict[str, NDArray[Any]]:
        """Labels and joints, the true ones and those perception finds; perception knows photos to be laid by heart."""
        given = [(labels, pose)] * 2
        if find and self.finder is not None:
            try:
                person = self.finder.find(photo, self.size)
                given[FOUND] = person.parsing.labels, person.pose
            except NoPersonFound:  # then the true ones are all there is
                pass
        return {
            "labels": np.stack([frames.crop(one, view, L.BACKGROUND, nearest=True) for one, _ in given]),
            "joints": np.stack([frames.to_frame(one.joints, view) for _, one in given]),
            "seen": np.stack([one.seen for _, one in given]),
        }

    def _matched(
        self, id: str, garment: str | None, photo: Photo, view: Frame
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        nothing = np.zeros(self.stored, np.uint8), np.full((*self.stored, 2), np.nan, np.float32)
        if (
            garment is None
            or garment not in self.source.garments
            or not isinstance(self.source.dataset, HasCoordinates)
        ):
            return nothing
        index, frame, size = self._garment(garment)
        both = self.source.dataset.coordinates(id, garment)
        if both is None:
            return nothing
        if index not in self.parts:
            self.parts[index] = whole_parts(parts_in_frame(both[1].part, frame, size), self.clothes[index][1])
        places, part = matched_places(both[0], both[1], frame, size, view, photo.size)
        return part, places

    def _laid(self, garment: str, laid: LaidFlat, photo: Photo, view: Frame) -> NDArray[np.float32]:
        """Places in the picture of a garment that was laid flat."""
        _, frame, _ = self._garment(garment)
        known = np.isfinite(laid.places[..., 0]).astype(np.uint8)
        places, _ = places_in_frame(frames.to_frame(laid.places, frame), known, view, photo.size)
        worn = frames.crop(laid.worn.astype(np.uint8), view, 0, nearest=True).astype(bool)
        return np.where(worn[..., None], places, np.float32(np.nan))

    def _garment(self, id: str) -> tuple[int, Frame, tuple[int, int]]:
        if id not in self.garments:
            entry = self.source.garments[id]
            photo = read_photo(entry.image, id)
            mask = cut_garment(photo).mask if entry.mask is None else read_mask(entry.mask, photo.size)
            picture, mask, box = product_view(photo.image, mask, self.size)
            self.garments[id] = len(self.clothes), Frame(box, self.size), photo.size
            self.clothes.append((picture, _bytes(mask)))
        return self.garments[id]

    def done(self) -> Packed:
        """All that was taken in, and the triplets that can be made of it."""
        triplets, exact = [], []
        for row in self.source.triplets:
            if row.person in self.people and row.truth in self.people:
                try:
                    garment = self._garment(row.garment)[0]
                except (NoGarmentFound, KeyError):
                    continue
                triplets.append((self.people[row.person], garment, self.people[row.truth]))
                exact.append(row.truth not in self.laid)
        stored, size = self.stored, self.size
        shapes = {
            "image": ((*stored, 3), np.uint8), "labels": ((2, *stored), np.uint8), "joints": ((2, 18, 2), np.float32),
            "seen": ((2, 18), np.bool_), "part": (stored, np.uint8), "places": ((*stored, 2), np.float16),
        }  # fmt: skip
        arrays: dict[str, NDArray[Any]] = {}
        for name, (shape, kind) in shapes.items():
            arrays[name] = np.zeros((len(self.rows), *shape), kind)
            for index, one in enumerate(self.rows):
                arrays[name][index] = one.pop(name)  # freed as it is copied
        clothing, masks = (np.zeros((len(self.clothes), *size, *more), np.uint8) for more in ((3,), ()))
        parts = np.zeros_like(masks)
        for index, (picture, mask) in enumerate(self.clothes):
            clothing[index], masks[index] = picture, mask
            parts[index] = self.parts.get(index, 0)
        return Packed(
            **arrays, clothing=clothing, clothing_mask=masks, clothing_part=parts,
            triplets=np.array(triplets, np.int32).reshape(-1, 3), exact=np.array(exact, np.bool_),
            people=np.array(list(self.people), np.str_), garments=np.array(list(self.garments), np.str_),
        )  # fmt: skip


def wide_view(pose: Pose, photo_size: tuple[int, int], size: tuple[int, int]) -> Frame:
    """The try-on crop and what is around it, at the same scale."""
    x0, y0, x1, y1 = frames.person_frame(pose, photo_size, size).box
    dx, dy = round((AROUND - 1) / 2 * (x1 - x0)), round((AROUND - 1) / 2 * (y1 - y0))
    return Frame((x0 - dx, y0 - dy, x1 + dx, y1 + dy), (round(AROUND * size[0]), round(AROUND * size[1])))


def _bytes(mask: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(mask * 255 + 0.5, np.uint8)


def _arrays(made: Packed) -> Arrays:
    return {field.name: getattr(made, field.name) for field in fields(Packed)}


def _whole(arrays: Arrays) -> Packed:
    """Raises anything if it is not whole."""
    made = Packed(**{field.name: arrays[field.name] for field in fields(Packed)})
    n, m, t = len(made.people), len(made.garments), len(made.triplets)
    for count, rows in (
        (n, (made.image, made.labels, made.joints, made.seen, made.part, made.places)),
        (m, (made.clothing, made.clothing_mask)), (t, (made.exact,)),
    ):  # fmt: skip
        if any(len(array) != count for array in rows):
            raise ValueError("rows are missing")
    if made.triplets.shape != (t, 3) or (t and ((made.triplets >= (n, m, n)).any() or made.triplets.min() < 0)):
        raise ValueError("odd triplets")
    return made


def _key(source: Source, size: tuple[int, int], perceive: bool) -> str:
    """A hash of everything the packed form is made from."""
    rows = [(row.person, row.garment, row.truth) for row in source.triplets]
    weights = shipped().get("perception", {}).get("sha256") if perceive else None
    asked = [VERSION, source.name, size, perceive, weights, rows]
    return content_key(asked, source.files())
