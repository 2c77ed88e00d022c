"""What every data set format offers, and the parts they share: entries, pairs files, reports of what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from viton_cli.core.label_sets import LABEL_SETS, to_labels
from viton_cli.errors import BadDataset, BadPairs
from viton_cli.files import read_keypoints, read_labels
from viton_cli.records import Pose

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
    """

    id: str
    kind: Kind
    image: Path
    mask: Path | None = None
    read_labels: Callable[[], Labels | None] | None = field(default=None, repr=False, compare=False)
    read_pose: Callable[[], Pose | None] | None = field(default=None, repr=False, compare=False)

    def labels(self) -> Labels | None:
        """(H, W) uint8 in the 22 labels of `core.labels`, at the size the data set keeps them; None if it has none."""
        return self.read_labels() if self.read_labels else None

    def pose(self) -> Pose | None:
        """Joints in pixels of `image`; None if the data set has none for this picture."""
        return self.read_pose() if self.read_pose else None


class Dataset(Protocol):
    """A data set on a disk. Built as `Format(root, **options)`.

    Building one raises `BadDataset`, naming what is absent and what the format expects, if `root` cannot be read as
    this format at all; single missing files are left to `report`.
    """

    def entries(self, split: str | None = None) -> Iterator[Entry]:
        """The pictures of a split ("train", "test", ...), or of all of them, in a fixed order."""
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


def read_pairs(path: Path, columns: tuple[int, ...] = (2, 3)) -> list[tuple[str, ...]]:
    """Read a pairs file: "person garment" and perhaps a third column, separated by blanks or tabs, one pair a line.

    Blank lines, lines that begin with "#", a byte order mark and Windows line ends are understood.

    Args:
        path: The file.
        columns: How many columns a line may have.

    Raises:
        BadPairs: Unreadable, empty, or a line with another number of columns; the text names file and line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadPairs(f"{path}: cannot be opened ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise BadPairs(f"{path}: not a text file") from None
    pairs = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) not in columns:
            wanted = " or ".join(str(count) for count in columns)
            raise BadPairs(f"{path}:{number}: {len(words)} columns, expected {wanted} (person, garment): '{line.strip()}'")
        pairs.append(tuple(words))
    if not pairs:
        raise BadPairs(f"{path}: no pairs in this file")
    return pairs


def find(root: Path, *names: str, what: str) -> Path:
    """The first of `names` that exists under `root`.

    Raises:
        BadDataset: None does; the text says what was looked for.
    """
    for name in names:
        if (root / name).exists():
            return root / name
    raise BadDataset(f"{root}: no {' or '.join(names)} ({what})")


def missing(expected: list[Path], what: str, root: Path, cap: int = 3) -> list[str]:
    """One line that names up to `cap` of the files in `expected` that are not there; no line if all are."""
    absent = [path.relative_to(root).as_posix() for path in expected if not path.exists()]
    if not absent:
        return []
    more = f" and {len(absent) - cap} more" if len(absent) > cap else ""
    return [f"{len(absent)} of {len(expected)} {what} missing: {', '.join(absent[:cap])}{more}"]


def read_foreign_labels(path: Path, label_set: str) -> Labels:
    """An indexed PNG in a foreign label set as our labels.

    Raises:
        BadDataset: Unreadable, a colour picture, or indices the set does not have.
    """
    try:
        return to_labels(read_labels(path), label_set)
    except ValueError as error:
        raise BadDataset(f"{path}: {error}") from None


def check_label_set(name: str) -> str:
    """`name`, if it is a label set that files can be written in.

    Raises:
        BadDataset: It is not.
    """
    files = [known for known in LABEL_SETS if known != "ccp"]
    if name not in files:
        raise BadDataset(f"unknown label set '{name}'; known: {', '.join(files)}")
    return name


def first_pose(path: Path) -> Pose | None:
    """The person of an OpenPose JSON with the most joints; None if the file is not there or holds nobody."""
    if not path.exists():
        return None
    poses = read_keypoints(path)
    return max(poses, key=lambda pose: int(pose.seen.sum()), default=None)
