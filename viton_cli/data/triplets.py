"""Triplets: a person, a garment to put on, and the true picture of that person in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from viton_cli.data.base import Dataset
from viton_cli.errors import BadDataset
from viton_cli.files.opening import open_picture

TRUNK, L_SLEEVE, R_SLEEVE, COLLAR = 40, 80, 120, 160  # parts of a garment as files of coordinates write them; 0: none
PARTS = (TRUNK, L_SLEEVE, R_SLEEVE, COLLAR)


@dataclass(frozen=True)
class Triplet:
    """Ids of a try-on whose answer is known.

    Attributes:
        person: A picture of the person. garment: The garment to put on.
        truth: The picture of the same person, pose, camera and light in that garment; `person` itself in a paired one.
        kind: "upper", "dress" or "lower".
    """

    person: str
    garment: str
    truth: str
    kind: str = "upper"

    @property
    def unpaired(self) -> bool:
        """Whether the person wears something else in its own picture."""
        return self.person != self.truth


@dataclass(frozen=True, eq=False)
class ClothCoordinates:
    """Where on the cloth each pixel of a picture lies.

    Attributes:
        at: (H, W, 2) uint8, two coordinates along the cloth in any unit; the same point of the garment has the same
            two on a person and on the product.
        part: (H, W) uint8, of `PARTS`; 0 where there is none of the garment. Coordinates of two parts do not compare.
    """

    at: NDArray[np.uint8]
    part: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class LaidFlat:
    """What is known of a garment that was laid flat out of a person's picture.

    Attributes:
        worn: (H, W) bool, where the picture shows it; of a dress or a long coat, down to the hips only.
        places: (h, w, 2) float (x, y) pixels of the garment's own picture that a smaller view of the person's shows,
            NaN where not known.
    """

    worn: NDArray[np.bool_]
    places: NDArray[np.floating]


@runtime_checkable
class HasTriplets(Protocol):
    """A data set with true answers of unpaired try-ons."""

    def triplets(self, split: str) -> list[Triplet]:
        """Those of one split, in a fixed order.

        Raises:
            BadDataset: No such split. BadPairs: The list of pairs cannot be read.
        """
        ...


@runtime_checkable
class HasCoordinates(Protocol):
    """A data set that knows where on the cloth each garment pixel lies."""

    def coordinates(self, truth: str, garment: str) -> tuple[ClothCoordinates, ClothCoordinates] | None:
        """Of the picture `truth`, and of the product `garment` that is worn in it; None if one is not known."""
        ...


@runtime_checkable
class HasLaidFlat(Protocol):
    """A data set some of whose garments were laid flat out of the picture of the person who wears them."""

    def laid_flat(self, person: str, garment: str) -> LaidFlat | None:
        """None if `garment` is no such garment of that person.

        Raises:
            BadDataset: The file that says it cannot be read.
        """
        ...


def triplets_of(dataset: Dataset, split: str) -> list[Triplet]:
    """The true answers of a data set: its triplets, or its pairs, where the person's own picture is the truth."""
    if isinstance(dataset, HasTriplets):
        return dataset.triplets(split)
    return [Triplet(person, garment, person) for person, garment in dataset.pairs(split)]


def read_coordinates(path: Path) -> ClothCoordinates:
    """Of a PNG: red and green are the coordinates, blue the part.

    Raises:
        BadDataset: Not such a picture.
    """
    with open_picture(path, error=BadDataset) as image:
        if image.mode != "RGB":
            raise BadDataset(f"{path}: {image.mode} instead of RGB: not coordinates of a cloth")
        array = np.array(image)
    return ClothCoordinates(array[..., :2], array[..., 2])
