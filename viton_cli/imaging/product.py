"""How a cut-out garment is shown to the networks: on white, filling the frame. Training and try-on share it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.errors import NoGarmentFound
from viton_cli.imaging.frames import crop, fit_box
from viton_cli.records import Frame

WHITE = 255
MARGIN = 0.05  # share of the frame's height and width left free at each side of a product
# Pixels on the very edge are a mixture with the background: those less solid, and a rim of so many pixels of the view's
# height over this, are not trusted. By eye.
SOLID, BORDER = 0.9, 400


def on_white(image: NDArray[np.uint8], mask: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W, 3) the garment, white where the mask (H, W) in [0, 1] is 0."""
    alpha = np.clip(mask, 0.0, 1.0)[:, :, None]
    return np.asarray(image * alpha + WHITE * (1.0 - alpha) + 0.5, np.uint8)


def product_view(
    image: NDArray[np.uint8], mask: NDArray[np.float32], size: tuple[int, int], margin: float = MARGIN
) -> tuple[NDArray[np.uint8], NDArray[np.float32], tuple[int, int, int, int]]:
    """The garment centred in a frame, its aspect kept, everything else white.

    Args:
        image: (H, W, 3) the product photo.
        mask: (H, W) float32 in [0, 1], 1 = garment.
        size: (h, w) of the frame.
        margin: Share of the frame's height and width left free at each side.

    Returns:
        The picture (h, w, 3), the mask (h, w), and the box (x0, y0, x1, y1) of the photo that they show: integer pixel
        edges, may reach beyond the photo. `Frame(box, size)` takes points from one to the other.

    Raises:
        NoGarmentFound: The mask is empty.
    """
    solid = mask > 0.5
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    if not len(rows):
        raise NoGarmentFound("the garment's mask is empty")
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    grow = margin / (1.0 - 2.0 * margin)
    tall, wide = grow * (bottom - top), grow * (right - left)
    box = fit_box(left - wide, top - tall, right + wide, bottom + tall, size)
    frame = Frame(box, size)
    picture = crop(on_white(image, mask), frame, WHITE).astype(np.uint8)
    return picture, crop(mask.astype(np.float32), frame, 0).astype(np.float32), box


@dataclass(frozen=True, eq=False)
class Product:
    """A garment as the networks see it, and sharp as its photo has it.

    Attributes:
        picture: (h, w, 3) uint8, garment on white in the network frame. mask: (h, w) float32 in [0, 1].
        sharp: (H, W, 3) uint8 of the same part of the product photo at its own resolution; colours go on beyond the
            garment's edge, so that nothing white gets in when it is resampled.
        sharp_mask: (H, W) float32 in [0, 1].
        box: (x0, y0, x1, y1) of the product photo that they show; see `product_view`.
    """

    picture: NDArray[np.uint8]
    mask: NDArray[np.float32]
    sharp: NDArray[np.uint8]
    sharp_mask: NDArray[np.float32]
    box: tuple[int, int, int, int] = (0, 0, 1, 1)

    @cached_property
    def planes(self) -> NDArray[np.uint8]:
        """(3, H, W), `sharp` as it is drawn from."""
        return np.ascontiguousarray(self.sharp.transpose(2, 0, 1))


def cut_product(
    image: NDArray[np.uint8], mask: NDArray[np.float32], size: tuple[int, int], longest: int = 1536
) -> Product:
    """`product_view` together with the same view at the photo's resolution.

    Args:
        image: (H, W, 3). mask: (H, W) in [0, 1]. size: Of the network frame.
        longest: The sharp view is at most so high: finer detail than that no photo of a person shows.

    Raises:
        NoGarmentFound: The mask is empty.
    """
    picture, small, box = product_view(image, mask, size)
    height = int(np.clip(box[3] - box[1], size[0], longest))
    frame = Frame(box, (height, round(height * size[1] / size[0])))
    alpha = crop(mask.astype(np.float32), frame, 0).astype(np.float32)
    colours = crop(image, frame, WHITE).astype(np.uint8)
    # The inner pixels are trusted, and grown outwards.
    solid = ndimage.binary_erosion(alpha > SOLID, iterations=max(round(height / BORDER), 1))
    if solid.any():
        nearest = ndimage.distance_transform_edt(~solid, return_distances=False, return_indices=True)
        colours = colours[tuple(nearest)]
    return Product(picture, small, colours, alpha, box)
