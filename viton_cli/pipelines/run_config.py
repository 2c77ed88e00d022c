"""The config.yaml beside a run's output, and the refusal to mix results of different settings in one folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from viton_cli.config import Config
from viton_cli.config.yaml_text import NotSettings, read_yaml_file
from viton_cli.errors import BadConfig
from viton_cli.files import Ledger, write_text
from viton_cli.files.stores import spoken

# What may differ between the processes that fill one folder, and is left out, so that all write the same file.
OF_ONE_PROCESS = ("shard", "cache")


def begin(ledger: Ledger, config: Config, decisive: Iterable[str], overwrite: bool) -> None:
    """Take a run's folder and write config.yaml into it.

    Args:
        ledger: Of the run's output (`files.look`).
        config: Its settings.
        decisive: Names of the settings on which the results depend.
        overwrite: Everything in the folder will be made anew.

    Raises:
        BadConfig: The folder was begun with other decisive settings.
    """
    path = ledger.folder / "config.yaml"
    if not overwrite:
        before = _read(path)
        for name, value in config.model_dump(mode="json", include=set(decisive)).items():
            if name in before and before[name] != value:
                raise BadConfig(
                    f"{ledger.folder}: what is there was made with {name}={before[name]}, not {value}; "
                    "give --overwrite to redo it, or another --out"
                )
    ledger.begin()
    own = {name: None for name in OF_ONE_PROCESS if name in type(config).model_fields}
    write_text(path, spoken(config.model_copy(update=own).to_file()))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = read_yaml_file(path) if path.is_file() else {}
    except (OSError, NotSettings):
        return {}
    return content if isinstance(content, dict) else {}
