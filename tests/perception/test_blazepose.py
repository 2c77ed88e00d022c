"""Taking over BlazePose's layers: their order, and what a wrong file is told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from viton_cli.core import labels as L
from viton_cli.errors import BadWeights, MissingExtra
from viton_cli.perception import blazepose
from viton_cli.perception.blazepose import load_blazepose, read_convolutions
from viton_cli.perception.network import InvertedResidual, PerceptionNet

Layers = list[tuple[Tensor, Tensor]]


def published(net: PerceptionNet) -> tuple[Layers, list[nn.Conv2d]]:
    """Layers in the order the published model runs, numbered by their values, and where each belongs (39 maps last)."""
    targets: list[nn.Conv2d | None] = []

    def separable(block: nn.Module) -> None:
        targets.extend([block.depthwise, block.pointwise])  # type: ignore[list-item]

    targets.append(net.encoder.stem)
    separable(net.encoder.stem_separable)
    for number, stage in enumerate(net.encoder.stages):
        for position, block in enumerate(stage):  # type: ignore[arg-type]
            assert isinstance(block, InvertedResidual)
            targets.append(block.expand)
            if position == 0 and number == 0:
                targets += [None, None]  # the lateral at 1/2
            elif position == 0:
                separable(net.pose.laterals[number - 1])
            targets += [block.depthwise, block.project]
    targets += [net.encoder.top_expand, net.encoder.top_depthwise]
    separable(net.pose.top)
    layers: Layers = []
    for number, target in enumerate(targets):
        shape = (16, 1, 3, 3) if target is None else tuple(target.weight.shape)
        layers.append((torch.full(shape, number + 1.0), torch.full((shape[0],), -number - 1.0)))
    layers.append((torch.zeros(1, 864, 2, 2), torch.zeros(1)))  # some other head in between
    layers.append((torch.arange(39.0)[:, None, None, None].expand(39, 48, 1, 1), torch.arange(39.0)))
    return layers, targets  # type: ignore[return-value]


@pytest.fixture
def net() -> PerceptionNet:
    torch.manual_seed(0)
    return PerceptionNet(16)


def stand_in(patch: pytest.MonkeyPatch, layers: Layers) -> None:
    patch.setattr(blazepose, "read_convolutions", lambda path: layers)


def test_every_layer_goes_to_its_place(net: PerceptionNet, monkeypatch: pytest.MonkeyPatch) -> None:
    layers, targets = published(net)
    stand_in(monkeypatch, layers)
    parsing = {k: v.clone() for k, v in net.parsing.state_dict().items()}
    load_blazepose(net, Path("model.tflite"))
    for number, target in enumerate(targets):
        if target is not None:
            assert target.bias is not None
            assert (target.weight == number + 1).all() and (target.bias == -number - 1).all(), number
    filled = {id(t) for t in targets if t is not None} | {id(net.pose.heatmaps)}
    convolutions = [m for part in (net.encoder, net.pose) for m in part.modules() if isinstance(m, nn.Conv2d)]
    assert {id(m) for m in convolutions} == filled, "no layer is left out"
    assert all(torch.equal(v, parsing[k]) for k, v in net.parsing.state_dict().items())


def test_joint_maps_are_those_of_the_landmarks(net: PerceptionNet, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, published(net)[0])
    load_blazepose(net, Path("model.tflite"))
    assert net.pose.heatmaps.bias is not None
    bias = net.pose.heatmaps.bias.tolist()
    assert bias[L.NOSE] == 0 and bias[L.L_SHOULDER] == 11 and bias[L.R_SHOULDER] == 12
    assert bias[L.NECK] == 11.5, "between the shoulders"
    assert bias[L.R_EAR] == 8 and bias[L.L_ANKLE] == 27
    assert len(L.BLAZEPOSE_IN_COCO18) == L.N_JOINTS
    # BlazePose numbers left before right, from the eyes down: sides agree throughout.
    for joint, mirror in enumerate(L.FLIP_JOINTS):
        if "right" in L.JOINTS[joint] and joint not in (L.R_EYE,):
            assert L.BLAZEPOSE_IN_COCO18[joint][0] == L.BLAZEPOSE_IN_COCO18[mirror][0] + 1


@pytest.mark.parametrize("spoil", ["short", "shape", "maps", "empty"])
def test_another_model_is_refused(net: PerceptionNet, monkeypatch: pytest.MonkeyPatch, spoil: str) -> None:
    layers, _ = published(net)
    if spoil == "short":
        layers = layers[:20]
    elif spoil == "shape":
        layers[7] = (torch.zeros(1, 2, 3, 3), torch.zeros(1))
    elif spoil == "maps":
        layers = layers[:-1]
    else:
        layers = []
    stand_in(monkeypatch, layers)
    with pytest.raises(BadWeights, match=r"^other\.tflite: .*not BlazePose's full landmark model") as caught:
        load_blazepose(net, Path("other.tflite"))
    assert "\n" not in str(caught.value)


def test_the_missing_parser_is_named_with_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite", None)
    with pytest.raises(MissingExtra, match=r"pip install 'viton-cli\[blazepose\]'"):
        read_convolutions(tmp_path / "model.tflite")


def test_what_is_no_tflite_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite", type(sys)("tflite"))
    file = tmp_path / "model.tflite"
    with pytest.raises(BadWeights, match=r"model\.tflite: cannot be read"):
        read_convolutions(file)
    for content in (b"", b"TFL3", b"hello, this is text"):
        file.write_bytes(content)
        with pytest.raises(BadWeights, match=r"model\.tflite: not a \.tflite model"):
            read_convolutions(file)
