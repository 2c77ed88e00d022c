"""What is known better than the network knows it: sleeves and hem, laid down by hand in the layout it predicted.

Sleeves reach as far along the arms as they are said to, the trunk as far down as its hem; what the garment gives up
becomes skin or lower clothes, and the other way round. The warp and the composition then follow the layout.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from viton_cli.imaging.capsules import capsule
from viton_cli.records import Coarse
from viton_cli.vocabulary import labels as L
from viton_cli.vocabulary import layout as classes

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

# How far sleeves reach, in shares of the way from shoulder to wrist.
REACH = {"none": 0.0, "short": 0.4, "long": 0.97}
TUCKED, LOOSE = 0.88, 1.15  # where the hem lies, in torso lengths below the neck
WAIST = 0.8  # above it the body shows skin, below it lower clothes
RADIUS = (0.2, 0.15)  # of an arm with its sleeve at shoulder and wrist, in torso lengths
SHOULDER = 0.06  # of the way along the arm, that belongs to the trunk
ARMS = {
    classes.R_SLEEVE: (L.R_SHOULDER, L.R_ELBOW, L.R_WRIST),
    classes.L_SLEEVE: (L.L_SHOULDER, L.L_ELBOW, L.L_WRIST),
}


@dataclass(frozen=True)
class Wishes:
    """How a garment is to be worn; None leaves it to the network.

    Attributes:
        sleeves: "none", "short" or "long".
        length: Where the hem lies, in torso lengths (neck to hips) below the neck.
        tuck: True: into the lower clothes; False: over them. `length` goes before it.
    """

    sleeves: str | None = None
    length: float | None = None
    tuck: bool | None = None

    def __bool__(self) -> bool:
        return any(value is not None for value in vars(self).values())

    def over(self, other: Wishes) -> Wishes:
        """These, and where they leave something open, the others."""
        length, tuck = self.length, self.tuck
        return Wishes(
            self.sleeves if self.sleeves is not None else other.sleeves,
            length if length is not None else other.length,
            tuck if tuck is not None else other.tuck,
        )

    @property
    def hem(self) -> float | None:
        """Where the hem is to lie."""
        return self.length if self.tuck is None or self.length is not None else TUCKED if self.tuck else LOOSE


NO_WISHES = Wishes()


def as_wished(coarse: Coarse, wishes: Wishes, joints: Floats, seen: Bools) -> Coarse:
    """Stage 1's answer with layout and clothing mask as they are wished.

    Args:
        coarse: With a layout, else it comes back as it is. wishes: How the garment is to be worn.
        joints: (18, 2) and seen: (18,) of the person in the frame. What cannot be placed by them is left alone.
    """
    if coarse.layout is None or not wishes:
        return coarse
    shares = coarse.layout[0].float().numpy().copy()
    before = shares[list(classes.GARMENT_LAYERS)].sum(0)
    torso = _torso(joints, seen)
    if torso is not None and wishes.sleeves is not None:
        for sleeve, arm in ARMS.items():
            if seen[list(arm)].all():
                _sleeve(shares, sleeve, joints[list(arm)], torso, REACH[wishes.sleeves])
    if torso is not None and wishes.hem is not None:
        _hem(shares, joints, seen, torso, wishes.hem)
    change = shares[list(classes.GARMENT_LAYERS)].sum(0) - before
    mask = (coarse.mask + torch.from_numpy(change)[None, None]).clamp(0, 1)
    return replace(coarse, layout=torch.from_numpy(shares)[None], mask=mask)


def _torso(joints: Floats, seen: Bools) -> float | None:
    """From neck to hips, in pixels; None where they are not seen."""
    hips = [joints[joint, 1] for joint in (L.R_HIP, L.L_HIP) if seen[joint]]
    return max(float(np.mean(hips) - joints[L.NECK, 1]), 1.0) if hips and seen[L.NECK] else None


def _sleeve(shares: Floats, sleeve: int, arm: Floats, torso: float, reach: float) -> None:
    """Give an arm's pixels to the sleeve as far as it reaches, and to skin beyond; `arm` is shoulder, elbow, wrist."""
    size = shares.shape[1:]
    shoulder, elbow, wrist = arm
    wide, narrow = (radius * torso for radius in RADIUS)
    near = capsule(size, shoulder, elbow, wide, narrow) | capsule(size, elbow, wrist, narrow, narrow)
    along = _along(size, arm)
    covered = near & (along < reach)
    _move(shares, (classes.SKIN,), sleeve, covered & (along > SHOULDER))
    _move(shares, (sleeve,), classes.SKIN, near & ~covered & (along > SHOULDER))


def _along(size: tuple[int, ...], arm: Floats) -> Floats:
    """(h, w) where along an arm each pixel lies by its nearest bone: 0 at the shoulder, 1 at the wrist."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    lengths = np.linalg.norm(np.diff(arm, axis=0), axis=1)
    best, along = np.full(size, np.inf, np.float32), np.zeros(size, np.float32)
    for start, end, before, length in zip(arm, arm[1:], (0.0, float(lengths[0])), lengths):
        bone = (end - start) / max(float(length), 1e-3) ** 2
        at = ((x - start[0]) * bone[0] + (y - start[1]) * bone[1]).clip(0, 1)
        away = np.hypot(x - start[0] - at * (end - start)[0], y - start[1] - at * (end - start)[1])
        along = np.where(away < best, (before + at * length) / max(float(lengths.sum()), 1e-3), along)
        best = np.minimum(best, away)
    return along.astype(np.float32)


def _hem(shares: Floats, joints: Floats, seen: Bools, torso: float, length: float) -> None:
    """End the trunk at a hem: lower clothes and skin above it become trunk, trunk below it lower clothes or skin."""
    hips = [joints[joint] for joint in (L.R_HIP, L.L_HIP) if seen[joint]]
    y, x = np.mgrid[: shares.shape[1], : shares.shape[2]]
    down = (y - joints[L.NECK, 1]) / torso
    left, right = (edge(point[0] for point in hips) for edge in (min, max))
    beside = (x > left - 0.3 * torso) & (x < right + 0.3 * torso)
    _move(shares, (classes.LOWER,), classes.TRUNK, (down < length) & (down > 0.5) & beside)
    below = down >= length
    _move(shares, (classes.TRUNK,), classes.SKIN, below & (down < WAIST))
    _move(shares, (classes.TRUNK,), classes.LOWER, below & (down >= WAIST))


def _move(shares: Floats, sources: tuple[int, ...], target: int, where: Bools) -> None:
    for source in sources:
        shares[target] += np.where(where, shares[source], 0)
        shares[source] = np.where(where, 0, shares[source])
