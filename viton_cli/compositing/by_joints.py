"""The regions, from clothing mask and joints: for generators that predict no layout, such as the paper's."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage.draw import polygon2mask

from viton_cli.compositing.body import above_hem
from viton_cli.compositing.painted import (
    BELOW,
    FILLS,
    LOWER,
    SCENE,
    SKIN,
    Bools,
    Painted,
    Regions,
)
from viton_cli.compositing.wearer import Wearer
from viton_cli.imaging.capsules import capsule
from viton_cli.imaging.frames import carry, torso_length
from viton_cli.records import Pose
from viton_cli.vocabulary import labels as L

GRAIN = 1.2  # network pixels: what is smaller than about twice this in the predicted mask is noise
NEAR = 8.0  # network pixels: see `by_layout`
ARMS = ((L.R_SHOULDER, L.R_ELBOW, L.R_WRIST), (L.L_SHOULDER, L.L_ELBOW, L.L_WRIST))
RISE = (0.15, 0.3)  # predicted mask at which the garment begins to count, and over how much it comes to count in full
ALONG, SLEEVED = 24, 0.75  # points along a bone at which the warped garment is looked for; share of them for a sleeve
# In torso lengths, by eye: the chest's middle below the neck, half the neck and its height, of the way to a shoulder at
# the chest's height; lower clothes above and beside the hips' joints.
CHEST, NECK_HALF, NECK_TALL, CHEST_WIDE = 0.38, 0.16, 0.3, 0.6
ABOVE_HIPS, BESIDE_HIPS = 0.3, 0.28
UPPER_ARM, LOWER_ARM, SLEEVE = (0.115, 0.09), (0.088, 0.06), (0.14, 0.12)  # radii in torso lengths, from end to end


def regions_by_joints(wearer: Wearer, painted: Painted) -> Regions:
    """Sort the pixels of a part of the photo; see `by_layout.regions_by_layout`."""
    labels, pose, pixel, frame, part = wearer.labels, wearer.pose, wearer.pixel, wearer.frame, wearer.part
    # The predicted mask carries the grain of the generator's transposed convolutions, which would notch the outline.
    mask = carry(np.asarray(ndimage.gaussian_filter(painted.mask, GRAIN), np.float32), frame, part)
    laid = carry(painted.laid, frame, part)

    # An arm in front of the body stays in front; where the network predicts a sleeve, the arm is covered.
    bare = wearer.arms & (mask < 0.5) & ~_sleeves(pose, part.size, laid > 0.5)
    front = wearer.ahead | (wearer.arms & wearer.hands) | bare
    old = wearer.replaced.copy()

    # Over the background and the old garment, the new one goes as far as the predicted mask: between arm and body the
    # background stays, and a forearm that the old sleeve hid comes out in front of the body.
    beside = (labels == L.BACKGROUND) | old
    # Gaps between the warped garment and the predicted mask, over the old garment, belong to the new one.
    near = ndimage.distance_transform_edt(laid <= 0.5) < NEAR * pixel if (laid > 0.5).any() else laid > 0.5
    gap = old & (mask > 0.5) & near
    limit = np.where(beside & ~gap, ((mask - RISE[0]) / RISE[1]).clip(0, 1), 1.0).astype(np.float32)
    garment = (np.maximum(laid, gap) * limit > 0.5) & ~front

    old &= ~(np.isin(labels, (L.DRESS, L.JUMPSUITS)) & ~above_hem(garment, pose))
    skin, lower = _beneath(pose, garment)
    worn_below = np.flatnonzero(np.isin(labels, LOWER).any(0))
    if len(worn_below):  # no trousers or skirt beside those that can be seen
        columns = np.arange(labels.shape[1])
        lower &= (columns >= worn_below[0]) & (columns <= worn_below[-1])
    inside = labels != L.BACKGROUND
    fills = np.zeros((len(FILLS), *part.size), np.float32)
    fills[SKIN] = skin & inside
    fills[BELOW] = lower & ~skin & inside
    fills[SCENE] = 1 - fills[SKIN] - fills[BELOW]
    return Regions(old, front, fills, limit, gap.astype(np.float32), labels, pixel)


def _beneath(pose: Pose, garment: Bools) -> tuple[Bools, Bools]:
    """Where a body shows skin (arms, neck, chest above the collar) and where lower clothes if no garment covers it (the
    two may overlap)."""
    size = (garment.shape[0], garment.shape[1])
    torso = torso_length(pose)
    skin, lower = np.zeros(size, bool), np.zeros(size, bool)
    joints, seen = pose.joints, pose.seen
    for shoulder, elbow, wrist in ARMS:
        if seen[shoulder] and seen[elbow]:
            skin |= capsule(size, joints[shoulder], joints[elbow], *(r * torso for r in UPPER_ARM))
            if seen[wrist]:
                skin |= capsule(size, joints[elbow], joints[wrist], *(r * torso for r in LOWER_ARM))
    if seen[L.R_SHOULDER] and seen[L.L_SHOULDER] and seen[L.NECK]:
        right, left, neck = joints[L.R_SHOULDER], joints[L.L_SHOULDER], joints[L.NECK]
        chest = neck + np.array((0, CHEST * torso))
        up, throat = np.array((0, NECK_TALL * torso)), np.array((NECK_HALF * torso, 0))
        outline = np.stack([
            right, chest + (right - neck) * CHEST_WIDE, chest + (left - neck) * CHEST_WIDE, left,
            neck + throat - up * 0.5, neck - up, neck - throat - up * 0.5,
        ])  # fmt: skip
        region = polygon2mask(size, outline[:, ::-1])  # type: ignore[no-untyped-call]
        # Skin shows in the neckline: above the new garment's collar, never below it.
        skin |= region & ~(np.logical_or.accumulate(garment, axis=0) & ~garment)
    hips = joints[[j for j in (L.R_HIP, L.L_HIP) if seen[j]]]
    if len(hips):
        rows = np.arange(size[0])[:, None] > float(hips[:, 1].mean()) - ABOVE_HIPS * torso
        columns, beside = np.arange(size[1])[None], BESIDE_HIPS * torso
        lower = rows & (columns > hips[:, 0].min() - beside) & (columns < hips[:, 0].max() + beside)
    return skin, lower


def _sleeves(pose: Pose, size: tuple[int, int], laid: Bools) -> Bools:
    """Warped garment that lies along an arm's bone: a sleeve, which covers the arm it was laid on."""
    torso = torso_length(pose)
    sleeves = np.zeros(size, bool)
    for shoulder, elbow, wrist in ARMS:
        for a, b in ((shoulder, elbow), (elbow, wrist)):
            if pose.seen[a] and pose.seen[b]:
                steps = np.linspace(0, 1, ALONG)[:, None]
                line = (pose.joints[a] + steps * (pose.joints[b] - pose.joints[a])).round().astype(int)
                inside = (line >= 0).all(1) & (line < (size[1], size[0])).all(1)
                line = line[inside]
                if len(line) and laid[line[:, 1], line[:, 0]].mean() > SLEEVED:
                    sleeves |= capsule(size, pose.joints[a], pose.joints[b], *(r * torso for r in SLEEVE))
    return sleeves & laid
