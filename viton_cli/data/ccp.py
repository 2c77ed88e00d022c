"""Clothing Co-Parsing (Yang, Luo and Lin, CVPR 2014): street photos with 59 clothing tags, about half with pixel masks.

ROOT/photos/0001.jpg                        about 550x830
ROOT/annotations/pixel-level/0001.mat       "groundtruth" (H, W) tags
ROOT/annotations/image-level/1005.mat       "tags": a list, for photos without pixel masks
ROOT/label_list.mat                         the words of the tags
ROOT/keypoints/coco18.json                  {id: [[x, y, score] x 18] or null}, COCO-18, photo pixels (not part of
                                            the published set)
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from viton_cli.data.base import Entry, Labels, Setting, check_split, find, missing, read_mat, some
from viton_cli.errors import BadDataset
from viton_cli.files import picture_size
from viton_cli.imaging.limbs import body_unit, split_legs, split_shoes, split_skin, standing_joints
from viton_cli.records import Pose
from viton_cli.vocabulary import label_sets
from viton_cli.vocabulary.labels import (
    BACKGROUND,
    BAG,
    DRESS,
    FACE,
    HAIR,
    JUMPSUITS,
    L_ARM,
    L_LEG,
    L_SHOE,
    N_JOINTS,
    N_LABELS,
    NECK_SKIN,
    PANTS,
    R_ARM,
    R_LEG,
    R_SHOE,
    SKIRT,
    UPPER,
)

# The detector that made the joints always gives all 18; below this score they are guesses.
SEEN_SCORE = 0.5
# Accessories larger than this share of a shoulder width squared are held, smaller ones are worn (bracelets, necklaces).
_HELD_AREA = 0.06


class Ccp:
    """Entries are persons only: the set has no product photos, hence no pairs.

    The set has no splits of its own: "val" are the ids that end in 3, "train" the others.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._photos = find(self.root, "photos", what="CCP keeps its pictures there")
        annotations = find(self.root, "annotations", what="CCP keeps its labels there")
        self._pixel, self._image = annotations / "pixel-level", annotations / "image-level"
        self._words = tuple(label_sets.LABEL_SETS["ccp"].names)
        self._ids = sorted(path.stem for path in self._photos.glob("*.jpg"))
        if not self._ids:
            raise BadDataset(f"{self._photos}: no .jpg pictures")
        keypoints = self.root / "keypoints" / "coco18.json"
        self._joints: dict[str, Any] = {}
        if keypoints.exists():
            try:
                self._joints = json.loads(keypoints.read_text(encoding="utf-8"))
            except ValueError as error:
                raise BadDataset(f"{keypoints}: not JSON ({error})") from None

    def entries(self, split: str | None = None) -> Iterator[Entry]:
        """Photos in order of id, "train" or "val" or all."""
        check_split(split, "train", "val")
        for id in self._ids:
            if split is None or (split == "val") == id.endswith("3"):
                yield Entry(
                    id=id,
                    kind="person",
                    image=self._photos / f"{id}.jpg",
                    read_labels=partial(self.labels, id),
                    read_pose=partial(self.pose, id),
                    read_possible=partial(self.possible, id),
                )

    def pairs(self, split: str, setting: Setting = "paired") -> list[tuple[str, str]]:
        """Raises BadDataset: there are none."""
        raise BadDataset(
            f"{self.root}: CCP has photos of people only; `viton prepare --dataset {self.root} --format ccp --flatten "
            "--out DATA` lays what they wear flat"
        )

    def report(self) -> list[str]:
        """Photos without labels, tags or joints."""
        masks = [id for id in self._ids if (self._pixel / f"{id}.mat").exists()]
        without = [id for id in self._ids if id not in set(masks)]
        lines = missing([self._image / f"{id}.mat" for id in without], "tag lists of photos without masks", self.root)
        if without:
            lines.append(f"{len(without)} of {len(self._ids)} photos have no pixel masks, among them {without[0]}.jpg")
        if not self._joints:
            lines.append(f"no {self.root / 'keypoints' / 'coco18.json'}: sides are guessed from the outline")
        else:
            nobody = [id for id in self._ids if self._joints.get(id) is None]
            if nobody:
                lines.append(f"{len(nobody)} of {len(self._ids)} photos have no joints: {some(nobody)}")
        return lines

    def tags(self, id: str) -> list[str]:
        """The words for what is in a photo, in the order of the set's own list, without "null"; [] if not known."""
        pixels = self._groundtruth(id)
        if pixels is None:
            path = self._image / f"{id}.mat"
            pixels = _mat(path, "tags") if path.exists() else np.zeros(1, np.uint8)
        return [self._words[tag] for tag in np.unique(pixels) if tag]

    def possible(self, id: str) -> frozenset[int] | None:
        """Labels that a photo's tags allow; None without tags. Parts of the body and shoes may be there untagged."""
        words = self.tags(id)
        if not words:
            return None
        labels = {BACKGROUND, HAIR, FACE, L_ARM, R_ARM, L_LEG, R_LEG, L_SHOE, R_SHOE, NECK_SKIN}
        for word in words:
            label = label_sets.LABEL_SETS["ccp"].labels[self._words.index(word)]
            if label == label_sets.ONE_PIECE:
                labels |= {UPPER, JUMPSUITS}
            elif word == "accessories":
                labels.add(BAG)
            elif label < N_LABELS:
                labels.add(label)
        return frozenset(labels)

    def pose(self, id: str) -> Pose | None:
        """Joints in photo pixels; seen = a score of 0.5 or more, inside the picture."""
        points = self._points(id, self._groundtruth(id))
        if points is None:
            return None
        size = np.array(picture_size(self._photos / f"{id}.jpg")[::-1], np.float32)
        joints, score = points[:, :2].copy(), np.clip(points[:, 2], 0, 1)
        inside = ((joints >= -0.5) & (joints < size - 0.5)).all(1)
        return Pose(joints, inside & (score >= SEEN_SCORE), score)

    def labels(self, id: str) -> Labels | None:
        """The 22 labels (H, W) of a photo with pixel masks, else None."""
        tags = self._groundtruth(id)
        if tags is None:
            return None
        points = self._points(id, tags)
        return labels_from_tags(tags, None if points is None else points[:, :2])

    def _points(self, id: str, tags: NDArray[np.uint8] | None) -> NDArray[np.float32] | None:
        """Joints (18, 3), None if there are none or they are those of a bystander, to whom the masks do not belong."""
        points = self._joints.get(id)
        if points is None:
            return None
        array = np.asarray(points, np.float32)
        if array.shape != (N_JOINTS, 3):
            raise BadDataset(f"{self.root / 'keypoints' / 'coco18.json'}: {id} is {array.shape}, not 18 joints of 3")
        if tags is not None and not _on_person(array, tags):
            return None
        return array

    def _groundtruth(self, id: str) -> NDArray[np.uint8] | None:
        path = self._pixel / f"{id}.mat"
        return _mat(path, "groundtruth") if path.exists() else None


