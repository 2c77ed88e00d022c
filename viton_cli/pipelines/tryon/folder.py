"""The folder a try-on run writes: names, manifest, what is finished already."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.config import TryOnConfig
from viton_cli.files import (
    Ledger,
    Manifest,
    is_lossless,
    one_at_a_time,
    remove,
    write_arrays,
    write_bytes,
    write_image,
)
from viton_cli.files.stores import address_of, spoken
from viton_cli.imaging.drawing import colour_labels, draw_skeleton, tile
from viton_cli.imaging.frames import crop, to_frame
from viton_cli.pipelines.contents import Contents
from viton_cli.pipelines.names import pair_name, safe
from viton_cli.pipelines.receipts import receipt_of, weights_of
from viton_cli.pipelines.tryon.corrections import Corrections
from viton_cli.pipelines.tryon.finish import edited_box, encode, full_edited, full_trace
from viton_cli.pipelines.tryon.inputs import RESULT_ENDINGS, ending_of
from viton_cli.pipelines.tryon.lights import verdict_of
from viton_cli.records import Garment, Person, Result

Pair = tuple[str, str]
THUMB_HEIGHT = 256
# What every run makes in its folder.
FIXED = ("config.yaml", "manifest.jsonl", "index.html", "sheet.jpg", "thumbs", "steps", "edited", "aside")


@dataclass(frozen=True)
class Sources:
    """What the results of a run are made from.

    Attributes:
        photos: (kind, id) to the file of each photo; that of a pipe has the path `contents` knows it by.
        masks: Garment to the file of its given mask.
        contents: Hashes of these files.
        made_with: Hash of settings and weights.
        corrections: What is said by hand of people and pairs.
    """

    photos: dict[Pair, Path]
    masks: dict[str, Path]
    contents: Contents
    made_with: str
    corrections: Corrections = field(default_factory=Corrections)

    def of(self, person: str, garment: str) -> dict[str, str | None]:
        """Hashes of all that a pair's result is made from."""
        mask = self.masks.get(garment)
        files, words = self.corrections.inputs(person, garment)
        by_hand = [self.contents.of(file) for file in files] + ([str(words)] if words else [])
        return {
            "person": self.contents.of(self.photos["person", person]),
            "garment": self.contents.of(self.photos["garment", garment]),
            "mask": self.contents.of(mask) if mask else None,
            "made_with": self.made_with,
            **({"by_hand": " ".join(map(str, by_hand))} if by_hand else {}),
        }


