"""`viton doctor FILE`: whether today's program would make a result again, and the proof, given its inputs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from viton_cli import __version__
from viton_cli.config import MethodConfig
from viton_cli.errors import BadConfig, VitonError
from viton_cli.files import decode_photo, encode_image, read_photo
from viton_cli.pipelines.receipts import Receipt, fingerprint, read_receipt, weights_of
from viton_cli.pipelines.tryon.api import TryOn
from viton_cli.pipelines.tryon.given import as_photo

# Settings that are paths: a receipt has their last part alone.
PATHS = ("weights", "pose_source", "parsing_source")


@dataclass
class Repeat:
    """What is known of a result.

    Attributes:
        file: The result. receipt: What it says of itself.
        differences: Why today's program would not make it again, in words; empty if it would.
        pixels: How many differ between it and what was made again; None if that was not tried.
    """

    file: str
    receipt: Receipt
    differences: list[str] = field(default_factory=list)
    pixels: int | None = None

    @property
    def is_same(self) -> bool:
        """Whether it would be made again, or was."""
        return self.pixels == 0 if self.pixels is not None else not self.differences

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "same": self.is_same}


def check(file: Path, given: dict[str, Path] | None = None) -> Repeat:
    """Compare a result's receipt with what is installed.

    Args:
        file: The result. given: Where the paths of `PATHS` are that it was made with, by setting.

    Raises:
        BadImage: No picture, or one without a receipt.
    """
    receipt = read_receipt(file)
    found = Repeat(str(file), receipt)
    if receipt.viton != __version__:
        found.differences.append(f"made by viton {receipt.viton}; this is {__version__}")
    try:
        weights = weights_of(_settings(receipt, given or {}))
    except VitonError as error:
        found.differences.append(str(error))
        return found
    for name in sorted({*weights, *receipt.weights}):
        if name not in weights:
            found.differences.append(f"weights {name}: not here")
        elif name not in receipt.weights:
            found.differences.append(f"weights {name}: not among those it was made with")
        elif weights[name] != receipt.weights[name]:
            found.differences.append(f"weights {name}: others than it was made with")
    return found


def repeat(
    file: Path, person: Path, clothes: Path, mask: Path | None = None, given: dict[str, Path] | None = None
) -> Repeat:
    """Make a result again and compare the pixels.

    Args:
        file: The result. person, clothes, mask: What it was made from. given: See `check`.

    Raises:
        BadConfig: One of these is not what it was made from.
        VitonError: It cannot be made any more.
    """
    found = check(file, given)
    receipt = found.receipt
    for option, path, known in (("--person", person, receipt.person), ("--clothes", clothes, receipt.garment)):
        photo = as_photo(path, option)
        if known not in (fingerprint(photo), fingerprint(photo, as_pixels=True)):
            raise BadConfig(f"{option} {path}: not the photo that {file} was made from")
    result = TryOn(_settings(receipt, given or {})).run(person, clothes, mask)
    if result.receipt.mask != receipt.mask:
        found.differences.append("the garment's mask: another one; give the one it was made with as --clothes-mask")
    again = decode_photo(
        encode_image(result.image, file.suffix, result.profile, quality=receipt.quality), str(file)
    ).image
    before = read_photo(file).image
    same_size = again.shape == before.shape
    found.pixels = int((again != before).any(2).sum()) if same_size else int(np.prod(before.shape[:2]))
    return found


def _settings(receipt: Receipt, given: dict[str, Path]) -> MethodConfig:
    settings = {**receipt.settings}
    for name in PATHS:
        if name in settings:
            if name not in given:
                raise BadConfig(f"made with --{name.replace('_', '-')} {settings[name]}, which is not given here")
            settings[name] = str(given[name])
    try:
        return MethodConfig(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadConfig(f"made with {first['loc'][0]}={first['input']}, which this viton does not know") from None
