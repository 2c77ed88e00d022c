"""What the warp aims at: the predicted clothing mask, made whole where something lies in front of the garment.

The mask M says where clothing can be *seen*. Hair over a shoulder, a hand on the belly or a bag bite pieces out of it
that the garment has underneath. A warp to the bitten outline would squeeze collar and sleeves around the bite.

Departure: the paper aims at M as it is. The warp variant "paper" does so too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon

from viton_cli.vocabulary import labels as L

# All by eye. The hips' joints lie inside the body, the shoulders' at its edge: the trunk is so much wider, by corner.
SPREAD = (0.97, 0.97, 1.15, 1.15)
THROAT = (0.24, 0.2)  # half axes (x, y) of the ellipse about the neck's joint where hair hides skin, in torso lengths
COVERING = (L.HAIR, L.SCARF, L.BAG, L.GLOVE, L.L_ARM, L.R_ARM)


def whole_target(
    mask: NDArray[np.float32],
    labels: NDArray[np.uint8],
    joints: NDArray[np.float32],
    seen: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """M with 1 where something that may cover a garment lies on the trunk.

    Args:
        mask: (H, W) in [0, 1]. labels: (H, W). joints: (18, 2) in its pixels. seen: (18,).

    Returns:
        (H, W) float32, nowhere less than `mask`; equal to it if a shoulder or a hip is not seen, or if it is empty.
    """
    corners = (L.R_SHOULDER, L.L_SHOULDER, L.L_HIP, L.R_HIP)
    if not all(seen[joint] for joint in corners):
        return mask
    points = joints[list(corners)].astype(np.float64)
    torso = max(float(np.linalg.norm(points[:2].mean(0) - points[2:].mean(0))), 1.0)
    middle = points.mean(0)
    spread = np.array(SPREAD)[:, None]
    outline = middle + (points - middle) * np.concatenate((spread, np.ones((4, 1))), 1)
    trunk = np.zeros(mask.shape, bool)
    trunk[polygon(outline[:, 1], outline[:, 0], mask.shape)] = True  # type: ignore[no-untyped-call]
    if seen[L.NECK]:  # hair at the throat hides skin, not the garment
        ys, xs = np.mgrid[: mask.shape[0], : mask.shape[1]]
        x, y = joints[L.NECK]
        trunk &= ((xs - x) / (THROAT[0] * torso)) ** 2 + ((ys - y) / (THROAT[1] * torso)) ** 2 > 1
    # Low on the trunk a mask that ends above is a short garment, not a hidden one.
    worn = np.flatnonzero((mask > 0.5).any(1))
    if not len(worn):
        return mask
    trunk[worn[-1] + 1 :] = False
    covered = trunk & np.isin(labels, COVERING)
    return np.where(covered, 1.0, mask).astype(np.float32)
