"""Skin, lower clothes and background where the old garment was."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from viton_cli.compositing.painted import LOWER, Bools, Floats, Picture, Regions
from viton_cli.imaging.filling import grow
from viton_cli.vocabulary import labels as L

INNER = 2  # pixels of the part inside a label's edge, where its colour is not mixed with what is beside it
ENOUGH = 100  # pixels of skin of arms and neck that make the face's unneeded
FEWEST = 20  # pixels of skin without which the coarse result's own colour is all there is
DARK = 12.0  # grey levels added before ratios are taken: those of near-black pixels mean nothing
SPREAD = 0.35  # log ratio of one place of the skin against the median: more is a shadow or a mark
BLUR = 3.0  # pixels of the part over which the tone is evened out


def fill(original: Picture, regions: Regions, coarse: Floats) -> Floats:
    """What shows beneath the new garment, (h, w, 3) in 0..255.

    Args:
        original: (h, w, 3) the photo's part. regions: Its regions. coarse: (h, w, 3) the coarse result there.
    """
    labels, kept = regions.labels, regions.removed < 0.02
    scene = (labels == L.BACKGROUND) & kept
    lower = np.isin(labels, LOWER) & kept
    planes = (
        grow(original, scene) if scene.any() else coarse,
        _skin(original, labels, kept, coarse),
        grow(original, lower) if lower.sum() > FEWEST else coarse,
    )
    return np.asarray(sum(share[..., None] * plane for share, plane in zip(regions.fills, planes)), np.float32)


def _skin(original: Picture, labels: Picture, kept: Bools, coarse: Floats) -> Floats:
    """The coarse result, which has the light and the roundness, in the tone of the nearest skin that shows."""
    # Arms and neck are the best guide to bare arms and chest; the face may be made up or in shade.
    shown = ndimage.binary_erosion(np.isin(labels, (L.L_ARM, L.R_ARM, L.NECK_SKIN)) & kept, iterations=INNER)
    if shown.sum() < ENOUGH:
        shown = ndimage.binary_erosion(np.isin(labels, L.SKIN) & kept, iterations=INNER)
    if shown.sum() < FEWEST:
        return coarse
    ratio = np.log((original + DARK) / (coarse + DARK)).astype(np.float32)
    middle = np.median(ratio[shown], 0)
    tone = grow(middle + (ratio - middle).clip(-SPREAD, SPREAD), shown)
    tone = ndimage.gaussian_filter(tone, (BLUR, BLUR, 0))
    return np.asarray(((coarse + DARK) * np.exp(tone) - DARK).clip(0, 255), np.float32)
