"""`TryOn`: one pair at a time, from Python."""

from __future__ import annotations

import logging
import time
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from viton_cli.config import Device, MethodConfig, load
from viton_cli.config.by_hand import Sleeves
from viton_cli.errors import BadConfig, BadMask
from viton_cli.methods.by_hand import Wishes
from viton_cli.pipelines.receipts import receipt_of, weights_of
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon.corrections import Who, known_of, wishes_of
from viton_cli.pipelines.tryon.finish import at_full_size
from viton_cli.pipelines.tryon.given import Mask, Picture, as_mask, as_photo
from viton_cli.pipelines.tryon.result import TryOnResult
from viton_cli.records import Garment, Person, Pose, Result

log = logging.getLogger(__name__)


class TryOn:
    """Try-on from Python; the networks are loaded once, on first use.

    Args:
        config: Settings that are resolved already, instead of the others. What is not given comes from the
            environment, as for the command (VITON_TRYON_WARP ...), and else is the default.
        tools: Finder, cutter and method to work with, instead of those that the settings name.
        method: Try-on method, a name of `methods.METHODS`; "viton".
        weights: Folder of the method's weight files (a run of `viton train`); by default the shipped ones.
        warp: How the garment is warped: "places" (default), "parts", or "paper" for the published matching.
        refine: Let stage 2 mix garment and coarse picture (default); False: the garment alone.
        kind: What the garments are: "top", "outerwear" or "dress"; "auto" (default): by their photos, and trousers and
            skirts are refused.
        sleeves: How long the sleeves of all garments are: "none", "short" or "long"; by default as predicted.
        length: Where their hems lie below the neck; 1 is the hips. By default as predicted.
        tuck: Whether they are worn tucked in, or over the lower clothes; by default as predicted.
        pose: Pose backend, a name of `perception.POSE`; "builtin".
        pose_source: Weight file or folder of JSON files of the pose backend.
        parsing: Parsing backend, a name of `perception.PARSING`; "builtin".
        parsing_source: Weight file or folder of PNG files of the parsing backend.
        label_set: Label set of given parsing files: "lip", "cihp", "atr" ...
        device: Where the networks compute: "cpu", "cuda", "mps", or "auto" (default): CUDA where there is a card. It
            holds for every network that the process opens from then on.

    Raises:
        BadConfig: A bad setting.
    """

    def __init__(
        self,
        config: MethodConfig | None = None,
        /,
        tools: Tools | None = None,
        *,
        method: str | None = None,
        weights: str | Path | None = None,
        warp: Literal["places", "parts", "paper"] | None = None,
        refine: bool | None = None,
        kind: Literal["auto", "top", "outerwear", "dress"] | None = None,
        sleeves: Sleeves | None = None,
        length: float | None = None,
        tuck: bool | None = None,
        pose: str | None = None,
        pose_source: str | Path | None = None,
        parsing: str | None = None,
        parsing_source: str | Path | None = None,
        label_set: str | None = None,
        device: Device | None = None,
    ) -> None:
        given = {
            "method": method, "weights": None if weights is None else str(weights), "warp": warp,
            "refine": refine, "kind": kind, "sleeves": sleeves, "length": length, "tuck": tuck, "pose": pose,
            "pose_source": pose_source, "parsing": parsing, "parsing_source": parsing_source, "label_set": label_set,
            "device": device,
        }  # fmt: skip
        self.config = config or load(MethodConfig, flags=given)
        self.tools = tools or Tools(self.config)
        self.loading = 0.0

    def __repr__(self) -> str:
        given = [f"{name}={value!r}" for name, value in self.config if value != MethodConfig.model_fields[name].default]
        return f"TryOn({', '.join(given)})"

    def run(
        self,
        person: Picture | Person,
        garment: Picture | Garment,
        mask: Mask | None = None,
        steps: bool = False,
        *,
        person_mask: Mask | None = None,
        joints: str | Path | Pose | None = None,
        labels: str | Path | NDArray[np.uint8] | None = None,
        who: Who | None = None,
        sleeves: Literal["none", "short", "long"] | None = None,
        length: float | None = None,
        tuck: bool | None = None,
    ) -> TryOnResult:
        """Dress one person in one garment; the result is at the photo's full size, in the numbers of its own profile.

        Args:
            person: A file, a PIL image, an array (grey, RGB or RGBA; uint8 or floats in [0, 1]), or what `find` gave.
            garment: The same, or what `cut` gave.
            mask: The garment's mask: a file, a PIL image, or an (H, W) array (bool, uint8 or floats in [0, 1]).
            steps: Fill `Result.steps`.
            person_mask, joints, labels, who: What is known of the person; see `find`.
            sleeves, length, tuck: How the garment is worn; see `dress`.

        Raises:
            BadImage, BadMask, NoPersonFound, NoGarmentFound: One of the two cannot be used.
        """
        if mask is not None and isinstance(garment, Garment):
            raise BadMask("mask: the garment is cut out already; give the mask to cut()")
        known = {"person_mask": person_mask, "joints": joints, "labels": labels, "who": who}
        if isinstance(person, Person) and any(value is not None for value in known.values()):
            raise BadConfig(f"{', '.join(known)}: the person is found already; give them to find()")
        found = person if isinstance(person, Person) else self.find(person, **known)  # type: ignore[arg-type]
        cut = garment if isinstance(garment, Garment) else self.cut(garment, mask)
        result = at_full_size(
            found.photo, cut.photo, self.dress(found, cut, steps, sleeves=sleeves, length=length, tuck=tuck)
        )
        return TryOnResult.of(result, receipt_of(found.photo, cut, self._weights, self.config))

    def dress(
        self,
        person: Person,
        garment: Garment,
        steps: bool = False,
        *,
        sleeves: Literal["none", "short", "long"] | None = None,
        length: float | None = None,
        tuck: bool | None = None,
    ) -> Result:
        """The result at the working size, in sRGB: what `run` does without its last step.

        Args:
            person, garment: As found and cut. steps: Fill `Result.steps`.
            sleeves: How long the sleeves are. length: Where the hem lies below the neck; 1 is the hips.
            tuck: Worn tucked in (True), or over the lower clothes. By default all as the settings say, or as predicted.

        Raises:
            BadConfig: The method cannot follow such a wish.
        """
        method, wishes = self.tools.method, Wishes(sleeves, length, tuck).over(wishes_of(self.config))
        return self.tools.dress(method.prepare_person(person), method.prepare_garment(garment), steps, wishes)

    def find(
        self,
        picture: Picture,
        *,
        person_mask: Mask | None = None,
        joints: str | Path | Pose | None = None,
        labels: str | Path | NDArray[np.uint8] | None = None,
        who: Who | None = None,
    ) -> Person:
        """Pose, labels and crop of the person in a photo.

        Args:
            picture: The photo.
            person_mask: White on the person: what perception takes for somebody beside it is background.
            joints: An OpenPose JSON file, or a pose. labels: An indexed PNG of this toolkit's labels, or (H, W) uint8.
            who: Which person: the number from the left, 1 the first; or a box (x0, y0, x1, y1) in pixels.

        Raises:
            NoPersonFound, BadMask, BadDataset, BadConfig: Something does not fit the photo.
        """
        photo = as_photo(picture, "person")
        return self.tools.find(photo, known_of(photo, person_mask, joints, labels, who))

    def cut(self, picture: Picture, mask: Mask | None = None) -> Garment:
        """The garment of a product photo."""
        photo = as_photo(picture, "garment")
        return self.tools.cut(photo, None if mask is None else as_mask(mask, photo.full_size, photo.size))

    @cached_property
    def _weights(self) -> dict[str, str]:
        return weights_of(self.config)

    def load(self) -> None:
        """Load the networks now rather than on first use.

        Raises:
            UnknownName, BadWeights, MissingExtra: They cannot be had.
        """
        began = time.monotonic()
        _ = self.tools.finder, self.tools.method
        self.loading = time.monotonic() - began
        log.info("networks loaded in %.1f s", self.loading)
