"""Masks of garments and of people who wear them, drawn here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon2mask

from viton_cli.core.warp import Warp
from viton_cli.vocabulary.labels import L_ELBOW, L_SHOULDER, L_WRIST, R_ELBOW, R_SHOULDER, R_WRIST

Mask = NDArray[np.float32]
SIZE = (256, 192)
VARIANTS = ("parts", "paper")


def mirrored(half: list[tuple[float, float]]) -> Mask:
    """A symmetric polygon from the right half of its outline, top to bottom, about x = 96."""
    outline = half + [(191 - x, y) for x, y in reversed(half)]
    return polygon2mask(SIZE, [(y, x) for x, y in outline]).astype(np.float32)


def tee() -> Mask:
    return mirrored(
        [(96, 38), (112, 30), (134, 38), (172, 84), (150, 98), (133, 82), (132, 140), (136, 200), (96, 203)]
    )


def jumper() -> Mask:
    return mirrored([(96, 38), (112, 30), (132, 38), (183, 170), (165, 177), (130, 88), (130, 196), (96, 198)])


def vest() -> Mask:
    return mirrored([(96, 45), (110, 25), (126, 27), (122, 60), (132, 85), (130, 140), (136, 200), (96, 203)])


GARMENTS = {"tee": tee, "jumper": jumper, "vest": vest}


def person(arm: str = "hanging", sleeve: float = 1.0) -> tuple[Mask, NDArray[np.float64], NDArray[np.bool_]]:
    """A clothed torso with tubes for sleeves, `sleeve` of the arm long: mask, joints, seen."""
    elbows = {"hanging": (10.0, 52.0), "crossing": (14.0, 50.0), "hip": (38.0, 36.0)}
    wrists = {"hanging": (12.0, 102.0), "crossing": (-40.0, 64.0), "hip": (8.0, 78.0)}
    joints, seen = np.zeros((18, 2)), np.zeros(18, bool)
    mask = polygon2mask(
        SIZE, [(70, 62), (62, 82), (72, 96), (62, 110), (70, 130), (110, 126), (180, 128), (180, 64), (110, 66)]
    )
    yy, xx = np.mgrid[: SIZE[0], : SIZE[1]]
    for side, x, names in ((-1, 66.0, (R_SHOULDER, R_ELBOW, R_WRIST)), (1, 126.0, (L_SHOULDER, L_ELBOW, L_WRIST))):
        offsets = [(0.0, 0.0), elbows[arm if side > 0 else "hanging"], wrists[arm if side > 0 else "hanging"]]
        for name, (dx, dy) in zip(names, offsets):
            joints[name], seen[name] = (x + side * dx, 76 + dy), True
        line = np.linspace(joints[names[0]], joints[names[1]], 40)
        line = np.concatenate([line, np.linspace(joints[names[1]], joints[names[2]], 40)])
        line = line[: max(2, int(80 * sleeve))]
        for px, py in line:
            mask |= (xx - px) ** 2 + (yy - py) ** 2 < 9**2
    return mask.astype(np.float32), joints, seen


def iou(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    return float(((a > 0.5) & (b > 0.5)).sum() / ((a > 0.5) | (b > 0.5)).sum())


def warped_mask(warp: Warp, garment: Mask) -> Mask:
    return warp.apply(garment, size=SIZE, fill=0.0)
