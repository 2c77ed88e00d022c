"""Corrections by hand: what a command line, a pairs file or Python says of people and of how garments are worn."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.config import ExplainConfig, MethodConfig, TryOnConfig
from viton_cli.errors import BadConfig, BadMask, BadPairs, NothingUsable
from viton_cli.files import Entries, PairRow, expand, list_inputs, read_labels
from viton_cli.methods.by_hand import REACH, Wishes
from viton_cli.perception.by_hand import Known
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon.given import Mask, as_mask
from viton_cli.records import Person, Photo, Pose

Pair = tuple[str, str]
Who = int | tuple[int, int, int, int] | str
OF_PEOPLE = ("person_mask", "joints", "labels", "who")  # the same for every line of one person
OF_PAIRS = ("sleeves", "length", "tuck")
TRUE, FALSE = ("yes", "true", "1", "tuck", "tucked"), ("no", "false", "0", "untuck", "loose")
JOINTS_ENDINGS = ("_keypoints.json", ".json")


@dataclass(frozen=True)
class Said:
    """What is said of one person: files, and which person is meant; None where nothing is."""

    person_mask: Path | None = None
    joints: Path | None = None
    labels: Path | None = None
    who: str | None = None

    @property
    def files(self) -> list[Path]:
        """Those that are read."""
        return [path for path in (self.person_mask, self.joints, self.labels) if path is not None]

    def known(self, photo: Photo) -> Known | None:
        """The same, read; None where nothing is said."""
        return known_of(photo, **vars(self))


@dataclass(frozen=True)
class Corrections:
    """Those of a run.

    Attributes:
        people: Of each person of whom something is said, by id.
        pairs: How a garment is worn, of each pair of which the pairs file says so.
        otherwise: How garments are worn in all other pairs.
    """

    people: dict[str, Said] = field(default_factory=dict)
    pairs: dict[Pair, Wishes] = field(default_factory=dict)
    otherwise: Wishes = field(default_factory=Wishes)

    @property
    def files(self) -> list[Path]:
        """All that are read."""
        return [path for said in self.people.values() for path in said.files]

    def find(self, tools: Tools, id: str, photo: Photo) -> Person:
        """The person of a photo, as is said of them."""
        said = self.people.get(id)
        return tools.find(photo, said.known(photo) if said else None)

    def of_pair(self, person: str, garment: str) -> Wishes:
        """How the garment is worn."""
        return self.pairs.get((person, garment), self.otherwise)

    def inputs(self, person: str, garment: str) -> tuple[list[Path], dict[str, Any]]:
        """What a pair's result is made from besides: files, and words that are not among the run's settings."""
        said = self.people.get(person, Said())
        wishes = self.pairs.get((person, garment))
        words = {"who": said.who, **(vars(wishes) if wishes else {})}
        return said.files, {name: value for name, value in words.items() if value is not None}


def corrections_of(
    config: TryOnConfig | ExplainConfig, people: Mapping[str, Path], rows: Mapping[Pair, PairRow], folder: Path
) -> Corrections:
    """The corrections of a run; what a pairs file says goes before what flags say.

    Args:
        config: The settings. people: Id to file of the people's photos.
        rows: The pairs file's lines. folder: That the file lies in.

    Raises:
        BadPairs: A line says what cannot be. BadConfig, NothingUsable: A flag does.
    """
    flags: dict[str, Mapping[str, Path]] = {
        "person_mask": _named(people, config.person_mask),
        "joints": _named(people, config.joints, JOINTS_ENDINGS),
        "labels": _named(people, config.labels),
    }
    said: dict[str, dict[str, Any]] = {}
    for kind, found in flags.items():
        for id, path in found.items():
            said.setdefault(id, {})[kind] = path
    if config.who is not None:
        as_who(config.who)
        for id in people:
            said.setdefault(id, {})["who"] = config.who
    told: dict[tuple[str, str], tuple[object, str]] = {}
    worn: dict[Pair, Wishes] = {}
    otherwise = wishes_of(config)
    for (person, garment), row in rows.items():
        for name in OF_PEOPLE:
            value = row.more.get(name)
            before, where = told.setdefault((person, name), (value, row.where))
            if before != value:
                raise BadPairs(f"{row.where}: another {name} of '{person}' than in line {where.rpartition(':')[2]}")
            if value is not None:
                said.setdefault(person, {})[name] = _value(row, name, value, folder)
        own = _wishes(row)
        if own:
            worn[person, garment] = own.over(otherwise)
    return Corrections({id: Said(**parts) for id, parts in said.items()}, worn, otherwise)


def wishes_of(config: MethodConfig) -> Wishes:
    """How garments are worn by the settings."""
    return Wishes(config.sleeves, config.length, config.tuck)


def known_of(
    photo: Photo,
    person_mask: Mask | None = None,
    joints: str | Path | Pose | None = None,
    labels: str | Path | NDArray[np.uint8] | None = None,
    who: Who | None = None,
) -> Known | None:
    """What is known of the person in a photo, at the size it is worked on; None where nothing is.

    Args:
        photo: The photo. Everything else is in pixels of its own full size.
        person_mask: White on the person. joints: OpenPose JSON, or a pose. labels: An indexed PNG, or (H, W) uint8.
        who: Number from the left, 1 the first; or a box (x0, y0, x1, y1).

    Raises:
        BadMask: A mask or labels of another size. BadDataset: A file that cannot be read. BadConfig: No number or box.
    """
    if person_mask is None and joints is None and labels is None and who is None:
        return None
    mask = None if person_mask is None else as_mask(person_mask, photo.full_size, photo.size)
    meant = None if who is None else as_who(who)
    if isinstance(meant, tuple):
        scale = photo.size[1] / photo.full_size[1]
        x0, y0, x1, y1 = (round(edge * scale) for edge in meant)
        meant = x0, y0, x1, y1
    return Known(mask, _pose(photo, joints), _labels(photo, labels), meant)


def as_who(who: Who) -> int | tuple[int, int, int, int]:
    """A number from 1, or a box.

    Raises:
        BadConfig: Neither.
    """
    parts = [who] if isinstance(who, int) else re.split(r"[,;\s]+", who.strip()) if isinstance(who, str) else list(who)
    try:
        numbers = [int(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) == 1 and numbers[0] > 0:
        return numbers[0]
    if len(numbers) == 4 and numbers[0] < numbers[2] and numbers[1] < numbers[3]:
        return numbers[0], numbers[1], numbers[2], numbers[3]
    raise BadConfig(f"--who {who}: neither the number of a person from the left nor a box X0,Y0,X1,Y1")


def _pose(photo: Photo, joints: str | Path | Pose | None) -> Pose | None:
    if joints is None or isinstance(joints, Pose):
        return joints
    from viton_cli.perception.backends.pose_openpose import OpenPoseJson

    people = OpenPoseJson(Path(joints)).detect(photo)
    if not people:
        raise NothingUsable(f"{joints}: holds nobody's joints")
    return people[0]


def _labels(photo: Photo, labels: str | Path | NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
    if labels is None:
        return None
    found = read_labels(Path(labels)) if isinstance(labels, (str, Path)) else labels
    if found.shape != photo.full_size:
        name = labels if isinstance(labels, (str, Path)) else "labels"
        height, width = photo.full_size
        raise BadMask(f"{name}: {found.shape[1]}x{found.shape[0]} pixels, the photo has {width}x{height}")
    if photo.size == photo.full_size:
        return found
    return np.asarray(Image.fromarray(found).resize(photo.size[::-1], Image.Resampling.NEAREST))


def _named(people: Mapping[str, Path], entries: Entries | None, endings: Sequence[str] = ()) -> dict[str, Path]:
    """Id of a person to the file called so; one file alone is the one person's.

    Args:
        people: Id to photo. entries: Files and folders. endings: Of the files, where they are no pictures.

    Raises:
        NothingUsable: No such file. BadMask: One file for several people.
    """
    if not entries:
        return {}
    places = expand(entries)
    if len(places) == 1 and places[0].is_file():
        if len(people) != 1:
            raise BadMask(f"{places[0]}: one file for {len(people)} people; give a folder")
        return dict.fromkeys(people, places[0])
    if not endings:
        named = {id.removesuffix(path.suffix): path for id, path in list_inputs(entries)}
        return {id: named[id] for id in people if id in named}
    found: dict[str, Path] = {}
    for id in people:
        candidates = (place / f"{id}{ending}" for place in places for ending in endings)
        path = next((path for path in candidates if path.is_file()), None)
        if path is not None:
            found[id] = path
    if not found:
        raise NothingUsable(f"{', '.join(map(str, places))}: no file named as a photo of a person, NAME{endings[-1]}")
    return found


def _value(row: PairRow, name: str, value: Any, folder: Path) -> Path | str:
    if name == "who":
        try:
            as_who(value if isinstance(value, (int, str)) else str(value))
        except BadConfig:
            raise BadPairs(f"{row.where}: who '{value}' is neither a number nor a box X0,Y0,X1,Y1") from None
        return str(value)
    path = folder / str(value)
    if not path.is_file():
        raise BadPairs(f"{row.where}: there is no {name} {path}")
    return path


def _wishes(row: PairRow) -> Wishes:
    """How a line says its garment is worn."""
    sleeves, length, tuck = (row.more.get(name) for name in OF_PAIRS)
    if sleeves is not None and sleeves not in REACH:
        raise BadPairs(f"{row.where}: unknown sleeves '{sleeves}'; known: {', '.join(REACH)}")
    try:
        hem = None if length is None else float(length)
    except (TypeError, ValueError):
        hem = -1.0
    if hem is not None and not 0.4 <= hem <= 2.5:
        raise BadPairs(f"{row.where}: length '{length}' is no number from 0.4 to 2.5")
    word = str(tuck).casefold()
    if tuck is not None and word not in (*TRUE, *FALSE):
        raise BadPairs(f"{row.where}: tuck '{tuck}' is neither yes nor no")
    return Wishes(sleeves, hem, None if tuck is None else word in TRUE)
