"""A drawn person whose joints and labels are known exactly: for tests and for trying things out without weights.

`draw_person` paints flat colours in given proportions; the two fake backends recognise such a drawing by its colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from viton_cli.records import Parsing, Photo, Pose
from viton_cli.vocabulary import labels as L

# Colour of each label in a drawing; joints are found again from the regions, so every label has its own.
COLOURS = {
    L.BACKGROUND: (235, 235, 230), L.HAIR: (60, 40, 30), L.FACE: (224, 180, 150), L.NECK_SKIN: (220, 172, 140),
    L.UPPER: (40, 90, 160), L.PANTS: (70, 70, 80), L.L_ARM: (214, 170, 141), L.R_ARM: (215, 168, 143),
    L.L_SHOE: (20, 20, 20), L.R_SHOE: (24, 22, 20), L.BAG: (150, 40, 60),
}  # fmt: skip

# Joints of the drawing in units of its height, x from the middle; the person faces the viewer: its right is at our
# left.
_SHAPE = (
    (0, 0.12), (0, 0.2), (-0.09, 0.21), (-0.13, 0.34), (-0.15, 0.46), (0.09, 0.21), (0.13, 0.34), (0.15, 0.46),
    (-0.06, 0.5), (-0.065, 0.7), (-0.07, 0.9), (0.06, 0.5), (0.065, 0.7), (0.07, 0.9), (-0.018, 0.105), (0.018, 0.105),
    (-0.038, 0.115), (0.038, 0.115),
)  # fmt: skip


def draw_person(
    size: tuple[int, int] = (512, 384),
    scale: float = 0.95,
    middle: float = 0.5,
    sleeves: str = "short",
    bag: bool = False,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Pose]:
    """Paint a person.

    Args:
        size: (height, width). scale: The person's height as a share of the picture's (above 1 the legs are cut off).
        middle: Where the person stands, as a share of the width.
        sleeves: "none", "short" or "long". bag: Hold a bag in the left hand.

    Returns:
        Image (H, W, 3) uint8, labels (H, W) uint8, pose in its pixels.
    """
    height, width = size
    unit = height * scale
    top = max(0.5 * (height - unit), 0.02 * height)
    joints = np.array([(middle * width + x * unit, top + y * unit) for x, y in _SHAPE], np.float32)
    labels = Image.new("L", (width, height), L.BACKGROUND)
    brush, thick = _Brush(ImageDraw.Draw(labels), joints), 0.03 * unit
    _legs_and_head(brush, unit, thick)
    _torso_and_arms(brush, thick, sleeves)
    if bag:
        x, y = joints[L.L_WRIST]
        brush.draw.rectangle((x - 1.5 * thick, y + thick, x + 2.5 * thick, y + 4 * thick), fill=L.BAG)
    flat = np.asarray(labels)
    colours = np.zeros((256, 3), np.uint8)
    for label, colour in COLOURS.items():
        colours[label] = colour
    return colours[flat], flat.copy(), _pose(joints, size)


@dataclass(frozen=True, eq=False)
class _Brush:
    """Paints labels about joints."""

    draw: ImageDraw.ImageDraw
    joints: NDArray[np.float32]

    def disc(self, x: float, y: float, radius: float, label: int) -> None:
        self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=label)

    def limb(self, a: int, b: int, radius: float, label: int, until: float = 1.0) -> None:
        """From joint `a` on to the share `until` of the way to joint `b`."""
        p, q = self.joints[a], self.joints[a] + until * (self.joints[b] - self.joints[a])
        for t in np.linspace(0, 1, 40):
            x, y = p + t * (q - p)
            self.disc(x, y, radius, label)


def _legs_and_head(brush: _Brush, unit: float, thick: float) -> None:
    draw, joints = brush.draw, brush.joints
    for hip, knee, ankle, shoe in ((L.R_HIP, L.R_KNEE, L.R_ANKLE, L.R_SHOE), (L.L_HIP, L.L_KNEE, L.L_ANKLE, L.L_SHOE)):
        brush.limb(hip, knee, 1.4 * thick, L.PANTS)
        brush.limb(knee, ankle, 1.1 * thick, L.PANTS)
        brush.disc(joints[ankle][0], joints[ankle][1] + thick, 1.3 * thick, shoe)
    head_x, head_y = joints[L.NOSE]
    brush.disc(head_x, head_y - 0.012 * unit, 0.062 * unit, L.HAIR)
    draw.rectangle(
        (head_x - 0.022 * unit, head_y, head_x + 0.022 * unit, joints[L.NECK][1] + 0.02 * unit), fill=L.NECK_SKIN
    )
    draw.ellipse((head_x - 0.04 * unit, head_y - 0.05 * unit, head_x + 0.04 * unit, head_y + 0.05 * unit), fill=L.FACE)


def _torso_and_arms(brush: _Brush, thick: float, sleeves: str) -> None:
    joints = brush.joints
    shoulders, hips = joints[[L.R_SHOULDER, L.L_SHOULDER]], joints[[L.L_HIP, L.R_HIP]]
    torso = (
        shoulders[0] - (thick, thick), joints[L.NECK] + (-thick, 0), joints[L.NECK] + (thick, 0),
        shoulders[1] + (thick, -thick), hips[0] + (thick, thick), hips[1] + (-thick, thick),
    )  # fmt: skip
    brush.draw.polygon([(float(x), float(y)) for x, y in torso], fill=L.UPPER)
    for shoulder, elbow, wrist, arm in (
        (L.R_SHOULDER, L.R_ELBOW, L.R_WRIST, L.R_ARM),
        (L.L_SHOULDER, L.L_ELBOW, L.L_WRIST, L.L_ARM),
    ):
        brush.limb(shoulder, elbow, 0.9 * thick, arm)
        brush.limb(elbow, wrist, 0.75 * thick, arm)
        brush.disc(joints[wrist][0], joints[wrist][1], thick, arm)
        if sleeves != "none":
            brush.limb(shoulder, elbow, 1.2 * thick, L.UPPER, 1.0 if sleeves == "long" else 0.55)
        if sleeves == "long":
            brush.limb(elbow, wrist, 1.0 * thick, L.UPPER, 0.85)


def _pose(joints: NDArray[np.float32], size: tuple[int, int]) -> Pose:
    """All joints inside a picture of (height, width) are seen."""
    seen = np.asarray((joints >= -0.5).all(1) & (joints < np.array(size[::-1]) - 0.5).all(1), bool)
    return Pose(joints, seen, np.asarray(seen, np.float32))


def read_drawing(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels (H, W) of a drawing from its colours: exact for an unscaled PNG, else the nearest colour's; background
    where none is near."""
    labels = np.array(list(COLOURS), np.uint8)
    colours = np.array(list(COLOURS.values()), np.int32)
    pixels, index = np.unique(image.reshape(-1, 3), axis=0, return_inverse=True)
    nearest = np.abs(pixels[:, None].astype(np.int32) - colours[None]).sum(2)
    found = labels[nearest.argmin(1)]
    found[nearest.min(1) > 60] = L.BACKGROUND
    return np.asarray(found[index.reshape(-1)].reshape(image.shape[:2]), np.uint8)


class FakePose:
    """Pose backend `fake`: the drawing's proportions, placed and scaled by the face of a drawn person."""

    def __init__(self, source: Path | None = None) -> None:
        self.source = source

    def detect(self, photo: Photo) -> list[Pose]:
        """One pose, or none when the picture holds no drawn face."""
        labels = read_drawing(photo.image)
        rows, columns = np.nonzero(labels == L.FACE)
        if len(rows) < 20:
            return []
        # The face is an ellipse 0.1 high around the nose; drawing it touches one pixel row more than its height.
        unit = float(rows.max() - rows.min()) / 0.1
        x, y = (columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2
        joints = np.array([(x + a * unit, y + (b - 0.12) * unit) for a, b in _SHAPE], np.float32)
        return [_pose(joints, photo.size)]


class FakeParsing:
    """Parsing backend `fake`."""

    def __init__(self, source: Path | None = None) -> None:
        self.source = source

    def parse(self, photo: Photo, pose: Pose | None) -> Parsing:
        """Labels by colour."""
        return Parsing(read_drawing(photo.image))
