"""What every data set format offers, and the parts they share: entries, pairs files, reports of what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import io

from viton_cli.errors import BadDataset
from viton_cli.files import read_keypoints, read_labels, read_pairs, stem
from viton_cli.records import Pose
from viton_cli.vocabulary.label_sets import FILE_LABEL_SETS, to_labels

Kind = Literal["person", "garment"]
Setting = Literal["paired", "unpaired"]
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Entry:
    """One picture of a data set and what is known of it. Files are read when `labels` or `pose` is called.

    Attributes:
        id: Unique among the entries of its kind; "/" separates folders.
        kind: A photo of a person, or a product photo of a garment.
        image: The picture.
        mask: The garment's mask, if the data set has one.
        read_labels: Reads the label map, see `labels`.
        read_pose: Reads the joints, see `pose`.
        read_possible: Reads which labels can occur, see `possible`.
    """

    id: str
    kind: Kind
    image: Path
    mask: Path | None = None
    read_labels: Callable[[], Labels | None] | None = field(default=None, repr=False, compare=False)
    read_pose: Callable[[], Pose | None] | None = field(default=None, repr=False, compare=False)
    read_possible: Callable[[], frozenset[int] | None] | None = field(default=None, repr=False, compare=False)

    @property
    def files(self) -> list[Path]:
        """The files it is known to be read from, the picture first; they decide whether what was made of it is new."""
        given = [self.image, self.mask]
        for read in (self.read_labels, self.read_pose):
            given += (*read.args, *read.keywords.values()) if isinstance(read, partial) else ()
        return list(dict.fromkeys(path for path in given if isinstance(path, Path) and path.is_file()))

    def labels(self) -> Labels | None:
        """(H, W) uint8 in the 22 labels of `vocabulary.labels`, at the data set's size; None if it has none."""
        return self.read_labels() if self.read_labels else None

    def pose(self) -> Pose | None:
        """Joints in pixels of `image`; None if the data set has none for this picture."""
        return self.read_pose() if self.read_pose else None

    def possible(self) -> frozenset[int] | None:
        """The labels that can occur in a picture of which only that is known; None if nothing is."""
        return self.read_possible() if self.read_possible else None


class Dataset(Protocol):
    """A data set on a disk. Built as `Format(root, **options)`.

    Building one raises `BadDataset`, naming what is absent and what the format expects, if `root` cannot be read as
    this format at all; single missing files are left to `report`.
    """

    def entries(self, split: str | None = None) -> Iterator[Entry]:
        """The pictures of a split, or all of them, in a fixed order.

        Every set answers to "train" and "val"; one that publishes a "test" split answers to that too, and "val" is the
        same.

        Raises:
            BadDataset: Another split.
        """
        ...

    def pairs(self, split: str, setting: Setting = "paired") -> list[tuple[str, str]]:
        """(person id, garment id). "paired": the person wears that garment, so that the photo is the true answer.

        Raises:
            BadDataset: The data set has no such split or setting.
            BadPairs: Its pairs file cannot be read.
        """
        ...

    def report(self) -> list[str]:
        """What is missing or odd, in words, naming files; empty if all is well."""
        ...


def pair_ids(path: Path, setting: Setting = "paired") -> list[tuple[str, str]]:
    """(person id, garment id) of a pairs file; for "unpaired" the third column where a line has one.

    Raises:
        BadPairs: See `files.read_pairs`.
    """
    return [
        (stem(row.person), stem((setting == "unpaired" and row.unpaired) or row.garment)) for row in read_pairs(path)
    ]


def check_split(split: str | None, *known: str) -> None:
    """Raises BadDataset if `split` is neither None nor among `known`."""
    if split is not None and split not in known:
        raise BadDataset(f"no split '{split}' in this data set; known: {', '.join(known)}")


def find(root: Path, *names: str, what: str) -> Path:
    """The first of `names` that exists under `root`.

    Raises:
        BadDataset: None does; the text says what was looked for.
    """
    for name in names:
        if (root / name).exists():
            return root / name
    raise BadDataset(f"{root}: no {' or '.join(names)} ({what})")