class TryOnFolder:
    """Paths and writers of a try-on folder. Writing is safe from several threads.

    Args:
        config: The run's settings.
        sources: What its results are made from.
        ledger: Of the folder (`files.look`).
        names: What the results of some pairs are to be called; the others are `pair_name`.
        part: What this process's records are called by, where several share the work (`engines.share`).
    """

    def __init__(
        self,
        config: TryOnConfig,
        sources: Sources,
        ledger: Ledger,
        names: dict[Pair, str] | None = None,
        part: str = "",
    ) -> None:
        self.path = Path(config.out)
        self.config = config
        self.sources = sources
        self.ledger = ledger
        self.names = names or {}
        self.ending = ending_of(config)
        self.manifest = Manifest(self.path / "manifest.jsonl", part)

    def name(self, person: str, garment: str) -> str:
        """What the files of a pair are called, without ending."""
        return self.names.get((person, garment)) or pair_name(person, garment)

    def output(self, person: str, garment: str, aside: bool = False) -> Path:
        """The result of a pair; `aside`: where one of too low a quality is kept."""
        return (self.path / "aside" if aside else self.path) / f"{self.name(person, garment)}{self.ending}"

    def is_aside(self, quality: object) -> bool:
        """Whether a result of this quality is kept aside; one of which none is known is not."""
        least = self.config.min_quality
        return least is not None and isinstance(quality, (int, float)) and quality < least

    def places(self, person: str, garment: str) -> Path:
        """Where each pixel of the garment in a result came from."""
        return self.path / f"{self.name(person, garment)}.places.npz"

    def strip(self, person: str, garment: str) -> Path:
        """The picture of a pair's steps."""
        return self.path / "steps" / f"{self.name(person, garment)}.jpg"

    def edited(self, person: str, garment: str) -> Path:
        """The mask of where a result may differ from the photo."""
        return self.path / "edited" / f"{self.name(person, garment)}.png"

    def thumb(self, kind: str, id: str, garment: str = "") -> Path:
        """A small copy of a photo ("person", "garment") or of a result ("pair"), for sheet and page."""
        if kind == "pair":
            return self.path / "thumbs" / f"{self.name(id, garment)}.jpg"
        return self.path / "thumbs" / kind / f"{safe(id)}.jpg"

    def needed(self, person: str, garment: str, aside: bool = False) -> list[Path]:
        """The files that a finished pair has."""
        extra = {self.strip: self.config.steps, self.edited: self.config.masks, self.places: self.config.places}
        beside = (path(person, garment) for path, wanted in extra.items() if wanted)
        return [self.output(person, garment, aside), *beside]

    def finished(self, wanted: dict[str, list[str]]) -> set[Pair]:
        """Those of the wanted pairs whose files are all there and whole, and made from what there is now."""
        if self.config.overwrite:
            return set()
        made = {
            (entry.get("person"), entry.get("garment")): (entry.get("inputs"), self.is_aside(entry.get("quality")))
            for entry in self.manifest.read()
            if entry.get("status") == "ok"
            and isinstance(entry.get("person"), str)
            and isinstance(entry.get("garment"), str)
        }
        return {
            (person, garment)
            for person, garments in wanted.items()
            for garment in garments
            if (person, garment) in made
            and all(self.ledger.is_finished(path) for path in self.needed(person, garment, made[person, garment][1]))
            and made[person, garment][0] == self.sources.of(person, garment)
        }

    def failed(self) -> set[Pair]:
        """The pairs that failed."""
        entries = (entry for entry in self.manifest.read() if entry.get("status") == "failed")
        return {(str(entry.get("person")), str(entry.get("garment"))) for entry in entries}

    def write_pair(self, person: Person, garment: Garment, result: Result, seconds: dict[str, float]) -> None:
        """Write everything of one finished pair; its manifest line comes last."""
        ids = person.photo.id, garment.photo.id
        aside = self.is_aside(result.quality)
        output = self.output(*ids, aside)
        quality = self.config.quality
        receipt = receipt_of(person.photo, garment, self._weights, self.config, quality)
        write_bytes(output, encode(person.photo, result, self.ending, self.config.strip, receipt, quality))
        self._remove_results(*ids, but=output)
        if self.config.masks:
            write_image(self.edited(*ids), full_edited(person.photo, result).astype(np.uint8) * 255)
        trace = full_trace(person.photo, garment.photo, result) if self.config.places else None
        if trace is not None:
            with one_at_a_time(person.photo.full_size):
                write_arrays(self.places(*ids), {"places": trace()})
        if self.config.steps:
            pictures = steps_of(person, result)
            write_image(self.strip(*ids), tile(list(pictures.values()), len(pictures), list(pictures)))
        self.write_thumb(result.image, "pair", *ids)
        box = edited_box(person.photo, result)
        self.manifest.append(
            {
                "person": ids[0],
                "garment": ids[1],
                "output": output.relative_to(self.path).as_posix(),
                "aside": aside,
                "lossless": is_lossless(self.ending),
                "photo": _beside(person.photo.source, self.path),
                "status": "ok",
                "cause": None,
                "seconds": {name: round(value, 3) for name, value in {**seconds, **result.seconds}.items()},
                "edited": list(box) if box else None,
                "changed": round(float((result.image != person.photo.image).any(2).mean()), 5),
                **verdict_of((*person.checks, *garment.checks, *result.checks), result.quality),
                "fallback": result.fallback,
                "inputs": self.sources.of(*ids),
            }
        )

    @cached_property
    def _weights(self) -> dict[str, str]:
        return weights_of(self.config)

    def write_thumb(self, image: NDArray[np.uint8], kind: str, id: str, garment: str = "") -> None:
        """Write a small copy of a picture."""
        width = max(round(image.shape[1] * THUMB_HEIGHT / image.shape[0]), 1)
        small = Image.fromarray(image).resize((width, THUMB_HEIGHT), Image.Resampling.BILINEAR, reducing_gap=2.0)
        write_image(self.thumb(kind, id, garment), np.asarray(small))

    def write_failure(self, person: str, garment: str, cause: str) -> None:
        """Put a failed pair into the manifest, and take away what an earlier run made of it."""
        self._remove_results(person, garment)
        for path in (self.strip, self.edited, self.places):
            remove(path(person, garment))
        remove(self.thumb("pair", person, garment))
        self.manifest.append(
            {
                "person": person,
                "garment": garment,
                "output": None,
                "status": "failed",
                "cause": spoken(cause),
                "checks": [],
            }
        )

    def _remove_results(self, person: str, garment: str, but: Path | None = None) -> None:
        """Take away what earlier runs made of a pair, in whichever format and place."""
        for aside in (False, True):
            place = self.output(person, garment, aside)
            for ending in RESULT_ENDINGS:
                if (old := place.with_name(place.name.removesuffix(self.ending) + ending)) != but:
                    remove(old)


def _beside(path: Path | None, folder: Path) -> str | None:
    """Where a photo is, seen from the folder; None for one from a pipe."""
    if path is None:
        return None
    if (address := address_of(path)) is not None:
        return address
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()


def steps_of(person: Person, result: Result) -> dict[str, NDArray[np.uint8]]:
    """The method's intermediates; photo, parse, pose and result, in the try-on crop, are added if it has none."""
    frame = person.frame
    photo = crop(person.photo.image, frame)
    labels = crop(person.parsing.labels, frame, fill=0, nearest=True)
    seen: dict[str, Any] = {
        "photo": photo,
        "parse": colour_labels(labels.astype(np.uint8)),
        "pose": draw_skeleton(photo.astype(np.uint8), to_frame(person.pose.joints, frame), person.pose.seen),
    }
    pictures = {name: picture for name, picture in seen.items() if name not in result.steps} | result.steps
    pictures.setdefault("result", crop(result.image, frame))
    return pictures
