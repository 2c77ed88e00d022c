"""A miniature training set and weights of an untrained encoder."""

from __future__ import annotations

from pathlib import Path

import pytest
from miniature import write_rendered

from viton_cli.checkpoints import save_weights
from viton_cli.perception.builtin.network import PerceptionNet


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 pairs to train on; of the 18, those whose number ends in 3 are held out."""
    return write_rendered(tmp_path_factory.mktemp("rendered"), range(1, 19))


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of an untrained perception network: random features are features too."""
    import torch

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("encoder") / "perception.safetensors"
    save_weights(path, PerceptionNet(16).state_dict(), {"kind": "perception", "width": 16, "size": [64, 64]})
    return path
