"""Skin, legs and shoes told apart into left and right, face, neck, arms and legs by the joints.

For data sets that label all skin alike. The body is a handful of capsules (a segment of a bone with the thickness of
the limb); a pixel belongs to the capsule whose surface is nearest to it. Sides are the person's own, as the joints are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.imaging.capsules import segment_distance
from viton_cli.vocabulary.labels import (
    FACE,
    L_ANKLE,
    L_ARM,
    L_EAR,
    L_ELBOW,
    L_EYE,
    L_HIP,
    L_KNEE,
    L_LEG,
    L_SHOE,
    L_SHOULDER,
    L_WRIST,
    NECK,
    NECK_SKIN,
    NOSE,
    R_ANKLE,
    R_ARM,
    R_EAR,
    R_ELBOW,
    R_EYE,
    R_HIP,
    R_KNEE,
    R_LEG,
    R_SHOE,
    R_SHOULDER,
    R_WRIST,
)

Joints = NDArray[np.float32]
Capsule = tuple[int, Joints, Joints, float]  # label, start, end, half-width in units of `body_unit`

# Joints of a person standing face-on, as shares of the person's own bounding box (x from the picture's left, y down).
_STANDING = np.array([
    (0.50, 0.08), (0.50, 0.18), (0.30, 0.18), (0.20, 0.33), (0.14, 0.47), (0.70, 0.18), (0.80, 0.33), (0.86, 0.47),
    (0.38, 0.49), (0.38, 0.71), (0.38, 0.93), (0.62, 0.49), (0.62, 0.71), (0.62, 0.93), (0.46, 0.065), (0.54, 0.065),
    (0.42, 0.075), (0.58, 0.075),
], np.float32)  # fmt: skip

_HEAD, _TORSO, _UPPER_ARM, _FOREARM, _HAND, _THIGH, _CALF, _FOOT = 0.20, 0.36, 0.14, 0.10, 0.15, 0.21, 0.14, 0.10
_HAND_REACH, _FOOT_REACH = 0.5, 0.3  # beyond the wrist, of the forearm; beyond the ankle, of the lower leg
# Arms hang in front of the body: how far inside the torso or a thigh a pixel can count as being, whatever its depth.
_DEEPEST = 0.02
# The bare waist, a label of its own until it joins the chest: skin seen there is more often a hand than a waist, so it
# is given up in any connected piece that is not mostly waist.
_WAIST = 255
_SORTED_AT = 512  # pixels of the longer side at which sides are sorted
_NARROWEST = 0.7  # of the torso's length: the shoulder width of somebody seen from the side
_TWO_SHOES = 0.3  # area of the smaller of two pieces over the larger, from which both are shoes
# Of a piece of skin: a label that holds less, and less than a squared `body_unit` over the second, is given up; so is a
# waist that holds less than the last. By eye, as the others here.
_STRAY, _STRAY_PART, _WAIST_SHARE = 0.1, 12, 0.6
_JAW = (0.15, 0.27)  # least and greatest radius of the jaw about the nose, in `body_unit`s
_CHIN = 0.42  # of the way from the nose to the neck joint, which lies between the shoulders


def standing_joints(person: NDArray[np.bool_]) -> Joints:
    """Joints (18, 2) guessed for a person (H, W) of whom only the outline is known, standing and facing the camera."""
    rows, columns = np.flatnonzero(person.any(1)), np.flatnonzero(person.any(0))
    if not len(rows):
        rows, columns = np.array([0, person.shape[0] - 1]), np.array([0, person.shape[1] - 1])
    low = np.array([columns[0], rows[0]], np.float32)
    return low + _STANDING * (np.array([columns[-1], rows[-1]], np.float32) - low)


def body_unit(joints: Joints) -> float:
    """The person's size in the picture: about the shoulder width in pixels, even where seen from the side."""
    shoulders = np.hypot(*(joints[R_SHOULDER] - joints[L_SHOULDER]))
    torso = np.hypot(*(joints[[R_HIP, L_HIP]].mean(0) - joints[NECK]))
    return max(float(shoulders), _NARROWEST * float(torso), 1.0)


