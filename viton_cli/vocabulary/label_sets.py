"""Foreign label sets, and the way from each of them to the 22 labels of `vocabulary.labels`.

A label image does not say which set it was written in: LIP, CIHP and ATR share sizes, palettes and most indices. The
set is therefore always named by the caller.

Source: LIP = Gong et al. 2017 and SCHP's LIP head; CIHP = Gong et al. 2018 (10 is torso skin instead of jumpsuits);
ATR = Liang et al. 2015 and SCHP's ATR head; CP-VTON+ section 3.1.1 (20 = neck and chest skin); CCP = Yang et al. 2014.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viton_cli.vocabulary.labels import (
    BACKGROUND,
    BAG,
    COAT,
    DRESS,
    FACE,
    GLOVE,
    HAIR,
    HAT,
    JUMPSUITS,
    L_ARM,
    L_LEG,
    L_SHOE,
    LABELS,
    NECK_SKIN,
    PANTS,
    R_ARM,
    R_LEG,
    R_SHOE,
    SCARF,
    SKIRT,
    SOCKS,
    SUNGLASSES,
    UPPER,
)

# Pseudo-labels of a table: what becomes of the pixel depends on its surroundings or on the joints.
ONE_PIECE = 239  # a tag given to tops and to one-piece suits alike: a suit where nothing else covers the legs
ON_CLOTHES = 240  # belt: part of the garment it lies on
ON_ANYTHING = 241  # jewellery: part of whatever it lies on
SIDED_SKIN = 242  # bare skin, to be told apart into face, neck, arms and legs
SIDED_LEGS = 243  # tights and stockings: left or right leg
SIDED_SHOES = 244  # left or right shoe
PSEUDO = (ONE_PIECE, ON_CLOTHES, ON_ANYTHING, SIDED_SKIN, SIDED_LEGS, SIDED_SHOES)

CLOTHES_UNDER_BELT = (UPPER, DRESS, COAT, PANTS, JUMPSUITS, SKIRT)


@dataclass(frozen=True)
class LabelSet:
    """One foreign vocabulary.

    Attributes:
        names: What index i stands for, in the words of its authors.
        labels: What index i becomes: one of the 22 labels or a pseudo-label of this module.
    """

    names: tuple[str, ...]
    labels: tuple[int, ...]

    def table(self) -> NDArray[np.uint8]:
        """Lookup (256,) from index to label; indices outside the set are 255."""
        table = np.full(256, 255, np.uint8)
        table[: len(self.labels)] = self.labels
        return table


_LIP_NAMES = LABELS[:20]
_CIHP_NAMES = (*_LIP_NAMES[:10], "torso skin", *_LIP_NAMES[11:])
_LIP = tuple(range(20))
_CIHP = (*_LIP[:10], NECK_SKIN, *_LIP[11:])
_ATR_NAMES = (
    "background", "hat", "hair", "sunglasses", "upper-clothes", "skirt", "pants", "dress", "belt", "left shoe",
    "right shoe", "face", "left leg", "right leg", "left arm", "right arm", "bag", "scarf",
)  # fmt: skip
_ATR = (BACKGROUND, HAT, HAIR, SUNGLASSES, UPPER, SKIRT, PANTS, DRESS, ON_CLOTHES, L_SHOE, R_SHOE, FACE, L_LEG, R_LEG,
        L_ARM, R_ARM, BAG, SCARF)  # fmt: skip

# CCP's tags. Decisions: tights and stockings follow the limb (left or right leg), since the pose and the body's shape
# are what try-on reads there; leggings are trousers; a vest, a cardigan and a tie are upper clothes; "suit" marks
# suit jackets only (the trousers have their own tag), so it is a coat; "bodysuit" and "jumper" are tops where another
# tag covers the legs and one-piece suits elsewhere; watches, bracelets and rings are the skin of the arm they are on.
_CCP = {
    "null": BACKGROUND, "accessories": ON_ANYTHING, "bag": BAG, "belt": ON_CLOTHES, "blazer": COAT, "blouse": UPPER,
    "bodysuit": ONE_PIECE, "boots": SIDED_SHOES, "bra": UPPER, "bracelet": SIDED_SKIN, "cape": COAT, "cardigan": UPPER,
    "clogs": SIDED_SHOES, "coat": COAT, "dress": DRESS, "earrings": ON_ANYTHING, "flats": SIDED_SHOES,
    "glasses": SUNGLASSES, "gloves": GLOVE, "hair": HAIR, "hat": HAT, "heels": SIDED_SHOES, "hoodie": UPPER,
    "intimate": UPPER, "jacket": COAT, "jeans": PANTS, "jumper": ONE_PIECE, "leggings": PANTS,
    "loafers": SIDED_SHOES, "necklace": ON_ANYTHING, "panties": PANTS, "pants": PANTS, "pumps": SIDED_SHOES,
    "purse": BAG, "ring": SIDED_SKIN, "romper": JUMPSUITS, "sandals": SIDED_SHOES, "scarf": SCARF, "shirt": UPPER,
    "shoes": SIDED_SHOES, "shorts": PANTS, "skin": SIDED_SKIN, "skirt": SKIRT, "sneakers": SIDED_SHOES,
    "socks": SOCKS, "stockings": SIDED_LEGS, "suit": COAT, "sunglasses": SUNGLASSES, "sweater": UPPER,
    "sweatshirt": UPPER, "swimwear": UPPER, "t-shirt": UPPER, "tie": UPPER, "tights": SIDED_LEGS, "top": UPPER,
    "vest": UPPER, "wallet": BAG, "watch": SIDED_SKIN, "wedges": SIDED_SHOES,
}  # fmt: skip

LABEL_SETS: dict[str, LabelSet] = {
    "viton": LabelSet(LABELS, tuple(range(22))),
    "lip": LabelSet(_LIP_NAMES, _LIP),
    "cp-vton+": LabelSet((*_LIP_NAMES, "neck"), (*_LIP, NECK_SKIN)),
    "cihp": LabelSet(_CIHP_NAMES, _CIHP),
    "viton-hd": LabelSet(_CIHP_NAMES, _CIHP),
    "atr": LabelSet((*_ATR_NAMES, "neck"), (*_ATR, NECK_SKIN)),
    "dresscode": LabelSet(_ATR_NAMES, _ATR),
    "ccp": LabelSet(tuple(_CCP), tuple(_CCP.values())),
}
FILE_LABEL_SETS = tuple(name for name in LABEL_SETS if name != "ccp")  # whose tags have no sides and are no PNGs


_SAME = {label: label for label in range(20)}
_TO_ATR = {
    HAT: 1, HAIR: 2, SUNGLASSES: 3, UPPER: 4, COAT: 4, SKIRT: 5, PANTS: 6, DRESS: 7, JUMPSUITS: 7, L_SHOE: 9,
    R_SHOE: 10, FACE: 11, NECK_SKIN: 11, L_LEG: 12, R_LEG: 13, L_ARM: 14, R_ARM: 15, BAG: 16, SCARF: 17,
}  # fmt: skip
# Label to index of the sets that exports are written in.
_WRITTEN: dict[str, dict[int, int]] = {
    "viton": {label: label for label in range(22)},
    "lip": _SAME,
    "cp-vton+": {**_SAME, NECK_SKIN: 20},
    "cihp": {**_SAME, JUMPSUITS: DRESS, NECK_SKIN: 10},
    "viton-hd": {**_SAME, JUMPSUITS: DRESS, NECK_SKIN: 10},
    "atr": _TO_ATR,
    "dresscode": _TO_ATR,
}


def to_labels(indices: NDArray[np.uint8], label_set: str) -> NDArray[np.uint8]:
    """Foreign indices (H, W) to the 22 labels; a belt becomes the garment nearest to it.

    Raises:
        ValueError: An unknown set, one that needs joints (`ccp`, see `data.ccp`), or indices that are not in the set.
    """
    if label_set not in LABEL_SETS:
        raise ValueError(f"unknown label set '{label_set}'; known: {', '.join(LABEL_SETS)}")
    if label_set == "ccp":
        raise ValueError("the tags of 'ccp' have no left and right: they need the joints, read them with that data set")
    known = len(LABEL_SETS[label_set].labels)
    highest = int(indices.max(initial=0))
    if highest >= known:
        raise ValueError(f"label {highest} is not in '{label_set}' (0 to {known - 1})")
    labels = LABEL_SETS[label_set].table()[indices]
    return fill_from_nearest(labels, labels == ON_CLOTHES, CLOTHES_UNDER_BELT)


def from_labels(labels: NDArray[np.uint8], label_set: str) -> NDArray[np.uint8]:
    """The 22 labels (H, W) as a foreign set's indices: the nearest class there is, else background.

    LIP and CIHP have no bag, and LIP no skin of neck and chest; CIHP has no jumpsuit, which becomes a dress. ATR has no
    glove and no sock, which become the arm and the leg (or shoe) nearest to them; its face is the head with the neck.
    Pixels whose label is not known become background.

    Raises:
        ValueError: A set that nothing is written in.
    """
    if label_set not in _WRITTEN:
        raise ValueError(f"nothing is written in label set '{label_set}'; known: {', '.join(_WRITTEN)}")
    if label_set in ("atr", "dresscode"):
        labels = fill_from_nearest(labels, labels == GLOVE, (L_ARM, R_ARM))
        labels = fill_from_nearest(labels, labels == SOCKS, (L_LEG, R_LEG, L_SHOE, R_SHOE))
    table = np.zeros(256, np.uint8)
    for label, index in _WRITTEN[label_set].items():
        table[label] = index
    return table[labels]


def fill_from_nearest(
    labels: NDArray[np.uint8], holes: NDArray[np.bool_], donors: tuple[int, ...]
) -> NDArray[np.uint8]:
    """Give every pixel of `holes` (H, W) the label of the nearest pixel that carries one of `donors`.

    A connected hole without a donor within its own size becomes background.
    """
    if not holes.any():
        return labels
    from scipy import ndimage  # here, so that the sets are listed quickly

    filled = labels.copy()
    is_donor = np.isin(labels, donors) & ~holes
    parts, _ = ndimage.label(holes)
    for part, box in enumerate(ndimage.find_objects(parts), start=1):
        # Each hole is looked at with a margin of its own size, which keeps the distance transforms small.
        rows, columns = (slice(max(s.start - (s.stop - s.start) - 4, 0), 2 * s.stop - s.start + 4) for s in box)
        here = parts[rows, columns] == part
        near = is_donor[rows, columns]
        if not near.any():
            filled[rows, columns][here] = BACKGROUND
            continue
        nearest = ndimage.distance_transform_edt(~near, return_distances=False, return_indices=True)
        filled[rows, columns][here] = labels[rows, columns][tuple(nearest[:, here])]
    return filled
