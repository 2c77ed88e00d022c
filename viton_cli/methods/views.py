"""A person and a garment as the networks see them: what every method works out once each."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch

from viton_cli.compositing.wearer import Wearer
from viton_cli.core.warp.places import Outline, outline_of
from viton_cli.imaging import frames
from viton_cli.imaging.product import Product, cut_product
from viton_cli.imaging.tensors import as_mask, as_tensor
from viton_cli.methods.both_ways import BothWays, represent_both_ways
from viton_cli.methods.by_hand import NO_WISHES, Wishes
from viton_cli.methods.signs import Cloth, cloth_of
from viton_cli.records import Frame, Garment, Person


@dataclass(frozen=True, eq=False)
class PersonView:
    """What the method works out once a person.

    Attributes:
        person: As found. frame: The part of the photo the networks see, at their size.
        picture: (1, 3, h, w) the crop in [-1, 1]. labels: (1, h, w). joints: (1, 18, 2) and seen: (1, 18), of the crop.
        both_ways: p of the crop and of its mirror image.
        wearer: What the composition has to know.
        wishes: How the garment is to be worn.
    """

    person: Person
    frame: Frame
    picture: torch.Tensor
    labels: torch.Tensor
    joints: torch.Tensor
    seen: torch.Tensor
    both_ways: BothWays
    wearer: Wearer
    wishes: Wishes = field(default=NO_WISHES, kw_only=True)


@dataclass(frozen=True, eq=False)
class GarmentView:
    """What the method works out once a garment.

    Attributes:
        garment: As cut. product: The same as the networks see it, and sharp.
        picture: (1, 3, h, w) in [-1, 1], the garment on white. mask: (1, 1, h, w) in [0, 1].
        cloth: What its outline tells, for judging results.
    """

    garment: Garment
    product: Product
    picture: torch.Tensor
    mask: torch.Tensor
    cloth: Cloth

    @cached_property
    def outline(self) -> Outline:
        """Of the garment in its picture, where a warp by places needs it."""
        return outline_of(as_mask(self.mask))


class Views:
    """The part of a method that sees.

    Attributes:
        size: (height, width) of the networks' frame.
    """

    size: tuple[int, int]

    @torch.inference_mode()
    def prepare_person(self, person: Person) -> PersonView:
        """The crop that stage 1 sees, and representation p (section 3.1)."""
        frame = sample_frame(person, self.size)
        picture = as_tensor(frames.crop(person.photo.image, frame).astype(np.uint8))
        labels = frames.crop(person.parsing.labels, frame, nearest=True, fill=0).astype(np.int64)
        joints = torch.from_numpy(frames.to_frame(person.pose.joints, frame))[None]
        seen = torch.from_numpy(np.asarray(person.pose.seen, bool))[None]
        shown = torch.from_numpy(labels)[None]
        both_ways = represent_both_ways(picture, shown, joints, seen)
        return PersonView(person, frame, picture, shown, joints, seen, both_ways, Wearer(person, frame))

    @torch.inference_mode()
    def prepare_garment(self, garment: Garment) -> GarmentView:
        """The product view."""
        product = cut_product(garment.photo.image, garment.mask, self.size)
        picture, mask = as_tensor(product.picture), torch.from_numpy(product.mask)[None, None]
        return GarmentView(garment, product, picture, mask, cloth_of(product))


class Clock:
    """Seconds of each stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Note the time since the last lap under `name`."""
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 4)
        self._last = now


def sample_frame(person: Person, size: tuple[int, int]) -> Frame:
    """The person's frame at the networks' size."""
    if person.frame.size == size:
        return person.frame
    return frames.person_frame(person.pose, person.photo.size, size)
