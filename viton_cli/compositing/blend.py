"""The garment laid into the photo at the photo's own size."""

from __future__ import annotations

import numpy as np

from viton_cli.compositing.by_joints import regions_by_joints
from viton_cli.compositing.by_layout import regions_by_layout
from viton_cli.compositing.fills import fill
from viton_cli.compositing.painted import Bools, Floats, Mask, Painted, Picture, Regions
from viton_cli.core.composer import compose
from viton_cli.imaging.filling import grow
from viton_cli.imaging.frames import box_in, carry, crop, resize, to_photo
from viton_cli.records import Frame, Person

WORKING = 640  # longest side at which regions and fills are worked out; a larger part's are enlarged from there
SEEN = 4e-3  # opacity below this changes no grey level
GROWN = 400  # longest side at which the garment's colours are continued into gaps
GAP_ALPHA = 0.9  # in a gap the garment's colours are the better guess, whatever stage 2 says of the hole it saw there


def lay_in(person: Person, frame: Frame, painted: Painted) -> tuple[Picture, Bools]:
    """The photo with the garment laid in.

    Args:
        person: Photo, labels and pose. frame: The part of the photo the networks saw. painted: What they made of it.

    Returns:
        (H, W, 3) uint8 and (H, W) bool, where it may differ from the photo.
    """
    photo = person.photo.image
    out, edited = photo.copy(), np.zeros(person.photo.size, bool)
    part = _part(person, frame)
    if part is None:
        return out, edited
    a, b, c, d = part.box
    full = (d - b, c - a)
    whole = Frame(part.box, full)

    regions = _regions(person, frame, part, painted)
    beneath = resize(fill(crop(photo, part).astype(np.uint8), regions, _coarse(painted, frame, part)), full)
    removed, cover, gap = (resize(plane, full) for plane in (regions.removed, regions.cover, regions.gap))
    cloth, laid = _cloth(painted, frame, whole, gap)
    garment = _garment(painted, frame, whole, cloth, gap * (1 - laid))

    patch = photo[b:d, a:c].astype(np.float32)
    removed = removed[..., None]
    opacity = (np.maximum(laid, gap) * cover)[..., None]
    result = patch + removed * (beneath - patch)
    result += opacity * (garment - result)
    changed = np.maximum(opacity, removed)[..., 0] > SEEN
    out[b:d, a:c] = np.where(changed[..., None], np.clip(result + 0.5, 0, 255), patch).astype(np.uint8)
    edited[b:d, a:c] = changed
    return out, edited


def trace(person: Person, frame: Frame, painted: Painted) -> Floats:
    """(H, W, 2) for each pixel of the photo that shows the new garment the pixel (x, y) of the garment's photo it came
    from; NaN elsewhere. Arguments as of `lay_in`."""
    height, width = person.photo.size
    out = np.full((height, width, 2), np.nan, np.float32)
    part = _part(person, frame)
    if part is None:
        return out
    a, b, c, d = part.box
    whole = Frame(part.box, (d - b, c - a))
    product = painted.product
    origins = painted.warp.origins(whole.size, box_in(frame, whole))
    shown = resize(_regions(person, frame, part, painted).cover, whole.size) > 0.5
    photo = to_photo(origins, Frame(product.box, product.mask.shape))
    out[b:d, a:c] = np.where(shown[..., None], photo, np.nan)
    return out


def _part(person: Person, frame: Frame) -> Frame | None:
    """The frame's part within the photo, at the working size; None if it lies beside the photo."""
    height, width = person.photo.size
    x0, y0, x1, y1 = frame.box
    a, b, c, d = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    if c <= a or d <= b:
        return None
    scale = min(1.0, WORKING / max(d - b, c - a))
    return Frame((a, b, c, d), (max(round((d - b) * scale), 1), max(round((c - a) * scale), 1)))


def _regions(person: Person, frame: Frame, part: Frame, painted: Painted) -> Regions:
    find = regions_by_joints if painted.layout is None else regions_by_layout
    return find(person, frame, part, painted)


def _cloth(painted: Painted, frame: Frame, whole: Frame, gap: Mask) -> tuple[Floats, Mask]:
    """The garment from its own photo as it lies on the person, (H, W, 3) in 0..255, and its opacity; its colours go on
    into what the warp left open."""
    box = box_in(frame, whole)
    cloth = painted.warp.apply(painted.product.sharp, whole.size, box, fill=255.0)
    laid = painted.warp.apply(painted.product.sharp_mask, whole.size, box, fill=0.0).clip(0, 1)
    if (gap > SEEN).any() and (laid > 0.9).any():
        step = max(max(whole.size) // GROWN, 1)
        grown = resize(grow(cloth[::step, ::step], laid[::step, ::step] > 0.9), whole.size)
        share = ((1 - laid) * (gap > SEEN))[..., None]
        cloth = cloth + share * (grown - cloth)
    return np.asarray(cloth, np.float32), np.asarray(laid, np.float32)


def _garment(painted: Painted, frame: Frame, whole: Frame, cloth: Floats, open_: Mask) -> Floats:
    """Equation 2 at the photo's own size, (H, W, 3) in 0..255; `open_` is 1 where the warp laid no cloth."""
    alpha = carry(painted.alpha, frame, whole)
    alpha = np.maximum(alpha, GAP_ALPHA * open_)[..., None]
    if painted.light is not None:
        cloth = (cloth * carry(painted.light, frame, whole)[..., None]).clip(0, 255)
    return np.asarray(compose(alpha, cloth, _coarse(painted, frame, whole)), np.float32)


def _coarse(painted: Painted, frame: Frame, part: Frame) -> Floats:
    return np.stack([carry(plane, frame, part) for plane in painted.coarse.astype(np.float32).transpose(2, 0, 1)], 2)