def split_skin(skin: NDArray[np.bool_], joints: Joints) -> NDArray[np.uint8]:
    """Bare skin to face, neck and chest, left and right arm, left and right leg.

    Args:
        skin: (H, W).
        joints: (18, 2) in pixels of the picture; guesses for hidden joints are better than nothing.

    Returns:
        (H, W) labels, 0 outside `skin`.
    """
    unit = body_unit(joints)
    head = joints[[NOSE, R_EYE, L_EYE, R_EAR, L_EAR]].mean(0)
    hips = joints[[R_HIP, L_HIP]].mean(0)
    middle = (joints[NECK] + hips) / 2
    capsules = [
        (FACE, head, head, _HEAD),
        (NECK_SKIN, joints[NOSE], joints[NECK], _HAND),
        (NECK_SKIN, joints[NECK], middle, _TORSO),
        (_WAIST, middle, hips, _TORSO),
        *_leg_capsules(joints),
        *_arm_capsules(joints),
    ]
    labels = _nearest_capsule(skin, capsules, unit)
    labels[labels == _WAIST] = NECK_SKIN
    return _cut_at_chin(labels, joints, head, unit)


def split_legs(legs: NDArray[np.bool_], joints: Joints) -> NDArray[np.uint8]:
    """Covered legs (H, W) to left and right leg; 0 outside `legs`."""
    return _nearest_capsule(legs, _leg_capsules(joints), body_unit(joints))


def split_shoes(shoes: NDArray[np.bool_], joints: Joints) -> NDArray[np.uint8]:
    """Shoes (H, W) to left and right shoe; 0 outside `shoes`.

    Two shoes that do not touch are matched to the two legs together, so that both cannot fall to the same foot.
    """
    right, left = _foot(joints, R_KNEE, R_ANKLE), _foot(joints, L_KNEE, L_ANKLE)
    labels = _nearest_capsule(shoes, [(R_SHOE, *right, _FOOT), (L_SHOE, *left, _FOOT)], body_unit(joints))
    pieces, count = ndimage.label(shoes)
    if count < 2:
        return labels
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    larger, smaller = np.argsort(sizes)[-1:-3:-1]
    if sizes[smaller] < _TWO_SHOES * sizes[larger]:
        return labels
    centres = np.stack([np.argwhere(pieces == piece).mean(0)[::-1] for piece in (larger, smaller)])
    cost = np.linalg.norm(centres[:, None] - np.stack([right[1], left[1]]), axis=2)
    straight = cost[0, 0] + cost[1, 1] <= cost[0, 1] + cost[1, 0]
    labels[pieces == larger] = R_SHOE if straight else L_SHOE
    labels[pieces == smaller] = L_SHOE if straight else R_SHOE
    return labels


