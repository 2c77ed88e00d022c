"""The baseline Encoder-Decoder: stage 1 alone, its painting laid in by its clothing mask; no warp, no refinement.

Source: VITON section 4.3. Losses and training are stage 1's (`viton train stage1`).
"""

from __future__ import annotations

from viton_cli.core.generator import Generator, LayoutGenerator
from viton_cli.devices import placed
from viton_cli.methods.networks import load_generator, weight_file
from viton_cli.methods.painting import PaintingMethod, refuse_warp


class EncoderDecoder(PaintingMethod):
    """The method.

    Args:
        weights: A folder that holds stage1.safetensors; by default the packaged one.
        warp: "places", the default of all methods: nothing is warped here.

    Raises:
        BadConfig: Another warp was asked for. BadWeights: The weights cannot be had.
    """

    name = "encoder-decoder"
    generator: Generator | LayoutGenerator

    def __init__(self, weights: str | None = None, warp: str = "places") -> None:
        refuse_warp(self.name, warp)
        generator, meta = load_generator(weight_file("stage1", weights))
        self.generator = placed(generator)
        self.size = int(meta["size"][0]), int(meta["size"][1])
