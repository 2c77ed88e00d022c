"""From an item to a case: pictures read, labels given or found, edited masks."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viton_cli.config import ScoringConfig
from viton_cli.errors import BadConfig, BadDataset, BadImage, BadMask
from viton_cli.files import Entries, list_inputs, picture_size, read_labels, read_rgb
from viton_cli.metrics import Case, Picture, Which
from viton_cli.perception import PARSING
from viton_cli.pipelines.evaluate.matching import Item
from viton_cli.records import Photo
from viton_cli.vocabulary.label_sets import FILE_LABEL_SETS, to_labels

REMEMBERED = 48  # label maps of photos and truths, which several results share


def sizes(items: list[Item]) -> dict[tuple[int, int], int]:
    """How many results have which (width, height), from the files' headers.

    Raises:
        BadImage: A result that is no picture.
    """
    found: dict[tuple[int, int], int] = {}
    for item in items:
        height, width = picture_size(item.result)
        found[width, height] = found.get((width, height), 0) + 1
    return found


def _by_name(entries: Entries) -> dict[str, Path]:
    """Label PNGs by the name of the picture they belong to."""
    files: dict[str, Path] = {}
    for _, path in list_inputs(entries):
        if path.suffix.lower() == ".png" and files.setdefault(path.stem, path) != path:
            raise BadConfig(f"--labels: {files[path.stem]} and {path} are both labels of '{path.stem}'")
    return files


class Loader:
    """Reads what the measures need. Safe in several threads; networks are used by one at a time.

    Args:
        config: Settings.
        needs: Everything that some measure needs of a case (`Metric.needs`).

    Raises:
        BadConfig: Two of --labels have one name, or --label-set is unknown. NothingUsable: --labels holds none.
    """

    def __init__(self, config: ScoringConfig, needs: set[str]) -> None:
        self.needs, self.label_set = needs, config.label_set
        if config.label_set not in FILE_LABEL_SETS:
            raise BadConfig(f"--label-set {config.label_set}: unknown; known: {', '.join(FILE_LABEL_SETS)}")
        self.files = _by_name(config.labels) if config.labels else {}
        self.lock = threading.Lock()
        self._parser: Any = None
        self._remembered: dict[Path, NDArray[np.uint8]] = {}
        self.given = self.found = 0

    def case(self, item: Item, person: str) -> Case:
        """All of one result.

        Raises:
            BadImage: A picture cannot be read, or differs in size. BadDataset, BadMask: Labels or mask that do not fit.
        """
        result = Picture(read_rgb(item.result))
        truth, photo = (self._beside(path, what, item, result) for path, what in (
            (item.truth, "true picture"), (item.photo, "photo")
        ))  # fmt: skip
        files: dict[Which, tuple[Path | None, Picture | None]] = {
            "result": (None, result), "truth": (item.truth, truth), "photo": (item.photo, photo)
        }  # fmt: skip
        labels: dict[Which, NDArray[np.uint8]] = {}
        parsed: dict[Which, NDArray[np.uint8]] = {}
        for which, (path, picture) in files.items():
            if picture is None:
                continue
            if f"labels:{which}" in self.needs and path is not None:
                labels[which] = self._labels(path, picture)
            if "parsed:result" in self.needs:
                parsed[which] = self._parsed(path, picture)
        edited = self._edited(item.edited, result) if "edited" in self.needs and item.edited else None
        return Case(item.name, person, result, truth, photo, edited, labels, parsed)

    def _beside(self, path: Path | None, what: str, item: Item, result: Picture) -> Picture | None:
        if path is None:
            return None
        picture = Picture(read_rgb(path))
        if picture.size != result.size:
            (height, width), (own_height, own_width) = result.size, picture.size
            raise BadImage(
                f"{item.name}: the result is {width}x{height} pixels, the {what} {own_width}x{own_height} ({path}); "
                "nothing is resized here, since that would change the scores"
            )
        return picture

    def _labels(self, path: Path, picture: Picture) -> NDArray[np.uint8]:
        """Given labels at the size of `Picture.small`, else found ones."""
        file = self.files.get(path.stem)
        if file is None:
            self.found += 1
            return self._parsed(path, picture)
        indices = read_labels(file)
        if indices.shape != picture.size:
            raise BadDataset(f"{file}: {indices.shape[1]}x{indices.shape[0]} labels for a picture of "
                             f"{picture.size[1]}x{picture.size[0]}")  # fmt: skip
        self.given += 1
        rows, columns = (
            np.minimum(np.arange(small) * picture.factor + picture.factor // 2, full - 1)
            for small, full in zip(picture.small.shape, picture.size)
        )
        try:
            return to_labels(indices[rows[:, None], columns[None]], self.label_set)
        except ValueError as error:
            raise BadDataset(f"{file}: {error}; give --label-set") from None

    def _parsed(self, path: Path | None, picture: Picture) -> NDArray[np.uint8]:
        with self.lock:
            if path is not None and path in self._remembered:
                return self._remembered[path]
            if self._parser is None:
                self._parser = PARSING.get("builtin")()
            labels: NDArray[np.uint8] = self._parser.parse(Photo("", picture.small), None).labels
            if path is not None:
                while len(self._remembered) >= REMEMBERED:
                    del self._remembered[next(iter(self._remembered))]
                self._remembered[path] = labels
            return labels

    @staticmethod
    def _edited(path: Path, result: Picture) -> NDArray[np.bool_]:
        mask = read_labels(path)
        if mask.shape != result.size:
            raise BadMask(f"{path}: the mask is {mask.shape[1]}x{mask.shape[0]} pixels, its result "
                          f"{result.size[1]}x{result.size[0]}")  # fmt: skip
        return mask > 127
