"""Where settings come from, and which source wins: defaults < config file (YAML) < environment (VITON_NAME) <
`--set name=value` < flags.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from viton_cli.config.base import VERSION, Config
from viton_cli.config.models import COMMANDS
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
        sets: "name=value" strings; "model.width=32" reaches into a free-form setting.
        flags: What the command line gave; None means not given.
        environment: Variables, by default the process's.

    Raises:
        BadConfig: An unknown name, a bad value, a missing setting, an unreadable file. One line, naming the source.
    """
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}

    def put(name: str, value: object, source: str) -> None:
        head, _, rest = name.partition(".")
        _known(model, head, source)
        if rest or (head in values and isinstance(values[head], dict) and isinstance(value, dict)):
            inner: Any = {rest: value} if rest else value
            value = _merged(values.get(head) or {}, inner, name, source)
        values[head], origin[head] = value, source

    for name, value in _file_values(file).items():
        put(str(name), value, str(file))
    variables = os.environ if environment is None else environment
    for variable in sorted(variables):
        if variable.startswith("VITON_"):
            name = variable[len("VITON_") :].lower()
            if name in model.model_fields:
                put(name, _from_text(variables[variable], model, name), variable)
            else:
                _known_anywhere(name, variable)
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


def _known_anywhere(name: str, variable: str) -> None:
    """One environment serves all commands: a variable is wrong only if no command has such a setting."""
    everywhere = sorted({setting for model in COMMANDS for setting in model.model_fields})
    if name not in everywhere:
        raise BadConfig(_unknown(name, variable, everywhere))


def _unknown(name: str, source: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" (did you mean '{near[0]}'?)" if near else ""
    return f"{source}: unknown setting '{name}'{hint}; known: {', '.join(known)}"


def _file_values(file: Path | None) -> dict[Any, Any]:
    if file is None:
        return {}
    try:
        content = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadConfig(f"{file}: cannot be opened ({error.strerror or error})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise BadConfig(f"{file}: not YAML" + (f" (line {mark.line + 1})" if mark else "")) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise BadConfig(f"{file}: expected 'name: value' lines")
    version = content.pop("version", VERSION)
    if version != VERSION:
        raise BadConfig(f"{file}: settings of version {version}; this viton reads version {VERSION}")
    numbers: dict[Any, Any] = _numbers(content)
    return numbers


def _from_text(text: str, model: type[Config], name: str) -> object:
    """Value of a variable or of `--set`. Plain settings stay text, which pydantic reads by their type."""
    if text.lower() in ("null", "none", ""):
        return None
    if "." in name or name == "model":
        try:
            return _numbers(yaml.safe_load(text))
        except yaml.YAMLError:
            return text
    return text


def _numbers(value: Any) -> Any:
    """YAML 1.1 takes 1e-4 for text; here it is a number."""
    if isinstance(value, dict):
        return {key: _numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_numbers(inner) for inner in value]
    if isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", value):
        return float(value)
    return value


def _merged(base: object, update: Mapping[str, object], name: str, source: str) -> dict[str, object]:
    """`update` laid over `base`; keys with dots reach deeper."""
    if not isinstance(base, dict):
        raise BadConfig(f"{source}: '{name}' reaches into a setting that has no parts")
    out = dict(base)
    for key, value in update.items():
        head, _, rest = key.partition(".")
        if rest:
            out[head] = _merged(out.get(head) or {}, {rest: value}, name, source)
        elif isinstance(value, dict) and isinstance(out.get(head), dict):
            out[head] = _merged(out[head], value, name, source)
        else:
            out[head] = value
    return out


def _explain(error: ValidationError, origin: Mapping[str, str]) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "missing":
        return f"missing setting '{name}': give {_flag(name)}"
    message = first["msg"].removeprefix("Value error, ")
    got = "" if isinstance(first["input"], dict) or first["input"] == "" else f", not '{first['input']}'"
    return f"{origin.get(name, name)}: bad value for '{name}': {message[:1].lower()}{message[1:]}{got}"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
