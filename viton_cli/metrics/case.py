"""What a measure is shown: a result, the true picture, the photo it was made from, and what is known of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Which = Literal["result", "photo", "truth"]
IN_MEMORY = 8_000_000  # pixels of a picture beyond which it waits on the disk and not in memory
SMALL = 2_000_000  # pixels at most of `Picture.small`
STRIP = 500_000  # pixels that are looked at at once
DIFFERS, AGREES = 12, 6  # levels of 255 in the most different channel; between them JPEG leaves it open


class Picture:
    """A picture that is read in strips: a small one from memory, a large one from an unnamed temporary file, so that
    three of 100 megapixels take no more memory than one.

    Args:
        image: (H, W, 3) uint8, or an RGB image of PIL, of which no second copy is made if it is large.
    """

    def __init__(self, image: NDArray[np.uint8] | Image.Image) -> None:
        height, width = (image.height, image.width) if isinstance(image, Image.Image) else image.shape[:2]
        self.shape = (height, width, 3)
        self.factor = max(int(np.ceil(np.sqrt(height * width / SMALL))), 1)
        self._image: NDArray[np.uint8] | None = None
        if height * width <= IN_MEMORY:
            self._image = np.asarray(image)
        else:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the picture)
        # Where it is reduced the mean of each block of factor x factor pixels is taken.
        parts = []
        rows = max(STRIP // width // self.factor, 1) * self.factor
        for top in range(0, height, rows):
            part = _rows(image, top, min(top + rows, height))
            if self._image is None:
                self._file.write(np.ascontiguousarray(part).data)
            parts.append(part if self.factor == 1 else np.asarray(Image.fromarray(part).reduce(self.factor)))
        self.small: NDArray[np.uint8] = np.concatenate(parts)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.shape[0], self.shape[1]

    def rows(self, top: int, bottom: int) -> NDArray[np.uint8]:
        """(bottom - top, W, 3) uint8, cut off where the picture ends."""
        if self._image is not None:
            return self._image[top:bottom]
        bottom = min(bottom, self.shape[0])
        row = self.shape[1] * 3
        self._file.seek(top * row)
        data = np.frombuffer(self._file.read((bottom - top) * row), np.uint8)
        return data.reshape(bottom - top, self.shape[1], 3)


def _rows(image: NDArray[np.uint8] | Image.Image, top: int, bottom: int) -> NDArray[np.uint8]:
    if isinstance(image, Image.Image):
        return np.asarray(image.crop((0, top, image.width, bottom)))
    return np.asarray(image[top:bottom])


@dataclass(frozen=True, eq=False)
class Case:
    """One result and everything it can be compared with. All pictures have one size.

    Attributes:
        name: Of the result.
        person: Whose picture it is: cases of one person are not independent of each other.
        result: What the method made.
        truth: The true picture of that person in that garment, if there is one.
        photo: The photo the result was made from: "the photo left as it is".
        edited: (H, W) bool, where the result may differ from the photo, if the run wrote it.
        labels: "truth", "photo" to (h, w) uint8 labels at the size of `Picture.small`, the best that are known.
        parsed: "result", "truth", "photo" to labels by one and the same parser, whose faults are then equal in all.
        memory: Filled by measures: what several of them need and none wants to do again.
    """

    name: str
    person: str
    result: Picture
    truth: Picture | None = None
    photo: Picture | None = None
    edited: NDArray[np.bool_] | None = None
    labels: Mapping[Which, NDArray[np.uint8]] = field(default_factory=dict)
    parsed: Mapping[Which, NDArray[np.uint8]] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)

    def seen(self, which: Which) -> Picture:
        """One of the three pictures.

        Raises:
            LookupError: It is not there.
        """
        picture = {"result": self.result, "photo": self.photo, "truth": self.truth}[which]
        if picture is None:
            raise LookupError(f"{self.name}: no {which}")
        return picture

    def has(self, need: str) -> bool:
        """Whether it has "truth", "photo", "edited", "labels:WHICH" or "parsed:WHICH"."""
        kind, _, which = need.partition(":")
        return which in getattr(self, kind) if which else getattr(self, kind) is not None

    @cached_property
    def differs(self) -> NDArray[np.bool_]:
        """(H, W), where truth and photo differ by more than 12 levels in some channel."""
        return compare(self.seen("truth"), self.seen("photo"), lambda gap: gap > DIFFERS)

    @cached_property
    def agrees(self) -> NDArray[np.bool_]:
        """(H, W), where truth and photo differ by at most 6 levels in every channel."""
        return compare(self.seen("truth"), self.seen("photo"), lambda gap: gap <= AGREES)


def strips(height: int, width: int, pixels: int = STRIP) -> Iterator[tuple[int, int]]:
    """(top, bottom) of strips of about `pixels` pixels that cover a picture."""
    step = max(pixels // width, 1)
    for top in range(0, height, step):
        yield top, min(top + step, height)


def compare(
    first: Picture, second: Picture, judge: Callable[[NDArray[np.uint8]], NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """(H, W): what `judge` says of the largest difference of the channels, 0 to 255, at each pixel."""
    out = np.empty(first.size, bool)
    for top, bottom in strips(*first.size):
        out[top:bottom] = judge(gap(first.rows(top, bottom), second.rows(top, bottom)).max(2))
    return out


def gap(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Absolute difference of two uint8 arrays."""
    return np.maximum(first, second) - np.minimum(first, second)
