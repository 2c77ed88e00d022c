"""The flat pose: the pose in which a worn garment is laid flat, and where a person's body has the same parts.

The body is a torso and four arm bones, the arms no longer than their sleeves: where an arm is bare it has no part, and
what is near it belongs to the torso.

Convention: canonical lengths are in torso lengths (middle of the shoulders to middle of the hips = 1), the origin is
the middle of the shoulders, x to the picture's right, y down. The person's right arm is on the picture's left, as in a
photo of someone who faces the camera. A pose's own bones are in pixels of its photo.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viton_cli.imaging.capsules import segment_distance
from viton_cli.vocabulary import labels as L

Floats = NDArray[np.float32]
Bone = tuple[Floats, Floats]

SHOULDER, HIP = 0.315, 0.19  # half-widths between the joints
UPPER_ARM, LOWER_ARM = 0.56, 0.47  # lengths
_UPPER_ANGLE, _LOWER_ANGLE = 24.0, 15.0  # degrees from straight down
_TORSO_REACH, _ARM_REACH, _DEEPEST = 0.09, 0.09, 0.02  # thickness of the parts
_SHORTEST = 0.45  # an arm bone seen shorter than this share of its length points at the camera
_END = 1.04  # share of the last bone at which its part ends
# Sleeves are looked for in stretches of a bone, this near to it (in torso lengths), at so many pixels across.
_STEP, _NEAR, _ACROSS = 0.1, 0.06, 9
_CAP = 0.25  # a sleeve shorter than this share of the upper arm is the torso's shoulder

_CHAINS = ((L.R_SHOULDER, L.R_ELBOW, L.R_WRIST), (L.L_SHOULDER, L.L_ELBOW, L.L_WRIST))


@dataclass(frozen=True, eq=False)
class Bones:
    """A pose's parts.

    Attributes:
        torso: (4, 2) right shoulder, left shoulder, left hip, right hip.
        arms: (start, end) of right upper, right lower, left upper, left lower arm; None: no sleeve there, or not seen.
        unit: Torso length in the pose's own pixels.
    """

    torso: Floats
    arms: tuple[Bone | None, Bone | None, Bone | None, Bone | None]
    unit: float

    def shortened(self, reach: tuple[float, float]) -> Bones:
        """The same with the right and the left arm cut at `reach`: 1 = the elbow, 2 = the wrist, 0 = no arm."""
        arms: list[Bone | None] = []
        for index, bone in enumerate(self.arms):
            left = min(reach[index // 2] - index % 2, 1.0)
            if bone is None or left <= 0:
                arms.append(None)
            else:
                arms.append((bone[0], bone[0] + np.float32(left) * (bone[1] - bone[0])))
        return Bones(self.torso, (arms[0], arms[1], arms[2], arms[3]), self.unit)


def _canonical() -> Bones:
    torso = np.array([(-SHOULDER, 0), (SHOULDER, 0), (HIP, 1), (-HIP, 1)], np.float32)
    arms: list[Bone] = []
    for side in (-1.0, 1.0):
        start = np.array([side * SHOULDER, 0], np.float32)
        for length, angle in ((UPPER_ARM, _UPPER_ANGLE), (LOWER_ARM, _LOWER_ANGLE)):
            turn = np.radians(angle)
            end = (start + np.array([side * np.sin(turn), np.cos(turn)]) * length).astype(np.float32)
            arms.append((start, end))
            start = end
    return Bones(torso, (arms[0], arms[1], arms[2], arms[3]), 1.0)


CANONICAL = _canonical()


def person_bones(joints: Floats, seen: NDArray[np.bool_]) -> Bones:
    """A person's parts, from joints (18, 2) of which shoulders and hips are seen."""
    torso = joints[[L.R_SHOULDER, L.L_SHOULDER, L.L_HIP, L.R_HIP]].astype(np.float32)
    unit = float(np.hypot(*(torso[2:].mean(0) - torso[:2].mean(0))))
    arms: list[Bone | None] = []
    for shoulder, elbow, wrist in _CHAINS:
        for start, end, length in ((shoulder, elbow, UPPER_ARM), (elbow, wrist, LOWER_ARM)):
            bone = joints[start].astype(np.float32), joints[end].astype(np.float32)
            long_enough = np.hypot(*(bone[1] - bone[0])) > _SHORTEST * length * unit
            arms.append(bone if seen[[shoulder, start, end]].all() and long_enough else None)
    return Bones(torso, (arms[0], arms[1], arms[2], arms[3]), unit)


