"""A result as Python and a try-on folder get it: with the receipt of what made it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

from viton_cli.files import write_image
from viton_cli.pipelines.receipts import Receipt
from viton_cli.records import Result


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TryOnResult(Result):
    """A result that knows what made it.

    Attributes:
        receipt: What `save` writes into the file; `viton doctor FILE` reads it.
    """

    receipt: Receipt

    @classmethod
    def of(cls, result: Result, receipt: Receipt) -> TryOnResult:
        """A method's result with its receipt."""
        return cls(**{part.name: getattr(result, part.name) for part in fields(Result)}, receipt=receipt)

    def save(self, path: str | Path, quality: int | None = None) -> Path:
        """Write the picture, in one step, as .png, .jpg or .webp with its receipt; returns the path.

        Args:
            path: Where to. quality: Of JPEG and WebP, 1 to 100; by default 95.

        Raises:
            BadImage: Another ending.
        """
        path = Path(path)
        receipt = replace(self.receipt, quality=quality)
        write_image(path, self.image, self.profile, receipt.exif(), quality)
        return path
