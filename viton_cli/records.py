"""One frozen record per arrow of the flow in `viton_cli/__init__.py`. Arrays are never written to after they are made.

Names ending in `_photo` are in the upright photo's pixels; everything else is in the network frame.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    import torch

Array = NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class Original:
    """What a photo's file has beside the working picture: all that a result needs to be the same file but for a part.

    Attributes:
        size: (height, width) of the upright photo at its own size.
        profile: The ICC profile of its numbers; None for sRGB without one.
        exif: EXIF that a changed copy may carry (`files.exif`); b"" for none.
        exact: The working picture has the size and the numbers of the original.
        data: Where it can be read again: a file, a file's bytes, or (H, W, 3) uint8.
    """

    size: tuple[int, int]
    profile: bytes | None = None
    exif: bytes = b""
    exact: bool = True
    data: Path | bytes | NDArray[np.uint8] | None = None


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture as its viewer sees it: EXIF turned, colours in sRGB; a huge one at a working size.

    Attributes:
        id: Name without ending, sub-folders kept with "/", unique within a run.
        image: (H, W, 3) uint8 RGB.
        source: The file it came from; None for a picture given as an array.
        alpha: (H, W) uint8 if the file had transparency, else None.
        original: What the file has beyond that; None if there is nothing else.
    """

    id: str
    image: NDArray[np.uint8]
    source: Path | None = None
    alpha: NDArray[np.uint8] | None = None
    original: Original | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of `image` in pixels."""
        return self.image.shape[0], self.image.shape[1]

    @property
    def full_size(self) -> tuple[int, int]:
        """(height, width) of the photo's file, upright. Numbers that files and users give are in its pixels."""
        return self.original.size if self.original else self.size

    def __repr__(self) -> str:
        return f"Photo({self.id!r}, {self.full_size[1]}x{self.full_size[0]})"


@dataclass(frozen=True)
class Frame:
    """A rectangle of the photo and the size it is seen at. `imaging.frames` does all arithmetic with it.

    Attributes:
        box: (x0, y0, x1, y1) integers in photo pixels, pixel edges (x1 - x0 is the width); may reach beyond the photo.
        size: (height, width) of the network frame.
    """

    box: tuple[int, int, int, int]
    size: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Pose:
    """18 joints, OpenPose COCO-18 order.

    Attributes:
        joints: (18, 2) float32 (x, y) in pixels of whatever picture the pose belongs to (photo or network frame).
        seen: (18,) bool. False: out of the picture, hidden, or not found; its coordinates mean nothing.
        confidence: (18,) float32 in [0, 1].
    """

    joints: NDArray[np.float32]
    seen: NDArray[np.bool_]
    confidence: NDArray[np.float32]

    def __repr__(self) -> str:
        return f"Pose({int(self.seen.sum())} of {len(self.seen)} joints seen)"


@dataclass(frozen=True, eq=False)
class Parsing:
    """Labels of one picture.

    Attributes:
        labels: (H, W) uint8, values of `vocabulary.labels.LABELS`.
        confidence: (H, W) float32 in [0, 1] or None when the source gives none.
    """

    labels: NDArray[np.uint8]
    confidence: NDArray[np.float32] | None = None

    def __repr__(self) -> str:
        return f"Parsing({_size(self.labels)}, {len(np.unique(self.labels))} labels)"


@dataclass(frozen=True, eq=False)
class Perceived:
    """What there is to see in one photo.

    Attributes:
        pose: Of the largest person, joints in photo pixels; None where there is nobody.
        parsing: Labels at photo size.
        people: How many people were found.
        why: Why nobody was, and what to do about it, in words; "" where nothing more can be said.
    """

    pose: Pose | None
    parsing: Parsing
    people: int = 1
    why: str = ""


@dataclass(frozen=True, eq=False)
class Person:
    """What perception knows of one photo.

    Attributes:
        photo: The photo.
        pose: Joints in photo pixels.
        parsing: Labels at photo size.
        frame: The try-on crop.
        checks: What is odd about it ("torso cut off at the left"): each a `lights.Check`, or a text, a warning.
        score: How sure perception is that this is a person, [0, 1].
    """

    photo: Photo
    pose: Pose
    parsing: Parsing
    frame: Frame
    checks: tuple[str, ...] = ()
    score: float = 1.0

    def __repr__(self) -> str:
        return f"Person({self.photo!r}, {self.pose!r}{_checks(self.checks)})"


