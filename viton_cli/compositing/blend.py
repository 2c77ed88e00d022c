"""The garment laid into the photo at the photo's own size."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from viton_cli.compositing.body import soft
from viton_cli.compositing.by_joints import regions_by_joints
from viton_cli.compositing.by_layout import regions_by_layout
from viton_cli.compositing.fills import fill
from viton_cli.compositing.painted import IN_FRONT, Bools, Floats, Mask, Painted, Picture, Regions
from viton_cli.core.composer import compose
from viton_cli.imaging.filling import grow
from viton_cli.imaging.frames import box_in, carry, crop, resize, to_photo
from viton_cli.imaging.matting import guided
from viton_cli.records import Frame, Person
from viton_cli.vocabulary import labels as L

WORKING = 480  # longest side at which regions and fills are worked out; a larger part's are enlarged from there
BAND = 4.0  # network pixels to each side of the old garment's edge where the photo's colours decide
BAND_IN_FRONT = 2.0  # the same into hands and hair
UNSURE = (0.15, 0.5)  # guided matte below which a pixel is none of the old garment, and above which all of it
UNSURE_IN_FRONT = (0.4, 0.8)  # the same where the labels have a hand or hair: only what clearly is none of them
SHARP = (L.FACE, L.SUNGLASSES)  # never touched, whatever their colour
EDGE = 0.8  # pixels of the part by which the old garment's matte is widened
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
    regions = _regions(person, frame, part, painted)
    whole = _concerned(regions, frame, part, painted)
    if whole is None:
        return out, edited
    a, b, c, d = whole.box
    small, patch = crop(photo, part).astype(np.uint8), photo[b:d, a:c]
    beneath = _planes(fill(small, regions, _planes(painted.coarse, frame, part)), part, whole)
    removed, front = edges(small, patch, regions, part, whole)
    gap = carry(regions.gap, part, whole)
    cloth, laid = _cloth(painted, frame, whole, gap)
    garment = _garment(painted, frame, whole, cloth, gap * (1 - laid))

    opacity = np.maximum(laid, gap) * carry(regions.limit, part, whole) * (1 - front)
    result = patch + removed[..., None] * (beneath - patch)
    result += opacity[..., None] * (garment - result)
    changed = np.maximum(opacity, removed) > SEEN
    out[b:d, a:c] = np.where(changed[..., None], np.clip(result + 0.5, 0, 255), patch).astype(np.uint8)
    edited[b:d, a:c] = changed
    return out, edited


def trace(person: Person, frame: Frame, painted: Painted) -> Floats:
    """(H, W, 2) for each pixel of the photo that shows the new garment the pixel (x, y) of the garment's photo it came
    from; NaN elsewhere. Arguments as of `lay_in`."""
    out = np.full((*person.photo.size, 2), np.nan, np.float32)
    part = _part(person, frame)
    if part is None:
        return out
    regions = _regions(person, frame, part, painted)
    whole = _concerned(regions, frame, part, painted)
    if whole is None:
        return out
    a, b, c, d = whole.box
    photo = person.photo.image
    _, front = edges(crop(photo, part).astype(np.uint8), photo[b:d, a:c], regions, part, whole)
    shown = carry(regions.limit, part, whole) * (1 - front) > 0.5
    origins = painted.warp.origins(whole.size, box_in(frame, whole))
    product = painted.product
    out[b:d, a:c] = np.where(shown[..., None], to_photo(origins, Frame(product.box, product.mask.shape)), np.nan)
    return out


def edges(small: Picture, photo: Picture, regions: Regions, part: Frame, whole: Frame) -> tuple[Mask, Mask]:
    """How much of each pixel is the old garment, and how much lies in front of the new one.

    The labels say it but for a band along their edges, which are no surer than the network's pixels; there the photo's
    colours decide (guided filter). Nothing of the old garment stays between fingers or along hair, nor is skin taken.

    Args:
        small: (h, w, 3) the part at the regions' size. photo: (H, W, 3) what `whole` shows, at the photo's own size.
        regions: Of the part. part, whole: The frames of the two pictures.

    Returns:
        Two (H, W) in [0, 1].
    """
    old, pixel = regions.old, regions.pixel
    near, reach = max(round(BAND_IN_FRONT * pixel), 1), max(round(BAND * pixel), 1)
    away = ndimage.distance_transform_cdt(~old, "taxicab") if old.any() else np.full(old.shape, reach + 1)
    band = away <= np.where(regions.front, near, reach)
    band &= ~ndimage.binary_erosion(old, iterations=reach, border_value=1)
    matte = guided(old, small, BAND * pixel).at(photo, part, whole)
    held = carry(regions.front.astype(np.float32), part, whole)
    low, high = (a + held * (b - a) for a, b in zip(UNSURE, UNSURE_IN_FRONT))
    matte = ((matte - low) / (high - low)).clip(0, 1)
    share = carry(band.astype(np.float32), part, whole)
    removed = share * matte + (1 - share) * carry(old.astype(np.float32), part, whole)
    # A pixel on the very edge is a mixture: it goes with its neighbour.
    step = (whole.box[3] - whole.box[1]) / whole.size[0] * part.size[0] / (part.box[3] - part.box[1])
    removed = ndimage.maximum_filter(removed, 2 * max(round(EDGE / step), 1) + 1)
    face = carry(np.isin(regions.labels, SHARP).astype(np.float32), part, whole) > 0
    removed = np.where(removed > 0.03, removed, 0) * ~face
    front = carry(soft(regions.front, 0.5 * pixel), part, whole)
    front = np.maximum(front * (front > 0.3), held > 0.5) * (1 - removed)
    limbs = regions.front & np.isin(regions.labels, L.ARMS)
    if limbs.any():  # fingers that the labels miss
        beside = ndimage.binary_dilation(limbs, iterations=reach) & ~limbs & ~np.isin(regions.labels, IN_FRONT)
        found = guided(limbs, small, BAND * pixel).at(photo, part, whole)
        found = ((found - UNSURE_IN_FRONT[0]) / (UNSURE_IN_FRONT[1] - UNSURE_IN_FRONT[0])).clip(0, 1)
        found *= carry(beside.astype(np.float32), part, whole)
        front, removed = np.maximum(front, found), removed * (1 - found)
    return np.asarray(removed, np.float32), np.asarray(front, np.float32)


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


def _concerned(regions: Regions, frame: Frame, part: Frame, painted: Painted) -> Frame | None:
    """The rectangle of the part that may change, at the photo's own size; None if there is none."""
    concerned = (carry(painted.laid, frame, part) > 0) | (regions.gap > 0) | regions.old
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
    """The garment from its own photo as it lies on the person, (H, W, 3) in 0..255, and its opacity; its colours go on
    into what the warp left open."""
    sharp, mask = painted.product.sharp, painted.product.sharp_mask
    # Drawn onto nothing, with its own coverage beside it, so that no ground shines through its edge.
    layers = np.concatenate([sharp.astype(np.float32), mask[..., None], np.ones_like(mask)[..., None]], 2)
    box = box_in(frame, whole)
    drawn = painted.warp.apply(layers, whole.size, box, fill=0.0)
    there, laid = drawn[..., 4:], drawn[..., 3].clip(0, 1)
    cloth = np.asarray(drawn[..., :3] / np.maximum(there, 1e-3), np.float32)
    if (gap > SEEN).any():
        # The sharp picture's colours go on beyond the garment's outline: the warp may read on.
        further = painted.warp.apply(layers[..., [0, 1, 2, 4]], whole.size, box, fill=0.0, cut=False)
        onward = further[..., :3] / np.maximum(further[..., 3:], 1e-3)
        cloth = np.asarray(cloth + (1 - there) * (onward - cloth), np.float32)
        reached = np.maximum(there[..., 0], further[..., 3])
        step = max(max(whole.size) // GROWN, 1)
        grown = resize(grow(cloth[::step, ::step], reached[::step, ::step] > 0.9), whole.size)
        cloth = np.where((reached < 0.9)[..., None], grown, cloth)
    return cloth, np.asarray(laid, np.float32)


def _garment(painted: Painted, frame: Frame, whole: Frame, cloth: Floats, open_: Mask) -> Floats:
    """Equation 2 at the photo's own size, (H, W, 3) in 0..255; `open_` is 1 where the warp laid no cloth."""
    alpha = np.maximum(carry(painted.alpha, frame, whole), GAP_ALPHA * open_)[..., None]
    cloth = (cloth * _planes(painted.gain, frame, whole)).clip(0, 255)
    return np.asarray(compose(alpha, cloth, _planes(painted.coarse, frame, whole)), np.float32)


def _planes(values: Floats | Picture, frame: Frame, part: Frame) -> Floats:
    """(h, w, 3) values of a frame at the pixels of another within it."""
    return np.stack([carry(plane, frame, part) for plane in values.astype(np.float32).transpose(2, 0, 1)], 2)
