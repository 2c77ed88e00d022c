"""A worn garment laid flat: a product-like picture made from a photo of the person who wears it.

The body is a torso and four arm bones. Each has one affine map between the person's pose and a canonical lay-out
(upright, frontal, arms hanging slightly out); in between, the maps are blended by the distance to the bones. What arms,
hands, hair and bags hide is taken from the mirrored side where that is visible, and grown from around it elsewhere.

Convention: the canonical lay-out is measured in torso lengths (middle of the shoulders to middle of the hips = 1), its
origin at the middle of the shoulders, x to the picture's right, y down. The person's right arm is on the picture's left,
as in a photo of someone who faces the camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.core import labels as L
from viton_cli.core.filling import fill
from viton_cli.core.product import product_view
from viton_cli.errors import VitonError

Floats = NDArray[np.float32]

SMALLEST = 0.03  # share of the photo that must be garment
NARROWEST = 0.45  # shoulders over torso length below which the person stands sideways (front-on: about 0.63)
MOST_HIDDEN = 0.22  # share of the laid-out area that may have been made up
OTHER_TOP = 0.10  # area of other tops over the garment's, above which it is worn open or under something
STEEPEST = 20.0  # degrees the torso may lean
MARGIN = 0.08

_SHOULDER, _HIP = 0.315, 0.19  # half-widths between the joints
_UPPER_ARM, _LOWER_ARM = 0.56, 0.47  # lengths
_UPPER_ANGLE, _LOWER_ANGLE = 24.0, 15.0  # degrees from straight down
_TORSO_REACH, _ARM_REACH, _DEEPEST = 0.09, 0.09, 0.02  # thickness of the parts, as in `body_parts`
_JOINED = 0.24  # around a shoulder, torso and arm are not told apart
_BLEND = 0.04  # distance at which a bone's pull begins to fall
_SHORTEST = 0.45  # an arm bone seen shorter than this share of its length points at the camera
# The canvas in torso lengths: half-width, height above the shoulders, below them.
_CANVAS = (1.0, 0.4, 2.1)

_ARMS = (
    (L.R_SHOULDER, L.R_ELBOW, L.R_WRIST, -1.0),
    (L.L_SHOULDER, L.L_ELBOW, L.L_WRIST, 1.0),
)
_COVERS = (L.HAIR, L.GLOVE, L.SCARF, L.BAG, L.HAT)


class NotLaidFlat(VitonError):
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
    """

    image: NDArray[np.uint8]
    mask: Floats
    hidden: float
    front: float
    label: int


def top_garment(labels: NDArray[np.uint8]) -> tuple[int, float]:
    """The label of the largest garment of the upper body, and the area of the other ones over its own."""
    counts = np.bincount(labels.ravel(), minlength=L.N_LABELS)
    areas = {label: int(counts[label]) for label in L.CLOTHES}
    label = max(areas, key=lambda key: areas[key])
    return label, (sum(areas.values()) - areas[label]) / max(areas[label], 1)


