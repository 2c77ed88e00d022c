"""What the built-in network saw in one frame of a photo, and what speaks for a person in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from viton_cli.imaging import frames
from viton_cli.records import Frame, Photo, Pose
from viton_cli.vocabulary import labels as L

WIDE_VIEW = 0.5  # how much the labels of a wider look count beside those of a nearer one
SEEN = 0.25  # a joint below this probability of being in the picture counts as unseen
KEY_JOINTS = (L.NECK, L.R_SHOULDER, L.L_SHOULDER, L.R_HIP, L.L_HIP, L.NOSE)


@dataclass(frozen=True, eq=False)
class Look:
    """What the network saw in one frame.

    Attributes:
        frame: Where it looked. logits: (22, h, w) float32 of the labels, half the frame's size.
        pose: Joints in photo pixels. person: Share of the frame that is not background.
    """

    frame: Frame
    logits: NDArray[np.float32]
    pose: Pose
    person: float


def look_of(
    photo: Photo,
    frame: Frame,
    logits: NDArray[np.float32],
    points: NDArray[np.float32],
    confidence: NDArray[np.float32],
) -> Look:
    """What the network says of one frame: label logits, joints in the frame's pixels and how sure they are."""
    joints = frames.to_photo(points, frame)
    height, width = photo.size
    inside = (joints >= -0.5).all(1) & (joints[:, 0] < width - 0.5) & (joints[:, 1] < height - 0.5)
    sure = confidence.astype(np.float32).clip(0, 1)
    person = float((logits.argmax(0) > 0).mean())
    return Look(frame, logits, Pose(joints, inside & (sure > SEEN), sure), person)


def with_wide_view(near: Look, far: Look) -> Look:
    """A look at a part of what `far` shows, with what the wide view made of it: only there can be seen whether it is a
    top or half of a dress."""
    ys, xs = np.mgrid[: near.logits.shape[1], : near.logits.shape[2]]
    scale = near.frame.size[0] / near.logits.shape[1]
    points = frames.to_photo((np.stack((xs, ys), 2) + 0.5) * scale - 0.5, near.frame)
    there = (frames.to_frame(points, far.frame) + 0.5) / np.array(far.frame.size[::-1], np.float32) * 2 - 1
    wide = F.grid_sample(
        torch.from_numpy(far.logits)[None].log_softmax(1),
        torch.from_numpy(there.astype(np.float32))[None],
        padding_mode="border",
        align_corners=False,
    )
    both = torch.from_numpy(near.logits).log_softmax(0) + WIDE_VIEW * wide[0]
    return Look(near.frame, both.numpy(), near.pose, near.person)


def is_person(pose: Pose, share: float) -> bool:
    """Whether joints and labels together speak for a person whom something can be put on: a share of the pixels, three
    of the key joints, and a shoulder. (Legs alone can pass for a body, but not for one with shoulders.)"""
    shoulder = pose.confidence[[L.R_SHOULDER, L.L_SHOULDER]].max()
    return bool(share > 0.004 and sureness(pose) > 0.45 and shoulder > 0.4)


def sureness(pose: Pose) -> float:
    """Mean confidence of the three surest of nose, neck, shoulders and hips."""
    return float(np.sort(pose.confidence[list(KEY_JOINTS)])[-3:].mean())