def sort_sides(labels: NDArray[np.uint8], joints: Joints, seen: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Arms, legs and shoes of a label map given to the sides that the joints say.

    What is an arm can be seen from its neighbourhood, whose side it is only from the whole figure, where joints are
    the better guide.

    Args:
        labels: (H, W).
        joints: (18, 2) in pixels of the picture. seen: (18,) bool; limbs of which one side is not seen stay as they
            are.

    Returns:
        (H, W) labels that differ from `labels` in sides only.
    """
    step = max(max(labels.shape) // _SORTED_AT, 1)
    small = labels[::step, ::step]
    points = ((joints + 0.5) / step - 0.5).astype(np.float32)
    limbs = (
        ((R_ARM, L_ARM), (R_SHOULDER, R_ELBOW, R_WRIST), (L_SHOULDER, L_ELBOW, L_WRIST), _sorted_arms),
        ((R_LEG, L_LEG), (R_HIP, R_KNEE), (L_HIP, L_KNEE), split_legs),
        ((R_SHOE, L_SHOE), (R_KNEE, R_ANKLE), (L_KNEE, L_ANKLE), split_shoes),
    )
    out = labels.copy()
    for pair, right, left, split in limbs:
        mask = np.isin(small, pair)
        if not mask.any() or not seen[[*right, *left]].all():
            continue
        box = ndimage.find_objects(mask.view(np.uint8))[0]
        sides = np.zeros(mask.shape, np.uint8)
        sides[box] = split(mask[box], points - np.array([box[1].start, box[0].start], np.float32))
        if step > 1:  # a limb's rim may fall between the pixels that were looked at
            sides = np.where(mask, sides, ndimage.maximum_filter(sides, 3))
            sides = sides.repeat(step, 0).repeat(step, 1)[: labels.shape[0], : labels.shape[1]]
        limb = np.isin(labels, pair) & (sides > 0)
        out[limb] = sides[limb]
    return out


def _sorted_arms(arms: NDArray[np.bool_], joints: Joints) -> NDArray[np.uint8]:
    """Arms (H, W) to left and right arm; 0 outside `arms`."""
    return _nearest_capsule(arms, _arm_capsules(joints), body_unit(joints))


def _arm_capsules(joints: Joints) -> list[Capsule]:
    capsules: list[Capsule] = []
    for label, shoulder, elbow, wrist in ((R_ARM, R_SHOULDER, R_ELBOW, R_WRIST), (L_ARM, L_SHOULDER, L_ELBOW, L_WRIST)):
        fingers = joints[wrist] + _HAND_REACH * (joints[wrist] - joints[elbow])
        capsules += [
            (label, joints[shoulder], joints[elbow], _UPPER_ARM),
            (label, joints[elbow], joints[wrist], _FOREARM),
            (label, joints[wrist], fingers, _HAND),
        ]
    return capsules


def _leg_capsules(joints: Joints) -> list[Capsule]:
    capsules: list[Capsule] = []
    for label, hip, knee, ankle in ((R_LEG, R_HIP, R_KNEE, R_ANKLE), (L_LEG, L_HIP, L_KNEE, L_ANKLE)):
        # From below the hip on, so that the capsule's round end does not take the waist.
        capsules += [
            (label, joints[hip] + 0.25 * (joints[knee] - joints[hip]), joints[knee], _THIGH),
            (label, joints[knee], joints[ankle], _CALF),
            (label, *_foot(joints, knee, ankle), _FOOT),
        ]
    return capsules


def _foot(joints: Joints, knee: int, ankle: int) -> tuple[Joints, Joints]:
    return joints[ankle], joints[ankle] + _FOOT_REACH * (joints[ankle] - joints[knee])


def _nearest_capsule(mask: NDArray[np.bool_], capsules: list[Capsule], unit: float) -> NDArray[np.uint8]:
    """Label each pixel of `mask` by the capsule whose surface is nearest, without slivers.

    Within a connected piece, a label that holds less than a tenth of it and less than a patch of a twelfth of `unit`
    squared is given up for the next best: real limbs are larger, errors of the joints make slivers. So is a waist that
    is not most of its piece.
    """
    out = np.zeros(mask.shape, np.uint8)
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return out
    points = np.stack([columns, rows], 1).astype(np.float32)
    names = np.array(sorted({label for label, *_ in capsules}), np.uint8)
    distance = np.full((len(names), len(points)), np.inf, np.float32)
    for label, start, end, radius in capsules:
        row = int(np.searchsorted(names, label))
        depth = segment_distance(points, start, end)[0] - np.float32(radius * unit)
        if radius in (_TORSO, _THIGH):
            np.maximum(depth, np.float32(-_DEEPEST * unit), out=depth)
        np.minimum(distance[row], depth, out=distance[row])
    piece = ndimage.label(mask)[0][rows, columns]
    best = distance.argmin(0)
    held = np.bincount(piece * len(names) + best, minlength=(piece.max() + 1) * len(names)).reshape(-1, len(names))
    whole = held.sum(1, keepdims=True)
    stray = (held < _STRAY * whole) & (held < unit**2 / _STRAY_PART)
    given_up = stray | ((held < _WAIST_SHARE * whole) & (names == _WAIST))
    distance[given_up[piece].T] = np.inf
    out[rows, columns] = names[distance.argmin(0)]
    return out


def _cut_at_chin(labels: NDArray[np.uint8], joints: Joints, head: Joints, unit: float) -> NDArray[np.uint8]:
    """Face and neck from the pixels that either of them won: the jaw is an arc about the nose that passes the chin."""
    rows, columns = np.nonzero((labels == FACE) | (labels == NECK_SKIN))
    down = joints[NECK] - head
    down = down / max(float(np.hypot(*down)), 1e-6)
    reach = float(np.clip(_CHIN * np.hypot(*(joints[NECK] - joints[NOSE])), _JAW[0] * unit, _JAW[1] * unit))
    offset = np.stack([columns, rows], 1).astype(np.float32) - joints[NOSE]
    in_face = (offset @ down <= 0) | (np.einsum("ij,ij->i", offset, offset) < reach**2)
    labels[rows, columns] = np.where(in_face, FACE, NECK_SKIN)
    return labels
