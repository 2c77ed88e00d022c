"""The person of a photo as somebody says: which one it is, where the joints are, which pixel is what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.errors import BadMask, NoPersonFound
from viton_cli.perception.person import person_of
from viton_cli.records import Parsing, Perceived, Person, Photo, Pose
from viton_cli.vocabulary import labels as L

Box = tuple[int, int, int, int]
Find = Callable[[Photo], Person]
MARGIN = 0.06  # of its size, by which a box is looked at wider


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of the person in a photo; None leaves it to perception.

    Attributes:
        mask: (H, W) in [0, 1], the person. pose: Joints in photo pixels. labels: (H, W) uint8.
        who: Number of the person from the left, 1 the first; or a box (x0, y0, x1, y1) in photo pixels.
    """

    mask: NDArray[np.float32] | None = None
    pose: Pose | None = None
    labels: NDArray[np.uint8] | None = None
    who: int | Box | None = None


def find_known(photo: Photo, known: Known, find: Find, size: tuple[int, int] = (256, 192)) -> Person:
    """The person of a photo, what is known put in place of what is found.

    Args:
        photo: The photo. known: Of the person.
        find: Finds a person by perception; not asked where joints and labels are both known.
        size: (height, width) of the try-on frame.

    Raises:
        NoPersonFound: See `PersonFinder.find`; or there are fewer people. BadMask: A mask of another size.
    """
    found = None if known.pose is not None and known.labels is not None else _found(photo, known, find)
    pose, parsing = (found.pose, found.parsing) if found else (known.pose, None)
    pose = known.pose or pose
    labels = known.labels if known.labels is not None else parsing.labels if parsing else None
    assert pose is not None and labels is not None
    if labels.shape != photo.size:
        raise BadMask(f"{photo.source or photo.id}: its labels are {labels.shape[1]}x{labels.shape[0]} pixels")
    if known.mask is not None:
        labels = within(labels, known.mask > 0.5)
    return person_of(photo, Perceived(pose, Parsing(labels)), size)


def within(labels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Labels of the person that a mask shows: background beside it, and within it the nearest label where there is
    none."""
    inside = mask & (labels > 0)
    if not inside.any():
        return np.where(mask, L.UPPER, L.BACKGROUND).astype(np.uint8)
    nearest = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    return np.where(mask, labels[tuple(nearest)], L.BACKGROUND).astype(np.uint8)


def _found(photo: Photo, known: Known, find: Find) -> Person:
    """What perception finds, of the person that is meant."""
    if known.who is None:
        return find(photo)
    box = known.who if isinstance(known.who, tuple) else _numbered(photo, known.who, find)
    x0, y0, x1, y1 = _wider(box, photo.size)
    if x1 - x0 < 8 or y1 - y0 < 8:
        raise NoPersonFound(f"{photo.source or photo.id}: the box of the person that is meant lies beside the photo")
    part = find(replace(photo, image=np.ascontiguousarray(photo.image[y0:y1, x0:x1]), alpha=None, original=None))
    labels = np.zeros(photo.size, np.uint8)
    labels[y0:y1, x0:x1] = part.parsing.labels
    pose = replace(part.pose, joints=part.pose.joints + np.array((x0, y0), np.float32))
    return replace(part, photo=photo, pose=pose, parsing=Parsing(labels))


def _wider(box: Box, size: tuple[int, int]) -> Box:
    x0, y0, x1, y1 = box
    by_x, by_y = round(MARGIN * (x1 - x0)), round(MARGIN * (y1 - y0))
    return max(x0 - by_x, 0), max(y0 - by_y, 0), min(x1 + by_x, size[1]), min(y1 + by_y, size[0])


def _numbered(photo: Photo, number: int, find: Find) -> Box:
    """The box of the n-th person from the left. People are found one after the other, each painted over when found."""
    image, boxes = photo.image.copy(), list[Box]()
    ground = np.median(image.reshape(-1, 3), 0).astype(np.uint8)
    while len(boxes) < 12:
        try:
            person = find(replace(photo, image=image.copy(), original=None))
        except NoPersonFound:
            break
        rows, columns = (np.flatnonzero((person.parsing.labels > 0).any(axis)) for axis in (1, 0))
        box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
        boxes.append(box)
        image[box[1] : box[3], box[0] : box[2]] = ground
    if number > len(boxes):
        raise NoPersonFound(f"{photo.source or photo.id}: person {number} is meant, {len(boxes)} found")
    return sorted(boxes)[number - 1]
