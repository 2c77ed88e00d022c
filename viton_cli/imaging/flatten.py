"""A worn garment laid flat: a product-like picture made from a photo of the person who wears it.

Torso and arm bones each have one affine map between the person's pose and the flat pose of `flat_pose`; in
between, the maps are blended by the distance to the bones. What arms, hands, hair and bags hide is taken from the
mirrored side where that is visible, and grown from around it elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.errors import VitonError
from viton_cli.imaging import flat_pose
from viton_cli.imaging.filling import fill
from viton_cli.imaging.frames import to_frame
from viton_cli.imaging.product import product_view
from viton_cli.records import Frame
from viton_cli.vocabulary import labels as L

Floats = NDArray[np.float32]

SMALLEST = 0.03  # share of the photo that must be garment
NARROWEST = 0.5  # shoulders over torso length below which the person stands sideways (front-on: about 0.63)
MOST_HIDDEN = 0.22  # share of the laid-out area that may have been made up
OTHER_TOP = 0.10  # area of other tops over the garment's, above which it is worn open or under something
STEEPEST = 20.0  # degrees the torso may lean
SMALLEST_TORSO = 16.0  # pixels of the photo
MARGIN = 0.08  # of the picture's height and width, left white at each side

# Lengths are in torso lengths (`flat_pose`). All that follows was chosen by eye.
_SCALE = (0.4, 0.8)  # least and greatest torso length in the picture, as shares of its height
_LONG, _CUT = 1.3, 1.1  # a garment that reaches below the first is cut at the second, as if it were top and skirt
_LONG_WIDTH = 0.25  # how wide it must be somewhere below `_LONG` to count as reaching there
_LEAST_AREA = 0.15  # of a garment, in squares of a torso length
_SOFT = 0.004  # standard deviation by which the outline is softened ...
_RAMP = 1.6  # ... and the slope with which the mask then goes from 0 to 1, the same about 0.5
_EDGE, _HEM = 0.009, 0.04  # colours this near to the outline and to the hem may be those of what is beside or under it
_JOINED = 0.24  # around a shoulder, torso and arm are not told apart
_BLEND, _FALL = 0.04, 4  # distance at which a bone's pull begins to fall, and the power of the distance it falls with
_WIDEST = (0.3, 0.5)  # what is farther than this from an arm is no sleeve, from the middle no garment's front
_CANVAS = (0.95, 0.35, 1.5)  # half-width, height above the shoulders, below them
_COLLAR, _SLOPE, _NECK = -0.16, 0.36, 0.1  # a front begins at the first, and falls so steeply farther out than the last
_SIDES = ((0.0, 0.05), (0.15, 0.0), (1.0, 0.08))  # (height, how far a front reaches beyond shoulders or, last, hips)
_FRONT_END = 1.2  # height at which a front ends
_NOTCH, _SPIKE = 0.02, 0.03  # radii: narrower notches in the outline are filled, narrower spikes cut off
_EVEN, _EVEN_SMOOTH = 0.12, 0.02  # farthest that the two sides are drawn together; smoothing of the outline
_COVERS = (L.HAIR, L.GLOVE, L.SCARF, L.BAG, L.HAT)


class NotFlattened(VitonError):
    """A photo whose garment cannot be laid flat; the text is the cause in two or three words."""


@dataclass(frozen=True, eq=False)
class FlatGarment:
    """A garment laid flat.

    Attributes:
        image: (h, w, 3) uint8, the garment on white.
        mask: (h, w) float32 in [0, 1].
        hidden: Share of the garment's area that was not visible in the photo.
        front: Shoulder width over torso length in the photo, about 0.63 for a person who faces the camera.
        label: The label of the garment in the photo (upper-clothes, dress, coat or jumpsuits).
        worn: (H, W) bool, the garment in the photo; a dress or a long coat counts down to the hips only.
        spots: (n, 2) (x, y), points of the photo that were laid, and laid: (n, 2), where `image` shows each.
    """

    image: NDArray[np.uint8]
    mask: Floats
    hidden: float
    front: float
    label: int
    worn: NDArray[np.bool_]
    spots: Floats
    laid: Floats


def top_garment(labels: NDArray[np.uint8]) -> tuple[int, float]:
    """The label of the largest garment of the upper body, and the area of the other ones over its own."""
    counts = np.bincount(labels.ravel(), minlength=L.N_LABELS)
    areas = {label: int(counts[label]) for label in L.CLOTHES}
    label = max(areas, key=lambda key: areas[key])
    return label, (sum(areas.values()) - areas[label]) / max(areas[label], 1)


def flatten(
    image: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    joints: Floats,
    seen: NDArray[np.bool_],
    size: tuple[int, int] = (256, 192),
) -> FlatGarment:
    """The worn top garment as a product photo would show it.

    Args:
        image: (H, W, 3) photo.
        labels: (H, W) its labels.
        joints: (18, 2) in its pixels, seen: (18,).
        size: (h, w) of the product picture.

    Raises:
        NotFlattened: The photo does not show one closed top garment from the front, well enough.
    """
    label, others = top_garment(labels)
    garment = labels == label
    if garment.mean() < SMALLEST:
        raise NotFlattened("too little garment")
    front = _check_pose(joints, seen, labels)
    if others > OTHER_TOP:
        raise NotFlattened("several tops")
    person = flat_pose.person_bones(joints, seen)
    reach = flat_pose.sleeve_reach(person, garment, np.isin(labels, L.ARMS))
    person, canonical = person.shortened(reach), flat_pose.CANONICAL.shortened(reach)
    pixels = round(float(np.clip(person.unit, _SCALE[0] * size[0], _SCALE[1] * size[0])))  # no finer than the photo
    points = flat_pose.grid(pixels, *_CANVAS)
    sampled = _sample(image, labels, garment, person, canonical, points)
    solid = _complete(sampled, pixels)
    below = points[:, 0, 1]
    if (solid[below > _LONG].sum(1) > _LONG_WIDTH * pixels).any():
        solid &= below[:, None] < _CUT
        garment = _above(garment, person, _CUT)
    if solid.sum() < _LEAST_AREA * pixels**2 or garment.mean() < SMALLEST:
        raise NotFlattened("too little garment")
    hidden = float((solid & ~sampled.garment).sum() / solid.sum())
    if hidden > MOST_HIDDEN:
        raise NotFlattened("too much hidden")
    colour = fill(sampled.colour, sampled.sure & solid, solid)
    mask = ndimage.gaussian_filter(solid.astype(np.float32), _SOFT * pixels)
    mask = np.clip(_RAMP * (mask - 0.5) + 0.5, 0, 1).astype(np.float32)
    picture, mask, box = product_view(colour, mask, size, MARGIN)
    shown = sampled.garment & solid
    laid = to_frame(np.argwhere(shown)[:, ::-1].astype(np.float32), Frame(box, size))
    return FlatGarment(picture, mask, hidden, front, label, garment, sampled.place[shown], laid)


def _check_pose(joints: Floats, seen: NDArray[np.bool_], labels: NDArray[np.uint8]) -> float:
    """Shoulder width over torso length of a person who faces the camera, upright."""
    if not seen[[L.R_SHOULDER, L.L_SHOULDER, L.R_HIP, L.L_HIP]].all():
        raise NotFlattened("torso not seen")
    across = joints[L.L_SHOULDER] - joints[L.R_SHOULDER]
    down = joints[[L.R_HIP, L.L_HIP]].mean(0) - joints[[L.R_SHOULDER, L.L_SHOULDER]].mean(0)
    length = float(np.hypot(*down))
    if length < SMALLEST_TORSO:
        raise NotFlattened("torso too small")
    if across[0] <= 0 or not (seen[L.NOSE] and (labels == L.FACE).any()):
        raise NotFlattened("from behind")
    front = float(np.hypot(*across)) / length
    if front < NARROWEST:
        raise NotFlattened("sideways")
    if down[1] <= 0 or abs(np.degrees(np.arctan2(down[0], down[1]))) > STEEPEST:
        raise NotFlattened("leaning")
    return front


@dataclass(frozen=True, eq=False)
class _Sampled:
    """The flat pose as far as the photo shows it; all (h, w).

    Attributes:
        colour: (h, w, 3) uint8.
        garment: What the photo shows to be garment, sure: the part of it whose colour can be trusted.
        unknown: Covered by something, by another part of the body, or not in the photo.
        torso: Where a garment's front is expected.
        place: (h, w, 2), the point of the photo that is shown.
    """

    colour: NDArray[np.uint8]
    garment: NDArray[np.bool_]
    sure: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    torso: NDArray[np.bool_]
    place: Floats


def _sample(
    image: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    garment: NDArray[np.bool_],
    person: flat_pose.Bones,
    canonical: flat_pose.Bones,
    points: Floats,
) -> _Sampled:
    distance = flat_pose.distances(points, canonical)
    part = flat_pose.parts(distance)
    place = _places(points, distance, person, canonical)
    height, width = labels.shape
    outside = (place < -0.5).any(-1) | (place[..., 0] > width - 0.5) | (place[..., 1] > height - 0.5)
    columns, rows = (np.clip(np.rint(place[..., i]), 0, n - 1).astype(np.intp) for i, n in ((0, width), (1, height)))
    found, worn = labels[rows, columns], garment[rows, columns]

    right, left = (np.hypot(*(points - flat_pose.CANONICAL.torso[i]).transpose(2, 0, 1)) for i in (0, 1))
    mismatch = (flat_pose.parts(flat_pose.distances(place, person)) != part) & (np.minimum(right, left) > _JOINED)
    unknown = np.isin(found, _COVERS) | outside | (worn & mismatch)
    for own, mine in enumerate((None, L.R_ARM, L.L_ARM)):  # an arm in front of the torso, or one in front of the other
        unknown |= (part == own) & np.isin(found, [arm for arm in L.ARMS if arm != mine])
    for index, (bone, known) in enumerate(zip(canonical.arms, person.arms)):
        if bone is not None and known is None:
            mine_nearest = distance[1 + index] <= distance[1 + (index ^ 1)]
            unknown |= (part == 1 + index // 2) & mine_nearest
    possible = np.where(part == 0, np.abs(points[..., 0]) < _WIDEST[1], distance[1:].min(0) < _WIDEST[0])
    worn &= ~unknown & possible
    at = place[..., ::-1].transpose(2, 0, 1)
    colour = [ndimage.map_coordinates(image[..., i], at, order=1, mode="nearest") for i in range(3)]
    sure = worn & _inner(garment, person.unit)[rows, columns]
    return _Sampled(np.stack(colour, -1), worn, sure, unknown & possible, _torso_template(points), place)


def _places(points: Floats, distance: Floats, person: flat_pose.Bones, canonical: flat_pose.Bones) -> Floats:
    """(h, w, 2) where in the photo each canonical point is."""
    maps, pulls = [flat_pose.torso_map(canonical, person)], [distance[0]]
    for index, (bone, target) in enumerate(zip(canonical.arms, person.arms)):
        if bone is not None and target is not None:
            maps.append(flat_pose.arm_map(bone, canonical.unit, target, person.unit))
            pulls.append(distance[1 + index])
    weights = (np.stack(pulls) + np.float32(_BLEND)) ** np.float32(-_FALL)
    weights /= weights.sum(0)
    out = np.zeros_like(points)
    for weight, matrix in zip(weights, np.asarray(maps, np.float32)):
        out += weight[..., None] * (points @ matrix[:, :2].T + matrix[:, 2])
    return out


def _inner(garment: NDArray[np.bool_], unit: float) -> NDArray[np.bool_]:
    """The garment without its very edge, where labels are not exact and colours mixed, and without its hem."""
    inner = ndimage.binary_erosion(garment, iterations=max(round(_EDGE * unit), 1), border_value=1)
    hem = max(round(_HEM * unit), 1)
    inner[:-hem] &= garment[hem:]
    return np.asarray(inner, bool)


def _torso_template(points: Floats) -> NDArray[np.bool_]:
    """Where a garment's front lies in the flat pose: below the slope of the shoulders, above the hips."""
    x, y = np.abs(points[..., 0]), points[..., 1]
    slope = _COLLAR + _SLOPE * np.maximum(x - _NECK, 0)
    joints = (flat_pose.SHOULDER, flat_pose.SHOULDER, flat_pose.HIP)
    heights, beyond = zip(*_SIDES)
    side = np.interp(y, heights, np.add(joints, beyond))
    return np.asarray((y > slope) & (x < side) & (y < _FRONT_END), bool)