def sleeve_reach(bones: Bones, garment: NDArray[np.bool_], bare: NDArray[np.bool_]) -> tuple[float, float]:
    """How far down the right and the left arm the sleeves reach: 0 = sleeveless, 1 = the elbow, 2 = the wrist.

    Args:
        bones: The person's.
        garment: (H, W) pixels of the garment, bare: (H, W) pixels of skin.
    """
    steps = np.arange(_STEP / 2, 1, _STEP, dtype=np.float32)
    reach = []
    for first in (0, 2):
        end = 2.0
        for number, bone in enumerate(bones.arms[first : first + 2]):
            if bone is None:
                continue
            along = bone[1] - bone[0]
            across = np.array([-along[1], along[0]], np.float32) / np.hypot(*along)
            middle = bone[0] + steps[:, None] * along
            offsets = np.linspace(-_NEAR, _NEAR, _ACROSS, dtype=np.float32) * bones.unit
            at = np.rint(middle[:, None] + offsets[:, None] * across).astype(int)  # (steps, 9, 2)
            inside = (at >= 0).all(-1) & (at[..., 0] < bare.shape[1]) & (at[..., 1] < bare.shape[0])
            columns, rows = np.where(inside[..., None], at, 0).transpose(2, 0, 1)
            stops = (bare[rows, columns] & inside).sum(1) > (garment[rows, columns] & inside).sum(1)
            if stops.any():
                end = number + float(stops.argmax()) * _STEP
                break
        reach.append(end if end >= _CAP else 0.0)
    return reach[0], reach[1]


def grid(pixels: int, half: float, above: float, below: float) -> Floats:
    """(h, w, 2) canonical points of a canvas, `pixels` to a torso length; symmetric about x = 0."""
    xs = (np.arange(-round(half * pixels), round(half * pixels)) + 0.5) / pixels
    ys = (np.arange(-round(above * pixels), round(below * pixels)) + 0.5) / pixels
    return np.stack(np.meshgrid(xs, ys), -1).astype(np.float32)


def distances(points: Floats, bones: Bones) -> Floats:
    """(5, ...) distance to the torso and to the four arm bones in torso lengths; far from a bone that is None."""
    rows = [_torso_distance(points, bones.torso)]
    for index, bone in enumerate(bones.arms):
        if bone is None:
            rows.append(np.full_like(rows[0], 1e3 * bones.unit))
            continue
        last = index % 2 == 1 or bones.arms[index + 1] is None
        distance, share = segment_distance(points, *bone)
        rows.append(np.where(share > (_END if last else np.inf), np.float32(1e6), distance))
    return np.stack(rows) / np.float32(bones.unit)


def parts(distance: Floats) -> NDArray[np.uint8]:
    """0 = torso, 1 = right arm, 2 = left arm: whose surface is nearest. Arms hang in front of the body."""
    torso = np.maximum(distance[0] - _TORSO_REACH, -_DEEPEST)
    right, left = (np.minimum(distance[i], distance[i + 1]) - _ARM_REACH for i in (1, 3))
    nearest: NDArray[np.uint8] = np.stack([torso, right, left]).argmin(0).astype(np.uint8)
    return nearest


def torso_map(source: Bones, target: Bones) -> NDArray[np.float64]:
    """(2, 3) from one pose's torso to another's."""
    return _affine(source.torso, target.torso)


def arm_map(source: Bone, source_unit: float, target: Bone, target_unit: float) -> NDArray[np.float64]:
    """(2, 3) from one bone to another: stretched along itself, its width that of the whole figure."""
    points = []
    for (start, end), unit in ((source, source_unit), (target, target_unit)):
        along = (end - start) / np.hypot(*(end - start))
        points.append(np.stack([start, end, start + unit * np.array([-along[1], along[0]])]))
    return _affine(points[0], points[1])


def _affine(source: Floats, target: Floats) -> NDArray[np.float64]:
    """(2, 3) least-squares affine map from points (n, 2) to points."""
    ones = np.concatenate([source, np.ones((len(source), 1))], 1)
    return np.asarray(np.linalg.lstsq(ones, target, rcond=None)[0].T, np.float64)


def _torso_distance(points: Floats, corners: Floats) -> Floats:
    """Distance (...) of points to the torso's quadrilateral, 0 inside."""
    inside = np.ones(points.shape[:-1], bool)
    distance = np.full(points.shape[:-1], np.inf, np.float32)
    for first, last in zip(corners, np.roll(corners, -1, 0)):
        edge = last - first
        inside &= edge[0] * (points[..., 1] - first[1]) - edge[1] * (points[..., 0] - first[0]) >= 0
        distance = np.minimum(distance, segment_distance(points, first, last)[0])
    return np.where(inside, np.float32(0), distance)
