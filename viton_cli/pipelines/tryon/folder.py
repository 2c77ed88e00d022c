"""The folder a try-on run writes: names, manifest, what is finished already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.config import TryOnConfig
from viton_cli.files import Manifest, write_bytes, write_image
from viton_cli.imaging.drawing import colour_labels, draw_skeleton, tile
from viton_cli.imaging.frames import crop, to_frame
from viton_cli.pipelines.names import pair_name, safe
from viton_cli.pipelines.tryon.finish import edited_box, encode, full_edited
from viton_cli.records import Garment, Person, Result

Pair = tuple[str, str]
THUMB_HEIGHT = 256


class TryOnFolder:
    """Paths and writers of a try-on folder. Writing is safe from several threads.

    Args:
        config: The run's settings.
        sources: (kind, id) to the file of each photo; photos from a pipe have none.
    """

    def __init__(self, config: TryOnConfig, sources: dict[Pair, Path]) -> None:
        self.path = Path(config.out)
        self.config = config
        self.sources = sources
        self.manifest = Manifest(self.path / "manifest.jsonl")

    def output(self, person: str, garment: str) -> Path:
        """The result of a pair."""
        return self.path / f"{pair_name(person, garment)}.png"

    def strip(self, person: str, garment: str) -> Path:
        """The picture of a pair's steps."""
        return self.path / "steps" / f"{pair_name(person, garment)}.jpg"

    def edited(self, person: str, garment: str) -> Path:
        """The mask of where a result may differ from the photo."""
        return self.path / "edited" / f"{pair_name(person, garment)}.png"

    def thumb(self, kind: str, id: str, garment: str = "") -> Path:
        """A small copy of a photo ("person", "garment") or of a result ("pair"), for sheet and page."""
        if kind == "pair":
            return self.path / "thumbs" / f"{pair_name(id, garment)}.jpg"
        return self.path / "thumbs" / kind / f"{safe(id)}.jpg"

    def finished(self) -> set[Pair]:
        """Pairs whose files are all there and newer than their photos."""
        if self.config.overwrite:
            return set()
        return {
            (entry["person"], entry["garment"])
            for entry in self.manifest.read()
            if entry.get("status") == "ok" and self._whole(str(entry.get("person")), str(entry.get("garment")))
        }

    def write_pair(self, person: Person, garment: Garment, result: Result, seconds: dict[str, float]) -> None:
        """Write everything of one finished pair; its manifest line comes last."""
        ids = person.photo.id, garment.photo.id
        write_bytes(self.output(*ids), encode(person.photo, result, ".png", self.config.strip))
        if self.config.masks:
            write_image(self.edited(*ids), full_edited(person.photo, result).astype(np.uint8) * 255)
        if self.config.steps:
            pictures = steps_of(person, result)
            write_image(self.strip(*ids), tile(list(pictures.values()), len(pictures), list(pictures)))
        self.write_thumb(result.image, "pair", *ids)
        box = edited_box(person.photo, result)
        self.manifest.append(
            {
                "person": ids[0],
                "garment": ids[1],
                "output": self.output(*ids).relative_to(self.path).as_posix(),
                "status": "ok",
                "cause": None,
                "seconds": {name: round(value, 3) for name, value in {**seconds, **result.seconds}.items()},
                "edited": list(box) if box else None,
                "changed": round(float((result.image != person.photo.image).any(2).mean()), 5),
                "checks": list(dict.fromkeys((*person.checks, *garment.checks, *result.checks))),
                "fallback": result.fallback,
            }
        )

    def write_thumb(self, image: NDArray[np.uint8], kind: str, id: str, garment: str = "") -> None:
        """Write a small copy of a picture."""
        width = max(round(image.shape[1] * THUMB_HEIGHT / image.shape[0]), 1)
        small = Image.fromarray(image).resize((width, THUMB_HEIGHT), Image.Resampling.BILINEAR, reducing_gap=2.0)
        write_image(self.thumb(kind, id, garment), np.asarray(small))

    def write_failure(self, person: str, garment: str, cause: str) -> None:
        """Put a failed pair into the manifest, and take away what an earlier run made of it."""
        for path in (self.output, self.strip, self.edited):
            path(person, garment).unlink(missing_ok=True)
        self.thumb("pair", person, garment).unlink(missing_ok=True)
        self.manifest.append(
            {"person": person, "garment": garment, "output": None, "status": "failed", "cause": cause, "checks": []}
        )

    def _whole(self, person: str, garment: str) -> bool:
        output = self.output(person, garment)
        needed = [output]
        if self.config.steps:
            needed.append(self.strip(person, garment))
        if self.config.masks:
            needed.append(self.edited(person, garment))
        if not all(path.is_file() for path in needed):
            return False
        sources = [self.sources.get(("person", person)), self.sources.get(("garment", garment))]
        made = output.stat().st_mtime
        return all(source is not None and source.stat().st_mtime <= made for source in sources)


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
