"""What the settings of all commands share, and the kinds of values that text can stand for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import yaml
from annotated_types import Len
from pydantic import BaseModel, BeforeValidator, ConfigDict


def _several(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _entries(value: object) -> object:
    entries = [value] if isinstance(value, (str, Path)) else value
    return [str(entry) for entry in entries] if isinstance(entries, (list, tuple)) else entries


def _two(value: object) -> object:
    return re.split(r"\s*[x,]\s*", value) if isinstance(value, str) else value


def _precision(value: object) -> object:
    return "no" if value is False else value  # YAML 1.1 reads a bare `no` as false


Names = Annotated[list[str], BeforeValidator(_several)]
# Files, folders and glob patterns, one or several; a comma may be part of a name.
Inputs = Annotated[list[str], Len(1), BeforeValidator(_entries)]
Size = Annotated[tuple[int, int], BeforeValidator(_two)]
Pair = Annotated[tuple[float, float], BeforeValidator(_two)]


ADDRESS = "{}: an address; pictures, data and weights are read from this machine: download it, and give the file"


def is_address(value: object) -> bool:
    """Whether a value is an address of the web or of a store, where a file or folder is meant."""
    return isinstance(value, str) and re.match(r"(?:[\w-]+:)?(https?|ftp|s3|gs)://", value, re.IGNORECASE) is not None


class Config(BaseModel):
    """What all commands' settings share. Fields without default must be given by some source."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True, protected_namespaces=())

    def to_yaml(self) -> str:
        """All settings as YAML that `load` reads back to an equal object."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
