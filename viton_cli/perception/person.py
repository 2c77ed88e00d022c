"""From a photo to a `Person`: joints, labels, the try-on frame, and what is odd about the photo, in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.errors import NoPersonFound
from viton_cli.imaging import frames
from viton_cli.lights import Check, Severity
from viton_cli.perception import Perception
from viton_cli.perception.people import clarity
from viton_cli.records import Parsing, Perceived, Person, Photo, Pose
from viton_cli.vocabulary import labels as L

DOUBTFUL = 0.65  # score below which joints and labels are often wrong
ANOTHER_PHOTO = "another photo: upright, from the front, arms at the sides, hips in the picture"
ALONE = "a photo of one person"
GUESSED = 0.15  # confidence from which a wrist that is not seen is a guess at least
# How far below the neck both hands lie when arms are folded, in torso lengths: .43 to .55 in four street photos; beside
# the body hands lie at .95 and lower.
FOLDED = (0.2, 0.7)
# What a person is made of, told by labels.
_PARTS = (
    (L.FACE, L.HAIR, L.HAT, L.NECK_SKIN),
    (*L.CLOTHES, L.PANTS, L.SKIRT),
    L.ARMS,
    (L.L_LEG, L.R_LEG),
    (L.L_SHOE, L.R_SHOE),
)


class PersonFinder:
    """Finds the person a photo is about.

    Args:
        perception: What it sees with (`perception.perceive.open_perception`).
    """

    def __init__(self, perception: Perception) -> None:
        self.perception = perception

    def find(self, photo: Photo, size: tuple[int, int] = (256, 192)) -> Person:
        """The largest person of the photo.

        Args:
            photo: The photo. size: Of the try-on frame.

        Raises:
            NoPersonFound: Nobody, or nobody whose torso can be seen.
        """
        return person_of(photo, self.perception.perceive([photo])[0], size)

    def find_all(self, photos: Sequence[Photo], size: tuple[int, int] = (256, 192)) -> list[Person | NoPersonFound]:
        """`find` for several photos, which are looked at together; what it would raise is returned.

        Raises:
            VitonError: One of the photos cannot be looked at (it has no label file ...): `find` tells which.
        """
        found: list[Person | NoPersonFound] = []
        for photo, perceived in zip(photos, self.perception.perceive(photos)):
            try:
                found.append(person_of(photo, perceived, size))
            except NoPersonFound as error:
                found.append(error)
        return found


def person_of(photo: Photo, perceived: Perceived, size: tuple[int, int]) -> Person:
    """The person whom perception saw in a photo, the try-on frame, and what is odd about them.

    Raises:
        NoPersonFound: See `PersonFinder.find`.
    """
    name, pose, labels = photo.source or photo.id, perceived.pose, perceived.parsing.labels
    if pose is None:
        why = f" ({perceived.why})" if perceived.why else ""
        raise NoPersonFound(f"{name}: no person found in the photo{why}")
    if not (labels > 0).any():
        raise NoPersonFound(f"{name}: no person found in the photo (nothing of it is labelled as a person)")
    if not pose.seen[[L.R_SHOULDER, L.L_SHOULDER, L.NECK]].any():
        raise NoPersonFound(f"{name}: the person's shoulders cannot be seen, so nothing can be put on")
    checks: list[Check] = []
    number, heads = max(perceived.people, count_people(labels)), count_heads(labels)
    if number > 1:
        checks.append(Check(f"{number} people found, the largest is taken", "warn", "joints", ALONE))
        labels = largest_person(labels, pose)
    elif heads > 1:
        text = f"{heads} people found who touch, so that their clothes may be mixed up"
        checks.append(Check(text, "warn", "labels", ALONE))
    frame = frames.person_frame(pose, photo.size, size)
    checks += check_pose(pose, labels)
    score = clarity(pose)
    if score < DOUBTFUL:
        text = f"the person is hard to make out (score {score:.2f}): look at the result with care"
        checks.append(Check(text, "warn", "joints", ANOTHER_PHOTO))
    return Person(photo, pose, Parsing(labels, perceived.parsing.confidence), frame, tuple(checks), score)


def person_score(photo: Photo, weights: Path | None = None) -> float:
    """How sure the built-in network is that a photo, meant to show a garment, shows a person, [0, 1].

    Args:
        photo: The photo. weights: Of the network; by default the packaged ones.
    """
    from viton_cli.perception.builtin.perceiver import perceiver

    return perceiver(weights).person_score(photo)


def _regions(labels: NDArray[np.uint8]) -> tuple[int, NDArray[np.int32], NDArray[np.int64]]:
    """Connected regions of people, looked for on every n-th pixel: n, region of each such pixel (0: none), areas."""
    step = max(labels.shape[0] // 384, 1)
    regions, _ = ndimage.label(labels[::step, ::step] > 0, np.ones((3, 3)))
    return step, regions, np.bincount(regions.ravel())


def count_people(labels: NDArray[np.uint8]) -> int:
    """Separate regions of at least a quarter of the largest one's area that hold the parts of a person: three or more
    of head, clothes, arms, legs and shoes."""
    step, regions, areas = _regions(labels)
    if len(areas) < 2:
        return 0
    small = labels[::step, ::step]
    people = 0
    for region in np.flatnonzero(areas[1:] >= 0.25 * areas[1:].max()) + 1:
        inside = small[regions == region]
        parts = sum(np.isin(inside, part).sum() > 0.02 * len(inside) for part in _PARTS)
        people += int(parts >= 3)
    return people


def count_heads(labels: NDArray[np.uint8]) -> int:
    """Heads with a face at least 0.4 times the area of the largest one: also people who touch have their own."""
    step = max(labels.shape[0] // 384, 1)
    small = labels[::step, ::step]
    regions, count = ndimage.label(np.isin(small, (L.FACE, L.SUNGLASSES, L.HAIR, L.HAT)), np.ones((3, 3)))
    faces = np.bincount(regions[np.isin(small, (L.FACE, L.SUNGLASSES))], minlength=count + 1)[1:]
    return int((faces > 0.4 * faces.max()).sum()) if faces.any() else 0


def largest_person(labels: NDArray[np.uint8], pose: Pose) -> NDArray[np.uint8]:
    """Labels of the region that holds most of the pose's joints; other people become background."""
    step, regions, areas = _regions(labels)
    points = (pose.joints[pose.seen] / step).round().astype(int)
    points = points.clip(0, np.array(regions.shape[::-1]) - 1)
    votes = np.bincount(regions[points[:, 1], points[:, 0]], minlength=len(areas))
    votes[0] = 0
    keep = int(votes.argmax()) if votes.any() else int(areas[1:].argmax()) + 1
    other = (regions > 0) & (regions != keep)
    big = np.kron(other, np.ones((step, step), bool))[: labels.shape[0], : labels.shape[1]]
    full = np.zeros(labels.shape, bool)
    full[: big.shape[0], : big.shape[1]] = big
    return np.where(full, L.BACKGROUND, labels).astype(np.uint8)