def labels_from_tags(tags: NDArray[np.uint8], joints: NDArray[np.float32] | None) -> Labels:
    """CCP's tags (H, W) to the 22 labels, with the joints (18, 2) in the same pixels.

    Without joints the sides come from the outline of the person, taken to stand face-on.

    Raises:
        ValueError: A tag that CCP does not have.
    """
    labels = label_sets.LABEL_SETS["ccp"].table()[tags]
    if (labels == 255).any():
        raise ValueError(f"tag {int(tags[labels == 255].max())} is not among CCP's 59")
    if joints is None:
        joints = standing_joints(tags > 0)
    one_piece = labels == label_sets.ONE_PIECE
    if one_piece.any():
        labels[one_piece] = UPPER if np.isin(labels, (PANTS, SKIRT, DRESS)).any() else JUMPSUITS
    for pseudo, split in (
        (label_sets.SIDED_SKIN, split_skin),
        (label_sets.SIDED_LEGS, split_legs),
        (label_sets.SIDED_SHOES, split_shoes),
    ):
        mask = labels == pseudo
        if mask.any():
            box = _bounding_box(mask)
            part = split(mask[box], joints - np.array([box[1].start, box[0].start], np.float32))
            labels[box][mask[box]] = part[mask[box]]
    worn = labels == label_sets.ON_ANYTHING
    if worn.any():
        pieces, _ = ndimage.label(worn)
        held = np.bincount(pieces.ravel()) > _HELD_AREA * body_unit(joints) ** 2
        held[0] = False
        labels[held[pieces]] = BAG
        worn &= ~held[pieces]
    labels = label_sets.fill_from_nearest(labels, labels == label_sets.ON_CLOTHES, label_sets.CLOTHES_UNDER_BELT)
    return label_sets.fill_from_nearest(labels, worn, tuple(range(BACKGROUND + 1, N_LABELS)))


def _on_person(points: NDArray[np.float32], tags: NDArray[np.uint8]) -> bool:
    """Whether half of the joints that were seen fall on a mask (H, W)."""
    seen = points[points[:, 2] >= SEEN_SCORE, :2]
    column, row = np.rint(seen).astype(int).T
    inside = (row >= 0) & (row < tags.shape[0]) & (column >= 0) & (column < tags.shape[1])
    return bool(np.count_nonzero(tags[row[inside], column[inside]]) >= 0.5 * len(seen))


def _bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _mat(path: Path, name: str) -> NDArray[np.uint8]:
    return np.ascontiguousarray(read_mat(path, name), np.uint8)
