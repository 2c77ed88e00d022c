"""One perception from a pose and a parsing backend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from viton_cli.perception import (
    BOTH,
    POSE,
    DetectsAll,
    ParsesAll,
    ParsingBackend,
    Perception,
    PoseBackend,
    SaysWhy,
    parsing_backend,
)
from viton_cli.records import Parsing, Perceived, Photo, Pose


def open_perception(
    pose: str = "builtin",
    parsing: str = "builtin",
    pose_source: Path | None = None,
    parsing_source: Path | None = None,
    label_set: str | None = None,
) -> Perception:
    """The perception that settings name.

    Args:
        pose, parsing: Names in the registries.
        pose_source, parsing_source: Weight file or folder the backend reads.
        label_set: Of given parsing files, where the backend needs it named.

    Raises:
        UnknownName, BadConfig, BadDataset, BadWeights, MissingExtra: It cannot be had.
    """
    if (pose, pose_source) == (parsing, parsing_source) and pose in BOTH and label_set is None:
        both: Perception = BOTH.get(pose)(pose_source)
        return both
    return OneByOne(POSE.get(pose)(pose_source), parsing_backend(parsing, parsing_source, label_set))


class OneByOne:
    """Joints by one backend, then labels by another."""

    def __init__(self, pose: PoseBackend, parsing: ParsingBackend) -> None:
        self.pose, self.parsing = pose, parsing

    def perceive(self, photos: Sequence[Photo]) -> list[Perceived]:
        """See `perception.Perception`. Of several people the largest is meant."""
        found = detect_all(self.pose, photos)
        largest = [people[0] if people else None for people in found]
        labels = parse_all(self.parsing, photos, largest)
        return [
            Perceived(pose, parsing, len(people), "" if people else self._why(photo))
            for photo, people, pose, parsing in zip(photos, found, largest, labels)
        ]

    def _why(self, photo: Photo) -> str:
        return self.pose.why_nobody(photo) if isinstance(self.pose, SaysWhy) else ""


def detect_all(backend: PoseBackend, photos: Sequence[Photo]) -> list[list[Pose]]:
    """The people in each photo, by a backend that may or may not take several at once."""
    if isinstance(backend, DetectsAll):
        return backend.detect_all(photos)
    return [backend.detect(photo) for photo in photos]


def parse_all(backend: ParsingBackend, photos: Sequence[Photo], poses: Sequence[Pose | None]) -> list[Parsing]:
    """The labels of each photo, by a backend that may or may not take several at once."""
    if isinstance(backend, ParsesAll):
        return backend.parse_all(photos, poses)
    return [backend.parse(photo, pose) for photo, pose in zip(photos, poses)]