@dataclass(frozen=True, eq=False)
class Garment:
    """A garment cut out of its photo.

    Attributes:
        photo: The photo.
        mask: (H, W) float32 in [0, 1] at photo size: what may be warped onto a person (inner back neck left out).
        inner: (H, W) float32 in [0, 1]: garment seen behind the front neckline, not part of `mask`.
        quality: [0, 1], how far the mask can be trusted.
        kind: "top", "outerwear", "dress", "lower" or "unknown".
        sleeves: "none", "short", "long" or "unknown".
        checks: As of `Person`.
    """

    photo: Photo
    mask: NDArray[np.float32]
    inner: NDArray[np.float32] | None = None
    quality: float = 1.0
    kind: str = "unknown"
    sleeves: str = "unknown"
    checks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Garment({self.photo!r}, {self.kind}, quality {self.quality:.2f}{_checks(self.checks)})"


@dataclass(frozen=True, eq=False)
class Coarse:
    """Stage 1's answer.

    Attributes:
        image: (1, 3, h, w) in [-1, 1]. mask: (1, 1, h, w), the clothing mask in [0, 1].
        layout: (1, 10, h, w) shares of `vocabulary.layout.LAYOUT`; None where none is predicted, as all below.
        places: (1, 2, h, w) (x, y) in pixels of the product's picture that a garment pixel shows.
        scale: (1, 1, h, w) expected error of `places`, in garment heights.
        light: (1, 3, h, w) log of the garment's brightness on the person over that in its own photo.
        apart: (1, 1, h, w) distance in pixels between the places told of the pair and of its mirror image.
        torn: (1, 1, h, w) in [0, 1], how far apart the two layouts are (half the sum of the differences of shares).
    """

    image: torch.Tensor
    mask: torch.Tensor
    layout: torch.Tensor | None = None
    places: torch.Tensor | None = None
    scale: torch.Tensor | None = None
    light: torch.Tensor | None = None
    apart: torch.Tensor | None = None
    torn: torch.Tensor | None = None


@dataclass(frozen=True, eq=False)
class Warped:
    """The garment laid onto the predicted clothing mask: `image` (1, 3, h, w), `mask` (1, 1, h, w) and how it went."""

    image: torch.Tensor
    mask: torch.Tensor
    folded: float = 0.0
    fallback: str | None = None


@dataclass(frozen=True, eq=False)
class Result:
    """The picture, at the photo's own size.

    Attributes:
        image: (H, W, 3) uint8; equal to the photo wherever `edited` is False.
        edited: (H, W) bool, where the result may differ from the photo.
        steps: Name -> (h, w, 3) uint8 picture of each intermediate, in the order of the flow.
        checks: As of `Person`, those of person and garment included: `check.severity` is info, warn or bad.
        seconds: Name of the stage -> seconds.
        fallback: The warp that had to be used instead, if any.
        trace: Works out `places`.
        profile: ICC profile of the numbers of `image`, the photo's own; None for sRGB.
        quality: [0, 1], how far the result is likely to be right; None from a method that cannot say.
        signs: What that rests on (`methods.signs`).
    """

    image: NDArray[np.uint8]
    edited: NDArray[np.bool_]
    steps: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    fallback: str | None = None
    trace: Callable[[], NDArray[np.float32]] | None = field(default=None, repr=False)
    profile: bytes | None = None
    quality: float | None = None
    signs: dict[str, float] = field(default_factory=dict, repr=False)

    @cached_property
    def places(self) -> NDArray[np.float32] | None:
        """(H, W, 2) float32: for every pixel that shows the new garment, the pixel (x, y) of the garment's photo it
        came from; NaN elsewhere. Worked out when it is first asked for; None from a method that does not warp."""
        return self.trace() if self.trace is not None else None

    @property
    def pil(self) -> Image.Image:
        """The picture as a PIL image."""
        return Image.fromarray(self.image)

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        stream = io.BytesIO()
        self.pil.save(stream, "PNG", compress_level=1)
        return stream.getvalue()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_size(self.image)}, {self.edited.mean():.0%} edited{_checks(self.checks)})"


def _size(image: NDArray[np.generic]) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"


def _checks(checks: tuple[str, ...]) -> str:
    return f", {len(checks)} check{'s' if len(checks) > 1 else ''}" if checks else ""
