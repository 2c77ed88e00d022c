"""The folder that `viton prepare` writes and `viton train` reads.

DATA/image/ID.jpg  image-parse-v3/ID.png  openpose_json/ID_keypoints.json        labels of this toolkit; BODY_25
DATA/cloth/ID.jpg  cloth-mask/ID.png
DATA/cloth/laid/ID.jpg  cloth-mask/laid/ID.png  laid/ID.npz                       with --flatten: what ID wears
DATA/train_pairs.txt  test_pairs.txt  test_pairs_unpaired.txt                    "person garment" ids, tab between
DATA/manifest.jsonl                                                              one line a photo
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from viton_cli.data.base import (
    Entry,
    Kind,
    Setting,
    check_split,
    if_there,
    in_both,
    indexed_labels,
    missing,
    missing_of_pairs,
    openpose_pose,
    pair_ids,
    some,
)
from viton_cli.data.triplets import LaidFlat
from viton_cli.errors import BadDataset, NothingUsable
from viton_cli.files import Manifest, list_photos

LABEL_SET = "viton"
LAID = "laid"  # folder of the garments that were laid flat, below `cloth` and `cloth-mask`, and beside them


class Prepared:
    """Ids are paths below `image` and `cloth`, without ending.

    "test" is what test_pairs.txt names and what the manifest marks with `"split": "test"` (or "val"); the rest is
    "train".
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        if not (self.root / "image").is_dir() and not (self.root / "cloth").is_dir():
            raise BadDataset(f"{self.root}: no image or cloth folder: not made by `viton prepare`")

    def entries(self, split: str | None = None) -> Iterator[Entry]:
        """Persons, then garments."""
        check_split(split, "train", "test", "val")
        for id, image in self._listed("image"):
            if self._is_in(split, "person", id):
                yield self._person(id, image)
        for id, image in self._listed("cloth"):
            if self._is_in(split, "garment", id):
                yield Entry(id=id, kind="garment", image=image, mask=if_there(self._mask_file(id)))

    def pairs(self, split: str, setting: Setting = "paired") -> list[tuple[str, str]]:
        """SPLIT_pairs.txt; for "unpaired" SPLIT_pairs_unpaired.txt."""
        check_split(split, "train", "test", "val")
        name = f"{'train' if split == 'train' else 'test'}_pairs{'' if setting == 'paired' else '_unpaired'}.txt"
        if not (self.root / name).exists():
            what = "nobody's garment is known: name it with `viton prepare --pairs`, or lay it flat with --flatten"
            raise BadDataset(f"{self.root}: no {name}" + (f": {what}" if setting == "paired" else ""))
        return pair_ids(self.root / name)

    def person(self, id: str) -> Entry:
        """A person by id."""
        return self._person(id, self.root / "image" / f"{id}.jpg")

    def laid_flat(self, person: str, garment: str) -> LaidFlat | None:
        """Of a garment that `viton prepare --flatten` laid flat out of the person's picture.

        Raises:
            BadDataset: The file is damaged.
        """
        path = laid_file(self.root, person)
        if garment != laid_id(person) or not path.exists():
            return None
        try:
            with np.load(path, allow_pickle=False) as arrays:
                found = LaidFlat(arrays["worn"], arrays["places"])
        except Exception as error:  # NumPy's reader raises whatever it trips over
            raise BadDataset(f"{path}: damaged ({' '.join(str(error).split())[:100]})") from None
        shapes = found.worn.ndim == 2 and found.places.ndim == 3 and found.places.shape[2:] == (2,)
        if not shapes or found.worn.dtype != bool or found.places.dtype.kind != "f":
            raise BadDataset(f"{path}: damaged (not what is worn and its places)")
        return found

    def manifest(self) -> list[dict[str, Any]]:
        """What `prepare` noted of each photo."""
        return Manifest(self.root / "manifest.jsonl").read()

    def report(self) -> list[str]:
        """Missing files, failed photos, and pairs that name absent ones."""
        people = [id for id, _ in self._listed("image")]
        lines = missing([self._parse_file(id) for id in people], "label maps", self.root)
        lines += missing([self._pose_file(id) for id in people], "keypoints", self.root)
        lines += missing([self._mask_file(id) for id, _ in self._listed("cloth")], "garment masks", self.root)
        failed = [str(line.get("id")) for line in self.manifest() if line.get("status") == "failed"]
        if failed:
            lines.append(f"{len(failed)} photos could not be prepared (see manifest.jsonl): {some(failed)}")
        named: dict[str, list[str]] = {"train": [], "test": []}
        for split in named:
            if (self.root / f"{split}_pairs.txt").exists():
                rows = self.pairs(split)
                named[split] = [person for person, _ in rows]
                image, cloth = self.root / "image", self.root / "cloth"
                lines += missing_of_pairs(rows, image, cloth, self.root, f"{split}_pairs.txt")
        return lines + in_both(named["train"], named["test"])

    @cached_property
    def _held_out(self) -> set[tuple[Kind, str]]:
        marked: set[tuple[Kind, str]] = {
            (line["kind"], line["id"])
            for line in self.manifest()
            if line.get("split") in ("test", "val") and "kind" in line and "id" in line
        }
        if (self.root / "test_pairs.txt").exists():
            for person, garment in self.pairs("test"):
                marked |= {("person", person), ("garment", garment)}
        return marked

    def _is_in(self, split: str | None, kind: Kind, id: str) -> bool:
        return split is None or ((kind, id) in self._held_out) == (split != "train")

    def _listed(self, folder: str) -> list[tuple[str, Path]]:
        try:
            return list_photos(self.root / folder)
        except NothingUsable:
            return []

    def _person(self, id: str, image: Path) -> Entry:
        labels = partial(indexed_labels, self._parse_file(id), LABEL_SET)
        return Entry(id, "person", image, read_labels=labels, read_pose=partial(openpose_pose, self._pose_file(id)))

    def _parse_file(self, id: str) -> Path:
        return self.root / "image-parse-v3" / f"{id}.png"

    def _pose_file(self, id: str) -> Path:
        return self.root / "openpose_json" / f"{id}_keypoints.json"

    def _mask_file(self, id: str) -> Path:
        return self.root / "cloth-mask" / f"{id}.png"


def laid_id(person: str) -> str:
    """Id of the garment that was laid flat out of a person's picture."""
    return f"{LAID}/{person}"


def laid_file(root: Path, person: str) -> Path:
    """What is known of that garment, see `triplets.LaidFlat`."""
    return root / LAID / f"{person}.npz"
