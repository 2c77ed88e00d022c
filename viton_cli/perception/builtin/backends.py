"""The built-in network as a pose backend, as a parsing backend, and as both in one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from viton_cli.perception.builtin.look import Look, is_person
from viton_cli.perception.builtin.perceiver import Perceiver, labels_of, perceiver, pose_of
from viton_cli.perception.builtin.search import turned
from viton_cli.perception.people import clarity
from viton_cli.records import Parsing, Perceived, Photo, Pose

CLEAR = 0.4  # clarity of a pose below which there is nobody after all


class BuiltinPerception:
    """Joints and labels from the same looks at a photo: perception `builtin`.

    Args:
        source: Weight file; by default the packaged one.

    Raises:
        BadWeights: It does not hold weights of this network.
    """

    def __init__(self, source: Path | None = None) -> None:
        self.network = perceiver(source)

    def perceive(self, photos: Sequence[Photo]) -> list[Perceived]:
        """The one person each photo is about, or nobody."""
        return [perceived(self.network, photo, looks) for photo, looks in zip(photos, self.network.looks(photos))]


class BuiltinPose:
    """Pose backend `builtin`."""

    def __init__(self, source: Path | None = None) -> None:
        self.network = perceiver(source)

    def detect(self, photo: Photo) -> list[Pose]:
        """The one person the photo is about, or nobody. (Further people: `perception.person` counts them.)"""
        return self.detect_all([photo])[0]

    def detect_all(self, photos: Sequence[Photo]) -> list[list[Pose]]:
        """The same for several photos, looked at together."""
        return [people_of(self.network, photo, looks)[0] for photo, looks in zip(photos, self.network.looks(photos))]

    def why_nobody(self, photo: Photo) -> str:
        """Whether there is somebody after all, but not upright."""
        return people_of(self.network, photo, self.network.looks([photo])[0])[1]


class BuiltinParsing:
    """Parsing backend `builtin`."""

    def __init__(self, source: Path | None = None) -> None:
        self.network = perceiver(source)

    def parse(self, photo: Photo, pose: Pose | None) -> Parsing:
        """Labels of the person; `pose` is not needed, the network finds the same person itself."""
        return self.network.labels(photo)

    def parse_all(self, photos: Sequence[Photo], poses: Sequence[Pose | None]) -> list[Parsing]:
        """The same for several photos, looked at together."""
        return [labels_of(photo, looks) for photo, looks in zip(photos, self.network.looks(photos))]


def perceived(network: Perceiver, photo: Photo, looks: Sequence[Look]) -> Perceived:
    """What some looks at a photo say of it."""
    people, why = people_of(network, photo, looks)
    return Perceived(people[0] if people else None, labels_of(photo, looks), len(people), why)


def people_of(network: Perceiver, photo: Photo, looks: Sequence[Look]) -> tuple[list[Pose], str]:
    """The one person some looks at a photo show, or nobody, and then why not, in words ("" if nothing can be said)."""
    pose, share = pose_of(looks)
    degrees = turned(network, photo, pose)
    # A garment or a pair of legs can look like a few joints of an upper body, but not like four.
    if is_person(pose, share) and clarity(pose) > CLEAR and not degrees:
        return [pose], ""
    if not degrees:
        return [], ""
    if degrees == 180:
        return [], "the photo may be upside down (then turn it), or show legs alone"
    return [], f"the person is lying, or the photo lies on its side: turn it by {degrees} degrees clockwise"