def _above(garment: NDArray[np.bool_], person: flat_pose.Bones, height: float) -> NDArray[np.bool_]:
    """The garment's pixels whose canonical y is less than `height`, and all of its sleeves."""
    rows, columns = np.nonzero(garment)
    points = np.stack([columns, rows], 1).astype(np.float32)
    down = flat_pose.torso_map(person, flat_pose.CANONICAL)[1]
    keep = (points @ down[:2] + down[2] < height) | (flat_pose.parts(flat_pose.distances(points, person)) > 0)
    out = np.zeros_like(garment)
    out[rows[keep], columns[keep]] = True
    return out


def _complete(sampled: _Sampled, pixels: int) -> NDArray[np.bool_]:
    """The whole garment's area: what the photo shows, and what must be there under its covers."""
    garment, unknown = sampled.garment, sampled.unknown
    whole = garment | (unknown & garment[:, ::-1])
    # Covers on the torso between garment on both sides of it, in the row or above and below.
    for axis in (0, 1):
        before = np.maximum.accumulate(whole, axis)
        after = np.flip(np.maximum.accumulate(np.flip(whole, axis), axis), axis)
        whole |= unknown & sampled.torso & before & after
    whole = _round(~_round(~_even(whole, pixels), _NOTCH * pixels), _SPIKE * pixels)
    pieces, count = ndimage.label(whole)
    if not count:
        raise NotFlattened("too little garment")
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray(ndimage.binary_fill_holes(pieces == sizes.argmax()), bool)


def _round(solid: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """The mask without what a disc of this radius does not fit into."""
    core = ndimage.distance_transform_edt(solid) > radius
    return np.asarray(ndimage.distance_transform_edt(~core) <= radius, bool)


def _even(solid: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    """An outline half-way between the mask's and its mirror image's, smoothed."""
    signed = ndimage.distance_transform_edt(solid) - ndimage.distance_transform_edt(~solid)
    signed = np.clip(signed, -_EVEN * pixels, _EVEN * pixels)
    return np.asarray(ndimage.gaussian_filter(0.5 * (signed + signed[:, ::-1]), _EVEN_SMOOTH * pixels) > 0, bool)
