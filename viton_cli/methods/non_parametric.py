"""The baseline Non-parametric: the garment warped and pasted onto the photo; no coarse picture, no refinement.

    garment ─ warp to where stage 1's clothing mask says ─► drawn over the photo, over all that is there

Source: VITON section 4.3. As published the warp is that of `--warp paper`, shape contexts to the clothing mask; the
places that stage 1 predicts here by default are another way to the same end. Nothing is trained but stage 1.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from viton_cli.core.composer import compose
from viton_cli.core.warp import Warp
from viton_cli.imaging.frames import to_photo
from viton_cli.imaging.tensors import as_picture
from viton_cli.methods.views import Clock, GarmentView, PersonView
from viton_cli.methods.viton import FirstStage
from viton_cli.records import Frame, Result

SEEN = 4e-3  # opacity below this changes no grey level


class NonParametric(FirstStage):
    """The method; arguments as of `FirstStage`."""

    @torch.inference_mode()
    def dress(self, person: PersonView, garment: GarmentView, steps: bool = False) -> Result:
        """The person with the garment pasted on.

        Raises:
            NoGarmentFound: The predicted clothing mask is empty: there is nowhere to lay the garment.
        """
        clock = Clock()
        coarse = self.paint(person, garment)
        clock.lap("generate")
        warp, notes = self.fit(person, garment, coarse)
        clock.lap("warp")
        finished, edited = paste(person, garment, warp)
        clock.lap("paste")
        shown = {}
        if steps:
            warped = warp.apply(garment.picture, self.size, fill=1.0).float()
            shown = {
                "photo": as_picture(person.picture), "garment": as_picture(garment.picture),
                "clothing mask": as_picture(coarse.mask * 2 - 1), "warped clothing": as_picture(warped),
                "result": finished,
            }  # fmt: skip
        checks = (*person.person.checks, *garment.garment.checks, *notes)
        return Result(
            finished, edited, shown, checks, clock.laps, warp.fallback, lambda: _trace(person, garment, warp, edited)
        )


def paste(person: PersonView, garment: GarmentView, warp: Warp) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The photo with the warped garment drawn over it, (H, W, 3), and (H, W) where it may differ."""
    photo, product = person.person.photo.image, garment.product
    mask = product.sharp_mask[..., None]
    # Drawn onto nothing, with its own coverage beside it, so that no ground shines through its edge.
    layers = np.concatenate([product.sharp.astype(np.float32), mask, np.ones_like(mask)], 2)
    drawn = warp.apply(layers, person.person.photo.size, person.frame.box, fill=0.0)
    laid = drawn[..., 3:4].clip(0, 1)
    cloth = np.asarray(drawn[..., :3] / np.maximum(drawn[..., 4:], 1e-3), np.float32)
    edited = laid[..., 0] > SEEN
    pasted = np.clip(compose(laid, cloth, photo.astype(np.float32)) + 0.5, 0, 255).astype(np.uint8)
    return np.where(edited[..., None], pasted, photo), edited


def _trace(person: PersonView, garment: GarmentView, warp: Warp, edited: NDArray[np.bool_]) -> NDArray[np.float32]:
    """See `compositing.blend.trace`."""
    product = garment.product
    origins = warp.origins(person.person.photo.size, person.frame.box)
    places = to_photo(origins, Frame(product.box, product.mask.shape))
    return np.where(edited[..., None], places, np.float32(np.nan))
