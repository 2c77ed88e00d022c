"""What the settings of all commands share, and the kinds of values that text can stand for."""

from __future__ import annotations

import re
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict


def _several(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _words(value: object) -> object:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return value
    return [word for part in value for word in (re.split(r"[,\s]+", part) if isinstance(part, str) else [part]) if word]


def _two(value: object) -> object:
    return re.split(r"\s*[x,]\s*", value) if isinstance(value, str) else value


def _precision(value: object) -> object:
    return "no" if value is False else value  # YAML 1.1 reads a bare `no` as false


Names = Annotated[list[str], BeforeValidator(_several)]
Words = Annotated[list[str], BeforeValidator(_words)]  # names without commas: given apart, or joined by them
Size = Annotated[tuple[int, int], BeforeValidator(_two)]
Pair = Annotated[tuple[float, float], BeforeValidator(_two)]


class Config(BaseModel):
    """What all commands' settings share. Fields without default must be given by some source."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True, protected_namespaces=())

    def to_yaml(self) -> str:
        """All settings as YAML that `load` reads back to an equal object."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
