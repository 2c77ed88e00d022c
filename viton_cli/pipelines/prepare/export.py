"""`viton prepare --export`: the prepared folder once more, under it, as the code of others opens it.

What stands under which number is kept in names.csv beside it, so that numbers stay when photos are added.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from viton_cli.config import PrepareConfig
from viton_cli.data.base import Entry
from viton_cli.data.exports import EXPORTS
from viton_cli.data.exports.base import Export, Product, Wearer
from viton_cli.data.exports.looks import Kind, Look, Looks, Name, number_looks
from viton_cli.data.prepared import Prepared
from viton_cli.engines.overlap import read_ahead
from viton_cli.engines.progress import Progress, Summary
from viton_cli.errors import BadConfig, BadDataset, VitonError
from viton_cli.files import decode_photo, read_mask, remove, write_text
from viton_cli.imaging.flatten import NotFlattened
from viton_cli.imaging.product import product_view
from viton_cli.pipelines.prepare.flatten import flat_garment
from viton_cli.pipelines.prepare.folder import HEIGHT

NAMES = "names.csv"
# What `perception.garments` calls a garment -> the kind by which layouts tell garments apart.
KINDS: dict[str, Kind] = {"lower": "lower", "dress": "dress"}
Key = tuple[str, str, str]


def with_height(config: PrepareConfig) -> PrepareConfig:
    """The settings with the height of the crops filled in: that of the largest export, if none was given.

    Raises:
        UnknownName: An export that is not known.
    """
    exports = [EXPORTS.get(name) for name in config.export]
    if config.height is not None:
        return config
    sizes = [export.size[0] for export in exports if export.size]
    return config.model_copy(update={"height": max([HEIGHT, *sizes])})


def check_exports(config: PrepareConfig, sources: Iterable[Path]) -> None:
    """Make sure that exports write over nothing that they did not write.

    Raises:
        BadConfig: A folder that an export is to go into holds something else, or photos that are to be prepared.
    """
    folders = {path.resolve().parent for path in sources} if config.export else set()
    for name in config.export:
        root = config.out / name
        inside = [folder for folder in folders if root.resolve() in (folder, *folder.parents)]
        if inside:
            raise BadConfig(f"--export {name} would write into {root}, which photos are read from; give another --out")
        if root.exists() and not (root / NAMES).is_file() and (not root.is_dir() or any(root.iterdir())):
            raise BadConfig(f"{root}: holds files that are not of an export (there is no {NAMES}); give another --out")


def export(config: PrepareConfig, done: Summary, progress: Progress) -> None:
    """Write every export of a run, each into a folder of its name; what fails is added to `done`."""
    data = Prepared(config.out)
    garments = {str(line["id"]): str(line.get("garment")) for line in data.manifest() if line.get("kind") == "garment"}
    kinds: dict[str, Kind] = {id: KINDS.get(kind, "upper") for id, kind in garments.items()}
    for name in config.export:
        layout: Export = EXPORTS.get(name)(config.out / name)
        _Exporting(name, layout, data, config, done, progress).run(kinds)


@dataclass(frozen=True, eq=False)
class _Exporting:
    """The work on one export."""

    name: str
    layout: Export
    data: Prepared
    config: PrepareConfig
    done: Summary
    progress: Progress

    def run(self, kinds: dict[str, Kind]) -> None:
        """Write all looks that are not there yet, then the lists; take away what is no longer spoken of."""
        names = self.config.out / self.name / NAMES
        before = _numbers(names)
        looks = number_looks(self.data, kinds, before)
        if not looks.all:
            self._failed("nothing to export: it takes people and garments, and this folder has no pair of them")
        # Written first, so that a run that is cut off can be carried on.
        self._forget(before, looks)
        write_text(names, _table(looks.all))
        kept = {look.key for look in looks.all if before.get(look.key) == look.name.number}
        failed = self._write(looks, kept)
        whole, looks = looks, looks.without(failed)
        self._forget({look.key: look.name.number for look in whole.all}, looks)
        write_text(names, _table(looks.all))
        notes = [*looks.notes, *self.layout.write_lists(looks), self.layout.lacks]
        flat = sum(bool(self.layout.needs_own and look.person and not look.garment) for look in looks.all)
        if flat:
            notes.append(f"the own garment of {flat} people is not known: it was laid flat from their photos")
        splits = [look.name.split for look in looks.all if look.person]
        counts = f"{splits.count('train')} people to train on, {splits.count('test')} to test: {names.parent}"
        for note in filter(None, (*notes, counts)):
            self.progress.note(f"{self.name}: {note}")

    def _write(self, looks: Looks, kept: set[Key]) -> set[Key]:
        """Write all looks; returns those that failed, which are told."""
        _ = self._people  # read once, before the threads ask for it
        failed: set[Key] = set()
        self.progress.start(len(looks.all), "look")
        for look, written in read_ahead(looks.all, partial(self._look, kept), self.config.workers):
            who = look.person or look.garment or ""
            try:
                for text in written.result():
                    self.progress.note(f"{self.name}: {who}: {text}")
            except Exception as error:
                failed.add(look.key)
                cause = str(error)
                if not isinstance(error, VitonError):
                    cause = f"defect of the toolkit: {type(error).__name__}: {' '.join(cause.split())}"
                    self.done.defects += 1
                    self.progress.defect(error)
                self._failed(f"{who} is left out: {cause}")
            self.progress.advance(who)
        return failed

    def _look(self, kept: set[Key], look: Look) -> list[str]:
        """Write what stands under one number, unless it is there and not older than what it is made from."""
        sources = [*self._person_sources(look.person), *self._garment_sources(look.garment)]
        made = [
            *(self.layout.person_files(look.name) if look.person else []),
            *(self.layout.garment_files(look.name) if look.garment or (look.person and self.layout.needs_own) else []),
        ]
        there = look.key in kept and not self.config.overwrite and all(path.is_file() for path in (*made, *sources))
        if there and max(path.stat().st_mtime for path in sources) <= min(path.stat().st_mtime for path in made):
            return []
        person = self._person(look.person) if look.person else None
        garment = self._garment(look.garment) if look.garment else None
        if garment is None and person is not None and self.layout.needs_own:
            garment = _laid_flat(person)
        if garment is not None:
            garment = garment.at(self.layout.size)
            self.layout.write_garment(look.name, garment)
        return self.layout.write_person(look.name, person.at(self.layout.size), garment) if person else []

    @cached_property
    def _people(self) -> dict[str, Entry]:
        return {entry.id: entry for entry in self.data.entries() if entry.kind == "person"}

    def _person(self, id: str) -> Wearer:
        image, _, _ = self._person_sources(id)
        labels, pose = self._people[id].labels(), self._people[id].pose()
        if labels is None or pose is None:
            raise BadDataset("no labels" if labels is None else "no joint is seen")
        file = image.read_bytes()
        return Wearer(decode_photo(file, str(image)).image, labels, pose, file)

    def _garment(self, id: str) -> Product:
        image, mask = self._garment_sources(id)
        file = image.read_bytes()
        photo = decode_photo(file, str(image))
        return Product(photo.image, read_mask(mask, photo.size), file)

    def _person_sources(self, id: str | None) -> list[Path]:
        root = self.data.root
        paths = [root / "image" / f"{id}.jpg", root / "image-parse-v3" / f"{id}.png"]
        return [*paths, root / "openpose_json" / f"{id}_keypoints.json"] if id else []

    def _garment_sources(self, id: str | None) -> list[Path]:
        return [self.data.root / "cloth" / f"{id}.jpg", self.data.root / "cloth-mask" / f"{id}.png"] if id else []

    def _failed(self, cause: str) -> None:
        cause = f"{self.name}: {cause}"
        self.done.failed += 1
        self.done.problems.append(cause)
        self.progress.problem(cause)

    def _forget(self, before: dict[Key, int], looks: Looks) -> None:
        """Take away what earlier runs wrote under numbers that stand for nothing any more."""
        layout = self.layout
        every = (layout.person_files, layout.garment_files, layout.further_files)
        current = {path for look in looks.all for files in every for path in files(look.name)}
        kinds: tuple[Kind, ...] = ("upper", "lower", "dress")
        for (split, _, _), number in before.items():
            for path in (path for kind in kinds for files in every for path in files(Name(number, split, kind))):
                if path not in current:
                    remove(path)


def _laid_flat(person: Wearer) -> Product:
    """The garment a person wears, as a product photo would show it.

    Raises:
        BadDataset: It cannot be told from the photo.
    """
    size = person.labels.shape[0], person.labels.shape[1]
    try:
        flat = flat_garment(person.image, person.labels, person.pose)
        image, mask, _ = product_view(flat.image, flat.mask, size)
    except NotFlattened as error:
        raise BadDataset(
            f"the garment they wear is not known, and cannot be laid flat from the photo ({error}); "
            "name it with --pairs"
        ) from None
    return Product(image, mask)


def _numbers(path: Path) -> dict[Key, int]:
    """What stands under which number, by an earlier run."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return {(row["split"], row["person"], row["garment"]): int(row["number"]) for row in rows}
    except (OSError, KeyError, ValueError, TypeError, csv.Error):
        return {}


def _table(looks: Iterable[Look]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["number", "split", "person", "garment"])
    writer.writerows([look.name.number, *look.key] for look in looks)
    return stream.getvalue()
