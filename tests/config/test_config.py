"""Settings: which source wins, and what a wrong one is told."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from viton_cli.config import (
    COMMANDS,
    Config,
    EvaluateConfig,
    PrepareConfig,
    TrainConfig,
    TrainPerceptionConfig,
    TrainStage1Config,
    TrainStage2Config,
    TryOnConfig,
    load,
    settings_for,
)
from viton_cli.errors import BadConfig

NEEDED = {"data": ["a"], "out": "run"}


def train(**sources: Any) -> TrainConfig:
    flags = {**NEEDED, **sources.pop("flags", {})}
    return load(TrainConfig, flags=flags, **{"environment": {}, **sources})


def test_each_source_beats_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("batch: 2\nseed: 2\nlr: 2.0\nworkers: 2\n")
    environment = {"VITON_TRAIN_SEED": "3", "VITON_TRAIN_LR": "3", "VITON_TRAIN_WORKERS": "3", "HOME": "/"}
    config = train(
        file=file, environment=environment, sets=["lr=4", "workers=4"], flags={"workers": "5", "batch": None}
    )
    assert (config.minutes, config.batch, config.seed, config.lr, config.workers) == (None, 2, 3, 4.0, 5)


@pytest.mark.parametrize(
    ("sources", "cause"),
    [
        ({"sets": ["chekpoint_minutes=1"]}, r"--set chekpoint_minutes=1: unknown setting 'chekpoint_minutes' "
                                            r"\(did you mean 'checkpoint_minutes'\?\); known: .*batch"),
        ({"environment": {"VITON_TRYON_CLOTHS": "x"}}, r"VITON_TRYON_CLOTHS: no .*did you mean VITON_TRYON_CLOTHES"),
        ({"environment": {"VITON_STEPS": "5"}}, r"VITON_STEPS: .*mean VITON_TRYON_STEPS or VITON_TRAIN_STEPS"),
        ({"flags": {"lr": "fast"}}, "--lr: bad value for 'lr': .*number.*not 'fast'"),
        ({"sets": ["batch=0"]}, "--set batch=0: bad value for 'batch': .*greater than or equal to 1, not '0'"),
        ({"environment": {"VITON_TRAIN_DEVICE": "gpu"}}, "VITON_TRAIN_DEVICE: bad value for 'device': .*not 'gpu'"),
        ({"sets": ["lr"]}, "--set lr: expected name=value"),
        ({"flags": {"data": None}}, "missing setting 'data': give --data"),
        ({"file": Path("gone.yaml")}, "gone.yaml: cannot be opened"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_names_its_source(sources: dict[str, Any], cause: str) -> None:
    with pytest.raises(BadConfig, match=cause) as caught:
        train(**sources)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["batch: [", "- 1", "just words", "\x00"])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(BadConfig, match=r"c\.yaml"):
        train(file=tmp_path / "c.yaml")


def test_an_unknown_key_in_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("batsh: 3\n")
    with pytest.raises(BadConfig, match=r"c\.yaml: unknown setting 'batsh' \(did you mean 'batch'"):
        train(file=tmp_path / "c.yaml")


def test_text_becomes_what_a_setting_is() -> None:
    config = train(
        sets=[
            "minutes=1e-1",
            "resume=true",
            "size=128x96",
            "steps=none",
            "precision=no",
            "betas=0.9,0.99",
            "data=a, b",
        ],
        flags={"data": None},
    )
    assert (config.minutes, config.resume, config.size, config.steps) == (0.1, True, (128, 96), None)
    assert (config.precision, config.betas, config.data) == ("no", (0.9, 0.99), ["a", "b"])
    assert train(sets=["perceptual=none", "init=none"]).perceptual == "none" and config.init is None, "a choice stays"


def test_yamls_own_oddities_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("precision: no\nlr: 1e-4\ninit: 0123\nmodel: {augment: 2e-3}\n")
    config = train(file=tmp_path / "c.yaml")
    assert config.precision == "no" and config.lr == 1e-4 and config.augment == 0.002


FORMER = """preset: lite
steps: null
minutes: null
batch: null
lr: 0.0012
betas: null
weight_decay: null
model: {width: 32, augment: 0.25, channels: [8, 16], blocks: [0, 1]}
"""


def test_files_and_settings_of_before_are_read(tmp_path: Path) -> None:
    """Sizes of the networks once stood in a group of their own, and null for what the stage decides."""
    (tmp_path / "c.yaml").write_text(FORMER)
    config = train(file=tmp_path / "c.yaml", sets=["model.width=16", "model={perceived: 0.25}"])
    assert (config.width, config.augment, config.channels, config.blocks) == (16, 0.25, [8, 16], [0, 1])
    assert (config.perceived, config.lr) == (0.25, 0.0012)
    for model in (TrainStage1Config, TrainStage2Config):
        stage, plain = settings_for(config, model), model(**NEEDED)
        for name in ("steps", "batch", "betas", "weight_decay"):
            assert getattr(stage, name) == getattr(plain, name), name
    for given, cause in (
        ("model=3", "'model' is a group of settings: expected 'name: value' pairs"),
        ("model.wdith=3", "unknown setting 'wdith' \\(did you mean 'width'"),
        ("model.encoder.depth=3", "unknown setting 'encoder.depth'"),
    ):
        with pytest.raises(BadConfig, match=f"--set {given}: {cause}"):
            train(sets=[given])


def test_a_preset_is_laid_under_what_is_given() -> None:
    paper = train(flags={"preset": "paper"}, sets=["ema=0.9"])
    stage1, stage2 = (settings_for(paper, model) for model in (TrainStage1Config, TrainStage2Config))
    assert (stage1.steps, stage1.batch, stage1.network, stage1.ema) == (15000, 16, "paper", 0.9)
    assert (stage2.steps, stage2.batch, stage2.warp, stage2.ema) == (6000, 16, "paper", 0.9)
    assert settings_for(train(flags={"preset": "paper", "minutes": 3}), TrainStage1Config).steps is None
    with pytest.raises(BadConfig, match="--preset: bad value for 'preset': input should be 'lite'"):
        load(TrainPerceptionConfig, flags={**NEEDED, "preset": "paper"}, environment={})


@pytest.mark.parametrize("model", sorted(COMMANDS, key=lambda model: model.__name__))
def test_every_setting_is_a_type_and_none_a_dictionary(model: type[Config]) -> None:
    for name, field in model.model_fields.items():
        assert "dict" not in str(field.annotation) and "Any" not in str(field.annotation), name


def test_settings_of_both_stages_go_to_each() -> None:
    config = train(sets=["width=8", "augment=1.5", "stage1=a.safetensors", "norm_decay=0.5"])
    stage1, stage2 = (settings_for(config, model) for model in (TrainStage1Config, TrainStage2Config))
    assert stage1.width == stage2.width == 8 and stage1.augment == stage2.augment == 1.5
    assert stage1.norm_decay == 0.5 and stage2.stage1 == "a.safetensors"
    assert (stage1.steps, stage2.steps) == (12000, 1500), "what is not given is each stage's own"
    assert {"steps", "betas", "perceptual"} <= TrainConfig.by_stage and "lr" not in TrainConfig.by_stage


def test_one_environment_serves_all_commands_and_each_hears_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"VITON_TRYON_STEPS": "true", "VITON_TRAIN_STEPS": "7", "VITON_TRYON_WARP": "paper"}
    config = load(TryOnConfig, flags={"person": "p", "clothes": "c", "out": "o"}, environment=environment)
    assert config.steps is True and config.warp == "paper" and train(environment=environment).steps == 7
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    from viton_cli import TryOn

    assert TryOn().config.warp == "paper" and TryOn(warp="parts").config.warp == "parts"


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefghi", "bcdefghij")
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB, "model: &x {y: *x}\n", "model: &x [1, 2]\n", "model: " + "[" * 3000 + "]" * 3000, "{a: " * 3000,
        "\n".join(" " * n + "a:" for n in range(3000)), "- " * 3000, "lr: 2001-99-99", "lr: 2001-01-01", "lr: .inf",
        "lr: .nan", "lr: 0b", "lr: 0x", "seed: " + "9" * 5000, "seed: 1" + ":1" * 30_000, "? [a, b]\n: 1", "1: 2",
        "lr: !!binary aGk=", "lr: !!python/object/apply:os.system [true]", "lr: !!int x", "lr: !!float {}",
        "lr: !!timestamp x", "model: !!set {a, b}", 'init: "a\\0b"', "a" * 200_000, "lr: 1\n" * 60_000,
        "%YAML 9.9\n---\nlr: 1", "a: b\n---\nc: d", "version: 9\nlr: 1", "version: [1]", "\x07",
        "init: {a: b}", "size: [1, 2, 3]", "lr: [1]", "model: 3", "lr: 1.5e300e", "lr: '" + "9" * 9000 + "'",
    ],
)  # fmt: skip
def test_odd_yaml_is_one_line_within_a_second(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    began = time.process_time()
    with pytest.raises(BadConfig) as caught:
        train(file=tmp_path / "c.yaml")
    said = str(caught.value)
    assert time.process_time() - began < 1 and "\n" not in said and len(said) < 600 + len(str(tmp_path)), said


def test_a_pipe_can_hold_settings_and_a_folder_cannot(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="cannot be opened"):
        train(file=tmp_path)


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [
        (TrainConfig, "size", "0,0"), (TrainConfig, "size", "8,8"), (TrainConfig, "size", "99999x99999"),
        (TrainConfig, "size", "-64,64"), (TrainConfig, "betas", "2,3"), (TrainConfig, "betas", "0.9,1"),
        (TrainConfig, "betas", "nan,0.9"), (TrainConfig, "lr", "inf"), (TrainConfig, "lr", "nan"),
        (TrainConfig, "minutes", "inf"), (PrepareConfig, "threads", "99999"),
        (TryOnConfig, "threads", "99999"), (TryOnConfig, "threads", "0"),
    ],
)  # fmt: skip
def test_values_that_no_run_could_use(model: type[Config], name: str, value: str) -> None:
    needed = {field: "x" for field, info in model.model_fields.items() if info.is_required()}
    with pytest.raises(BadConfig, match=rf"--{name}: bad value for '{name}'"):
        load(model, flags={**needed, name: value}, environment={})


def test_files_of_settings_carry_a_version(tmp_path: Path) -> None:
    config = load(EvaluateConfig, flags={"results": "a", "reference": "b"}, environment={})
    file = tmp_path / "c.yaml"
    file.write_text(config.to_file())
    assert "version: 1" in config.to_file() and load(EvaluateConfig, file, environment={}) == config
    file.write_text(config.to_yaml())
    assert load(EvaluateConfig, file, environment={}) == config, "those of before had none"
    file.write_text("version: 2\n" + config.to_yaml())
    with pytest.raises(BadConfig, match=r"c\.yaml: settings of version 2; this viton reads version 1"):
        load(EvaluateConfig, file, environment={})


@pytest.mark.parametrize("model", COMMANDS)
def test_every_setting_is_documented_and_every_default_is_valid(model: type[Config]) -> None:
    for name, field in model.model_fields.items():
        assert field.description and field.description.endswith("."), name
    needed = {
        name: ["x"] if name in ("data", "metrics") else "x" for name, f in model.model_fields.items() if f.is_required()
    }
    config = model(**needed)
    again = model(**yaml.safe_load(config.to_yaml()))
    assert again == config


def test_what_was_used_can_be_used_again(tmp_path: Path) -> None:
    config = load(EvaluateConfig, flags={"results": "ä b", "reference": "r"}, environment={})
    (tmp_path / "config.yaml").write_text(config.to_yaml(), encoding="utf-8")
    assert load(EvaluateConfig, tmp_path / "config.yaml", environment={}) == config


def test_every_command_has_variables_of_its_own() -> None:
    """The parts of `viton train` share theirs: VITON_TRAIN_SEED speaks to each."""
    names = {model.command for model in COMMANDS}
    assert all(name and name == name.lower() for name in names)
    assert len(names) == sum(model.command != "train" for model in COMMANDS) + 1
    others = [
        f"{model.command}_{name}" for model in COMMANDS for name in model.model_fields if model.command != "train"
    ]
    of_train = {f"train_{name}" for m in COMMANDS for name in m.model_fields if m.command == "train"}
    assert len(set(others)) == len(others) and not of_train & set(others)
