"""Parsing from a folder of label images, as every human parser writes them: one indexed PNG a photo.

The pixel value is the label. Its colour is decoration: palettes differ between tools, are off by one in files written
by MATLAB, and are the same for label sets that differ, which is why the label set has to be named.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from viton_cli.errors import BadConfig, BadDataset
from viton_cli.files import open_picture, read_labels
from viton_cli.records import Parsing, Photo, Pose
from viton_cli.vocabulary.label_sets import FILE_LABEL_SETS, LABEL_SETS, to_labels


class IndexedPng:
    """Reads `ID.png`; `ID` may hold sub-folders.

    Args:
        source: The folder, or one PNG for one photo.
        label_set: What the indices mean: "lip", "cihp", "atr", ...

    Raises:
        BadConfig: No label set, or an unknown one.
        BadDataset: `source` is missing.
    """

    def __init__(self, source: Path | None = None, *, label_set: str | None = None) -> None:
        if label_set not in FILE_LABEL_SETS:
            wrong = "no label set was named" if label_set is None else f"unknown label set '{label_set}'"
            raise BadConfig(f"the parsing backend 'png': {wrong}; give one of {', '.join(FILE_LABEL_SETS)}")
        if source is None:
            raise BadDataset("the parsing backend 'png' reads a folder of indexed PNGs and was given none")
        self.source = Path(source)
        if not self.source.exists():
            raise BadDataset(f"{self.source}: no such folder of label images")
        self.label_set = label_set

    def parse(self, photo: Photo, pose: Pose | None) -> Parsing:
        """Labels at the photo's size; label images of another size but the same proportions are brought to it.

        Raises:
            BadDataset: No file for this photo, a colour picture, other proportions, or indices the set does not have.
        """
        path = self.source if self.source.is_file() else self.source / f"{photo.id}.png"
        if not path.exists():
            raise BadDataset(f"{path}: no label image for this photo")
        indices = self._indices(path)
        height, width = photo.full_size
        own_height, own_width = indices.shape
        # A pixel of rounding on either side is no other shape.
        if abs(own_height * width - own_width * height) > 2 * max(height, width, own_height, own_width):
            turned = " (was the photo turned?)" if (own_height - own_width) * (height - width) < 0 else ""
            raise BadDataset(
                f"{path}: {own_width}x{own_height} labels do not fit the shape of the {width}x{height} photo{turned}"
            )
        try:
            labels = to_labels(indices, self.label_set)
        except ValueError as error:
            raise BadDataset(f"{path}: {error}; {self._other_sets(indices)}") from None
        if labels.shape != photo.size:
            labels = np.asarray(Image.fromarray(labels).resize(photo.size[::-1], Image.Resampling.NEAREST))
        return Parsing(labels)

    def _indices(self, path: Path) -> np.ndarray:
        with open_picture(path, error=BadDataset, what="the labels cannot be read") as opened:
            mode = opened.mode
        if mode.startswith(("RGB", "CMYK", "YCbCr")):
            raise BadDataset(
                f"{path}: a colour picture ({mode}), from which labels cannot be told: save the parser's indices "
                "as they are, PIL mode 'P' or 'L'"
            )
        return read_labels(path)

    def _other_sets(self, indices: np.ndarray) -> str:
        """What a label beyond the set probably means."""
        highest = int(indices.max())
        fitting = [name for name in FILE_LABEL_SETS if highest < len(LABEL_SETS[name].labels)]
        if fitting:
            return f"is it {' or '.join(fitting)}?"
        return "these are grey levels or colours, not indices: read the parser's PNG without convert('L')"
