"""What is taken away of a person before another garment is put on: the agnostic parse and the agnostic picture.

Both follow the rules by which VITON-HD's data set was made, and work on its labels (CIHP) and joints (BODY_25) in the
pixels of its 1024x768 pictures; elsewhere the lengths go with the picture's height. A joint at (0, 0) is not known.

Source: VITON-HD section 3.1 and its `datasets.py`; HR-VITON `get_parse_agnostic.py`, `cp_dataset.py` (written anew from
what they do). Labels: 4 and 13 face, 5 to 7 garments of the upper body, 9 and 12 lower garments, 10 torso skin, 14 and
15 left and right arm, 16 to 19 legs and shoes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Points = NDArray[np.floating]

HEIGHT = 1024  # that the parse's rule is for
LIMB, JOINT, WRIST = 100, 150, 40  # width of a limb, radius around a joint, radius around a wrist, in its pixels
GREY = 128
# The region that is painted anew, in units of a sixteenth of the shoulder width: half axes of the ellipses at hips,
# shoulders, elbows and wrists, and hands; widths of the lines down the sides, across and along the arms; half width and
# height of the neck. Source: the rule by which VITON-HD's agnostic pictures were made (facts of the published code).
UNITS = 16
AT_HIP, AT_SHOULDER, AT_JOINT, AT_HAND = (3, 6), (5, 6), (5, 5), (4, 4)
SIDE_LINE, CROSS_LINE, ARM_LINE = 6, 12, 10
NECK_HALF, NECK_TALL = 5, 9
NOSE_TO_NECK = 0.6  # shoulder widths
SHOULDERS = 0.25  # of the picture's width, where nothing tells
FACE, UPPER, TORSO_SKIN, LOWER = (4, 13), (5, 6, 7), 10, (9, 12, 16, 17, 18, 19)
NECK, R_SHOULDER, L_SHOULDER, R_HIP, L_HIP = 1, 2, 5, 9, 12
# Label of an arm, and its shoulder, elbow and wrist.
ARMS = ((14, (5, 6, 7)), (15, (2, 3, 4)))
# Of an upright person who faces the camera: from the neck, in shoulder widths.
_OFFSETS = {NECK: (0.0, 0.0), R_SHOULDER: (-0.5, 0.0), L_SHOULDER: (0.5, 0.0), R_HIP: (-0.3, 1.5), L_HIP: (0.3, 1.5)}


def agnostic_labels(labels: NDArray[np.uint8], points: Points) -> NDArray[np.uint8]:
    """Labels without the garments of the upper body, torso skin, and the arms as far as a sleeve could reach.

    Args:
        labels: (H, W) CIHP.
        points: (25, 2 or more) BODY_25, in their pixels.
    """
    unit = labels.shape[0] / HEIGHT
    taken = np.isin(labels, (*UPPER, TORSO_SKIN))
    for label, (shoulder, elbow, wrist) in ARMS:
        corridor = _Drawing(labels.shape)
        before = L_SHOULDER if shoulder == R_SHOULDER else R_SHOULDER  # the other shoulder begins the chain
        for joint in (shoulder, elbow, wrist):
            if not _known(points, before, joint):
                continue
            corridor.line(points, before, joint, LIMB * unit)
            radius = (WRIST if joint == wrist else JOINT) * unit
            corridor.ellipse(points[joint], radius, radius)
            before = joint
        taken |= (labels == label) & corridor.area
    return np.where(taken, 0, labels).astype(np.uint8)


def agnostic_region(labels: NDArray[np.uint8], points: Points) -> NDArray[np.bool_]:
    """(H, W) where a person's picture is to be painted anew: torso, neck and arms, but not face, hands and lower body.

    Args:
        labels: (H, W) CIHP.
        points: (25, 2 or more) BODY_25 in their pixels, of which neck, shoulders and hips are known (`with_torso`).
    """
    points = points[:, :2].astype(np.float64).copy()
    across, hips = (np.hypot(*(points[a] - points[b])) for a, b in ((L_SHOULDER, R_SHOULDER), (L_HIP, R_HIP)))
    middle = (points[R_HIP] + points[L_HIP]) / 2
    for hip in (R_HIP, L_HIP):  # as wide as the shoulders, so that a garment's hem fits in
        points[hip] = middle + (points[hip] - middle) / max(hips, 1e-6) * across
    r = int(across / UNITS) + 1
    drawing = _Drawing(labels.shape)
    for hip, shoulder in ((R_HIP, R_SHOULDER), (L_HIP, L_SHOULDER)):
        drawing.ellipse(points[hip], *(n * r for n in AT_HIP))
        drawing.line(points, shoulder, hip, SIDE_LINE * r)
        drawing.ellipse(points[shoulder], *(n * r for n in AT_SHOULDER))
    drawing.line(points, R_HIP, L_HIP, CROSS_LINE * r)
    drawing.line(points, R_SHOULDER, L_SHOULDER, CROSS_LINE * r)
    drawing.polygon(points[[R_SHOULDER, L_SHOULDER, L_HIP, R_HIP]])
    x, y = points[NECK]
    drawing.draw.rectangle((x - NECK_HALF * r, y - NECK_TALL * r, x + NECK_HALF * r, y), 1)
    kept = np.isin(labels, (*FACE, *LOWER))
    for label, (shoulder, elbow, wrist) in ARMS:
        sleeve = _Drawing(labels.shape)
        sleeve.ellipse(points[shoulder], *(n * r for n in AT_SHOULDER))
        end = shoulder
        for before, joint in ((shoulder, elbow), (elbow, wrist)):
            if not _known(points, before, joint):
                continue
            for area in (drawing, sleeve):
                area.line(points, before, joint, ARM_LINE * r)
            drawing.ellipse(points[joint], *(n * r for n in AT_JOINT))
            if joint == elbow:
                sleeve.ellipse(points[joint], *(n * r for n in AT_JOINT))
            end = joint
        sleeve.ellipse(points[end], *(n * r for n in AT_HAND))
        kept |= (labels == label) & ~sleeve.area  # hands
    return np.asarray(drawing.area & ~kept)


def agnostic_picture(image: NDArray[np.uint8], region: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture (H, W, 3) with grey where it is to be painted anew."""
    return np.where(region[:, :, None], GREY, image).astype(np.uint8)


