"""key.json of a sheet: which method made which picture. Raters are not given it; their answers are read with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from viton_cli.errors import BadConfig
from viton_cli.pipelines.evaluate.plan import Trial

KEY = "key.json"
KEY_VERSION = 1


@dataclass(frozen=True)
class Key:
    """What the answers to a sheet mean.

    Attributes:
        sheet: Its id.
        methods: Their names.
        pairs: (person id, garment id).
        lists: The trials of each list.
    """

    sheet: str
    methods: list[str]
    pairs: list[tuple[str, str]]
    lists: list[list[Trial]]


def read_key(path: Path) -> Key:
    """Read a key.json.

    Raises:
        BadConfig: It cannot be opened, or is not a key.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        version = found["version"]
        if version != KEY_VERSION:
            raise BadConfig(f"{path}: a key of version {version}; this viton reads version {KEY_VERSION}")
        return Key(
            str(found["sheet"]),
            [str(method) for method in found["methods"]],
            [(str(person), str(garment)) for person, garment in found["pairs"]],
            [[Trial(*trial) for trial in trials] for trials in found["lists"]],
        )
    except OSError as error:
        raise BadConfig(f"{path}: cannot be opened ({error.strerror or error})") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BadConfig(f"{path}: not the {KEY} of a sheet ({type(error).__name__}: {error})") from None


def find_keys(answers: list[Path], given: list[str]) -> dict[str, Key]:
    """Keys by the id of their sheet: those given, and those beside the answers or one folder up.

    Args:
        answers: Files of answers.
        given: Files called key.json, or folders that hold one.

    Raises:
        BadConfig: One that was given cannot be read.
    """
    keys = {}
    for folder in dict.fromkeys(folder for path in answers for folder in (path.parent, path.parent / "..")):
        if (folder / KEY).is_file():
            key = read_key(folder / KEY)
            keys[key.sheet] = key
    for text in given:
        path = Path(text)
        key = read_key(path / KEY if path.is_dir() else path)
        keys[key.sheet] = key
    return keys
