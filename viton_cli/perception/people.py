"""What is done with any pose backend's findings: other joint orders to COCO-18, the largest person first, how clear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viton_cli.records import Pose
from viton_cli.vocabulary import labels as L


def to_coco18(
    points: NDArray[np.floating],
    confidence: NDArray[np.floating],
    sources: tuple[tuple[int, ...], ...],
    photo_size: tuple[int, int],
    threshold: float,
) -> Pose:
    """One person's joints in another order to a `Pose`.

    Args:
        points: (n, 2) (x, y) in photo pixels, the other order.
        confidence: (n,) in [0, 1].
        sources: For each of the 18 joints the points whose middle it is (two shoulders for the neck, else one point).
        photo_size: (height, width); a joint outside the picture counts as unseen.
        threshold: Least confidence of a seen joint. A joint between two points is as sure as the less sure one.
    """
    joints = np.array([points[list(source)].mean(0) for source in sources], np.float32)
    sure = np.array([confidence[list(source)].min() for source in sources], np.float32).clip(0, 1)
    height, width = photo_size
    inside = (joints >= -0.5).all(1) & (joints[:, 0] < width - 0.5) & (joints[:, 1] < height - 0.5)
    return Pose(joints, inside & (sure >= threshold), sure)


def clarity(pose: Pose) -> float:
    """How clearly the part of a person is seen that clothes are put on, [0, 1]: mean confidence of the four surest of
    nose, neck, shoulders and elbows, so that a bust can be as clear as a whole person."""
    upper = [L.NOSE, L.NECK, L.R_SHOULDER, L.L_SHOULDER, L.R_ELBOW, L.L_ELBOW]
    return float(np.sort(pose.confidence[upper])[-4:].mean())


def extent(pose: Pose) -> float:
    """Area in square pixels of the upright rectangle around the seen joints; 0 when none is seen."""
    if not pose.seen.any():
        return 0.0
    seen = pose.joints[pose.seen]
    # One pixel more each way, so that a person seen as a line still has a size.
    return float(np.prod(seen.max(0) - seen.min(0) + 1))


def largest_first(poses: list[Pose]) -> list[Pose]:
    """The people of whom at least one joint is seen, the one with the largest `extent` first."""
    return sorted((pose for pose in poses if pose.seen.any()), key=extent, reverse=True)
