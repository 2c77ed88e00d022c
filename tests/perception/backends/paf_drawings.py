"""Confidence maps and part affinity fields of drawn people, for the tests of the decoder and of the backend."""

from __future__ import annotations

import numpy as np

from viton_cli.perception.backends.paf_decoder import LIMBS
from viton_cli.records import Pose
from viton_cli.vocabulary.labels import NECK

SIZE = (368, 368)
# A person about 300 pixels tall, facing us, arms a little away from the body.
PERSON = np.array([
    (100, 50), (100, 95), (70, 95), (55, 140), (48, 180), (130, 95), (145, 140), (152, 180), (82, 185), (80, 250),
    (79, 315), (118, 185), (120, 250), (121, 315), (92, 42), (108, 42), (82, 48), (118, 48),
], np.float32)  # fmt: skip
ALL = np.ones(18, bool)


def draw(
    people: list[np.ndarray], hidden: list[list[int]] | None = None, size: tuple[int, int] = SIZE, sigma: float = 7.0
) -> tuple[np.ndarray, np.ndarray]:
    """The network's training targets: the highest of the people's Gaussians; the mean of the people's unit vectors
    within 8 pixels of each limb (sections 2.2 and 2.3 of the paper)."""
    height, width = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    maps = np.zeros((19, height, width), np.float32)
    fields = np.zeros((38, height, width), np.float32)
    count = np.zeros((19, height, width), np.float32)
    for person, missing in zip(people, hidden or [[] for _ in people]):
        for joint in set(range(18)) - set(missing):
            at = person[joint]
            heat = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * sigma**2))
            maps[joint] = np.maximum(maps[joint], heat)
        for limb, (start, end, channel) in enumerate(LIMBS):
            if start in missing or end in missing:
                continue
            bone = person[end] - person[start]
            length = np.linalg.norm(bone)
            unit = bone / length
            dx, dy = x - person[start, 0], y - person[start, 1]
            along, across = dx * unit[0] + dy * unit[1], np.abs(dx * unit[1] - dy * unit[0])
            on = (along >= -4) & (along <= length + 4) & (across <= 8 * sigma / 7)
            fields[channel][on] += unit[0]
            fields[channel + 1][on] += unit[1]
            count[limb] += on
    for limb, (_, _, channel) in enumerate(LIMBS):
        fields[channel : channel + 2] /= np.maximum(count[limb], 1)
    maps[18] = 1 - maps[:18].max(0)
    return maps, fields


def matching(poses: list[Pose], truth: np.ndarray) -> Pose:
    """The pose whose neck is nearest to the truth's."""
    return min(poses, key=lambda pose: float(np.linalg.norm(pose.joints[NECK] - truth[NECK])))


def errors(pose: Pose, truth: np.ndarray) -> np.ndarray:
    return np.linalg.norm(pose.joints - truth, axis=1)[pose.seen]


# --- peaks ----------------------------------------------------------------------------------------------------------
