"""`TryOn`: one pair at a time, from Python."""

from __future__ import annotations

import time
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.config import MethodConfig, load
from viton_cli.errors import BadImage
from viton_cli.files import decode_photo, encode_image, read_mask, read_photo
from viton_cli.pipelines.garment_store import cut
from viton_cli.records import Garment, Person, Photo, Result

Picture = str | Path | Image.Image | NDArray[np.uint8] | Photo


class TryOn:
    """Try-on from Python; the networks are loaded once, on first use.

    Args:
        config: Settings that are resolved already, instead of `settings`.
        settings: Those of `config.MethodConfig`: `method`, `weights`, `warp`, `pose`, `parsing` ... What is not given
            comes from the environment, as for the command: VITON_TRYON_WARP ...

    Raises:
        BadConfig: An unknown or bad setting.
    """

    def __init__(self, config: MethodConfig | None = None, /, **settings: Any) -> None:
        self.config = config or load(MethodConfig, flags=settings)
        self.loading = 0.0

    def run(
        self, person: Picture | Person, garment: Picture | Garment, mask: Path | None = None, steps: bool = False
    ) -> Result:
        """Dress one person in one garment.

        Args:
            person: A file, a PIL image, an (H, W, 3) uint8 array, or what `find` gave.
            garment: The same, or what `cut` gave.
            mask: File of the garment's mask.
            steps: Fill `Result.steps`.

        Raises:
            BadImage, BadMask, NoPersonFound, NoGarmentFound: One of the two cannot be used.
        """
        found = person if isinstance(person, Person) else self.find(person)
        cut = garment if isinstance(garment, Garment) else self.cut(garment, mask)
        result: Result = self.method.run(found, cut, steps=steps)
        return result

    def find(self, picture: Picture) -> Person:
        """Pose, labels and crop of the person in a photo."""
        person: Person = self.finder.find(_photo(picture, "person"))
        return person

    def cut(self, picture: Picture, mask: Path | None = None) -> Garment:
        """The garment of a product photo."""
        photo = _photo(picture, "garment")
        return cut(photo, read_mask(mask, photo.size) if mask else None, self.config)

    def load(self) -> None:
        """Load the networks now rather than on first use.

        Raises:
            UnknownName, BadWeights, MissingExtra: They cannot be had.
        """
        began = time.monotonic()
        _ = self.finder, self.method
        self.loading = time.monotonic() - began

    @cached_property
    def finder(self) -> Any:
        """The `PersonFinder`."""
        from viton_cli.perception.person import PersonFinder

        c = self.config
        return PersonFinder(
            pose=c.pose,
            parsing=c.parsing,
            pose_source=c.pose_source,
            parsing_source=c.parsing_source,
            label_set=c.label_set,
        )

    @cached_property
    def method(self) -> Any:
        """The method."""
        from viton_cli.methods import METHODS

        return METHODS.get(self.config.method)(weights=self.config.weights, warp=self.config.warp)


def _photo(picture: Picture, id: str) -> Photo:
    if isinstance(picture, Photo):
        return picture
    if isinstance(picture, (str, Path)):
        return read_photo(Path(picture))
    if isinstance(picture, Image.Image):
        return decode_photo(encode_image(np.asarray(picture.convert("RGB"))), id)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise BadImage(f"{id}: an array must be (H, W, 3) uint8, not {picture.shape} {picture.dtype}")
    return Photo(id, picture)
