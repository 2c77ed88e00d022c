"""What the joints say of the part: hands and forearms, the new hem."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.compositing.painted import REPLACED, Bools, Mask
from viton_cli.imaging.capsules import capsule
from viton_cli.imaging.frames import to_frame, torso_length
from viton_cli.records import Frame, Pose
from viton_cli.vocabulary import labels as L

LONG = 0.3  # torso lengths below the hips that a top does not reach
WIDE = 0.4  # torso lengths beyond the hips that a skirt or the front of a coat does not reach
THROAT = (0.24, 0.42)  # torso lengths across and down
HAND, WRIST = 0.9, 0.04  # forearm lengths: no hand reaches farther beyond the wrist, and it begins so far before it
SHARPEST = 0.3  # pixels: standard deviation below which an edge steps
FOREARM = 0.12  # torso lengths: no forearm is thicker


def pose_in(pose: Pose, frame: Frame) -> Pose:
    """The pose in pixels of a frame."""
    return Pose(to_frame(pose.joints, frame), pose.seen, pose.confidence)


def hands(pose: Pose, size: tuple[int, int]) -> Bools:
    """(h, w) pixels beyond each wrist, seen along the forearm."""
    ys, xs = np.mgrid[: size[0], : size[1]]
    found = np.zeros(size, bool)
    for elbow, wrist in ((L.R_ELBOW, L.R_WRIST), (L.L_ELBOW, L.L_WRIST)):
        if pose.seen[elbow] and pose.seen[wrist]:
            way = pose.joints[wrist] - pose.joints[elbow]
            length = max(float(np.hypot(*way)), 1.0)
            beyond = ((xs - pose.joints[wrist][0]) * way[0] + (ys - pose.joints[wrist][1]) * way[1]) / length
            near = np.hypot(xs - pose.joints[wrist][0], ys - pose.joints[wrist][1]) < HAND * length
            found |= (beyond > -WRIST * length) & near
    return found


def forearms(pose: Pose, size: tuple[int, int]) -> Bools:
    """(h, w) pixels around the bones from elbow to wrist."""
    reach = FOREARM * torso_length(pose)
    found = np.zeros(size, bool)
    for elbow, wrist in ((L.R_ELBOW, L.R_WRIST), (L.L_ELBOW, L.L_WRIST)):
        if pose.seen[elbow] and pose.seen[wrist]:
            found |= capsule(size, pose.joints[elbow], pose.joints[wrist], reach, reach)
    return found


def throat(pose: Pose, size: tuple[int, int]) -> Bools:
    """(h, w) pixels around the neck, where a neckline may lie: up to the chin, down the chest, not to the shoulders."""
    if not pose.seen[L.NECK]:
        return np.zeros(size, bool)
    across, down = (reach * torso_length(pose) for reach in THROAT)
    ys, xs = np.mgrid[: size[0], : size[1]]
    x, y = pose.joints[L.NECK]
    return np.asarray(((xs - x) / across) ** 2 + ((ys - y) / down) ** 2 < 1)


def above_hem(garment: Bools, pose: Pose) -> Bools:
    """(h, w) rows above the new garment's hem, counted between the hips."""
    hips = [pose.joints[j] for j in (L.R_HIP, L.L_HIP) if pose.seen[j]]
    if not garment.any():
        return np.zeros(garment.shape, bool)
    columns = garment
    if len(hips) == 2:
        xs = sorted(int(h[0]) for h in hips)
        middle = garment[:, max(xs[0], 0) : max(xs[1], xs[0] + 1)]
        columns = middle if middle.any() else garment
    hem = int(np.flatnonzero(columns.any(1))[-1])
    return np.broadcast_to(np.arange(garment.shape[0])[:, None] <= hem, garment.shape)


def long_garment(labels: NDArray[np.uint8], pose: Pose) -> Bools:
    """(h, w) a garment of the upper body that reaches down like a skirt: by its label, or by where it ends."""
    long = np.isin(labels, (L.DRESS, L.JUMPSUITS))
    worn = np.isin(labels, REPLACED)
    hips = pose.joints[[j for j in (L.R_HIP, L.L_HIP) if pose.seen[j]]]
    if not len(hips):
        return np.asarray(long)
    torso = torso_length(pose)
    low = np.arange(labels.shape[0]) > hips[:, 1].mean() + LONG * torso
    if (worn & low[:, None]).any(1).sum() > 0.5 * low.sum() > 0:
        long = worn
    columns = np.arange(labels.shape[1])  # sleeves hang beside it
    under = (columns > hips[:, 0].min() - WIDE * torso) & (columns < hips[:, 0].max() + WIDE * torso)
    size = (labels.shape[0], labels.shape[1])
    return np.asarray(long & under & ~forearms(pose, size))


def network_pixel(frame: Frame, part: Frame) -> float:
    """Pixels of the part per pixel of the network frame."""
    return part.size[0] / (part.box[3] - part.box[1]) * (frame.box[3] - frame.box[1]) / frame.size[0]


def soft(mask: Bools, sigma: float) -> Mask:
    """(h, w) the mask blurred by a Gaussian."""
    return np.asarray(ndimage.gaussian_filter(mask.astype(np.float32), max(sigma, SHARPEST)), np.float32)
