"""Stand-ins for the networks, so that folders, names, failures and exit codes can be tested without weights.

The `fakes` of conftest.py are what the pipelines work with where they are given nothing else. They find a person in
every photo whose top left pixel is not black, cut a garment out of every photo that is not all white, and dress by
painting a square in the garment's colour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from viton_cli.config import MethodConfig, Perception
from viton_cli.errors import NoGarmentFound, NoPersonFound
from viton_cli.methods import METHODS
from viton_cli.pipelines import tools
from viton_cli.pipelines.tools import Cutter
from viton_cli.records import Frame, Garment, Parsing, Person, Photo, Pose, Result


class FakeFinder:
    """PersonFinder: the joints lie on a cross in the middle of the photo."""

    found: ClassVar[list[str]] = []
    batches: ClassVar[list[list[str]]] = []

    def find_all(self, photos: Sequence[Photo], size: tuple[int, int] = (256, 192)) -> list[Person | NoPersonFound]:
        FakeFinder.batches.append([photo.id for photo in photos])
        if any((photo.image[0, 0] == (66, 66, 66)).all() for photo in photos):
            raise ValueError("grey")
        found: list[Person | NoPersonFound] = []
        for photo in photos:
            try:
                found.append(self.find(photo, size))
            except NoPersonFound as error:
                found.append(error)
        return found

    def find(self, photo: Photo, size: tuple[int, int] = (256, 192)) -> Person:
        FakeFinder.found.append(photo.id)
        if not photo.image[0, 0].any():
            raise NoPersonFound(f"{photo.source or photo.id}: no person found")
        height, width = photo.size
        joints = np.stack([np.linspace(width * 0.3, width * 0.7, 18), np.linspace(height * 0.1, height * 0.9, 18)], 1)
        labels = np.zeros(photo.size, np.uint8)
        labels[height // 4 :, width // 4 : width * 3 // 4] = 5
        pose = Pose(joints.astype(np.float32), np.ones(18, bool), np.ones(18, np.float32))
        frame = Frame((-3, 0, height * 3 // 4 - 3, height), size)
        checks = ("2 people found, the largest is taken",) if photo.image[0, 0, 0] == 22 else ()
        return Person(photo, pose, Parsing(labels), frame, checks)


class FakeMethod:
    """Paints a square of the garment's mean colour; fails on a garment that is pure red."""

    pairs: ClassVar[list[tuple[str, str]]] = []
    prepared: ClassVar[list[str]] = []

    def prepare_person(self, person: Person) -> Person:
        FakeMethod.prepared.append(person.photo.id)
        return person

    def prepare_garment(self, garment: Garment) -> Garment:
        FakeMethod.prepared.append(garment.photo.id)
        return garment

    def dress(self, person: Person, garment: Garment, steps: bool = False) -> Result:
        colour = garment.photo.image[garment.mask > 0.5].mean(0)
        if tuple(colour) == (255, 0, 0):
            raise ValueError("red")
        FakeMethod.pairs.append((person.photo.id, garment.photo.id))
        image = person.photo.image.copy()
        edited = np.zeros(image.shape[:2], bool)
        edited[10:20, 5:15] = True
        image[edited] = colour
        middle = {"coarse image": image[:16, :12].copy(), "mask": edited[:16, :12].astype(np.uint8) * 255}
        places = np.where(edited[..., None], np.float32((3, 4)), np.nan)
        laps = {"warp": 0.25}
        return Result(image, edited, middle if steps else {}, ("sleeves change",), laps, None, lambda: places.copy())


def fake_cut(photo: Photo, mask: NDArray[np.float32] | None = None) -> Garment:
    """All that is not white; a photo whose top left pixel is pink shows a person."""
    own = (photo.image.min(2) < 250).astype(np.float32)
    if mask is None and not own.any():
        raise NoGarmentFound(f"{photo.source or photo.id}: no garment found")
    checks = ("shows a person",) if (photo.image[0, 0] == (255, 0, 255)).all() else ()
    return Garment(photo, own if mask is None else mask, checks=checks)


def fake_score(settings: Perception) -> Callable[[Photo], float]:
    """A photo whose top left pixel is pink shows a person."""
    return lambda photo: float((photo.image[0, 0] == (255, 0, 255)).all())


def fake_finder(settings: Perception) -> FakeFinder:
    return FakeFinder()


def fake_cutter(settings: Perception) -> Cutter:
    return fake_cut


def fake_method(settings: MethodConfig) -> FakeMethod:
    METHODS.get(settings.method)  # an unknown name is an error with stand-ins too
    return FakeMethod()


def install_fakes(patch: pytest.MonkeyPatch) -> None:
    """Put the stand-ins in the places of the networks."""
    patch.setattr(tools, "make_finder", fake_finder)
    patch.setattr(tools, "make_cutter", fake_cutter)
    patch.setattr(tools, "make_method", fake_method)
    patch.setattr(tools, "make_person_score", fake_score)
    FakeFinder.found.clear()
    FakeFinder.batches.clear()
    FakeMethod.pairs.clear()
    FakeMethod.prepared.clear()


def photo(path: Path, colour: tuple[int, int, int] = (90, 120, 150), size: tuple[int, int] = (64, 48)) -> Path:
    """Write a plain picture with some texture; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.zeros((*size, 3), np.uint8)
    image[:] = colour
    Image.fromarray(image).save(path)
    return path
