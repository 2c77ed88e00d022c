"""Joints and labels: the two vocabularies everything else speaks.

Source: OpenPose `poseParameters.cpp` (COCO-18 and BODY_25 orders); LIP `test_human.py` (20 labels). Labels 20 and 21
are this toolkit's: LIP has no class for neck and chest skin (the gap CP-VTON+ section 3.1.1 names) nor for bags.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

JOINTS = (
    "nose", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow", "left wrist",
    "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle", "right eye", "left eye",
    "right ear", "left ear",
)  # fmt: skip

(NOSE, NECK, R_SHOULDER, R_ELBOW, R_WRIST, L_SHOULDER, L_ELBOW, L_WRIST, R_HIP, R_KNEE, R_ANKLE, L_HIP, L_KNEE,
 L_ANKLE, R_EYE, L_EYE, R_EAR, L_EAR) = range(18)  # fmt: skip

# Pairs of joints that a bone connects, for drawing and for nearest-bone rules.
BONES = (
    (NECK, R_SHOULDER), (R_SHOULDER, R_ELBOW), (R_ELBOW, R_WRIST), (NECK, L_SHOULDER), (L_SHOULDER, L_ELBOW),
    (L_ELBOW, L_WRIST), (NECK, R_HIP), (R_HIP, R_KNEE), (R_KNEE, R_ANKLE), (NECK, L_HIP), (L_HIP, L_KNEE),
    (L_KNEE, L_ANKLE), (NECK, NOSE), (NOSE, R_EYE), (R_EYE, R_EAR), (NOSE, L_EYE), (L_EYE, L_EAR),
)  # fmt: skip

# Index of each joint's mirror image.
FLIP_JOINTS = (0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16)

# BODY_25 index of each COCO-18 joint (0-7 agree, then COCO 8..17 = BODY_25 9..18).
COCO18_IN_BODY25 = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
BODY25_MID_HIP = 8

# BlazePose's landmarks (of 33) that show each COCO-18 joint; the neck is the middle of the two shoulders. Its order:
# 0 nose, 2 and 5 eyes, 7 and 8 ears, then pairs left, right: shoulders 11, elbows 13, wrists 15, hips 23, knees 25,
# ankles 27.
BLAZEPOSE_IN_COCO18 = (
    (0,), (11, 12), (12,), (14,), (16,), (11,), (13,), (15,), (24,), (26,), (28,), (23,), (25,), (27,), (5,), (2,),
    (8,), (7,),
)  # fmt: skip

LABELS = (
    "background", "hat", "hair", "glove", "sunglasses", "upper-clothes", "dress", "coat", "socks", "pants",
    "jumpsuits", "scarf", "skirt", "face", "left arm", "right arm", "left leg", "right leg", "left shoe",
    "right shoe", "neck", "bag",
)  # fmt: skip

(BACKGROUND, HAT, HAIR, GLOVE, SUNGLASSES, UPPER, DRESS, COAT, SOCKS, PANTS, JUMPSUITS, SCARF, SKIRT, FACE, L_ARM,
 R_ARM, L_LEG, R_LEG, L_SHOE, R_SHOE, NECK_SKIN, BAG) = range(22)  # fmt: skip

N_JOINTS, N_LABELS = len(JOINTS), len(LABELS)
FLIP_LABELS = (*range(14), R_ARM, L_ARM, R_LEG, L_LEG, R_SHOE, L_SHOE, NECK_SKIN, BAG)
IGNORE = 255  # in a label map: a pixel whose label is not known

# VITON's head group (utils.extract_segmentation): kept as RGB in the person representation, left out of the body
# shape.
HEAD = (HAT, HAIR, SUNGLASSES, FACE)
CLOTHES = (UPPER, DRESS, COAT, JUMPSUITS)
ARMS = (L_ARM, R_ARM)
SKIN = (FACE, L_ARM, R_ARM, L_LEG, R_LEG, NECK_SKIN)

# The 12 classes perception is scored on: name -> the labels merged into it.
MERGED_12 = {
    "background": (BACKGROUND,),
    "hat": (HAT,),
    "hair": (HAIR,),
    "face": (FACE, SUNGLASSES, NECK_SKIN),
    "top": (UPPER, SCARF),
    "coat": (COAT,),
    "dress": (DRESS, JUMPSUITS),
    "lower": (PANTS, SKIRT),
    "arms": (L_ARM, R_ARM, GLOVE),
    "legs": (L_LEG, R_LEG, SOCKS),
    "shoes": (L_SHOE, R_SHOE),
    "bag": (BAG,),
}


def merge_table(groups: dict[str, tuple[int, ...]] = MERGED_12) -> NDArray[np.uint8]:
    """Lookup table (N_LABELS,) uint8 from label to the index of the group that holds it, in the order of `groups`."""
    table = np.zeros(N_LABELS, np.uint8)
    for index, members in enumerate(groups.values()):
        table[list(members)] = index
    return table


def palette() -> list[int]:
    """768 numbers for an indexed PNG: LIP's 20 colours, CP-VTON+'s colour for 20, a violet for 21. Display only."""
    colours = (
        "000000", "800000", "FF0000", "005500", "AA0033", "FF5500", "000055", "0077DD", "555500", "005555", "553300",
        "345680", "008000", "0000FF", "33AADD", "00FFFF", "55FFAA", "AAFF55", "FFFF00", "FFAA00", "AAAA32", "B400B4",
    )  # fmt: skip
    flat = [int(colour[i : i + 2], 16) for colour in colours for i in (0, 2, 4)]
    return flat + [0] * (768 - len(flat))
