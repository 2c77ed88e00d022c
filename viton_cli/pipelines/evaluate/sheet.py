"""`viton evaluate sheet`: a page on which people say which of two results is better, blind, and the key to it.

The page knows pictures by number alone; which method made them stands in key.json, which raters are not given.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from viton_cli.config import EvaluateSheetConfig
from viton_cli.errors import BadConfig
from viton_cli.files import check_apart, decode_pixels, expand, look, read_photo, write_text
from viton_cli.pages.bundle import page
from viton_cli.pages.printed import print_list
from viton_cli.pipelines.evaluate.key import KEY, KEY_VERSION, read_key
from viton_cli.pipelines.evaluate.plan import Trial, plan
from viton_cli.pipelines.evaluate.rated import Rated, find_rated, named

JPEG_QUALITY = 90
MOSAIC = 9  # squares across a picture that is spoilt on purpose
QUESTION = "Which of the two looks more real and more like the person wearing this garment?"
Name = tuple[Any, ...]  # ("person", pair), ("garment", pair), ("result", pair, method), ("spoilt", pair, method)


@dataclass
class Sheet:
    """What was written; if `planned`, what would be."""

    out: Path
    id: str
    methods: list[str]
    pairs: int
    lists: int
    trials: int
    catches: int
    files: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    planned: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {**vars(self), "out": str(self.out), "files": [str(path) for path in self.files]}

    def __str__(self) -> str:
        told = (
            f"{self.lists} lists of {self.trials} trials and {self.catches} catch trials, "
            f"{len(self.methods)} methods on {self.pairs} pairs"
        )
        return (
            f"would make {told}: {self.out}"
            if self.planned
            else (f"{told}: give raters {self.files[0]}, keep {self.out / KEY}")
        )


def write_sheet(config: EvaluateSheetConfig, folders: list[str]) -> Sheet:
    """Do what `viton evaluate sheet` does.

    The same inputs and seed make the same bytes.

    Raises:
        BadConfig, NothingUsable: See `find_rated`; or --out holds another sheet, or files that are not a sheet's.
        BadImage: A picture cannot be read.
    """
    rated = find_rated(folders, config.person, config.clothes, config.limit, config.seed)
    lists = plan(len(rated.methods), len(rated.pairs), config.raters, config.trials, config.catch, config.seed)
    pictures = _Pictures(rated, lists, config.height, config.seed)
    entry: dict[str, Any] = {
        "methods": list(rated.methods),
        "pairs": [list(pair) for pair in rated.pairs],
        "lists": [[[t.pair, t.left, t.right, t.spoilt] for t in trials] for trials in lists],
        "settings": {**config.model_dump(mode="json", exclude={"overwrite", "dry_run"}), "results": folders},
    }
    id = hashlib.sha256((json.dumps(entry, sort_keys=True) + pictures.digest).encode()).hexdigest()[:12]
    check_apart(config.out, [*expand([*config.person, *config.clothes]), *named(folders).values()])
    _check_out(config.out, id, config.overwrite)
    index = config.out / "index.html"
    sheet = Sheet(
        config.out, id, list(rated.methods), len(rated.pairs), len(lists),
        sum(t.spoilt is None for t in lists[0]), sum(t.spoilt is not None for t in lists[0]), [index], rated.notes,
    )  # fmt: skip
    if config.dry_run:
        sheet.files, sheet.planned = [], True
        return sheet
    look(config.out, "evaluate sheet", fixed=(KEY, "index.html", "print")).begin()
    write_text(config.out / KEY, json.dumps({"version": KEY_VERSION, "sheet": id, **entry}, ensure_ascii=True) + "\n")
    write_text(index, page("trials", "Which is better?", _page_data(id, lists, pictures, config)))
    if config.printed != "no":
        for number, trials in enumerate(lists, start=1):
            rows = ([pictures.image(name) for name in _shown(trial)] for trial in trials)
            sheet.files += print_list(config.out / "print", id, number, QUESTION, rows, config.printed)
        form = config.out / "print" / "answers.csv"
        write_text(form, "sheet,rater,list,trial,choice\n")
        sheet.files.append(form)
    return sheet


class _Pictures:
    """The pictures of a sheet, small enough for a page, numbered so that the number tells nothing.

    Args:
        rated: Their files.
        lists: The trials.
        height: Of a picture at most, in pixels. All pictures of a pair's person get one size.
        seed: Of the numbers.
    """

    def __init__(self, rated: Rated, lists: list[list[Trial]], height: int, seed: int) -> None:
        self.rated, self.height = rated, height
        self.names = sorted({name for trials in lists for trial in trials for name in _shown(trial)}, key=str)
        Random(seed).shuffle(self.names)
        self.number = {name: number for number, name in enumerate(self.names)}

    @cached_property
    def files(self) -> list[bytes]:
        """The JPEG files, in the order of their numbers."""
        return [self._encoded(name) for name in self.names]

    @property
    def digest(self) -> str:
        """Hash of them all."""
        return hashlib.sha256(b"".join(hashlib.sha256(data).digest() for data in self.files)).hexdigest()

    def image(self, name: Name) -> Image.Image:
        """One of them."""
        return Image.fromarray(decode_pixels(self.files[self.number[name]], "a picture of the sheet"))

    def _encoded(self, name: Name) -> bytes:
        kind, pair, *method = name
        person, garment = self.rated.pairs[pair]
        if kind == "person":
            path = self.rated.people[person]
        elif kind == "garment":
            path = self.rated.clothes[garment]
        else:
            path = self.rated.results[method[0]][person, garment]
        picture = Image.fromarray(np.ascontiguousarray(read_photo(path).image))
        picture.thumbnail((2 * self.height, self.height), Image.Resampling.LANCZOS)
        if kind == "spoilt":
            small = picture.resize((MOSAIC, max(round(MOSAIC * picture.height / picture.width), 1)))
            picture = small.resize(picture.size, Image.Resampling.NEAREST)
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=JPEG_QUALITY)
        return stream.getvalue()


def _shown(trial: Trial) -> Iterator[Name]:
    """The names of the four pictures of a trial: person, garment, left, right."""
    yield "person", trial.pair
    yield "garment", trial.pair
    for side, method in (("left", trial.left), ("right", trial.right)):
        yield "spoilt" if trial.spoilt == side else "result", trial.pair, method


def _page_data(id: str, lists: list[list[Trial]], pictures: _Pictures, config: EvaluateSheetConfig) -> dict[str, Any]:
    return {
        "sheet": id,
        "question": QUESTION,
        "seconds": config.seconds,
        "lists": [[[pictures.number[name] for name in _shown(trial)] for trial in trials] for trials in lists],
        "pictures": [base64.b64encode(data).decode() for data in pictures.files],
    }


def _check_out(out: Path, id: str, overwrite: bool) -> None:
    """Raters may be at work on what is there: another sheet takes its place only when told so."""
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not (out / KEY).is_file():
        raise BadConfig(f"{out}: holds other files and no sheet; give another --out")
    if overwrite:
        return
    there = read_key(out / KEY).sheet
    if there != id:
        raise BadConfig(
            f"{out}: holds another sheet ({there}), whose answers need its {KEY}; "
            "give --overwrite to replace it, or another --out"
        )
