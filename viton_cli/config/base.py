"""What the settings of all commands share, and the kinds of values that text can stand for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import yaml
from annotated_types import Len
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from viton_cli.errors import BadConfig

FORCE = "Write into a folder that holds other files too; none of these is replaced."
VERSION = 1  # of a file of settings


def _several(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def words(value: object) -> object:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return value
    return [word for part in value for word in (re.split(r"[,\s]+", part) if isinstance(part, str) else [part]) if word]


def _entries(value: object) -> object:
    entries = [value] if isinstance(value, (str, Path)) else value
    return [str(entry) for entry in entries] if isinstance(entries, (list, tuple)) else entries


def _two(value: object) -> object:
    return re.split(r"\s*[x,]\s*", value) if isinstance(value, str) else value


def _numbers(value: object) -> object:
    entries = value if isinstance(value, (list, tuple)) else [value]
    if not all(isinstance(entry, str) for entry in entries):
        return value
    return [part for entry in entries for part in re.split(r"[,\s]+", str(entry).strip("[]() ")) if part]


def _shard(value: object) -> object:
    """ "I/N", which YAML and JSON may also have as two numbers."""
    text = "/".join(map(str, value)) if isinstance(value, (list, tuple)) else value
    match = re.fullmatch(r"(\d{1,7})/(\d{1,7})", text.strip()) if isinstance(text, str) else None
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError(f"'{text}' is no I/N with I from 1 to N")
    return f"{int(match[1])}/{int(match[2])}"


def _folder_or_auto(value: object) -> object:
    return ("auto" if value else None) if isinstance(value, bool) else value


def precision_of(value: object) -> object:
    return "no" if value is False else value  # YAML 1.1 reads a bare `no` as false


Device = Literal["auto", "cpu", "cuda", "mps"]
Names = Annotated[list[str], BeforeValidator(_several)]
Words = Annotated[list[str], BeforeValidator(words)]  # names without commas: given apart, or joined by them
Whole = Annotated[list[int], BeforeValidator(_numbers)]
# Files, folders and glob patterns, one or several; a comma may be part of a name.
Inputs = Annotated[list[str], Len(1), BeforeValidator(_entries)]
_Side = Annotated[int, Field(ge=16, le=4096)]
_Share = Annotated[float, Field(ge=0, lt=1)]
Cache = Annotated[Path | None, BeforeValidator(_folder_or_auto)]  # "auto": the user's cache folder
Shard = Annotated[str, BeforeValidator(_shard)]
Size = Annotated[tuple[_Side, _Side], BeforeValidator(_two)]
Pair = Annotated[tuple[_Share, _Share], BeforeValidator(_two)]


ADDRESS = "{}: an address; pictures, data and weights are read from this machine: download it, and give the file"


def is_address(value: object) -> bool:
    """Whether a value is an address of the web or of a store, where a file or folder is meant."""
    text = str(value) if isinstance(value, (str, Path)) else ""  # of two slashes a Path keeps one
    return re.match(r"(?:[\w-]+[:=])?(https?|ftp|s3|gs):/", text, re.IGNORECASE) is not None


def refuse_addresses(source: str, values: object) -> None:
    """See that no value, or none of several, is an address.

    Raises:
        BadConfig: One is. `source`: what it was given with.
    """
    for value in values if isinstance(values, (list, tuple)) else [values]:
        if is_address(value):
            raise BadConfig(f"{source}: {ADDRESS.format(re.sub(':/(?=[^/])', '://', str(value)))}")


def store_of(value: object) -> str | None:
    """The address of a folder or file in a store (`s3://`, `gs://`, `memory://` ...); None if it is none. That of a
    path is known although a path has but one slash there."""
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.*)", str(value)) if isinstance(value, (str, Path)) else None
    if match is None or match[1].lower() in ("http", "https", "ftp"):
        return None
    return f"{match[1].lower()}://{match[2]}".rstrip("/")


class Config(BaseModel):
    """What all commands' settings share. Fields without default must be given by some source.

    Attributes:
        command: The command's name in variables: VITON_COMMAND_NAME.
        former_group: A group that some settings were in once; what a file or `--set` puts there is still read.
        by_stage: Settings whose default is another for each of several parts that the command runs.
        stores: Names of those settings that may be the address of a folder or file in a store.
    """

    command: ClassVar[str] = ""
    former_group: ClassVar[str] = ""
    by_stage: ClassVar[frozenset[str]] = frozenset()
    stores: ClassVar[tuple[str, ...]] = ()
    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, protected_namespaces=(), allow_inf_nan=False
    )

    @field_validator("*", mode="before")
    @classmethod
    def _not_empty(cls, value: object) -> object:
        """An empty path would be the current folder, and no file has a null character in its name."""
        if value == "":
            raise ValueError("is empty")
        if "\0" in (str(value) if isinstance(value, (str, Path)) else ""):
            raise ValueError("holds a null character")
        return value

    def to_yaml(self) -> str:
        """All settings as YAML that `load` reads back to an equal object."""
        return self.as_yaml()

    def as_yaml(self, exclude_unset: bool = False) -> str:
        """All settings, or those that were given, as YAML."""
        values = self.model_dump(mode="json", exclude_unset=exclude_unset)
        return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)

    def to_file(self) -> str:
        """The text of a config.yaml: the settings, and which version of them this is."""
        return f"# settings of viton\nversion: {VERSION}\n{self.to_yaml()}"