def missing(expected: Sequence[Path], what: str, root: Path) -> list[str]:
    """One line that names the first few of the files in `expected` that are not there; no line if all are."""
    absent = [path.relative_to(root).as_posix() for path in expected if not path.exists()]
    return [f"{len(absent)} of {len(expected)} {what} missing: {some(absent)}"] if absent else []


def some(names: Sequence[str], cap: int = 3) -> str:
    """The first `cap` names, "and N more"."""
    return ", ".join(names[:cap]) + (f" and {len(names) - cap} more" if len(names) > cap else "")


def pictures(folder: Path, pattern: str = "*.jpg") -> list[Path]:
    """Files of a folder that match, by name; [] if there is no such folder."""
    return sorted(path for path in folder.glob(pattern) if not path.name.startswith("."))


def own_garment(person: str) -> str:
    """VITON's naming: the person NNNNNN_0 wears the garment NNNNNN_1."""
    return person.removesuffix("_0") + "_1"


def read_mat(path: Path, name: str) -> NDArray[Any]:
    """One variable of a MATLAB file.

    Raises:
        BadDataset: Not such a file, or without that variable.
    """
    try:
        return np.asarray(io.loadmat(path, variable_names=[name])[name])
    except KeyError:
        raise BadDataset(f"{path}: no variable '{name}'") from None
    except Exception as error:  # scipy's parser raises whatever it trips over
        raise BadDataset(f"{path}: not a MATLAB file ({' '.join(str(error).split())})") from None


def if_there(path: Path) -> Path | None:
    """`path` if it exists."""
    return path if path.exists() else None


def check_label_set(name: str) -> str:
    """`name`, if it is a label set that indexed PNGs can be written in.

    Raises:
        BadDataset: It is not.
    """
    if name not in FILE_LABEL_SETS:
        raise BadDataset(f"unknown label set '{name}'; known: {', '.join(FILE_LABEL_SETS)}")
    return name


def indexed_labels(path: Path, label_set: str) -> Labels | None:
    """An indexed PNG in a foreign label set as our labels; None if there is no such file.

    Raises:
        BadDataset: Unreadable, a colour picture, or indices the set does not have.
    """
    if not path.exists():
        return None
    try:
        return to_labels(read_labels(path), label_set)
    except ValueError as error:
        raise BadDataset(f"{path}: {error}; is it another label set?") from None


def openpose_pose(path: Path) -> Pose | None:
    """The largest person of an OpenPose JSON; None if there is no such file or it holds nobody.

    Raises:
        BadDataset: Unreadable, or not in pixels.
    """
    pose = largest(read_keypoints(path)) if path.exists() else None
    if pose is not None and np.abs(pose.joints[pose.seen]).max() <= 1:
        raise BadDataset(
            f"{path}: coordinates from 0 to 1 instead of pixels; OpenPose writes pixels with --keypoint_scale 0"
        )
    return pose


def largest(poses: Sequence[Pose]) -> Pose | None:
    """The person whose seen joints reach over the largest area; None if no joint of anybody is seen."""
    areas = [float(np.prod(np.ptp(pose.joints[pose.seen], axis=0) + 1)) if pose.seen.any() else 0.0 for pose in poses]
    return poses[int(np.argmax(areas))] if any(areas) else None


def missing_of_pairs(rows: Sequence[tuple[str, str]], people: Path, clothes: Path, root: Path, name: str) -> list[str]:
    """Lines on the pictures `people/ID.jpg` and `clothes/ID.jpg` that the pairs of the file `name` speak of in vain."""
    return [
        *missing(sorted({people / f"{person}.jpg" for person, _ in rows}), f"persons of {name}", root),
        *missing(sorted({clothes / f"{garment}.jpg" for _, garment in rows}), f"garments of {name}", root),
    ]


def in_both(train: Iterable[str], test: Iterable[str]) -> list[str]:
    """One line if ids are in the training and in the test split."""
    shared = sorted(set(train) & set(test))
    return [f"{len(shared)} ids are in train and in test: {some(shared)}"] if shared else []
