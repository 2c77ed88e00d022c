"""What the colour of a person's own skin says where the labels are wrong: collars called neck, fingers called cloth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.compositing.painted import REPLACED, Bools, Floats, Picture
from viton_cli.vocabulary import labels as L

DARK = 12.0  # grey levels added before logarithms are taken: ratios of near-black pixels mean nothing
OTHER_HUE, OTHER_LIGHT = 0.18, 0.9  # log ratios to the skin's tone above which a neck is cloth
SKIN_LIKE = 0.45  # log ratio to the skin's tone up to which a pixel may be skin
SURER = 0.6  # and the share of the distance to the nearest colour of the garment that it must stay below
STEP = 32  # grey levels to which the garment's colours are rounded to find the common ones
COMMON = 0.01  # share of the garment's pixels that makes a colour one of its own
FEWEST = 30  # pixels that a tone is taken from at least


def high_collar(labels: NDArray[np.uint8], photo: Picture) -> Bools:
    """(h, w) what is labelled neck but has not the colour of face and arms: a high collar of the old garment.

    Args:
        labels: (h, w). photo: (h, w, 3).
    """
    neck, skin = labels == L.NECK_SKIN, np.isin(labels, (L.FACE, *L.ARMS))
    if not neck.any() or skin.sum() < FEWEST:
        return np.zeros(labels.shape, bool)
    away = _tone(photo[neck]) - np.median(_tone(photo[skin]), 0)
    hue = np.abs(away - away.mean(1, keepdims=True)).max(1)  # shadow under the chin darkens all channels alike
    found = np.zeros(labels.shape, bool)
    found[neck] = (hue > OTHER_HUE) | (np.abs(away.mean(1)) > OTHER_LIGHT)
    return found


def missed_fingers(labels: NDArray[np.uint8], photo: Picture, hands: Bools) -> Bools:
    """(h, w) what is labelled as the old garment where hands may be, but has the skin's colour and not the garment's.

    Args:
        labels: (h, w). photo: (h, w, 3). hands: (h, w), where hands may be.
    """
    old, skin = np.isin(labels, REPLACED), np.isin(labels, L.ARMS)
    where = old & hands
    if not where.any() or skin.sum() < FEWEST:
        return np.zeros(labels.shape, bool)
    tone = np.median(_tone(photo[skin]), 0)
    steps = 256 // STEP
    counts = np.bincount(photo[old & ~hands] // STEP @ np.array((steps**2, steps, 1)), minlength=steps**3)
    common = np.flatnonzero(counts > COMMON * max(counts.sum(), 1))
    cloth = _tone(np.stack(np.unravel_index(common, (steps, steps, steps)), 1) * STEP + STEP / 2)
    pixels = _tone(photo[where])
    from_skin = np.abs(pixels - tone).max(1)
    from_cloth = np.abs(pixels[:, None] - cloth[None]).max(2).min(1) if len(cloth) else np.full(len(pixels), np.inf)
    found = np.zeros(labels.shape, bool)
    found[where] = (from_skin < SKIN_LIKE) & (from_skin < SURER * from_cloth)
    return np.asarray(ndimage.binary_opening(found, iterations=1))


def _tone(colours: NDArray[np.generic]) -> Floats:
    return np.asarray(np.log(np.asarray(colours, np.float32) + np.float32(DARK)), np.float32)
