"""A plain pair of folders: photos of people and product photos of garments.

ROOT/people/NAME.jpg           any picture format, sub-folders allowed
ROOT/clothes/NAME.jpg          the same name without ending: what that person wears
ROOT/clothes-mask/NAME.png     garment masks, optional
ROOT/pairs.txt                 "person garment" a line for unpaired try-on, optional
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from viton_cli.data.base import Entry, Setting, check_split, find, if_there, pair_ids, some
from viton_cli.errors import BadDataset, NothingUsable
from viton_cli.files import list_photos


class Folders:
    """One whole: it answers to every split with all it has, as it knows no other division.

    Args:
        root: The folder that holds both.
        people, clothes: Their names.
    """

    def __init__(self, root: Path, people: str = "people", clothes: str = "clothes") -> None:
        self.root = Path(root)
        folders = [find(self.root, name, what="a plain pair of folders") for name in (people, clothes)]
        try:
            self._people, self._clothes = (list_photos(folder) for folder in folders)
        except NothingUsable as error:
            raise BadDataset(str(error)) from None

    def entries(self, split: str | None = None) -> Iterator[Entry]:
        """People, then clothes."""
        check_split(split, "train", "test", "val")
        for id, image in self._people:
            yield Entry(id, "person", image)
        for id, image in self._clothes:
            yield Entry(id, "garment", image, mask=if_there(self.root / "clothes-mask" / f"{id}.png"))

    def pairs(self, split: str, setting: Setting = "paired") -> list[tuple[str, str]]:
        """Paired: the names that are in both folders. Unpaired: pairs.txt."""
        check_split(split, "train", "test", "val")
        if setting == "unpaired":
            path = find(self.root, "pairs.txt", what="'person garment' a line; without it only equal names are paired")
            return pair_ids(path, setting)
        garments = {id for id, _ in self._clothes}
        return [(id, id) for id, _ in self._people if id in garments]

    def report(self) -> list[str]:
        """Names without a partner, and pairs of names that are in neither folder."""
        people, clothes = {id for id, _ in self._people}, {id for id, _ in self._clothes}
        lines = []
        if alone := sorted(people - clothes):
            lines.append(f"{len(alone)} of {len(people)} people without a garment of the same name: {some(alone)}")
        if alone := sorted(clothes - people):
            lines.append(f"{len(alone)} of {len(clothes)} garments without a person of the same name: {some(alone)}")
        if (self.root / "pairs.txt").exists():
            rows = self.pairs("test", "unpaired")
            unknown = sorted({person for person, _ in rows} - people) + sorted(
                {garment for _, garment in rows} - clothes
            )
            if unknown:
                lines.append(f"{len(unknown)} names of pairs.txt are in neither folder: {some(unknown)}")
        return lines
