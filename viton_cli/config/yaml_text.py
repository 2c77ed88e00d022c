"""YAML as settings need it: plain values, lists and mappings, read in bounded time and memory.

Anchors and aliases are refused: settings have no use for them, and a few lines of them can stand for more than a
machine can hold.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import yaml

LARGEST = 100_000  # bytes of a file of settings
DEEPEST = 20  # mappings and lists within each other


class NotSettings(ValueError):
    """The text cannot be read; the cause in words."""


class _Loader(yaml.SafeLoader):
    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise NotSettings(f"anchors and aliases (& and *) are not read{_where(event)}")
        self.depth += 1
        if self.depth > DEEPEST:
            raise NotSettings(f"nested more than {DEEPEST} deep{_where(event)}")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read_yaml_file(path: Path) -> Any:
    """The value of a YAML file.

    Raises:
        NotSettings: Too large, no text, or see `read_yaml`.
        OSError: It cannot be opened.
    """
    with path.open("rb") as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise NotSettings(f"larger than {LARGEST} bytes")
    try:
        return read_yaml(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise NotSettings("not a text file") from None


def read_yaml(text: str) -> Any:
    """The value that a YAML text stands for; 1e-4, which YAML 1.1 takes for text, is a number.

    Raises:
        NotSettings: Not YAML, deeply nested, with aliases, or with a value that YAML has and settings have not (dates,
            bytes, sets).
    """
    try:
        loader = _Loader(text)
        value = loader.get_single_data()
    except NotSettings:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise NotSettings("not YAML" + (f" (line {mark.line + 1})" if mark else "")) from None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        # PyYAML makes numbers and dates of texts that only look like them.
        raise NotSettings(f"not YAML ({' '.join(str(error).split())[:80]})") from None
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", value):
        return float(value)
    if value is None or isinstance(value, (bool, str)) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise NotSettings(f"a value that no setting has ({_short(value)})")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise NotSettings(f"a name that no setting has ({_short(key)})")
    return key


def _short(value: object) -> str:
    if isinstance(value, int):
        return "a number of very many digits"
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "..."


def _where(event: Any) -> str:
    mark = getattr(event, "start_mark", None)
    return f" (line {mark.line + 1})" if mark else ""
