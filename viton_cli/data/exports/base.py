"""What every export offers, and the two things it writes: a person and a garment, in the size it wants them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from viton_cli.data.exports.looks import Looks, Name
from viton_cli.files import body25, remove, write_bytes, write_image, write_text
from viton_cli.imaging.frames import crop, to_frame
from viton_cli.records import Frame, Pose
from viton_cli.vocabulary.labels import COCO18_IN_BODY25


@dataclass(frozen=True, eq=False)
class Wearer:
    """A prepared person.

    Attributes:
        image: (H, W, 3) uint8.
        labels: (H, W) uint8, the 22 labels.
        pose: Joints in their pixels.
        file: The JPEG that `image` was read from, as long as it is that size.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    pose: Pose
    file: bytes | None = None

    def at(self, size: tuple[int, int] | None) -> Wearer:
        """The same at (height, width); None keeps the size."""
        if size is None or size == self.labels.shape:
            return self
        frame = _whole(self.labels.shape, size)
        joints = to_frame(self.pose.joints, frame)
        return Wearer(
            crop(self.image, frame).astype(np.uint8),
            crop(self.labels, frame, nearest=True).astype(np.uint8),
            Pose(joints, self.pose.seen, self.pose.confidence),
        )

    def body25(self) -> NDArray[np.float64]:
        """(25, 3) BODY_25; joints that are not seen are 0, 0, 0."""
        return body25(self.pose)

    def coco18(self) -> NDArray[np.float64]:
        """(18, 3) COCO-18; joints that are not seen are 0, 0, 0."""
        return self.body25()[list(COCO18_IN_BODY25)]


@dataclass(frozen=True, eq=False)
class Product:
    """A prepared garment.

    Attributes:
        image: (H, W, 3) uint8, on white.
        mask: (H, W) float32 in [0, 1].
        file: The JPEG that `image` was read from, as long as it is that size.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.float32]
    file: bytes | None = None

    def at(self, size: tuple[int, int] | None) -> Product:
        """The same at (height, width); None keeps the size."""
        if size is None or size == self.mask.shape:
            return self
        frame = _whole(self.mask.shape, size)
        return Product(crop(self.image, frame).astype(np.uint8), crop(self.mask, frame).astype(np.float32))

    def solid(self) -> NDArray[np.uint8]:
        """(H, W) mask of 0 and 255: nothing near a loader's threshold, whichever it is (128 or 200), even as a JPEG."""
        return np.where(self.mask >= 0.5, 255, 0).astype(np.uint8)


class Export(Protocol):
    """A layout. Built as `Name(root)`, where `root` is the folder to write.

    Attributes:
        size: (height, width) of all pictures; None if the loaders take any.
        needs_own: Whether the loaders open a garment of the person's own for everybody.
        lacks: What those loaders open that is not made, in a sentence; empty if nothing.
    """

    size: tuple[int, int] | None
    needs_own: bool
    lacks: str

    def person_files(self, name: Name) -> list[Path]:
        """What is written for a person."""
        ...

    def garment_files(self, name: Name) -> list[Path]:
        """What is written for a garment."""
        ...

    def further_files(self, name: Name) -> list[Path]:
        """What may be written beside these, where it can be made."""
        ...

    def write_person(self, name: Name, person: Wearer, own: Product | None) -> list[str]:
        """Write a person. `own` is the garment worn, if it is known. Returns what could not be made, in words."""
        ...

    def write_garment(self, name: Name, garment: Product) -> None:
        """Write a garment."""
        ...

    def write_lists(self, looks: Looks) -> list[str]:
        """Write the lists of pairs, and whatever else speaks of all. Returns what has no place in them, in words."""
        ...


class PictureAndMask(ABC):
    """What layouts share that keep a garment as a picture and a mask, and nothing beside what they always have."""

    @abstractmethod
    def garment_files(self, name: Name) -> list[Path]:
        """Picture and mask."""

    def further_files(self, name: Name) -> list[Path]:
        """None."""
        return []

    def write_garment(self, name: Name, garment: Product) -> None:
        """Picture and mask."""
        image, mask = self.garment_files(name)
        write_jpeg(image, garment.image, garment.file)
        write_image(mask, garment.solid())


def write_jpeg(path: Path, image: NDArray[np.uint8], file: bytes | None = None) -> None:
    """Write a picture as JPEG: the bytes it was read from where it still has that size, so that nothing is lost."""
    if file is None:
        write_image(path, image)
    else:
        write_bytes(path, file)


def write_list(path: Path, lines: list[str]) -> None:
    """Write a list, one pair a line; one without pairs is no file, nor stays one of an earlier run."""
    if lines:
        write_text(path, "".join(f"{line}\n" for line in lines))
    else:
        remove(path)


def _whole(size: tuple[int, ...], new: tuple[int, int]) -> Frame:
    return Frame((0, 0, size[1], size[0]), new)
