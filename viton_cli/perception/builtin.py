"""The built-in network as a pose and a parsing backend.

A photo is looked at up to three times: whole; around the person found; and from the head to mid-thigh, where a try-on
needs detail. Joints and labels of the nearer look win where it looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from viton_cli.checkpoints import load_network, resolve
from viton_cli.core import frames
from viton_cli.core import labels as L
from viton_cli.core.limbs import sort_sides
from viton_cli.perception.network import PerceptionNet, decode_joints
from viton_cli.records import Frame, Parsing, Photo, Pose

WIDE_VIEW = 0.5  # how much the labels of a wider look count beside those of a nearer one
SEEN = 0.25  # a joint below this probability of being in the picture counts as unseen
KEY_JOINTS = (L.NECK, L.R_SHOULDER, L.L_SHOULDER, L.R_HIP, L.L_HIP, L.NOSE)


@dataclass(frozen=True, eq=False)
class Look:
    """What the network saw in one frame.

    Attributes:
        frame: Where it looked. logits: (22, h, w) float32 of the labels, half the frame's size.
        pose: Joints in photo pixels. person: Share of the frame that is not background.
    """

    frame: Frame
    logits: NDArray[np.float32]
    pose: Pose
    person: float


class Perceiver:
    """The network and what it says of a photo.

    Args:
        weights: File; by default the packaged ones.

    Raises:
        BadWeights: The file does not hold weights of this network.
    """

    def __init__(self, weights: Path | None = None) -> None:
        path = resolve("perception") if weights is None else weights
        net, meta = load_network(path, "perception", lambda meta: PerceptionNet(int(meta["width"])))
        self.net = net.to(memory_format=torch.channels_last)
        self.size: tuple[int, int] = (int(meta["size"][0]), int(meta["size"][1]))
        self._last: tuple[Photo, list[Look]] | None = None

    def look(self, photo: Photo, frame: Frame) -> Look:
        """Run the network on one frame of a photo."""
        picture = frames.crop(photo.image, frame)
        image = torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
        with torch.inference_mode():
            out = self.net(image.to(memory_format=torch.channels_last))
            points, confidence = decode_joints(out.joints, out.absent)
            logits = out.labels[0].float().contiguous().numpy()
        joints = frames.to_photo(points[0].numpy(), frame)
        height, width = photo.size
        inside = (joints >= -0.5).all(1) & (joints[:, 0] < width - 0.5) & (joints[:, 1] < height - 0.5)
        sure = confidence[0].numpy().astype(np.float32).clip(0, 1)
        person = float((logits.argmax(0) > 0).mean())
        return Look(frame, logits, Pose(joints, inside & (sure > SEEN), sure), person)

    def looks(self, photo: Photo) -> list[Look]:
        """The looks at a photo, from far to near; the last photo's are remembered, since pose and parsing both ask."""
        if self._last is not None and self._last[0] is photo:
            return self._last[1]
        looks = [self.look(photo, frames.whole_photo(photo.size, self.size))]
        if looks[0].person > 0.001:
            around = self._around(looks[0], photo)
            if around is not None and around.box != looks[0].frame.box:
                looks.append(self._nearer(photo, around, looks[-1]))
            if is_person(looks[-1].pose, looks[-1].person):
                near = frames.person_frame(looks[-1].pose, photo.size, self.size)
                if near.box[3] - near.box[1] < 0.85 * (looks[-1].frame.box[3] - looks[-1].frame.box[1]):
                    closer = self._nearer(photo, near, looks[-1])
                    # Joints on which the frame was built can be wrong; then a nearer look sees less, not more.
                    if sureness(closer.pose) > 0.75 * sureness(looks[-1].pose):
                        looks.append(closer)
        self._last = (photo, looks)
        return looks

    def _nearer(self, photo: Photo, frame: Frame, far: Look) -> Look:
        """A look at a part of what `far` shows. What the wide view made of it counts too: only there can be seen
        whether it is a top or half of a dress."""
        near = self.look(photo, frame)
        ys, xs = np.mgrid[: near.logits.shape[1], : near.logits.shape[2]]
        scale = frame.size[0] / near.logits.shape[1]
        points = frames.to_photo((np.stack((xs, ys), 2) + 0.5) * scale - 0.5, frame)
        there = (frames.to_frame(points, far.frame) + 0.5) / np.array(far.frame.size[::-1], np.float32) * 2 - 1
        wide = F.grid_sample(
            torch.from_numpy(far.logits)[None].log_softmax(1),
            torch.from_numpy(there.astype(np.float32))[None],
            padding_mode="border",
            align_corners=False,
        )
        both = torch.from_numpy(near.logits).log_softmax(0) + WIDE_VIEW * wide[0]
        return Look(frame, both.numpy(), near.pose, near.person)

    def _around(self, look: Look, photo: Photo) -> Frame | None:
        """The frame around the largest person-like region of a look; None if the look is as near already."""
        labels = look.logits.argmax(0)
        regions, count = ndimage.label(labels > 0)
        if not count:
            return None
        largest = int(np.bincount(regions.ravel())[1:].argmax()) + 1
        rows, columns = np.nonzero(regions == largest)
        scale = look.frame.size[0] / labels.shape[0]
        corners = np.array([[columns.min(), rows.min()], [columns.max() + 1, rows.max() + 1]]) * scale - 0.5
        (left, top), (right, bottom) = frames.to_photo(corners, look.frame)
        tall, wide = bottom - top, right - left
        box = frames.fit_box(
            left - 0.08 * wide, top - 0.06 * tall, right + 0.08 * wide, bottom + 0.06 * tall, self.size
        )
        seen_height = look.frame.box[3] - look.frame.box[1]
        return Frame(box, self.size) if box[3] - box[1] < 0.8 * seen_height else None

    def pose(self, photo: Photo) -> tuple[Pose, float]:
        """Joints from the nearest look that has them, and the largest share of a look that is person."""
        looks = self.looks(photo)
        nearest = looks[-1].pose
        joints, seen, sure = nearest.joints.copy(), nearest.seen.copy(), nearest.confidence.copy()
        x0, y0, x1, y1 = looks[-1].frame.box
        for look in reversed(looks[:-1]):  # what a near look cuts off, a wider one may show
            outside = (look.pose.joints < (x0, y0)).any(1) | (look.pose.joints >= (x1, y1)).any(1)
            take = look.pose.seen & ~seen & outside
            joints[take], sure[take], seen[take] = look.pose.joints[take], look.pose.confidence[take], True
        return Pose(joints, seen, sure), max(look.person for look in looks)

    def labels(self, photo: Photo, possible: frozenset[int] | None = None) -> Parsing:
        """Labels at the photo's size: each look's answer inside its frame, the nearest look last.

        Args:
            photo: The photo.
            possible: The labels that can occur in it, if that is known.
        """
        height, width = photo.size
        labels = np.zeros((height, width), np.uint8)
        for number, look in enumerate(self.looks(photo)):
            x0, y0, x1, y1 = look.frame.box
            # The rim of a near look has little context: it is left to the wider one.
            rim = 0.04 if number else 0.0
            rx, ry = int((x1 - x0) * rim), int((y1 - y0) * rim)
            a, b, c, d = max(x0 + rx, 0), max(y0 + ry, 0), min(x1 - rx, width), min(y1 - ry, height)
            if c > a and d > b:
                labels[b:d, a:c] = _enlarge(_only(look.logits, possible), look.frame, (a, b, c, d))
        pose, _ = self.pose(photo)
        return Parsing(sort_sides(clean(labels), pose.joints, pose.seen))


