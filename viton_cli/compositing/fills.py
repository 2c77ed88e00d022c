"""Skin, lower clothes and background where the old garment was."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.compositing.painted import LOWER, SKIN, Bools, Floats
from viton_cli.imaging.filling import grow_planes
from viton_cli.vocabulary import labels as L

ENOUGH = 100  # pixels of skin of arms and neck that make the face's unneeded
FEWEST = 20  # pixels without which a label shows no colour worth continuing
DARK = 12.0  # grey levels added before ratios are taken: those of near-black pixels mean nothing
SHADE = (0.72, 1.04)  # darkest and brightest that the coarse result may make skin, against its middle
ODD = 0.5  # log ratio to the median of skin that shows, above which it is not skin
VARIES = 0.12  # log ratio to the same that the tone may reach: the shadow under a chin is not an arm's
NOTHING = 1e-3  # share of a pixel that is not seen
BLUR = 3.0  # pixels of the part over which the tone is evened out


class Around:
    """What the photo shows around the old garment, continued into it, (3, h, w) in 0..255; None: it shows too little.
    Each is worked out when it is first asked for.

    Args:
        original: (3, h, w) the photo's part in 0..255. labels: (h, w) of it. old: (h, w) what goes.
        pixel: Size of a network pixel there.
    """

    def __init__(self, original: Floats, labels: NDArray[np.uint8], old: Bools, pixel: float) -> None:
        self._original, self._labels = original, labels
        self._wide = max(round(1.5 * pixel), 1)
        # Only what lies well away from the old garment is sure to have none of its colour.
        self._kept = ~ndimage.binary_dilation(old, iterations=2 * self._wide)

    @cached_property
    def scene(self) -> Floats | None:
        """Background."""
        return self._continued((L.BACKGROUND,))

    @cached_property
    def lower(self) -> Floats | None:
        """Lower clothes."""
        return self._continued(LOWER)

    @cached_property
    def hair(self) -> Floats | None:
        """Hair."""
        return self._continued((L.HAIR,))

    @cached_property
    def tone(self) -> Floats | None:
        """Skin, evened out."""
        shown = _skin_shown(self._original, self._labels, self._kept, self._wide)
        return _tone(self._original, shown) if shown.any() else None

    def _continued(self, of: tuple[int, ...]) -> Floats | None:
        known = np.isin(self._labels, of) & self._kept
        return grow_planes(self._original, known) if known.sum() > FEWEST else None


def fill(around: Around, old: Bools, shares: Floats, coarse: Floats) -> Floats:
    """What shows beneath the new garment, (3, h, w) in 0..255.

    Args:
        around: What the photo shows there. old: (h, w) what goes. shares: (4, h, w), see `Regions.fills`.
        coarse: (3, h, w) the coarse result in 0..255.
    """
    planes: tuple[Callable[[], Floats | None], ...] = (
        lambda: around.scene,
        lambda: _skin(around, coarse, old & (shares[SKIN] > 0.5)),
        lambda: around.lower,
        lambda: around.hair,
    )
    out = np.zeros_like(coarse)
    for share, plane in zip(shares, planes):
        if share.max() > NOTHING:
            shown = plane()
            out += share * (coarse if shown is None else shown)
    return out


def _skin_shown(original: Floats, labels: NDArray[np.uint8], kept: Bools, wide: int) -> Bools:
    """(h, w) skin to take the tone from; nothing if there is too little."""
    # Arms and neck are the best guide to bare arms and chest; the face may be made up or in shade.
    shown = ndimage.binary_erosion(np.isin(labels, (L.L_ARM, L.R_ARM, L.NECK_SKIN)), iterations=wide) & kept
    if shown.sum() < ENOUGH:
        shown = ndimage.binary_erosion(np.isin(labels, L.SKIN), iterations=wide) & kept
    if shown.sum() < FEWEST:
        return np.zeros_like(shown)
    # What differs much from most of it is a label gone wrong, on background or cloth.
    tone = np.log(original[:, shown] + np.float32(DARK))
    shown[shown] = np.abs(tone - np.median(tone, 1, keepdims=True)).max(0) < ODD
    return np.asarray(shown)


def _tone(original: Floats, shown: Bools) -> Floats:
    """The tone of skin continued from where it shows, without its grain, near to that of most of it."""
    dark = np.float32(DARK)
    usual = np.median(np.log(original[:, shown] + dark), 1)[:, None, None]
    even = ndimage.gaussian_filter(grow_planes(original, shown), (0, BLUR, BLUR))
    return np.asarray(np.exp(usual + (np.log(even + dark) - usual).clip(-VARIES, VARIES)) - dark, np.float32)


def _skin(around: Around, coarse: Floats, wanted: Bools) -> Floats | None:
    """The tone of the nearest skin that shows, with the roundness that the coarse result has where skin is `wanted`."""
    if around.tone is None:
        return None
    light = coarse.mean(0) + np.float32(DARK)
    shade = (light / np.median(light[wanted] if wanted.any() else light)).clip(*SHADE)
    return np.asarray(((around.tone + np.float32(DARK)) * shade - np.float32(DARK)).clip(0, 255), np.float32)
