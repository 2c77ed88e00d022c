"""Processes that load data are started anew on Windows and macOS: everything they work with can be sent to them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from viton_cli.config import STAGES
from viton_cli.training import fit
from viton_cli.training.train import train


class Sent(Exception):
    """The data loader was asked for."""


MODELS = {
    ("stage1", "lite"): {"channels": [4, 8, 8], "blocks": [0, 0, 0]},
    ("stage1", "paper"): {"width": 4},
    ("perception", "lite"): {"width": 16},
    ("stage2", "paper"): {"width": 4},
}


@pytest.mark.parametrize(("stage", "preset"), MODELS)
def test_what_a_loading_process_is_given_can_be_sent(
    rendered: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, preset: str
) -> None:
    def loader(stream: Any, worker_init_fn: Any, collate_fn: Any, **_: Any) -> None:
        again, *_ = pickle.loads(pickle.dumps((stream, worker_init_fn, collate_fn)))
        first, second = stream.__getitems__([0]), again.__getitems__([0])
        torch.testing.assert_close(second, first, rtol=0, atol=0, equal_nan=True)  # places not known are NaN
        raise Sent

    monkeypatch.setattr(fit, "DataLoader", loader)
    features = {} if stage == "perception" else {"perceptual": "builtin", "perceptual_source": encoder}
    with pytest.raises(Sent):
        train(stage, STAGES[stage](
            data=[f"rendered:{rendered}"], out=tmp_path / "run", size=(64, 64), batch=2, steps=1, device="cpu",
            preset=preset, workers=1, **MODELS[stage, preset], **features,
        ), lambda _: None)  # fmt: skip