def _only(logits: NDArray[np.float32], possible: frozenset[int] | None) -> NDArray[np.float32]:
    """Logits (22, h, w) with the impossible labels out of the question."""
    if possible is None:
        return logits
    allowed = np.isin(np.arange(len(logits)), list(possible))
    return np.where(allowed[:, None, None], logits, np.float32(-1e4))


def _enlarge(logits: NDArray[np.float32], frame: Frame, part: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Labels of a part of the photo (x0, y0, x1, y1) from the frame's logits, one class at a time to save memory."""
    x0, y0, x1, y1 = frame.box
    fx, fy = logits.shape[2] / (x1 - x0), logits.shape[1] / (y1 - y0)
    a, b, c, d = part
    box = ((a - x0) * fx, (b - y0) * fy, (c - x0) * fx, (d - y0) * fy)
    best = np.full((d - b, c - a), -np.inf, np.float32)
    labels = np.zeros((d - b, c - a), np.uint8)
    for label in np.unique(logits.argmax(0)):
        plane = Image.fromarray(logits[label]).resize((c - a, d - b), Image.Resampling.BILINEAR, box=box)
        values = np.asarray(plane)
        better = values > best
        best[better], labels[better] = values[better], label
    return labels


def clean(labels: NDArray[np.uint8], least: float = 0.02) -> NDArray[np.uint8]:
    """Drop islands apart from the person that are smaller than `least` of the largest region."""
    shrink = max(labels.shape[0] / 384, 1.0)
    size = max(round(labels.shape[1] / shrink), 1), max(round(labels.shape[0] / shrink), 1)
    grid = np.asarray(Image.fromarray(labels).resize(size, Image.Resampling.NEAREST))
    regions, count = ndimage.label(grid > 0, np.ones((3, 3)))
    if count < 2:
        return labels
    areas = np.bincount(regions.ravel())
    areas[0] = 0
    keep = areas >= least * areas.max()
    keep[0] = True
    drop = ~keep[regions]
    if not drop.any():
        return labels
    mask = np.asarray(Image.fromarray(drop).resize(labels.shape[::-1], Image.Resampling.NEAREST))
    return np.where(mask, L.BACKGROUND, labels).astype(np.uint8)


def is_person(pose: Pose, share: float) -> bool:
    """Whether joints and labels together speak for a person: a share of the pixels, and three of the key joints."""
    return bool(share > 0.004 and sureness(pose) > 0.45)


def sureness(pose: Pose) -> float:
    """Mean confidence of the three surest of nose, neck, shoulders and hips."""
    return float(np.sort(pose.confidence[list(KEY_JOINTS)])[-3:].mean())


@lru_cache(maxsize=2)
def perceiver(weights: Path | None) -> Perceiver:
    """One network for the pose and the parsing backend."""
    return Perceiver(weights)


class BuiltinPose:
    """Pose backend `builtin`."""

    def __init__(self, source: Path | None = None) -> None:
        self._perceiver = perceiver(source)

    def detect(self, photo: Photo) -> list[Pose]:
        """The one person the photo is about, or nobody. (Further people: `perception.person` counts them.)"""
        pose, share = self._perceiver.pose(photo)
        return [pose] if is_person(pose, share) else []


class BuiltinParsing:
    """Parsing backend `builtin`."""

    def __init__(self, source: Path | None = None) -> None:
        self._perceiver = perceiver(source)

    def parse(self, photo: Photo, pose: Pose | None) -> Parsing:
        """Labels of the person; `pose` is not needed, the network finds the same person again."""
        return self._perceiver.labels(photo)
