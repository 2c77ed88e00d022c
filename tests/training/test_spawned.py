"""Processes that load data are started anew on Windows and macOS: everything they work with can be sent to them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from viton_cli.config import TrainConfig
from viton_cli.training import fit
from viton_cli.training.train import train


class Sent(Exception):
    """The data loader was asked for."""


@pytest.mark.parametrize("preset", ["lite", "paper"])
def test_what_a_loading_process_is_given_can_be_sent(
    rendered: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preset: str
) -> None:
    def loader(stream: Any, worker_init_fn: Any, collate_fn: Any, **_: Any) -> None:
        again, *_ = pickle.loads(pickle.dumps((stream, worker_init_fn, collate_fn)))
        first, second = stream.__getitems__([0]), again.__getitems__([0])
        assert all(torch.equal(torch.as_tensor(first[name]), torch.as_tensor(second[name])) for name in first)
        raise Sent

    monkeypatch.setattr(fit, "DataLoader", loader)
    sizes = {"width": 4} if preset == "paper" else {"channels": [4, 8, 8], "blocks": [0, 0, 0]}
    with pytest.raises(Sent):
        train("stage1", TrainConfig(
            data=[f"rendered:{rendered}"], out=tmp_path / "run", size=(64, 64), batch=2, steps=1, device="cpu",
            preset=preset, workers=1, perceptual="builtin", perceptual_source=encoder, **sizes,
        ), lambda _: None)  # fmt: skip
