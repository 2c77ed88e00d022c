"""The settings of `viton explain`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from viton_cli.config.by_hand import OfPeople
from viton_cli.config.models import MethodConfig


class ExplainConfig(MethodConfig, OfPeople):
    """`viton explain`."""

    command = "explain"

    clothes_mask: Path | None = Field(None, description="Mask of the garment; it wins.")
    out: Path | None = Field(None, description="Picture to write; by default PERSON__GARMENT.explained.png here.")
    dry_run: bool = Field(False, description="Say what would be written, and do nothing.")