def lay_flat(
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
        NotLaidFlat: The photo does not show one closed top garment from the front, well enough.
    """
    label, others = top_garment(labels)
    garment = labels == label
    front = _check_pose(joints, seen, labels)
    if garment.mean() < SMALLEST:
        raise NotLaidFlat("too little garment")
    if others > OTHER_TOP:
        raise NotLaidFlat("several tops")
    person = _person_bones(joints, seen)
    sampled = _sample(image, labels, garment, person, _pixels_per_torso(size))
    solid, seen_there = _complete(sampled)
    hidden = float((solid & ~seen_there).sum() / max(int(solid.sum()), 1))
    if solid.sum() < 0.3 * _pixels_per_torso(size) ** 2 * 0.5:
        raise NotLaidFlat("too little garment")
    if hidden > MOST_HIDDEN:
        raise NotLaidFlat("too much hidden")
    colour = fill(sampled.colour, sampled.seen & solid, solid)
    mask = ndimage.gaussian_filter(solid.astype(np.float32), 0.004 * _pixels_per_torso(size))
    picture, mask, _ = product_view(colour, np.clip(1.6 * mask - 0.3, 0, 1).astype(np.float32), size, MARGIN)
    return FlatGarment(picture, mask, hidden, front, label)


def _pixels_per_torso(size: tuple[int, int]) -> int:
    return round(0.8 * size[0])


def _check_pose(joints: Floats, seen: NDArray[np.bool_], labels: NDArray[np.uint8]) -> float:
    """Shoulder width over torso length of a person who faces the camera, upright."""
    if not seen[[L.R_SHOULDER, L.L_SHOULDER, L.R_HIP, L.L_HIP]].all():
        raise NotLaidFlat("torso not seen")
    across = joints[L.L_SHOULDER] - joints[L.R_SHOULDER]
    down = joints[[L.R_HIP, L.L_HIP]].mean(0) - joints[[L.R_SHOULDER, L.L_SHOULDER]].mean(0)
    length = float(np.hypot(*down))
    if length < 16:
        raise NotLaidFlat("torso too small")
    if across[0] <= 0 or not (seen[L.NOSE] and (labels == L.FACE).any()):
        raise NotLaidFlat("from behind")
    front = float(np.hypot(*across)) / length
    if front < NARROWEST:
        raise NotLaidFlat("sideways")
    if down[1] <= 0 or abs(np.degrees(np.arctan2(down[0], down[1]))) > STEEPEST:
        raise NotLaidFlat("leaning")
    return front


@dataclass(frozen=True, eq=False)
class _Bones:
    """A pose: corners of the torso and the arm bones (start, end), None where an arm bone cannot be trusted.

    `unit` is the torso length in the pose's own pixels (1 for the canonical one).
    """

    torso: Floats  # (4, 2): right shoulder, left shoulder, left hip, right hip
    arms: tuple[tuple[Floats, Floats] | None, ...]  # right upper, right lower, left upper, left lower
    unit: float


def _canonical_bones() -> _Bones:
    torso = np.array([(-_SHOULDER, 0), (_SHOULDER, 0), (_HIP, 1), (-_HIP, 1)], np.float32)
    arms: list[tuple[Floats, Floats]] = []
    for side in (-1.0, 1.0):
        start = np.array([side * _SHOULDER, 0], np.float32)
        for length, angle in ((_UPPER_ARM, _UPPER_ANGLE), (_LOWER_ARM, _LOWER_ANGLE)):
            turn = np.radians(angle)
            end = start + np.array([side * np.sin(turn), np.cos(turn)], np.float32) * np.float32(length)
            arms.append((start, end))
            start = end
    return _Bones(torso, tuple(arms), 1.0)


_CANONICAL = _canonical_bones()


def _person_bones(joints: Floats, seen: NDArray[np.bool_]) -> _Bones:
    torso = joints[[L.R_SHOULDER, L.L_SHOULDER, L.L_HIP, L.R_HIP]].astype(np.float32)
    unit = float(np.hypot(*(torso[2:].mean(0) - torso[:2].mean(0))))
    arms: list[tuple[Floats, Floats] | None] = []
    for shoulder, elbow, wrist, _ in _ARMS:
        whole = True
        for start, end, length in ((shoulder, elbow, _UPPER_ARM), (elbow, wrist, _LOWER_ARM)):
            bone = joints[start].astype(np.float32), joints[end].astype(np.float32)
            whole = whole and bool(seen[start] and seen[end])
            arms.append(bone if whole and np.hypot(*(bone[1] - bone[0])) > _SHORTEST * length * unit else None)
    return _Bones(torso, tuple(arms), unit)


def _segment_distance(points: Floats, start: Floats, end: Floats) -> Floats:
    along = end - start
    offset = points - start
    share = np.clip(offset @ along / max(float(along @ along), 1e-6), 0, 1)
    offset = offset - share[..., None] * along
    return np.asarray(np.sqrt(np.einsum("...i,...i->...", offset, offset)), np.float32)


def _torso_distance(points: Floats, corners: Floats) -> Floats:
    """Distance (...) of points to the torso's quadrilateral, 0 inside."""
    inside = np.ones(points.shape[:-1], bool)
    distance = np.full(points.shape[:-1], np.inf, np.float32)
    for first, last in zip(corners, np.roll(corners, -1, 0)):
        edge = last - first
        inside &= edge[0] * (points[..., 1] - first[1]) - edge[1] * (points[..., 0] - first[0]) >= 0
        distance = np.minimum(distance, _segment_distance(points, first, last))
    return np.where(inside, np.float32(0), distance)


def _distances(points: Floats, bones: _Bones) -> Floats:
    """(5, ...) distance to the torso and the four arm bones in torso lengths; far from a bone that is not known."""
    rows = [_torso_distance(points, bones.torso)]
    rows += [
        np.full_like(rows[0], 1e3 * bones.unit) if bone is None else _segment_distance(points, *bone)
        for bone in bones.arms
    ]
    return np.stack(rows) / np.float32(bones.unit)


def _parts(distance: Floats) -> NDArray[np.uint8]:
    """0 = torso, 1 = right arm, 2 = left arm: whose surface is nearest. Arms hang in front of the body."""
    torso = np.maximum(distance[0] - _TORSO_REACH, -_DEEPEST)
    right, left = (np.minimum(distance[i], distance[i + 1]) - _ARM_REACH for i in (1, 3))
    return np.stack([torso, right, left]).argmin(0).astype(np.uint8)


def _affine(source: Floats, target: Floats) -> NDArray[np.float64]:
    """(2, 3) least-squares affine map from points (n, 2) to points."""
    ones = np.concatenate([source, np.ones((len(source), 1))], 1)
    return np.asarray(np.linalg.lstsq(ones, target, rcond=None)[0].T)


def _bone_map(canonical: tuple[Floats, Floats], bone: tuple[Floats, Floats], unit: float) -> NDArray[np.float64]:
    """Canonical bone to the person's: stretched along itself, its width that of the whole figure."""
    points = []
    for (start, end), scale in ((canonical, 1.0), (bone, unit)):
        along = (end - start) / np.hypot(*(end - start))
        points.append(np.stack([start, end, start + scale * np.array([-along[1], along[0]])]))
    return _affine(points[0], points[1])


@dataclass(frozen=True, eq=False)
class _Sampled:
    """The canonical lay-out as far as the photo shows it; all (h, w).

    Attributes:
        colour: (h, w, 3) uint8.
        garment: What the photo shows to be garment.
        seen: The part of it whose colour can be trusted (not at the very edge).
        unknown: Covered by something, by another part of the body, or not in the photo.
        torso: Where the torso is, and nothing but garment or its covers would be expected.
        arm: Part of an arm.
    """

    colour: NDArray[np.uint8]
    garment: NDArray[np.bool_]
    seen: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    torso: NDArray[np.bool_]
    arm: NDArray[np.bool_]


def _grid(pixels: int) -> Floats:
    """(h, w, 2) canonical points of the canvas, `pixels` to a torso length; symmetric about x = 0."""
    half, above, below = _CANVAS
    xs = (np.arange(-round(half * pixels), round(half * pixels)) + 0.5) / pixels
    ys = (np.arange(-round(above * pixels), round(below * pixels)) + 0.5) / pixels
    return np.stack(np.meshgrid(xs, ys), -1).astype(np.float32)


def _sample(
    image: NDArray[np.uint8], labels: NDArray[np.uint8], garment: NDArray[np.bool_], person: _Bones, pixels: int
) -> _Sampled:
    points = _grid(pixels)
    distance = _distances(points, _CANONICAL)
    part = _parts(distance)
    maps = [_affine(_CANONICAL.torso, person.torso)]
    known = [True]
    for canonical, bone in zip(_CANONICAL.arms, person.arms):
        assert canonical is not None
        known.append(bone is not None)
        maps.append(_bone_map(canonical, bone, person.unit) if bone is not None else maps[0])
    weights = (distance + _BLEND) ** -4.0 * np.array(known, np.float32)[:, None, None]
    weights /= weights.sum(0)
    at = np.zeros_like(points)
    for weight, matrix in zip(weights, maps):
        at += weight[..., None] * (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)

    height, width = labels.shape
    place = at[..., ::-1].transpose(2, 0, 1)  # (2, h, w): row, column
    outside = (place < -0.5).any(0) | (place[0] > height - 0.5) | (place[1] > width - 0.5)
    rows, columns = (np.clip(np.rint(place[i]), 0, n - 1).astype(np.intp) for i, n in ((0, height), (1, width)))
    found = labels[rows, columns]
    here = _parts(_distances(at, person))
    shoulder = np.minimum(*(np.hypot(*(points - _CANONICAL.torso[i]).transpose(2, 0, 1)) for i in (0, 1)))
    mismatch = (here != part) & (shoulder > _JOINED)

    colour = np.stack(
        [ndimage.map_coordinates(image[..., i], place, order=1, mode="nearest") for i in range(3)], -1
    ).astype(np.uint8)
    inner = ndimage.binary_erosion(garment, iterations=max(round(0.009 * person.unit), 1), border_value=1)
    is_garment = garment[rows, columns]
    unknown = np.isin(found, _COVERS) | outside | (is_garment & mismatch)
    arms = (0, L.R_ARM, L.L_ARM)
    for own in range(3):  # an arm in front of the torso, or one in front of the other
        unknown |= (part == own) & np.isin(found, [arms[i] for i in (1, 2) if i != own])
    for own, bones in ((1, (1, 2)), (2, (3, 4))):
        nearest = distance[list(bones)].argmin(0) + bones[0]
        for bone in bones:
            if not known[bone]:
                unknown |= (part == own) & (nearest == bone) & (distance[bone] < 0.3)
    is_garment &= ~unknown
    return _Sampled(
        colour, is_garment, is_garment & inner[rows, columns], unknown, _torso_template(points), part > 0
    )


def _torso_template(points: Floats) -> NDArray[np.bool_]:
    """Where a garment's front lies in the canonical lay-out: below the slope of the shoulders, above the hips."""
    x, y = np.abs(points[..., 0]), points[..., 1]
    slope = -0.16 + 0.36 * np.maximum(x - 0.1, 0)
    side = np.interp(y, (0.0, 0.15, 1.0, 1.2), (_SHOULDER + 0.05, _SHOULDER, _HIP + 0.08, _HIP + 0.08))
    return (y > slope) & (x < side) & (y < 1.2)


def _complete(sampled: _Sampled) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The whole garment's area, and the part of it that the photo shows."""
    garment, unknown = sampled.garment, sampled.unknown
    whole = garment | (unknown & garment[:, ::-1])
    # Covers on the torso between garment on both sides of it, in the row or above and below.
    for axis in (0, 1):
        before = np.maximum.accumulate(whole, axis)
        after = np.flip(np.maximum.accumulate(np.flip(whole, axis), axis), axis)
        whole |= unknown & sampled.torso & before & after
    parts, count = ndimage.label(whole)
    if not count:
        raise NotLaidFlat("too little garment")
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    whole = np.isin(parts, np.flatnonzero(sizes > 0.04 * sizes.max()))
    whole = ndimage.binary_fill_holes(whole)
    return _even(whole), garment


def _even(solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """An outline half-way between the mask's and its mirror image's, smoothed."""
    signed = ndimage.distance_transform_edt(solid) - ndimage.distance_transform_edt(~solid)
    limit = 0.05 * solid.shape[0]
    signed = np.clip(signed, -limit, limit)
    even = ndimage.gaussian_filter(0.5 * (signed + signed[:, ::-1]), 0.008 * solid.shape[0])
    return np.asarray(even > 0)
