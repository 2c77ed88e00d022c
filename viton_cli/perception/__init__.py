"""Perception: who is in a photo, where the joints are, which pixel is what; and what in a product photo is the garment.

A pose backend is built as `Backend(source)` (`source`: a weight file, or a folder of keypoint files; None for its own
default) and has `detect(photo)`: all people found, largest first, joints in photo pixels, an empty list when there is
nobody. A parsing backend is built alike (plus `label_set` where a foreign one has to be named) and has
`parse(photo, pose)`: labels at the photo's size. A backend that is faster with several photos at once may have
`detect_all(photos)` or `parse_all(photos, poses)` besides, and a pose backend that can say more about a photo without a
person `why_nobody(photo)`. A network that finds both at once has `perceive(photos)`, and is a line in `BOTH`.

perceive.py   one perception from a pose and a parsing backend
person.py     from a photo to a `Person`, with any perception
people.py     other joint orders, the largest person first, how clear; for any pose backend
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from viton_cli.errors import BadConfig
from viton_cli.records import Parsing, Perceived, Photo, Pose
from viton_cli.registry import Registry


class PoseBackend(Protocol):
    """Finds the joints of the people in a photo."""

    def __init__(self, source: Path | None = None) -> None: ...

    def detect(self, photo: Photo) -> list[Pose]:
        """All people found, largest first, joints in photo pixels."""
        ...


class ParsingBackend(Protocol):
    """Labels every pixel of a photo."""

    def __init__(self, source: Path | None = None) -> None: ...

    def parse(self, photo: Photo, pose: Pose | None) -> Parsing:
        """Labels at the photo's size; `pose` says which person is meant."""
        ...


@runtime_checkable
class DetectsAll(Protocol):
    """A pose backend that is faster with several photos at once."""

    def detect_all(self, photos: Sequence[Photo]) -> list[list[Pose]]:
        """What `detect` says of each."""
        ...


@runtime_checkable
class ParsesAll(Protocol):
    """A parsing backend that is faster with several photos at once."""

    def parse_all(self, photos: Sequence[Photo], poses: Sequence[Pose | None]) -> list[Parsing]:
        """What `parse` says of each."""
        ...


@runtime_checkable
class SaysWhy(Protocol):
    """A pose backend that can say more about a photo in which it detects nobody."""

    def why_nobody(self, photo: Photo) -> str:
        """The cause and what to do about it, in words; "" if there is nothing to say."""
        ...


class Perception(Protocol):
    """Finds joints and labels of photos."""

    def perceive(self, photos: Sequence[Photo]) -> list[Perceived]:
        """What there is to see in each of the photos; somebody or nobody."""
        ...


POSE = Registry(
    "pose backend",
    {
        "builtin": "viton_cli.perception.builtin.backends:BuiltinPose",
        "openpose": "viton_cli.perception.backends.pose_openpose:OpenPoseJson",
        "keypoint-rcnn": "viton_cli.perception.backends.pose_keypoint_rcnn:KeypointRcnn",
        "mediapipe": "viton_cli.perception.backends.pose_mediapipe:MediaPipePose",
        "paf": "viton_cli.perception.backends.pose_paf:PartAffinityPose",
        "fake": "viton_cli.perception.backends.fake:FakePose",
    },
    unlisted=("fake",),
)

PARSING = Registry(
    "parsing backend",
    {
        "builtin": "viton_cli.perception.builtin.backends:BuiltinParsing",
        "png": "viton_cli.perception.backends.parsing_png:IndexedPng",
        "schp": "viton_cli.perception.backends.parsing_schp:SchpParsing",
        "fashn": "viton_cli.perception.backends.parsing_fashn:FashnParsing",
        "fake": "viton_cli.perception.backends.fake:FakeParsing",
    },
    unlisted=("fake",),
)

# Names in both, whose network finds both at once.
BOTH = Registry("perception", {"builtin": "viton_cli.perception.builtin.backends:BuiltinPerception"})


def parsing_backend(name: str, source: Path | None = None, label_set: str | None = None) -> ParsingBackend:
    """A parsing backend, ready for use.

    Args:
        name: In `PARSING`. source: Weight file or folder it reads.
        label_set: Of the files or weights, where the backend reads foreign ones.

    Raises:
        BadConfig: A label set for a backend that has labels of its own.
    """
    kind: Any = PARSING.get(name)
    if label_set is None:
        backend: ParsingBackend = kind(source)
        return backend
    if "label_set" not in inspect.signature(kind).parameters:
        raise BadConfig(
            f"--label-set {label_set}: parsing backend '{name}' has labels of its own; png and schp take one"
        )
    backend = kind(source, label_set=label_set)
    return backend
