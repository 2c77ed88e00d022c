"""The files that all rendered sets have: people with labels and joints, garments with masks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from viton_cli.data.base import (
    Entry,
    check_split,
    find,
    if_there,
    indexed_labels,
    missing,
    openpose_pose,
    pictures,
)

LABEL_SET = "viton"


class RenderedFiles(ABC):
    """ROOT/image, image-parse, pose, cloth and cloth-mask. A subclass says which picture belongs to which split."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._images = find(self.root, "image", what="rendered sets keep their people there")
        self._cloth = find(self.root, "cloth", what="rendered sets keep their garments there")

    @abstractmethod
    def in_split(self, name: str, split: str) -> bool:
        """Whether a picture called so belongs to "train" or "val"."""

    def entries(self, split: str | None = None) -> Iterator[Entry]:
        """People, then garments."""
        check_split(split, "train", "val")
        for image in pictures(self._images):
            if split is None or self.in_split(image.stem, split):
                yield Entry(
                    id=image.stem,
                    kind="person",
                    image=image,
                    read_labels=partial(indexed_labels, self._parse_file(image), LABEL_SET),
                    read_pose=partial(openpose_pose, self._pose_file(image)),
                )
        for image in pictures(self._cloth):
            if split is None or self.in_split(image.stem, split):
                yield Entry(id=image.stem, kind="garment", image=image, mask=if_there(self._mask_file(image)))

    def missing_files(self) -> list[str]:
        """Missing labels, joints and masks, in words."""
        people, garments = pictures(self._images), pictures(self._cloth)
        lines = missing([self._parse_file(image) for image in people], "label maps", self.root)
        lines += missing([self._pose_file(image) for image in people], "keypoints", self.root)
        return lines + missing([self._mask_file(image) for image in garments], "garment masks", self.root)

    def missing_of_rows(self, people: Iterable[str], garments: Iterable[str]) -> list[str]:
        """Pictures that pairs.csv names in vain, in words."""
        named = [self._images / f"{name}.jpg" for name in sorted(set(people))]
        worn = [self._cloth / f"{name}.jpg" for name in sorted(set(garments))]
        lines = missing(named, "people of pairs.csv", self.root)
        return lines + missing(worn, "garments of pairs.csv", self.root)

    def _parse_file(self, image: Path) -> Path:
        return self.root / "image-parse" / f"{image.stem}.png"

    def _pose_file(self, image: Path) -> Path:
        return self.root / "pose" / f"{image.stem}_keypoints.json"

    def _mask_file(self, image: Path) -> Path:
        return self.root / "cloth-mask" / f"{image.stem}.png"