def check_pose(pose: Pose, labels: NDArray[np.uint8]) -> list[Check]:
    """What is odd: cut torso, no head, lying, back or side view, arms crossed over the chest."""
    checks: list[Check] = []

    def say(text: str, severity: Severity = "warn") -> None:
        checks.append(Check(text, severity, "joints", ANOTHER_PHOTO if severity != "info" else ""))

    joints, seen = pose.joints, pose.seen
    hips = [joints[j] for j in (L.R_HIP, L.L_HIP) if seen[j]]
    both = seen[L.R_SHOULDER] and seen[L.L_SHOULDER]
    for side, shoulder in (("right", L.R_SHOULDER), ("left", L.L_SHOULDER)):
        if not seen[shoulder]:
            say(f"the {side} shoulder cannot be seen")
    if not hips:
        say("the torso is cut off above the hips")
    if np.isin(labels, _PARTS[0]).sum() < 0.02 * (labels > 0).sum():
        say("the head cannot be seen", "info")
    torso = frames.torso_length(pose)
    if both:
        right, left = joints[L.R_SHOULDER], joints[L.L_SHOULDER]
        face = (labels == L.FACE).sum() / max((labels > 0).sum(), 1)
        width = float(np.linalg.norm(right - left))
        if hips:
            down = np.mean(hips, 0) - (right + left) / 2
            if abs(down[0]) > abs(down[1]):
                say("the person is lying or leaning far over", "bad")
        if right[0] > left[0] and face < 0.004:
            say("the person is seen from the back", "bad")
        elif width < 0.3 * torso and hips:
            say("the person is seen from the side", "bad")
        if hips and (_crossed(pose, torso) or _folded(pose, torso)):
            say("the arms are crossed over the chest", "bad")
    return checks


def _crossed(pose: Pose, torso: float) -> bool:
    """Both wrists seen in front of the chest, each beyond the body's middle."""
    joints = pose.joints
    if not (pose.seen[L.R_WRIST] and pose.seen[L.L_WRIST]):
        return False
    middle = joints[L.NECK][0]
    facing = 1.0 if joints[L.R_SHOULDER][0] < joints[L.L_SHOULDER][0] else -1.0
    right, left = joints[L.R_WRIST], joints[L.L_WRIST]
    over = facing * (right[0] - middle) > -0.05 * torso and facing * (middle - left[0]) > -0.05 * torso
    chest = all(joints[L.NECK][1] < wrist[1] < joints[L.NECK][1] + 0.85 * torso for wrist in (right, left))
    return bool(over and chest)


def _folded(pose: Pose, torso: float) -> bool:
    """Both hands before the chest, at the height of the elbows and between them; such hands are seen badly or not at
    all, and what is guessed of them counts."""
    joints, wrists, elbows = pose.joints, [L.R_WRIST, L.L_WRIST], [L.R_ELBOW, L.L_ELBOW]
    if pose.confidence[wrists].min() < GUESSED or not pose.seen[elbows].all():
        return False
    down = (joints[wrists, 1] - joints[L.NECK, 1]) / torso
    left, right = np.sort(joints[elbows, 0])
    between = (joints[wrists, 0] > left - 0.05 * torso).all() and (joints[wrists, 0] < right + 0.05 * torso).all()
    return bool(between and down.min() > FOLDED[0] and down.max() < FOLDED[1])
