"""Settings: which source wins, and what a wrong one is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from viton_cli.config import COMMANDS, Config, EvaluateConfig, TrainConfig, TryOnConfig, load
from viton_cli.errors import BadConfig

NEEDED = {"data": ["a"], "out": "run"}


def train(**sources: Any) -> TrainConfig:
    flags = {**NEEDED, **sources.pop("flags", {})}
    return load(TrainConfig, flags=flags, **{"environment": {}, **sources})


def test_each_source_beats_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("batch: 2\nseed: 2\nlr: 2.0\nworkers: 2\n")
    environment = {"VITON_SEED": "3", "VITON_LR": "3", "VITON_WORKERS": "3", "HOME": "/"}
    config = train(
        file=file, environment=environment, sets=["lr=4", "workers=4"], flags={"workers": "5", "batch": None}
    )
    assert (config.steps, config.batch, config.seed, config.lr, config.workers) == (None, 2, 3, 4.0, 5)


@pytest.mark.parametrize(
    ("sources", "cause"),
    [
        ({"sets": ["chekpoint_minutes=1"]}, r"--set chekpoint_minutes=1: unknown setting 'chekpoint_minutes' "
                                            r"\(did you mean 'checkpoint_minutes'\?\); known: .*batch"),
        ({"environment": {"VITON_CLOTHS": "x"}}, r"VITON_CLOTHS: unknown setting 'cloths' \(did you mean 'clothes'"),
        ({"flags": {"lr": "fast"}}, "--lr: bad value for 'lr': .*number.*not 'fast'"),
        ({"sets": ["batch=0"]}, "--set batch=0: bad value for 'batch': .*greater than or equal to 1, not '0'"),
        ({"environment": {"VITON_DEVICE": "gpu"}}, "VITON_DEVICE: bad value for 'device': .*'mps', not 'gpu'"),
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


def test_yamls_own_oddities_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("precision: no\nlr: 1e-4\ninit: 0123\nmodel: {rate: 2e-3}\n")
    config = train(file=tmp_path / "c.yaml")
    assert config.precision == "no" and config.lr == 1e-4 and config.model == {"rate": 0.002}


def test_dots_reach_into_free_form_settings(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("model: {width: 8, encoder: {depth: 2, norm: batch}}\n")
    config = train(file=tmp_path / "c.yaml", sets=["model.width=16", "model.encoder.depth=3"])
    assert config.model == {"width": 16, "encoder": {"depth": 3, "norm": "batch"}}


def test_one_environment_serves_all_commands() -> None:
    environment = {"VITON_PERSON": "people", "VITON_BATCH": "3"}
    config = load(TryOnConfig, flags={"clothes": "c", "out": "o"}, environment=environment)
    assert config.person == ["people"]


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