def with_torso(points: NDArray[np.float64], size: tuple[int, ...]) -> NDArray[np.float64]:
    """Joints of which neck, shoulders and hips have a place even where they were not found.

    Other people's loaders divide by the distance of the hips and draw from the shoulders without asking whether these
    are known. What is missing is put where an upright person has it; its confidence stays 0.

    Args:
        points: (25, 3) BODY_25; missing ones are 0, 0, 0.
        size: (height, width) of the picture.
    """
    place = {joint: points[joint, :2].astype(np.float64) for joint in _OFFSETS if points[joint, 2] > 0}
    if R_HIP in place and L_HIP in place and np.hypot(*(place[R_HIP] - place[L_HIP])) < 1:
        del place[R_HIP], place[L_HIP]
    given = set(place)
    width = SHOULDERS * size[1]
    pairs = ((R_SHOULDER, L_SHOULDER, 1.0), (R_SHOULDER, NECK, 2.0), (L_SHOULDER, NECK, 2.0))
    widths = [factor * float(np.hypot(*(place[a] - place[b]))) for a, b, factor in pairs if a in place and b in place]
    if widths:
        width = max(widths[0], 1.0)
    if NECK not in place:
        guesses = [place[joint] - width * np.array(_OFFSETS[joint]) for joint in given]
        nose = points[0, :2] + np.array((0.0, NOSE_TO_NECK * width))
        middle = np.array((size[1] / 2, size[0] / 4))
        place[NECK] = np.mean(guesses, axis=0) if guesses else nose if points[0, 2] > 0 else middle
    for joint, offset in _OFFSETS.items():
        other = {R_HIP: L_HIP, L_HIP: R_HIP}.get(joint)
        if joint not in place and other in given:
            place[joint] = place[other] + width * (np.array(offset) - np.array(_OFFSETS[other]))
        place.setdefault(joint, place[NECK] + width * np.array(offset))
    points = points.copy()
    for joint in place.keys() - given:
        points[joint] = (*place[joint], 0.0)
    return points


class _Drawing:
    """An area being drawn."""

    def __init__(self, size: tuple[int, ...]) -> None:
        self._picture = Image.new("L", (size[1], size[0]))
        self.draw = ImageDraw.Draw(self._picture)

    @property
    def area(self) -> NDArray[np.bool_]:
        return np.asarray(self._picture) > 0

    def ellipse(self, centre: Points, rx: float, ry: float) -> None:
        x, y = float(centre[0]), float(centre[1])
        self.draw.ellipse((x - rx, y - ry, x + rx, y + ry), 1)

    def line(self, points: Points, a: int, b: int, width: float) -> None:
        self.draw.line([*map(float, points[a, :2]), *map(float, points[b, :2])], 1, max(round(width), 1))

    def polygon(self, corners: Points) -> None:
        self.draw.polygon([tuple(map(float, corner)) for corner in corners], 1)


def _known(points: Points, a: int, b: int) -> bool:
    return bool(points[a, :2].any() and points[b, :2].any())
