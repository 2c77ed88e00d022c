"""Every setting of every command, with its default and meaning: the only place where a default is written.

Defaults < config file (YAML) < environment (VITON_NAME) < `--set name=value` < flags. The flags of the command line are
made from these models, so that a setting exists everywhere or nowhere. An unknown name is an error that names the
nearest known one.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from viton_cli.errors import BadConfig


def _several(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _two(value: object) -> object:
    return re.split(r"\s*[x,]\s*", value) if isinstance(value, str) else value


def _precision(value: object) -> object:
    return "no" if value is False else value  # YAML 1.1 reads a bare `no` as false


Names = Annotated[list[str], BeforeValidator(_several)]
Size = Annotated[tuple[int, int], BeforeValidator(_two)]
Pair = Annotated[tuple[float, float], BeforeValidator(_two)]


class Config(BaseModel):
    """What all commands' settings share. Fields without default must be given by some source."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True, protected_namespaces=())

    def to_yaml(self) -> str:
        """All settings as YAML that `load` reads back to an equal object."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


class Perception(Config):
    """Where pose and parsing come from."""

    pose: str = Field("builtin", description="Pose backend.")
    pose_source: Path | None = Field(None, description="Weight file or folder of JSON files of the pose backend.")
    parsing: str = Field("builtin", description="Parsing backend.")
    parsing_source: Path | None = Field(None, description="Weight file or folder of PNG files of the parsing backend.")
    label_set: str | None = Field(None, description="Label set of given parsing files: lip, cihp, atr ...")


class PrepareConfig(Perception):
    """`viton prepare`."""

    person: Path | None = Field(None, description="Folder of photos of people, or one photo.")
    clothes: Path | None = Field(None, description="Folder of clothing photos, or one photo.")
    clothes_mask: Path | None = Field(None, description="Folder of masks named as the clothing photos; they win.")
    dataset: Path | None = Field(None, description="Root of a published data set, instead of --person and --clothes.")
    format: str | None = Field(None, description="Layout of --dataset: viton, cp-vton, viton-hd, dresscode, ccp.")
    split: str | None = Field(None, description="Only this split of the data set; by default all it has.")
    pairs: Path | None = Field(None, description="File of who wears what: person garment [unpaired], one pair a line.")
    out: Path = Field(description="The prepared folder to write.")
    height: int = Field(512, ge=64, le=4096, description="Height of the person crops; their width is 3/4 of it.")
    test_share: float = Field(
        0.1, ge=0, le=1, description="Share of the pairs that go to test_pairs.txt, by hash of id."
    )
    size: Size = Field((256, 192), description="Height x width of the packed person representation.")
    tensors: bool = Field(True, description="Write representation/ID.npz, the packed person representation.")
    overlays: bool = Field(True, description="Write overlay/ID.jpg, skeleton and labels over the photo.")
    workers: int = Field(2, ge=1, le=64, description="Threads that read and write pictures beside the networks.")
    threads: int | None = Field(None, ge=1, description="Threads of the networks; by default all cores.")
    overwrite: bool = Field(False, description="Redo photos that are finished.")


class MethodConfig(Perception):
    """What decides how a result looks; the settings of `TryOn` in Python."""

    method: str = Field("viton", description="Try-on method.")
    weights: str | None = Field(None, description="Folder of the method's weight files; by default the shipped ones.")
    warp: Literal["parts", "paper"] = Field("parts", description="How the garment is warped.")


class TryOnConfig(MethodConfig):
    """`viton tryon`."""

    person: str = Field(description="Folder of photos of people, one photo, or - for a picture on stdin.")
    clothes: str = Field(description="Folder of clothing photos, one photo, or - for a picture on stdin.")
    out: str = Field(description="Folder to write to; for one pair also a .png or .jpg file, or - for PNG on stdout.")
    pairing: str = Field("all", description="all: everyone in everything; zip: first in first ...; or a pairs file.")
    clothes_mask: Path | None = Field(None, description="Folder of masks named as the clothing photos; they win.")
    steps: bool = Field(False, description="Write steps/PERSON__GARMENT.jpg, a strip of what each stage saw.")
    masks: bool = Field(False, description="Write edited/PERSON__GARMENT.png, white where the photo may have changed.")
    workers: int = Field(2, ge=1, le=64, description="Threads that write pictures beside the networks.")
    threads: int | None = Field(None, ge=1, description="Threads of the networks; by default all cores.")
    overwrite: bool = Field(False, description="Redo pairs that are finished.")
    dry_run: bool = Field(False, description="Say what would be done, and do nothing.")


class TrainConfig(Config):
    """`viton train`."""

    data: Names = Field(min_length=1, description="Prepared folder, or FORMAT:PATH of a data set; may be repeated.")
    out: Path = Field(description="Folder of the run: weights, curve, samples.")
    preset: Literal["lite", "paper"] = Field(
        "lite", description="lite: what two CPU cores can train; paper: its sizes."
    )
    steps: int | None = Field(None, ge=1, description="Training steps; by default the stage's and preset's.")
    minutes: float | None = Field(None, gt=0, description="Stop after so long in all, whichever comes first.")
    batch: int | None = Field(None, ge=1, description="Examples a step; by default the stage's and preset's.")
    lr: float | None = Field(None, gt=0, description="Learning rate; by default the stage's and preset's.")
    betas: Pair | None = Field(None, description="Decay of Adam's two averages; by default the stage's.")
    weight_decay: float | None = Field(None, ge=0, description="AdamW's weight decay; by default the stage's.")
    ema: float = Field(0.998, ge=0, lt=1, description="Decay of the average of the weights, which is what is kept.")
    clip: float = Field(1.0, gt=0, description="Largest norm of a step's gradient.")
    seed: int = Field(0, ge=0, description="Seed of everything random.")
    size: Size = Field((256, 192), description="Height x width of the network's frame.")
    workers: int = Field(0, ge=0, le=64, description="Processes that load data beside the training.")
    checkpoint_minutes: float = Field(10, gt=0, description="Write a checkpoint this often.")
    validate_minutes: float = Field(10, gt=0, description="Validate and write sample pictures this often.")
    log_every: int = Field(20, ge=1, description="Log the losses every so many steps.")
    init: str | None = Field(None, description="Start from these weights: a file or the name of shipped ones.")
    resume: bool = Field(False, description="Carry on from the last checkpoint in --out.")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where to compute.")
    precision: Annotated[Literal["no", "fp16", "bf16"], BeforeValidator(_precision)] = Field(
        "no", description="Mixed precision."
    )
    model: dict[str, Any] = Field(default_factory=dict, description="Sizes of the network, as the stage knows them.")


# What TrainConfig leaves open, by stage and preset. "paper": section 4.2 of VITON and its published code.
_STAGE_DEFAULTS: dict[tuple[str, str], dict[str, Any]] = {
    ("stage1", "paper"): {"steps": 15000, "batch": 16, "lr": 2e-4, "betas": (0.5, 0.999), "weight_decay": 0.0},
    ("stage2", "paper"): {"steps": 6000, "batch": 16, "lr": 2e-4, "betas": (0.5, 0.999), "weight_decay": 0.0},
    ("stage1", "lite"): {"steps": 6000, "batch": 8, "lr": 6e-4, "betas": (0.5, 0.999), "weight_decay": 0.0},
    ("stage2", "lite"): {"steps": 1500, "batch": 8, "lr": 1e-3, "betas": (0.5, 0.999), "weight_decay": 0.0},
    ("perception", "lite"): {"steps": 20000, "batch": 16, "lr": 1.5e-3, "betas": (0.9, 0.999), "weight_decay": 1e-4},
}
_STAGE_DEFAULTS[("perception", "paper")] = _STAGE_DEFAULTS[("perception", "lite")]  # the paper trains no perception


def for_stage(config: TrainConfig, stage: str) -> TrainConfig:
    """The settings with every gap filled for one stage ("stage1", "stage2", "perception"). With `minutes` alone given,
    the number of steps stays open."""
    defaults = dict(_STAGE_DEFAULTS[stage, config.preset])
    if config.minutes is not None:
        del defaults["steps"]
    return config.model_copy(update={name: value for name, value in defaults.items() if getattr(config, name) is None})


class EvaluateConfig(Config):
    """`viton evaluate`."""

    results: Path = Field(description="Folder of results, or one picture.")
    reference: Path = Field(description="Folder of the true pictures: same names, or the person's name.")
    metrics: Names = Field(["ssim"], min_length=1, description="Metrics, separated by commas.")


class EvaluatePerceptionConfig(Perception):
    """`viton evaluate perception`."""

    data: Names = Field(min_length=1, description="FORMAT:PATH of a data set with labels or joints; may be repeated.")
    ids: str = Field("*", description="Only ids of this shell pattern, such as '*3'.")
    limit: int | None = Field(None, ge=1, description="At most so many photos.")


COMMANDS: tuple[type[Config], ...] = (
    PrepareConfig,
    TryOnConfig,
    TrainConfig,
    EvaluateConfig,
    EvaluatePerceptionConfig,
)

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
    got = "" if isinstance(first["input"], dict) else f", not '{first['input']}'"
    return f"{origin.get(name, name)}: bad value for '{name}': {message[:1].lower()}{message[1:]}{got}"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
