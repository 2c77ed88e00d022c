"""Skin, lower clothes and background where the old garment was."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from viton_cli.compositing.painted import LOWER, SKIN, Bools, Floats, Picture, Regions
from viton_cli.imaging.filling import grow
from viton_cli.vocabulary import labels as L

ENOUGH = 100  # pixels of skin of arms and neck that make the face's unneeded
FEWEST = 20  # pixels without which a label shows no colour worth continuing
DARK = 12.0  # grey levels added before ratios are taken: those of near-black pixels mean nothing
SHADE = (0.72, 1.04)  # darkest and brightest that the coarse result may make skin, against skin that shows
ODD = 0.5  # log ratio to the median of skin that shows, above which it is not skin
VARIES = 0.12  # log ratio to the same that the tone may reach: the shadow under a chin is not an arm's
BLUR = 3.0  # pixels of the part over which the tone is evened out


def fill(original: Picture, regions: Regions, coarse: Floats) -> Floats:
    """What shows beneath the new garment, (h, w, 3) in 0..255.

    Args:
        original: (h, w, 3) the photo's part. regions: Its regions. coarse: (h, w, 3) the coarse result there.
    """
    # Only what lies well away from the old garment is sure to have none of its colour.
    wide = max(round(1.5 * regions.pixel), 1)
    kept = ~ndimage.binary_dilation(regions.old, iterations=2 * wide)
    labels = regions.labels
    scene, lower, hair = ((np.isin(labels, of) & kept) for of in (L.BACKGROUND, LOWER, L.HAIR))
    planes = (
        grow(original, scene) if scene.sum() > FEWEST else coarse,
        _skin(original, labels, kept, coarse, wide, regions.old & (regions.fills[SKIN] > 0.5)),
        grow(original, lower) if lower.sum() > FEWEST else coarse,
        grow(original, hair) if hair.sum() > FEWEST else coarse,
    )
    return np.asarray(sum(share[..., None] * plane for share, plane in zip(regions.fills, planes)), np.float32)


def _skin(
    original: Picture, labels: Picture, kept: Bools, coarse: Floats, wide: int, wanted: Bools
) -> Floats:  # fmt: skip
    """The tone of the nearest skin that shows, with the roundness that the coarse result has where skin is `wanted`."""
    # Arms and neck are the best guide to bare arms and chest; the face may be made up or in shade.
    shown = ndimage.binary_erosion(np.isin(labels, (L.L_ARM, L.R_ARM, L.NECK_SKIN)), iterations=wide) & kept
    if shown.sum() < ENOUGH:
        shown = ndimage.binary_erosion(np.isin(labels, L.SKIN), iterations=wide) & kept
    if shown.sum() < FEWEST:
        return coarse
    # What differs much from most of it is a label gone wrong, on background or cloth.
    tone = np.log(original + DARK)
    shown &= np.abs(tone - np.median(tone[shown], 0)).max(2) < ODD
    usual = np.median(tone[shown], 0)
    even = ndimage.gaussian_filter(grow(original, shown), (BLUR, BLUR, 0))
    skin = np.exp(usual + (np.log(even + DARK) - usual).clip(-VARIES, VARIES))
    light = coarse.mean(2, keepdims=True) + DARK
    bare = wanted if wanted.any() else shown
    shade = (light / np.median(light[bare])).clip(*SHADE)
    return np.asarray((skin * shade - DARK).clip(0, 255), np.float32)
