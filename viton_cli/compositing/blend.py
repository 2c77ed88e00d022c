"""The garment laid into the photo at the photo's own size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage

from viton_cli.compositing.body import soft
from viton_cli.compositing.by_joints import regions_by_joints
from viton_cli.compositing.by_layout import regions_by_layout
from viton_cli.compositing.fills import fill
from viton_cli.compositing.painted import Bools, Floats, Mask, Painted, Picture, Regions
from viton_cli.compositing.wearer import BAND, Wearer
from viton_cli.core.composer import compose
from viton_cli.imaging.filling import grow_planes
from viton_cli.imaging.frames import box_in, carry, to_photo
from viton_cli.imaging.planes import carry_planes, planes_of
from viton_cli.records import Frame
from viton_cli.vocabulary import labels as L

BAND_IN_FRONT = 2.0  # network pixels into hands and hair; see `BAND`
UNSURE = (0.15, 0.5)  # guided matte below which a pixel is none of the old garment, and above which all of it
UNSURE_IN_FRONT = (0.4, 0.8)  # the same where the labels have a hand or hair: only what clearly is none of them
SHARP = (L.FACE, L.SUNGLASSES)  # never touched, whatever their colour
EDGE = 0.8  # pixels of the part by which the old garment's matte is widened
NOT_OLD, NOT_FRONT = 0.03, 0.3  # shares of a pixel below which it is none of the old garment, and nothing in front
FULL = 0.999  # coverage from which nothing else is mixed in
WHOLE = 0.9  # coverage from which a pixel shows the garment's own colour
SEEN = 4e-3  # opacity below this changes no grey level
GROWN = 400  # longest side at which the garment's colours are continued into gaps
GAP_ALPHA = 0.9  # in a gap the garment's colours are the better guess, whatever stage 2 says of the hole it saw there


@dataclass(frozen=True, eq=False)
class Laid:
    """The photo with the garment laid in.

    Attributes:
        image: (H, W, 3) uint8. edited: (H, W) bool, where it may differ from the photo.
        whole: The rectangle that was worked on, at the photo's own size; None if there was none.
        shown: Of that rectangle, where the garment would show if the warp laid some.
    """

    image: Picture
    edited: Bools
    whole: Frame | None = None
    shown: Bools | None = None


def lay_in(wearer: Wearer, painted: Painted) -> Laid:
    """The photo with the garment laid in.

    Args:
        wearer: The person. painted: What the networks made of it.
    """
    photo = wearer.person.photo.image
    out, edited = photo.copy(), np.zeros(photo.shape[:2], bool)
    part = wearer.part
    if not all(part.size):
        return Laid(out, edited)
    regions = _regions(wearer, painted)
    whole = _concerned(regions, wearer, painted)
    if whole is None:
        return Laid(out, edited)
    a, b, c, d = whole.box
    patch = planes_of(photo[b:d, a:c])
    removed, front = edges(wearer, patch, regions, whole)
    coarse = carry_planes(planes_of(painted.coarse), wearer.frame, part)
    beneath = fill(wearer.without(regions.old).around, regions.old, regions.fills, coarse)
    result = patch + removed * (carry_planes(beneath, part, whole) - patch)

    gap, limit = carry_planes(np.stack([regions.gap, regions.limit]), part, whole)
    limit *= 1 - front
    cloth, laid = _cloth(painted, wearer.frame, whole, gap)
    garment = _garment(painted, wearer.frame, whole, cloth, gap * (1 - laid))
    opacity = np.maximum(laid, gap) * limit
    result += opacity * (garment - result)
    changed = np.maximum(opacity, removed) > SEEN
    result = np.where(changed, (result + 0.5).clip(0, 255), patch)
    out[b:d, a:c] = result.astype(np.uint8).transpose(1, 2, 0)
    edited[b:d, a:c] = changed
    return Laid(out, edited, whole, limit > 0.5)


def trace(laid: Laid, wearer: Wearer, painted: Painted) -> Floats:
    """(H, W, 2) for each pixel of the photo that shows the new garment the pixel (x, y) of the garment's photo it came
    from; NaN elsewhere. Arguments as of `lay_in`, and what that made of them."""
    out = np.full((*laid.edited.shape, 2), np.nan, np.float32)
    if laid.whole is None or laid.shown is None:
        return out
    a, b, c, d = laid.whole.box
    product = painted.product
    origins = painted.warp.origins(laid.whole.size, box_in(wearer.frame, laid.whole))
    places = to_photo(origins, Frame(product.box, product.mask.shape))
    out[b:d, a:c] = np.where(laid.shown[..., None], places, np.nan)
    return out


def edges(wearer: Wearer, photo: Floats, regions: Regions, whole: Frame) -> tuple[Mask, Mask]:
    """How much of each pixel is the old garment, and how much lies in front of the new one.

    The labels say it but for a band along their edges, which are no surer than the network's pixels; there the photo's
    colours decide (guided filter). Nothing of the old garment stays between fingers or along hair, nor is skin taken.

    Args:
        wearer: The person. photo: (3, H, W) what `whole` shows, in 0..255. regions: Of the wearer's part.
        whole: A rectangle of the photo, at its own size.

    Returns:
        Two (H, W) in [0, 1].
    """
    part, pixel, old = wearer.part, regions.pixel, wearer.without(regions.old)
    near, reach = max(round(BAND_IN_FRONT * pixel), 1), old.reach
    band = (old.away <= np.where(regions.front, near, reach)) & ~old.core
    face = np.isin(regions.labels, SHARP)
    small = np.stack([regions.front, band, old.mask, face, soft(regions.front, 0.5 * pixel)]).astype(np.float32)
    held, share, garment, face, front = carry_planes(small, part, whole)
    matte = _surely(old.matte.at(photo, part, whole), held)
    removed = garment + share * (matte - garment)
    # A pixel on the very edge is a mixture: it goes with its neighbour.
    step = (whole.box[3] - whole.box[1]) / whole.size[0] * part.size[0] / (part.box[3] - part.box[1])
    removed = ndimage.maximum_filter(removed, 2 * max(round(EDGE / step), 1) + 1)
    removed *= (removed > NOT_OLD) & (face < 1e-3)
    front = np.maximum(front * (front > NOT_FRONT), held > 0.5) * (1 - removed)
    limbs = regions.front & wearer.arms
    if limbs.any():  # fingers that the labels miss
        beside = (ndimage.distance_transform_cdt(~limbs, "taxicab") <= reach) & ~limbs & ~wearer.ahead
        found = _surely(wearer.guide.fit(limbs).at(photo, part, whole), np.float32(1))
        found *= carry(beside.astype(np.float32), part, whole)
        front, removed = np.maximum(front, found), removed * (1 - found)
    return np.asarray(removed, np.float32), np.asarray(front, np.float32)


def _surely(matte: Mask, held: Mask | np.float32) -> Mask:
    """A guided matte stretched so that what is unsure falls to either side; `held` where hands and hair are."""
    low, high = (np.float32(a) + held * np.float32(b - a) for a, b in zip(UNSURE, UNSURE_IN_FRONT))
    return np.asarray(((matte - low) / (high - low)).clip(0, 1), np.float32)


def _regions(wearer: Wearer, painted: Painted) -> Regions:
    return (regions_by_joints if painted.layout is None else regions_by_layout)(wearer, painted)


def _concerned(regions: Regions, wearer: Wearer, painted: Painted) -> Frame | None:
    """The rectangle of the part that may change, at the photo's own size; None if there is none."""
    part = wearer.part
    concerned = (carry(painted.laid, wearer.frame, part) > 0) | (regions.gap > 0) | regions.old
    if not concerned.any():
        return None
    margin = round(2 * BAND * regions.pixel) + 2
    sides = []
    for axis, (low, high) in enumerate(((part.box[1], part.box[3]), (part.box[0], part.box[2]))):
        found = np.flatnonzero(concerned.any(1 - axis))
        scale = (high - low) / part.size[axis]
        first = max(low + int((found[0] - margin) * scale), low)
        sides.append((first, min(low + int((found[-1] + 1 + margin) * scale) + 1, high)))
    (top, bottom), (left, right) = sides
    return Frame((left, top, right, bottom), (bottom - top, right - left))


