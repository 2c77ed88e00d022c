"""Which pixel of the photo belongs to what: the new garment, what the old one uncovers, what lies in front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from viton_cli.compositing.uncovered import LOWER, Bools, Mask, Picture, _beneath, _soft, capsule
from viton_cli.core.warp import Warp
from viton_cli.imaging.frames import crop, to_frame, torso_length
from viton_cli.imaging.product import Product
from viton_cli.records import Frame, Person, Pose
from viton_cli.vocabulary import labels as L

# Labels a new garment replaces, and those that always lie in front of it.
REPLACED = (L.UPPER, L.COAT, L.DRESS, L.JUMPSUITS)
IN_FRONT = (L.HAT, L.HAIR, L.SUNGLASSES, L.FACE, L.GLOVE, L.SCARF, L.BAG)
GRAIN = 1.2  # network pixels: what is smaller than about twice this in the predicted mask is noise


@dataclass(frozen=True, eq=False)
class Painted:
    """What the networks and the warp have to say, in the network frame.

    Attributes:
        coarse: (h, w, 3) uint8, I'. mask: (h, w), the predicted clothing mask M. alpha: (h, w), the composition mask.
        product: The garment. warp: From it to the frame.
    """

    coarse: Picture
    mask: Mask
    alpha: Mask
    product: Product
    warp: Warp


@dataclass(frozen=True, eq=False)
class Regions:
    """Where what is painted, (h, w) of the part.

    Attributes:
        garment: Opacity of the new garment in [0, 1]. alpha: Share of the warped garment in it.
        skin, lower, scene: What the old garment uncovers.
        turn: How far the surface of an arm turns away from the viewer: 0 over the bone, 1 at the outline; 0 off the
            arms.
        front: What lies in front of the new garment.
        labels: Of the part.
    """

    garment: Mask
    alpha: Mask
    skin: Bools
    lower: Bools
    scene: Bools
    turn: Mask
    front: Bools
    labels: NDArray[np.uint8]


def find_regions(person: Person, frame: Frame, part: Frame, painted: Painted) -> Regions:
    """Sort the pixels of a part of the photo into new garment and uncovered skin, lower clothes and background."""
    labels = crop(person.parsing.labels, part, fill=L.BACKGROUND, nearest=True).astype(np.uint8)
    pose = _pose_in(person.pose, part)
    torso = torso_length(pose)
    pixel = part.size[0] / (part.box[3] - part.box[1]) * (frame.box[3] - frame.box[1]) / frame.size[0]  # of the network
    # The predicted mask carries the grain of the generator's transposed convolutions, which would notch the outline.
    mask = _from_frame(np.asarray(ndimage.gaussian_filter(painted.mask, GRAIN), np.float32), frame, part)
    alpha = _from_frame(painted.alpha, frame, part)
    laid = painted.warp.apply(painted.product.sharp_mask, part.size, _box_in(frame, part), fill=0.0).clip(0, 1)

    arms = np.isin(labels, L.ARMS)
    hands = arms & _hands(pose, part.size)
    # An arm in front of the body stays in front; where the network predicts a sleeve, the arm is covered.
    bare = arms & (mask < 0.5) & ~_sleeves(pose, part.size, laid > 0.5, torso)
    front = np.isin(labels, IN_FRONT) | hands | bare
    old = np.isin(labels, REPLACED)

    # Over the background and the old garment, the new one goes as far as the predicted mask: between arm and body the
    # background stays, and a forearm that the old sleeve hid comes out in front of the body.
    beside = (labels == L.BACKGROUND) | old
    laid = np.where(beside, laid * ((mask - 0.15) / 0.3).clip(0, 1), laid)
    # Gaps between the warped garment and the predicted mask, over the old garment, belong to the new one.
    near = ndimage.distance_transform_edt(laid <= 0.5) < 8 * pixel if (laid > 0.5).any() else laid > 0.5
    gap = old & (mask > 0.5) & near
    garment = np.where(gap, 1.0, laid) * ~front
    garment = np.minimum(garment, 1 - _soft(front, 0.5 * pixel) * ~gap).clip(0, 1) if front.any() else garment
    garment[front] = 0

    dressed = np.isin(labels, (L.DRESS, L.JUMPSUITS)) & ~_above_hem(garment > 0.5, pose, torso)
    uncovered = old & ~dressed & (garment < 0.98)
    halo = ndimage.binary_dilation(old & ~dressed, iterations=max(round(1.5 * pixel), 1)) & (labels == L.BACKGROUND)
    uncovered |= halo & (garment < 0.98)
    skin, lower, turn = _beneath(pose, torso, garment > 0.5)
    skin &= ~halo
    lower &= ~halo
    worn_below = np.flatnonzero(np.isin(labels, LOWER).any(0))
    if len(worn_below):  # no trousers or skirt beside those that can be seen
        columns = np.arange(labels.shape[1])
        lower &= (columns >= worn_below[0]) & (columns <= worn_below[-1])
    return Regions(
        garment.astype(np.float32), np.where(gap & (laid <= 0.5), np.maximum(alpha, 0.9), alpha).astype(np.float32),
        uncovered & skin, uncovered & lower & ~skin, uncovered & ~skin & ~lower, turn, front, labels,
    )  # fmt: skip


def _above_hem(garment: Bools, pose: Pose, torso: float) -> Bools:
    """Rows above the new garment's hem, counted between the hips."""
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


