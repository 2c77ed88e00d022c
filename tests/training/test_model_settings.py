"""`model.` settings: known names, values of the right kind, one line for a person otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from viton_cli.errors import BadConfig
from viton_cli.training.model_settings import check_model
from viton_cli.training.pairs.task import KNOWN as STAGES
from viton_cli.training.perception.train_perception import KNOWN as PERCEPTION


@pytest.mark.parametrize(
    "given",
    [{}, {"width": 32}, {"encoder_rate": 1}, {"encoder_rate": 0.1}, {"nobody": Path("scenes")}, {"nobody": "scenes"}],
)
def test_good_settings_pass(given: dict[str, Any]) -> None:
    check_model(given, PERCEPTION)


@pytest.mark.parametrize(
    ("given", "known", "text"),
    [
        ({"wdith": 4}, PERCEPTION, "unknown setting 'model.wdith'; known: model.width, model.encoder_rate"),
        ({"perceptual": "vgg19"}, PERCEPTION, "unknown setting 'model.perceptual'"),
        ({"nobody": "scenes"}, STAGES, "unknown setting 'model.nobody'; known: model.width"),
        ({"width": "wide"}, STAGES, "bad value for 'model.width': should be a whole number, not 'wide'"),
        ({"width": 3.5}, STAGES, "bad value for 'model.width': should be a whole number, not '3.5'"),
        ({"width": True}, STAGES, "bad value for 'model.width': should be a whole number, not 'True'"),
        ({"encoder_rate": "slow"}, PERCEPTION, "bad value for 'model.encoder_rate': should be a number, not 'slow'"),
        ({"perceptual": None}, STAGES, "bad value for 'model.perceptual': should be a name or a path, not 'None'"),
    ],
)
def test_bad_settings_are_named(given: dict[str, Any], known: dict[str, type], text: str) -> None:
    with pytest.raises(BadConfig) as caught:
        check_model(given, known)
    assert str(caught.value).startswith(text) and "\n" not in str(caught.value)


@pytest.mark.parametrize("width", [0, -4, 10**9, 10**30])
def test_a_width_that_no_network_has(width: int) -> None:
    with pytest.raises(BadConfig, match=r"bad value for 'model\.width': should be from 1 to 1024, not -?\d+"):
        check_model({"width": width}, {"width": int})
