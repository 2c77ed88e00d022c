"""Methods whose network paints the dressed person: the painting, laid into the photo by its own clothing mask.

The baselines' papers show the network's picture whole. Here it is laid in by the same composition as VITON's results
(`compositing`), as a garment that lies where it was painted: results have the photo's size, and what no change of
garment touches stays the photo's.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from viton_cli.checkpoints import load_network
from viton_cli.compositing.blend import lay_in
from viton_cli.compositing.painted import Painted
from viton_cli.core.warp.in_place import in_place
from viton_cli.devices import placed
from viton_cli.errors import BadConfig, BadWeights
from viton_cli.imaging.product import Product
from viton_cli.imaging.tensors import as_mask, as_picture
from viton_cli.methods.both_ways import paint_both_ways
from viton_cli.methods.networks import weight_file
from viton_cli.methods.views import Clock, GarmentView, PersonView, Views
from viton_cli.records import Coarse, Result

STEEP = 2.0  # slope about one half: a mask that is sure of nothing would lay in a veil


class PaintingMethod(Views):
    """A network of its own, asked about the pair and about its mirror image as VITON's stage 1 is.

    Args:
        weights: A folder that holds NAME.safetensors; none ship.
        warp: "places", the default of all methods: nothing is warped here.

    Attributes:
        name: Of the method, of its weight file and of `viton train NAME`.

    Raises:
        BadConfig: Another warp was asked for. BadWeights: There are none, or they are of something else.
    """

    name: ClassVar[str]

    def __init__(self, weights: str | None = None, warp: str = "places") -> None:
        self.generator, self.size = load_baseline(self.name, self.build, weights, warp)

    @staticmethod
    def build(meta: dict[str, Any]) -> nn.Module:
        """The network that a weight file describes."""
        raise NotImplementedError

    def paint(self, person: PersonView, garment: GarmentView) -> Coarse:
        """The network's painting of the dressed person, and where it shows the garment."""
        return paint_both_ways(self.generator, person.both_ways, garment.picture)

    @torch.inference_mode()
    def dress(self, person: PersonView, garment: GarmentView, steps: bool = False) -> Result:
        """The person in the garment.

        Raises:
            NoGarmentFound: The network paints no garment.
        """
        clock = Clock()
        coarse = self.paint(person, garment)
        clock.lap("generate")
        laid = lay_in(person.wearer, as_painted(coarse))
        clock.lap("paste")
        shown = {}
        if steps:
            shown = {
                "photo": as_picture(person.picture), "garment": as_picture(garment.picture),
                "painting": as_picture(coarse.image), "clothing mask": as_picture(coarse.mask * 2 - 1),
                "result": laid.image,
            }  # fmt: skip
        checks = (*person.person.checks, *garment.garment.checks)
        return Result(laid.image, laid.edited, shown, checks, clock.laps)


def as_painted(coarse: Coarse) -> Painted:
    """A painting as the composition takes it: the garment is what the mask cuts out of it, and lies where it is.

    Raises:
        NoGarmentFound: The mask is empty.
    """
    picture, mask = as_picture(coarse.image), as_mask(coarse.mask)
    laid = np.clip(STEEP * (mask - 0.5) + 0.5, 0, 1).astype(np.float32)
    height, width = mask.shape
    product = Product(picture, laid, picture, laid, (0, 0, width, height))
    layout = None if coarse.layout is None else coarse.layout[0].numpy()
    whole: NDArray[np.float32] = np.ones(mask.shape, np.float32)
    return Painted(picture, mask, whole, product, in_place(laid), laid, np.ones((*mask.shape, 3), np.float32), layout)


def load_baseline(name: str, build: Any, weights: str | None, warp: str) -> tuple[Any, tuple[int, int]]:
    """The network of a baseline that ships no weights, and the size of its frame.

    Args:
        name: Of method and weight file. build: See `checkpoints.load_network`. weights: The folder.
        warp: As asked for.

    Raises:
        BadConfig: A warp was asked for. BadWeights: There are no weights, or they are of something else.
    """
    refuse_warp(name, warp)
    if weights is None:
        raise BadWeights(
            f"no weights of '{name}' ship with this package; viton train {name} --data DATA --out RUN makes some: "
            "give --weights RUN"
        )
    net, meta = load_network(weight_file(name, weights), name, build)
    return placed(net), (int(meta["size"][0]), int(meta["size"][1]))


def refuse_warp(name: str, warp: str) -> None:
    """See that a method that warps nothing is asked for no other warp than the default of all methods.

    Raises:
        BadConfig: It is.
    """
    if warp != "places":
        raise BadConfig(f"--warp {warp}: the method {name} warps nothing; leave it out")
