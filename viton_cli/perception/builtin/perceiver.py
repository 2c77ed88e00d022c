"""The built-in network and what it says of a photo.

A photo is looked at up to three times: whole; around the person found; and from the head to mid-thigh, where a try-on
needs detail. Joints and labels of the nearer look win where it looked.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.checkpoints import load_network, resolve
from viton_cli.devices import placed, used_device
from viton_cli.imaging import frames
from viton_cli.imaging.limbs import sort_sides
from viton_cli.perception.builtin.enlarge import clean, enlarge
from viton_cli.perception.builtin.look import Look, is_person, look_of, sureness, with_wide_view
from viton_cli.perception.builtin.network import PerceptionNet, decode_joints, see_both_ways
from viton_cli.perception.builtin.search import SURE, likely_tiles
from viton_cli.records import Frame, Parsing, Photo, Pose

STRIP = 4_000_000  # pixels that are labelled at once


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
        self.net = placed(net.to(memory_format=torch.channels_last))
        self.size: tuple[int, int] = (int(meta["size"][0]), int(meta["size"][1]))

    def look(self, photo: Photo, frame: Frame) -> Look:
        """Run the network on one frame of a photo."""
        return self.look_all([(photo, frame)])[0]

    def look_all(self, views: Sequence[tuple[Photo, Frame]], both_ways: bool = False) -> list[Look]:
        """Run the network once, on frames of several photos (of any sizes) or of one.

        Args:
            views: Photos and where to look.
            both_ways: Look at the mirror images too.
        """
        if not views:
            return []
        pictures = np.stack([frames.crop(photo.image, frame) for photo, frame in views])
        images = torch.from_numpy(pictures.astype(np.float32)).permute(0, 3, 1, 2) / 127.5 - 1
        with torch.inference_mode():
            images = images.contiguous(memory_format=torch.channels_last)
            out = see_both_ways(self.net, images) if both_ways else self.net(images)
            points, confidence = decode_joints(out.joints, out.absent)
            logits = out.labels.float().contiguous().numpy()
        return [
            look_of(photo, frame, logits[i], points[i].numpy(), confidence[i].numpy())
            for i, (photo, frame) in enumerate(views)
        ]

    def looks(self, photos: Sequence[Photo]) -> list[list[Look]]:
        """The looks at each of several photos, from far to near, each time at all photos at once."""
        # Both ways: mIoU12 .617 to .624 on held-out photos; at the nearer looks too .6245, which is not worth the time.
        far = self.look_all([(photo, frames.whole_photo(photo.size, self.size)) for photo in photos], both_ways=True)
        seen = [(photo, [look]) for photo, look in zip(photos, far)]
        self._look_nearer(seen)
        for photo, looks in seen:
            if not is_person(looks[-1].pose, looks[-1].person):
                self._search(photo, looks)
        return [looks for _, looks in seen]

    def _search(self, photo: Photo, looks: list[Look]) -> None:
        """Replace the nearer looks at a photo, in which nobody was found, by looks at somebody small, if there is."""
        for tile in likely_tiles(self, photo):
            nearer = [looks[0], tile]
            self._look_nearer([(photo, nearer)])
            if is_person(nearer[-1].pose, nearer[-1].person) and sureness(nearer[-1].pose) > SURE:
                looks[:] = nearer
                return

    def _look_nearer(self, seen: Sequence[tuple[Photo, list[Look]]]) -> None:
        """Add the nearer looks at several photos to the wide ones."""
        for nearer in (self._around, self._upper_body):
            wanted = [(photo, looks, nearer(photo, looks)) for photo, looks in seen]
            views = [(photo, looks, frame) for photo, looks, frame in wanted if frame is not None]
            found = self.look_all([(photo, frame) for photo, _, frame in views])
            for near, (_, looks, _) in zip(found, views):
                # Joints on which the frame was built can be wrong; then a nearer look sees less, not more.
                if nearer == self._around or sureness(near.pose) > 0.75 * sureness(looks[-1].pose):
                    looks.append(with_wide_view(near, looks[-1]))

    def _around(self, photo: Photo, looks: list[Look]) -> Frame | None:
        """The frame around the largest person-like region of the last look; None if there is none, or if the look is
        as near already."""
        look = looks[-1]
        if look.person <= 0.001:
            return None
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

    def _upper_body(self, photo: Photo, looks: list[Look]) -> Frame | None:
        """The try-on frame by the joints of the last look; None if they are nobody's, or if the look is as near
        already."""
        look = looks[-1]
        if not is_person(look.pose, look.person):
            return None
        near = frames.person_frame(look.pose, photo.size, self.size)
        return near if near.box[3] - near.box[1] < 0.85 * (look.frame.box[3] - look.frame.box[1]) else None

    def person_score(self, photo: Photo) -> float:
        """How sure it is that a photo, meant to show a garment, shows a person who fills it, [0, 1]."""
        look = self.look(photo, frames.whole_photo(photo.size, self.size))
        return sureness(look.pose) if is_person(look.pose, look.person) else 0.0

    def labels(self, photo: Photo, possible: frozenset[int] | None = None) -> Parsing:
        """Labels of one photo; see `labels_of`."""
        return labels_of(photo, self.looks([photo])[0], possible)


def pose_of(looks: Sequence[Look]) -> tuple[Pose, float]:
    """Joints from the nearest look that has them, and the largest share of a look that is person."""
    nearest = looks[-1].pose
    joints, seen, sure = nearest.joints.copy(), nearest.seen.copy(), nearest.confidence.copy()
    x0, y0, x1, y1 = looks[-1].frame.box
    for look in reversed(looks[:-1]):  # what a near look cuts off, a wider one may show
        outside = (look.pose.joints < (x0, y0)).any(1) | (look.pose.joints >= (x1, y1)).any(1)
        take = look.pose.seen & ~seen & outside
        joints[take], sure[take], seen[take] = look.pose.joints[take], look.pose.confidence[take], True
    return Pose(joints, seen, sure), max(look.person for look in looks)


def labels_of(photo: Photo, looks: Sequence[Look], possible: frozenset[int] | None = None) -> Parsing:
    """Labels at the photo's size: each look's answer inside its frame, the nearest look last.

    Args:
        photo: The photo. looks: At it.
        possible: The labels that can occur in it, if that is known.
    """
    height, width = photo.size
    labels = np.zeros((height, width), np.uint8)
    for number, look in enumerate(looks):
        x0, y0, x1, y1 = look.frame.box
        # The rim of a near look has little context: it is left to the wider one.
        rim = 0.04 if number else 0.0
        rx, ry = int((x1 - x0) * rim), int((y1 - y0) * rim)
        a, b, c, d = max(x0 + rx, 0), max(y0 + ry, 0), min(x1 - rx, width), min(y1 - ry, height)
        strip = max(STRIP // max(c - a, 1), 1)
        for row in range(b, d if c > a else b, strip):
            part = a, row, c, min(row + strip, d)
            labels[row : part[3], a:c] = enlarge(only(look.logits, possible), look.frame, part)
    pose, _ = pose_of(looks)
    return Parsing(sort_sides(clean(labels), pose.joints, pose.seen))


def only(logits: NDArray[np.float32], possible: frozenset[int] | None) -> NDArray[np.float32]:
    """Logits (22, h, w) with the impossible labels out of the question."""
    if possible is None:
        return logits
    allowed = np.isin(np.arange(len(logits)), list(possible))
    return np.where(allowed[:, None, None], logits, np.float32(-1e4))


def perceiver(weights: Path | None) -> Perceiver:
    """One network a weight file and device, however many backends use it."""
    return _perceiver(weights, used_device())


@lru_cache(maxsize=2)
def _perceiver(weights: Path | None, device: str) -> Perceiver:
    return Perceiver(weights)