def _cloth(painted: Painted, frame: Frame, whole: Frame, gap: Mask) -> tuple[Floats, Mask]:
    """The garment from its own photo as it lies on the person, (3, H, W) in 0..255, and its opacity; its colours go on
    into what the warp left open."""
    planes, mask = painted.product.planes, painted.product.sharp_mask
    layers = np.empty((1, 4, *mask.shape), np.float32)
    layers[0, :3], layers[0, 3] = planes, mask
    # Drawn onto nothing, with its own coverage beside it, so that no ground shines through its edge. The sharp
    # picture's colours go on beyond the garment's outline: for gaps, the warp may read on.
    open_ = bool((gap > SEEN).any())
    drawn, further = painted.warp.draw(torch.from_numpy(layers), whole.size, box_in(frame, whole), open_)
    there, laid = drawn[4], drawn[3].clip(0, 1)
    cloth = drawn[:3] / np.maximum(there, np.float32(1e-3))
    if further is not None:
        rim = (there < FULL) & (further[4] > 0)
        onward = further[:3, rim] / np.maximum(further[4, rim], np.float32(1e-3))
        cloth[:, rim] += (1 - there[rim]) * (onward - cloth[:, rim])
        reached = np.maximum(there, further[4])
        missing = (reached < WHOLE) & ((laid > 0) | (gap > 0))
        if missing.any():
            step = max(max(whole.size) // GROWN, 1)
            grown = grow_planes(cloth[:, ::step, ::step], reached[::step, ::step] > WHOLE)
            cloth = np.where(missing, carry_planes(grown, Frame(whole.box, grown.shape[1:]), whole), cloth)
    return cloth, laid


def _garment(painted: Painted, frame: Frame, whole: Frame, cloth: Floats, open_: Mask) -> Floats:
    """Equation 2 at the photo's own size, (3, H, W) in 0..255; `open_` is 1 where the warp laid no cloth."""
    small = np.concatenate([painted.alpha[None], planes_of(painted.gain), planes_of(painted.coarse)])
    alpha, *planes = carry_planes(small, frame, whole)
    cloth = (cloth * np.stack(planes[:3])).clip(0, 255)
    return np.asarray(compose(np.maximum(alpha, GAP_ALPHA * open_), cloth, np.stack(planes[3:])), np.float32)
