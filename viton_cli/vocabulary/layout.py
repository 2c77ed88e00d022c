"""What a pixel of the dressed person shows: the classes that stage 1 predicts beside coarse result and mask.

The order is that of the generator's channels and frozen. It is coarser than the labels of a photo where those say too
much of the old clothes, and finer where the warp needs it: sleeves apart from the trunk.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from viton_cli.vocabulary import labels as L

LAYOUT = (
    "background", "head", "garment trunk", "left sleeve", "right sleeve", "skin", "lower clothes", "legs", "shoes",
    "other",
)  # fmt: skip
(BACKGROUND, HEAD, TRUNK, L_SLEEVE, R_SLEEVE, SKIN, LOWER, LEGS, SHOES, OTHER) = range(len(LAYOUT))
GARMENT_LAYERS = (TRUNK, L_SLEEVE, R_SLEEVE)  # in the order in which they lie over each other
# Index of each class's mirror image.
FLIP_LAYOUT = (BACKGROUND, HEAD, TRUNK, R_SLEEVE, L_SLEEVE, SKIN, LOWER, LEGS, SHOES, OTHER)
GARMENT = 100  # in a true layout: garment of which it is not known whether trunk or sleeve
UNCOVERED = 101  # in a true layout: no garment any more; what shows instead is not known

# Labels of a photo in each class; a garment's parts cannot be told by its label.
LABELS_OF = {
    BACKGROUND: (L.BACKGROUND,),
    HEAD: L.HEAD,
    GARMENT: L.CLOTHES,
    SKIN: (L.L_ARM, L.R_ARM, L.NECK_SKIN),
    LOWER: (L.PANTS, L.SKIRT),
    LEGS: (L.L_LEG, L.R_LEG, L.SOCKS),
    SHOES: (L.L_SHOE, L.R_SHOE),
    OTHER: (L.GLOVE, L.SCARF, L.BAG),
}
COLOURS = np.array(
    [[0, 0, 0], [200, 160, 60], [200, 40, 40], [40, 200, 40], [40, 40, 220], [240, 200, 170], [90, 90, 140],
     [180, 130, 110], [120, 60, 20], [255, 0, 255]],
    np.uint8,
)  # fmt: skip


def layout_table() -> NDArray[np.uint8]:
    """(256,) class of each label, `GARMENT` for what is worn on the upper body; 255 for labels that are not known."""
    table = np.full(256, L.IGNORE, np.uint8)
    for index, members in LABELS_OF.items():
        table[list(members)] = index
    return table
