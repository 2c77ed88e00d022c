"""People drawn here, and a warp that lays the product view onto the network frame corner to corner.

So every region is known exactly: the drawn person's clothes are the product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from viton_cli.compositing.blend import lay_in
from viton_cli.compositing.painted import Painted
from viton_cli.compositing.wearer import Wearer
from viton_cli.core.warp import Warp
from viton_cli.imaging.frames import crop, person_frame
from viton_cli.imaging.product import Product
from viton_cli.perception.backends.fake import draw_person
from viton_cli.records import Parsing, Person, Photo
from viton_cli.vocabulary import labels as L
from viton_cli.vocabulary.layout import GARMENT, LAYOUT, TRUNK, layout_table

SIZE = (256, 192)
GREEN = (30, 160, 60)
COARSE = 100  # the coarse image is this grey everywhere


@dataclass
class Straight:
    """The product view onto the frame, corner to corner."""

    def draw(
        self, image: Tensor, size: tuple[int, int], box: tuple[float, float, float, float], beyond: bool
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        x0, y0, x1, y1 = box
        sx, sy = image.shape[3] / (x1 - x0), image.shape[2] / (y1 - y0)
        out = [
            np.asarray(
                Image.fromarray(np.ascontiguousarray(plane, np.float32)).transform(
                    (size[1], size[0]), Image.Transform.AFFINE, (sx, 0, -x0 * sx, 0, sy, -y0 * sy),
                    Image.Resampling.NEAREST, fillcolor=0.0,
                )
            )
            for plane in (*image[0].numpy(), np.ones(image.shape[2:]))
        ]  # fmt: skip
        return np.stack(out), np.stack(out) if beyond else None


def person(size: tuple[int, int] = (400, 300), **drawing: Any) -> Person:
    """A drawn person whose background is noise, so that no pixel can be hit by chance."""
    image, labels, pose = draw_person(size, **drawing)
    noise = np.random.default_rng(0).integers(180, 250, (*size, 3)).astype(np.uint8)
    image = np.where((labels == L.BACKGROUND)[..., None], noise, image)
    return Person(Photo("drawn", image), pose, Parsing(labels), person_frame(pose, size, SIZE))


def painted(
    who: Person, garment: NDArray[np.bool_], alpha: float = 1.0, mask: NDArray[np.bool_] | None = None
) -> Painted:
    """A garment that covers `garment`, (H, W) of the photo; `mask`, likewise, is what the network predicts."""
    cover = crop(garment.astype(np.float32), who.frame, 0).astype(np.float32)
    predicted = cover if mask is None else crop(mask.astype(np.float32), who.frame, 0).astype(np.float32)
    colours = np.empty((*SIZE, 3), np.uint8)
    colours[:] = GREEN
    product = Product(colours, cover, colours, (cover > 0.5).astype(np.float32))
    coarse = np.full((*SIZE, 3), COARSE, np.uint8)
    gain = np.ones((*SIZE, 3), np.float32)
    return Painted(coarse, predicted, np.full(SIZE, alpha, np.float32), product, cast(Warp, Straight()), cover, gain)


def lay(who: Person, what: Painted) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    laid = lay_in(Wearer(who, who.frame), what)
    image, edited = laid.image, laid.edited
    assert image.shape == who.photo.image.shape and image.dtype == np.uint8
    assert edited.shape == who.photo.size and edited.dtype == bool
    assert np.array_equal(image[~edited], who.photo.image[~edited]), "outside the edited region it is the photo"
    return image, edited


def inside(region: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    from scipy.ndimage import binary_erosion

    return np.asarray(binary_erosion(region, iterations=by))


def beside(old: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels on the old garment's very edge: they may be a mixture, and go with it."""
    from scipy.ndimage import binary_dilation

    return np.asarray(binary_dilation(old, iterations=3))


CASES: dict[str, dict[str, Any]] = {
    "portrait": {},
    "landscape": {"size": (300, 620), "middle": 0.3},
    "frame beyond the photo": {"size": (300, 220), "scale": 1.5},
    "at the edge": {"size": (320, 240), "middle": 0.12},
    "long sleeves": {"sleeves": "long"},
    "bag": {"bag": True},
    "small": {"size": (96, 72)},
}


def by_layout(who: Person, layout: NDArray[np.uint8], garment: NDArray[np.bool_]) -> Painted:
    """What a generator paints that is sure of its layout, (H, W) of the photo."""
    what = painted(who, garment)
    seen = crop(layout, who.frame, 0, nearest=True).astype(np.uint8)
    shares = np.stack([(seen == k).astype(np.float32) for k in range(len(LAYOUT))])
    return replace(what, layout=shares)


def layout_of(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.where(layout_table()[labels] == GARMENT, TRUNK, layout_table()[labels]).astype(np.uint8)
