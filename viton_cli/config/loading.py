"""Where settings come from, and which source wins: defaults < config file (YAML) < environment
(VITON_COMMAND_NAME) < `--set name=value` < flags.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from viton_cli.config.base import VERSION, Config, refuse_addresses, store_of
from viton_cli.config.commands import COMMANDS
from viton_cli.config.yaml_text import NotSettings, read_yaml, read_yaml_file
from viton_cli.errors import BadConfig

C = TypeVar("C", bound=Config)


def load(
    model: type[C],
    file: Path | None = None,
    sets: Iterable[str] = (),
    flags: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
) -> C:
    """Resolve a command's settings.

    Args:
        model: The command's model.
        file: YAML file of settings.
        sets: "name=value" strings; names may stand in the model's `former_group`: "model.width=32".
        flags: What the command line gave; None means not given.
        environment: Variables, by default the process's.

    Raises:
        BadConfig: An unknown name, a bad value, a missing setting, an unreadable file. One line, naming the source.
    """
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}

    def put(name: str, value: object, source: str) -> None:
        head, _, rest = name.partition(".")
        if head and head == model.former_group:
            for part, inner in _parts(head, {rest: value} if rest else value, source).items():
                put(part, inner, source)
            return
        _known(model, name, source)
        entries = value if isinstance(value, list) else [value]
        refuse_addresses(source, [one for one in entries if name not in model.stores or not store_of(one)])
        values[name], origin[name] = value, source

    for name, value in _file_values(file).items():
        put(str(name), value, str(file))
    for variable, name, text in _variables(model, os.environ if environment is None else environment):
        put(name, _from_text(text, model, name), variable)
    for text in sets:
        name, equals, value = text.partition("=")
        if not equals:
            raise BadConfig(f"--set {text}: expected name=value")
        name = name.strip().replace("-", "_")
        put(name, _from_text(value.strip(), model, name), f"--set {text}")
    for name, flag in (flags or {}).items():
        if flag is not None:
            put(name, flag, _flag(name))
    try:
        return model(**values)
    except ValidationError as error:
        raise BadConfig(_explain(error, origin)) from None


def known_settings(model: type[Config]) -> list[str]:
    """Names of a command's settings."""
    return list(model.model_fields)


def _known(model: type[Config], name: str, source: str) -> None:
    if name not in model.model_fields:
        raise BadConfig(_unknown(name, source, known_settings(model)))


def _variables(model: type[Config], environment: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(variable, setting, text) of those that speak to a command: VITON_TRYON_STEPS, VITON_TRAIN_STEPS.

    One environment serves all commands, so that a variable is wrong only if no command has such a setting.

    Raises:
        BadConfig: One is; the text names the nearest.
    """
    known = {f"VITON_{kind.command}_{name}".upper(): (kind, name) for kind in COMMANDS for name in kind.model_fields}
    found = []
    for variable in sorted(name for name in environment if name.startswith("VITON_")):
        if variable not in known:
            alike = [name for name in known if name.endswith("_" + variable[len("VITON_") :])]
            alike = alike or difflib.get_close_matches(variable, known, n=2)
            hint = f" (did you mean {' or '.join(alike)}?)" if alike else ""
            raise BadConfig(f"{variable}: no command has such a setting{hint}; variables are VITON_COMMAND_NAME")
        kind, name = known[variable]
        if kind.command == model.command and name in model.model_fields:
            found.append((variable, name, environment[variable]))
    return found


def _unknown(name: str, source: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" (did you mean '{near[0]}'?)" if near else ""
    return f"{source}: unknown setting '{name}'{hint}; known: {', '.join(known)}"


def _file_values(file: Path | None) -> dict[Any, Any]:
    if file is None:
        return {}
    refuse_addresses("--config", file)
    try:
        content = read_yaml_file(Path(file))
    except OSError as error:
        raise BadConfig(f"{file}: cannot be opened ({error.strerror or error})") from None
    except NotSettings as error:
        raise BadConfig(f"{file}: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise BadConfig(f"{file}: expected 'name: value' lines")
    version = content.pop("version", VERSION)
    if version != VERSION:
        raise BadConfig(f"{file}: settings of version {version}; this viton reads version {VERSION}")
    return content


def _from_text(text: str, model: type[Config], name: str) -> object:
    """Value of a variable or of `--set`. Plain settings stay text, which pydantic reads by their type."""
    field = model.model_fields.get(name)
    if field is not None and text in get_args(field.annotation):  # "none" may be one of a setting's choices
        return text
    if text.lower() in ("null", "none", ""):
        return None
    if name == model.former_group:
        try:
            return read_yaml(text)
        except NotSettings:
            return text
    return text


def _parts(group: str, value: object, source: str) -> dict[str, object]:
    """What stands in a group of settings, by name."""
    if not isinstance(value, dict | None):
        raise BadConfig(f"{source}: '{group}' is a group of settings: expected 'name: value' pairs")
    return {str(name): inner for name, inner in (value or {}).items()}


def _explain(error: ValidationError, origin: Mapping[str, str]) -> str:
    """Everything that is wrong, in one line."""
    errors = error.errors()
    told = [_bad_value(each, origin) for each in errors if each["type"] != "missing"]
    missing = [str(each["loc"][0]) for each in errors if each["type"] == "missing"]
    if missing:
        names, flags = ", ".join(f"'{name}'" for name in missing), ", ".join(map(_flag, missing))
        told.append(f"missing setting{'s' if len(missing) > 1 else ''} {names}: give {flags}")
    return "; ".join(told)


def _bad_value(error: Any, origin: Mapping[str, str]) -> str:
    name = str(error["loc"][0]) if error["loc"] else ""
    message = error["msg"].removeprefix("Value error, ")
    given = error["input"]
    got = "" if isinstance(given, dict) or given == "" else f", not '{_shown(given)}'"
    return f"{origin.get(name, _flag(name))}: bad value for '{name}': {message[:1].lower()}{message[1:]}{got}"


def _shown(value: object) -> str:
    if isinstance(value, list) and all(isinstance(part, int) for part in value):
        value = ",".join(map(str, value))
    text = " ".join(str(value).split()) if isinstance(value, (str, int, float, Path)) else type(value).__name__
    return text if len(text) <= 60 else f"{text[:60]}..."


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