def _hands(pose: Pose, size: tuple[int, int]) -> Bools:
    """Pixels beyond each wrist, seen along the forearm."""
    ys, xs = np.mgrid[: size[0], : size[1]]
    hands = np.zeros(size, bool)
    for elbow, wrist in ((L.R_ELBOW, L.R_WRIST), (L.L_ELBOW, L.L_WRIST)):
        if pose.seen[elbow] and pose.seen[wrist]:
            way = pose.joints[wrist] - pose.joints[elbow]
            length = max(float(np.hypot(*way)), 1.0)
            beyond = ((xs - pose.joints[wrist][0]) * way[0] + (ys - pose.joints[wrist][1]) * way[1]) / length
            near = np.hypot(xs - pose.joints[wrist][0], ys - pose.joints[wrist][1]) < 0.9 * length
            hands |= (beyond > -0.04 * length) & near
    return hands


def _sleeves(pose: Pose, size: tuple[int, int], laid: Bools, torso: float) -> Bools:
    """Warped garment that lies along an arm's bone: a sleeve, which covers the arm it was laid on."""
    sleeves = np.zeros(size, bool)
    for shoulder, elbow, wrist in ((L.R_SHOULDER, L.R_ELBOW, L.R_WRIST), (L.L_SHOULDER, L.L_ELBOW, L.L_WRIST)):
        for a, b in ((shoulder, elbow), (elbow, wrist)):
            if pose.seen[a] and pose.seen[b]:
                steps = np.linspace(0, 1, 24)[:, None]
                line = (pose.joints[a] + steps * (pose.joints[b] - pose.joints[a])).round().astype(int)
                inside = (line >= 0).all(1) & (line < (size[1], size[0])).all(1)
                line = line[inside]
                if len(line) and laid[line[:, 1], line[:, 0]].mean() > 0.75:
                    sleeves |= capsule(size, pose.joints[a], pose.joints[b], 0.14 * torso, 0.12 * torso)
    return sleeves & laid


def _pose_in(pose: Pose, frame: Frame) -> Pose:
    return Pose(to_frame(pose.joints, frame), pose.seen, pose.confidence)


def _box_in(frame: Frame, part: Frame) -> tuple[float, float, float, float]:
    """The network frame's box in pixels of the part."""
    a, b, c, d = part.box
    sx, sy = part.size[1] / (c - a), part.size[0] / (d - b)
    x0, y0, x1, y1 = frame.box
    return (x0 - a) * sx, (y0 - b) * sy, (x1 - a) * sx, (y1 - b) * sy


def _from_frame(values: Mask, frame: Frame, part: Frame) -> Mask:
    """(h, w) values of the network frame at the part's pixels, bilinear."""
    x0, y0, x1, y1 = frame.box
    fx, fy = values.shape[1] / (x1 - x0), values.shape[0] / (y1 - y0)
    a, b, c, d = part.box
    box = ((a - x0) * fx, (b - y0) * fy, (c - x0) * fx, (d - y0) * fy)
    picture = Image.fromarray(np.ascontiguousarray(values, np.float32))
    box = (max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(values.shape[1])), min(box[3], float(values.shape[0])))
    return np.asarray(picture.resize((part.size[1], part.size[0]), Image.Resampling.BILINEAR, box=box))
