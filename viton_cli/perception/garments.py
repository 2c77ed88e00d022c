"""The garment of a product photo: its mask, how far it can be trusted, and what kind of garment it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import rgb2lab

from viton_cli.errors import BadMask, NoGarmentFound
from viton_cli.perception import garment_edge, garment_plain
from viton_cli.records import Garment, Photo

WORK_SIZE = 384  # longer side at which the garment is found; the edge is then refined at the photo's own size


def cut_garment(
    photo: Photo, mask: NDArray[np.float32] | None = None, *, person_score: float | None = None
) -> Garment:
    """Cut the garment out of its photo.

    Args:
        photo: A product photo of any size.
        mask: (H, W) in [0, 1], 1 = garment, given by the user: it wins over everything found here. Another size of
            the same aspect is resized.
        person_score: [0, 1], how sure a pose network is that a person is in the photo; becomes a check in words.

    Raises:
        BadMask: The given mask is empty or has another aspect than the photo.
        NoGarmentFound: Nothing in the photo can be told from its background with any confidence.
    """
    name = str(photo.source or photo.id)
    small = _shrink(photo.image)
    lab = rgb2lab(small / 255.0).astype(np.float32)
    plain = garment_plain.cut_plain(lab)
    if not plain.mask.any():
        raise NoGarmentFound(f"{name}: no garment found: the picture shows nothing but background")
    full = garment_edge.refine(photo.image, small, plain.mask)
    return Garment(photo, full, quality=plain.plainness)


def _shrink(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(h, w, 3) float32 RGB 0..255 with a longer side of at most WORK_SIZE."""
    height, width = image.shape[:2]
    scale = min(1.0, WORK_SIZE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = Image.fromarray(image).resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(resized, np.float32)
