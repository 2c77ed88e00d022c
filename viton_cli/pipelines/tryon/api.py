"""`TryOn`: one pair at a time, from Python."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.config import MethodConfig, load
from viton_cli.errors import BadImage
from viton_cli.files import WORKING_PIXELS, adopt_photo, read_mask, read_photo
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon.finish import at_full_size
from viton_cli.records import Garment, Person, Photo, Result

Picture = str | Path | Image.Image | NDArray[np.uint8] | Photo


class TryOn:
    """Try-on from Python; the networks are loaded once, on first use.

    Args:
        config: Settings that are resolved already, instead of `settings`.
        settings: Those of `config.MethodConfig`: `method`, `weights`, `warp`, `pose`, `parsing` ... What is not given
            comes from the environment, as for the command: VITON_TRYON_WARP ...
        tools: Finder, cutter and method to work with, instead of those that the settings name.

    Raises:
        BadConfig: An unknown or bad setting.
    """

    def __init__(self, config: MethodConfig | None = None, /, tools: Tools | None = None, **settings: Any) -> None:
        self.config = config or load(MethodConfig, flags=settings)
        self.tools = tools or Tools(self.config)
        self.loading = 0.0

    def run(
        self, person: Picture | Person, garment: Picture | Garment, mask: Path | None = None, steps: bool = False
    ) -> Result:
        """Dress one person in one garment; the result is at the photo's full size, in the numbers of its own profile.

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
        return at_full_size(found.photo, cut.photo, self.dress(found, cut, steps))

    def dress(self, person: Person, garment: Garment, steps: bool = False) -> Result:
        """The result at the working size, in sRGB: what `run` does without its last step."""
        method = self.tools.method
        return method.dress(method.prepare_person(person), method.prepare_garment(garment), steps)

    def find(self, picture: Picture) -> Person:
        """Pose, labels and crop of the person in a photo."""
        return self.tools.finder.find(_photo(picture, "person"))

    def cut(self, picture: Picture, mask: Path | None = None) -> Garment:
        """The garment of a product photo."""
        photo = _photo(picture, "garment")
        return self.tools.cutter(photo, read_mask(mask, photo.size) if mask else None)

    def load(self) -> None:
        """Load the networks now rather than on first use.

        Raises:
            UnknownName, BadWeights, MissingExtra: They cannot be had.
        """
        began = time.monotonic()
        _ = self.tools.finder, self.tools.method
        self.loading = time.monotonic() - began


def _photo(picture: Picture, id: str) -> Photo:
    if isinstance(picture, Photo):
        return picture
    if isinstance(picture, (str, Path)):
        return read_photo(Path(picture), most=WORKING_PIXELS)
    if isinstance(picture, Image.Image):
        return adopt_photo(picture, id, WORKING_PIXELS)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise BadImage(f"{id}: an array must be (H, W, 3) uint8, not {picture.shape} {picture.dtype}")
    return adopt_photo(picture, id, WORKING_PIXELS)
