"""Taking over EfficientNet-Lite0's layers: the same function as the published network, and wrong files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from viton_cli.errors import BadWeights
from viton_cli.perception.builtin.efficientnet import load_efficientnet
from viton_cli.perception.builtin.network import PerceptionNet

# EfficientNet-Lite0: blocks, kernel, stride, expansion, output channels of each group (Tan and Le 2019, table 1).
GROUPS = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
          (1, 3, 1, 6, 320))  # fmt: skip
State = dict[str, Tensor]


def published() -> State:
    """Random weights under the published names, batch norms with statistics of their own."""
    generator = torch.Generator().manual_seed(0)
    state: State = {}

    def add(convolution: str, norm: str, outputs: int, inputs: int, kernel: int) -> None:
        scale = (inputs * kernel**2) ** -0.5
        state[f"{convolution}.weight"] = torch.randn(outputs, inputs, kernel, kernel, generator=generator) * scale
        for name, low in (("weight", 0.5), ("bias", -0.5), ("running_mean", -0.5), ("running_var", 0.5)):
            state[f"{norm}.{name}"] = torch.rand(outputs, generator=generator) + low

    add("_conv_stem", "_bn0", 32, 3, 3)
    channels, number = 32, 0
    for count, kernel, _, expansion, outputs in GROUPS:
        for _ in range(count):
            block, wide = f"_blocks.{number}", channels * expansion
            if expansion > 1:
                add(f"{block}._expand_conv", f"{block}._bn0", wide, channels, 1)
            add(f"{block}._depthwise_conv", f"{block}._bn1", wide, 1, kernel)
            add(f"{block}._project_conv", f"{block}._bn2", outputs, wide, 1)
            channels, number = outputs, number + 1
    add("_conv_head", "_bn1", 1280, 320, 1)
    return state


def reference(state: State, x: Tensor) -> list[Tensor]:
    """The published network with its batch norms, as the features at each resolution."""

    def layer(x: Tensor, convolution: str, norm: str, stride: int = 1, groups: int = 1) -> Tensor:
        weight = state[f"{convolution}.weight"]
        x = F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2, groups=groups)
        names = ("running_mean", "running_var", "weight", "bias")
        return F.batch_norm(x, *(state[f"{norm}.{name}"] for name in names), eps=1e-3)

    x = F.relu6(layer(x, "_conv_stem", "_bn0", stride=2))
    features: list[Tensor] = []
    number = 0
    for count, _, stride, expansion, _ in GROUPS:
        if stride == 2:
            features.append(x)
        for position in range(count):
            block, y = f"_blocks.{number}", x
            if expansion > 1:
                y = F.relu6(layer(y, f"{block}._expand_conv", f"{block}._bn0"))
            step = stride if position == 0 else 1
            y = F.relu6(layer(y, f"{block}._depthwise_conv", f"{block}._bn1", step, groups=y.shape[1]))
            y = layer(y, f"{block}._project_conv", f"{block}._bn2")
            x, number = (x + y if position else y), number + 1
    features.append(F.relu6(layer(x, "_conv_head", "_bn1")))
    return features


@pytest.fixture
def net() -> PerceptionNet:
    torch.manual_seed(0)
    return PerceptionNet(16)


def test_the_encoder_is_the_published_network(net: PerceptionNet, tmp_path: Path) -> None:
    state = published()
    torch.save(state, tmp_path / "lite0.pth")
    others = {k: v.clone() for k, v in net.state_dict().items() if not k.startswith("encoder")}
    load_efficientnet(net, tmp_path / "lite0.pth")
    image = torch.rand(1, 3, 64, 96) * 2 - 1
    with torch.no_grad():
        for mine, theirs in zip(net.encoder(image), reference(state, image), strict=True):
            torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-4)
    assert all(torch.equal(v, others[k]) for k, v in net.state_dict().items() if k in others)


@pytest.mark.parametrize("spoil", ["missing", "shape", "list"])
def test_another_model_is_refused(net: PerceptionNet, tmp_path: Path, spoil: str) -> None:
    state = published()
    if spoil == "missing":
        del state["_blocks.9._bn2.bias"]
    elif spoil == "shape":
        state["_blocks.3._depthwise_conv.weight"] = torch.zeros(144, 1, 3, 3)
    torch.save([1, 2] if spoil == "list" else state, tmp_path / "other.pth")
    with pytest.raises(BadWeights, match=r"other\.pth: not EfficientNet-Lite0: ") as caught:
        load_efficientnet(net, tmp_path / "other.pth")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"hello, this is text", b"PK\x03\x04 cut off"])
def test_what_cannot_be_read_is_named(net: PerceptionNet, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "lite0.pth"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadWeights, match=r"lite0\.pth: cannot be read: ") as caught:
        load_efficientnet(net, file)
    assert "\n" not in str(caught.value)
