"""Training pairs for the try-on networks: a product picture and a photo of somebody who wears that garment.

All examples are prepared once and kept in memory, compressed.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.data.base import Dataset
from viton_cli.errors import BadDataset
from viton_cli.imaging import frames
from viton_cli.imaging.product import WHITE
from viton_cli.training.pairs import pair_augment as augment
from viton_cli.training.pairs.preparing import WORN, Floats, Stored, from_jpeg, prepared
from viton_cli.vocabulary import labels as L


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


class PairSet:
    """All pairs of some data sets, with augmentation.

    Args:
        datasets: Opened data sets.
        size: (height, width) of the network frame.
        split: "train", "val" or "test"; a data set without that split adds nothing unless it is "train".
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
        say: Callable[[str], None] = print,
        cache: Path | None = None,
    ) -> None:
        self.size = size
        self._stored: list[Stored] = []
        for dataset in datasets:
            self._stored += prepared(dataset, size, split, say, cache)
        if not self._stored and split == "train":
            raise BadDataset("no training pairs: of no pair could person and garment be used, see above")

    def __len__(self) -> int:
        return len(self._stored)

    def source(self, index: int) -> str:
        """Where an example is from: "FORMAT PERSON GARMENT"."""
        return self._stored[index].source

    def sample(self, index: int, rng: np.random.Generator | None = None) -> PairSample:
        """Example `index`, augmented with `rng`, or as try-on would crop it."""
        stored, size = self._stored[index], self.size
        image = from_jpeg(stored.person)
        packed = np.frombuffer(zlib.decompress(stored.labels), np.uint8).reshape(image.shape[0], image.shape[1])
        numbers = np.frombuffer(stored.numbers, np.float32)
        joints, seen, box = numbers[:36].reshape(18, 2), numbers[36:54] > 0, tuple(numbers[54:].tolist())
        flip = rng is not None and bool(rng.random() < 0.5)

        matrix = augment.crop_matrix(box, size, rng, flip)
        person = augment.view(image, matrix, size, frames.GREY)
        packed = augment.view(packed, matrix, size, L.BACKGROUND, nearest=True)
        labels = np.asarray(packed & (WORN - 1), np.uint8)
        worn = ((packed & WORN) > 0).astype(np.float32)
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
        self, stored: Stored, rng: np.random.Generator | None, flip: bool
    ) -> tuple[NDArray[np.uint8], Floats]:
        image = from_jpeg(stored.clothing)
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
        stored: Stored,
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
                wall = augment.photo_wall(from_jpeg(other.person), self.size, rng)
            person = augment.replace_background(person, labels, wall, rng)
        return augment.change_light(person, rng), clothing
