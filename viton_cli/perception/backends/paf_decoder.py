"""Confidence maps and part affinity fields to people: peaks, line integrals, greedy assembly. Numpy only.

Source: Cao et al., CVPR 2017, sections 2.3 to 2.5, with the thresholds of the authors' own test code. Departures: peaks
are refined below the pixel (a Gaussian's top is found exactly); a limb that reaches a person from either end adds the
missing end, and never replaces a joint that the person has.

Convention: points are (x, y) in the maps' pixels, pixel centres at integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.records import Pose
from viton_cli.vocabulary.labels import (
    L_ANKLE,
    L_EAR,
    L_ELBOW,
    L_EYE,
    L_HIP,
    L_KNEE,
    L_SHOULDER,
    L_WRIST,
    N_JOINTS,
    NECK,
    NOSE,
    R_ANKLE,
    R_EAR,
    R_ELBOW,
    R_EYE,
    R_HIP,
    R_KNEE,
    R_SHOULDER,
    R_WRIST,
)

Floats = NDArray[np.float32]

# From joint, to joint, first of its two field channels (x, then y); in the order of assembly: outward from the neck.
# The last two bridge an ear and a shoulder and may only join what is there.
LIMBS = (
    (NECK, R_SHOULDER, 12), (NECK, L_SHOULDER, 20), (R_SHOULDER, R_ELBOW, 14), (R_ELBOW, R_WRIST, 16),
    (L_SHOULDER, L_ELBOW, 22), (L_ELBOW, L_WRIST, 24), (NECK, R_HIP, 0), (R_HIP, R_KNEE, 2), (R_KNEE, R_ANKLE, 4),
    (NECK, L_HIP, 6), (L_HIP, L_KNEE, 8), (L_KNEE, L_ANKLE, 10), (NECK, NOSE, 28), (NOSE, R_EYE, 30),
    (R_EYE, R_EAR, 34), (NOSE, L_EYE, 32), (L_EYE, L_EAR, 36), (R_SHOULDER, R_EAR, 18), (L_SHOULDER, L_EAR, 26),
)  # fmt: skip
BRIDGES = LIMBS[17:]


@dataclass(frozen=True)
class Thresholds:
    """The authors' settings.

    Attributes:
        peak: Least height of a smoothed confidence map's peak.
        sigma: Of the Gaussian that smooths the maps before peaks are sought, pixels.
        samples: Points on the line between two candidates.
        field: Least field along the line at a sample, and
        agreeing: the share of samples that must exceed it.
        parts: Least joints of a person.
        score: Least mean score (joints' heights and limbs' integrals over the number of joints) of a person.
    """

    peak: float = 0.1
    sigma: float = 3.0
    samples: int = 10
    field: float = 0.05
    agreeing: float = 0.8
    parts: int = 4
    score: float = 0.4


def decode(maps: Floats, fields: Floats, thresholds: Thresholds | None = None) -> list[Pose]:
    """All people in a picture, in no order.

    Args:
        maps: (18 or more, H, W) confidence of each joint at each pixel; the background after them is not used.
        fields: (38, H, W) unit vectors along the limbs, see `LIMBS`.
        thresholds: The authors' if None.

    Returns:
        Poses whose confidence is the height of the map at the joint.
    """
    use = thresholds or Thresholds()
    peaks = [find_peaks(maps[joint], use.peak, use.sigma) for joint in range(N_JOINTS)]
    limbs = [connect(peaks[start], peaks[end], fields[channel : channel + 2], use) for start, end, channel in LIMBS]
    return [_pose(person, peaks) for person in assemble(peaks, limbs) if person.is_enough(use)]


def find_peaks(confidence: Floats, threshold: float, sigma: float) -> Floats:
    """Local maxima of one confidence map.

    Args:
        confidence: (H, W).
        threshold: Least height after smoothing.
        sigma: Of the smoothing, pixels; 0 for none.

    Returns:
        (n, 3): x, y below the pixel, and the height of the unsmoothed map there.
    """
    smooth = ndimage.gaussian_filter(confidence, sigma) if sigma > 0 else confidence
    padded = np.pad(smooth, 1, constant_values=-np.inf)
    here = padded[1:-1, 1:-1]
    # Strictly above the two earlier neighbours, so that a flat top gives one peak and not several.
    top = (here > threshold) & (here > padded[:-2, 1:-1]) & (here >= padded[2:, 1:-1])
    top &= (here > padded[1:-1, :-2]) & (here >= padded[1:-1, 2:])
    y, x = np.nonzero(top)
    # A Gaussian's logarithm is a parabola: its top lies where three samples put it.
    log = np.log(np.maximum(np.pad(smooth, 1, mode="edge"), 1e-6))
    centre = log[y + 1, x + 1]
    dx = _parabola_top(log[y + 1, x], centre, log[y + 1, x + 2])
    dy = _parabola_top(log[y, x + 1], centre, log[y + 2, x + 1])
    return np.stack([x + dx, y + dy, confidence[y, x]], 1).astype(np.float32)


def _parabola_top(before: Floats, at: Floats, after: Floats) -> Floats:
    curvature = before - 2 * at + after
    safe = np.where(curvature < 0, curvature, -1)
    return np.where(curvature < 0, np.clip((before - after) / (2 * safe), -0.5, 0.5), 0)


def connect(starts: Floats, ends: Floats, field: Floats, use: Thresholds) -> Floats:
    """Which start belongs to which end of one kind of limb, each used at most once, the best first.

    The score of a pair is the mean over the samples of the field's component along the line, less a penalty for lines
    longer than half the picture's height.

    Args:
        starts: (n, 3) peaks.
        ends: (m, 3) peaks.
        field: (2, H, W).
        use: Thresholds.

    Returns:
        (k, 3): index of the start, index of the end, score.
    """
    if len(starts) == 0 or len(ends) == 0:
        return np.zeros((0, 3), np.float32)
    _, height, width = field.shape
    line = ends[None, :, :2] - starts[:, None, :2]  # (n, m, 2)
    length = np.maximum(np.linalg.norm(line, axis=2), 1e-6)
    along = np.linspace(0, 1, use.samples)
    points = starts[:, None, None, :2] + along[:, None] * line[:, :, None]  # (n, m, samples, 2)
    x = np.clip(np.rint(points[..., 0]).astype(int), 0, width - 1)
    y = np.clip(np.rint(points[..., 1]).astype(int), 0, height - 1)
    direction = line / length[..., None]
    component = field[0, y, x] * direction[..., :1] + field[1, y, x] * direction[..., 1:]
    score = component.mean(2) + np.minimum(0.5 * height / length - 1, 0)
    good = ((component > use.field).sum(2) > use.agreeing * use.samples) & (score > 0)
    first, second = np.nonzero(good)
    chosen: list[tuple[int, int, float]] = []
    for k in np.argsort(-score[first, second], kind="stable"):
        i, j = int(first[k]), int(second[k])
        if all(i != a and j != b for a, b, _ in chosen):
            chosen.append((i, j, float(score[i, j])))
    return np.array(chosen, np.float32).reshape(-1, 3)


@dataclass
class Assembly:
    """A person being put together.

    Attributes:
        peaks: Joint to the index of its peak.
        score: Heights of the joints plus integrals of the limbs so far.
    """

    peaks: dict[int, int]
    score: float

    def is_enough(self, use: Thresholds) -> bool:
        return len(self.peaks) >= use.parts and self.score / len(self.peaks) >= use.score


def assemble(peaks: list[Floats], limbs: list[Floats]) -> list[Assembly]:
    """Limbs to people, limb by limb in the order of `LIMBS`.

    Args:
        peaks: For each joint (n, 3).
        limbs: For each limb (k, 3), what `connect` returned.
    """
    people: list[Assembly] = []
    for limb, pairs in zip(LIMBS, limbs):
        start, end, _ = limb
        for a, b, score in pairs:
            i, j = int(a), int(b)
            heights = {start: float(peaks[start][i, 2]), end: float(peaks[end][j, 2])}
            ends = {start: i, end: j}
            owners = [p for p in people if p.peaks.get(start) == i or p.peaks.get(end) == j]
            if not owners:
                if limb not in BRIDGES:
                    people.append(Assembly(ends, float(score) + sum(heights.values())))
                continue
            person = owners[0]
            if len(owners) > 1 and not person.peaks.keys() & owners[1].peaks.keys():
                person.peaks.update(owners[1].peaks)
                person.score += owners[1].score + float(score)
                people = [p for p in people if p is not owners[1]]
                continue
            for joint in ends.keys() - person.peaks.keys():
                if not any(other.peaks.get(joint) == ends[joint] for other in people):
                    person.peaks[joint] = ends[joint]
                    person.score += heights[joint] + float(score)
    return people


def _pose(person: Assembly, peaks: list[Floats]) -> Pose:
    joints = np.zeros((N_JOINTS, 2), np.float32)
    seen = np.zeros(N_JOINTS, bool)
    confidence = np.zeros(N_JOINTS, np.float32)
    for joint, index in person.peaks.items():
        joints[joint] = peaks[joint][index, :2]
        seen[joint] = True
        confidence[joint] = np.clip(peaks[joint][index, 2], 0, 1)
    return Pose(joints, seen, confidence)
