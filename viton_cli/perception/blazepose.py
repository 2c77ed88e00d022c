"""BlazePose's published weights as a starting point for the built-in network's encoder and pose pyramid.

Reads `pose_landmark_full.tflite` (Apache-2.0; inside the PyPI wheel of mediapipe 0.10.21, folder
`mediapipe/modules/pose_landmark/`). Used once, before a training run (`viton train perception --init FILE.tflite`),
never at run time. Needs the extra `blazepose`, a parser of the file format only.

The layers are told apart by their order in the file, which is the order in which the model runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from viton_cli.core.labels import BLAZEPOSE_IN_COCO18
from viton_cli.errors import BadWeights, MissingExtra
from viton_cli.perception.network import InvertedResidual, PerceptionNet, Separable


def read_convolutions(path: Path) -> list[tuple[Tensor, Tensor]]:
    """Weights and biases of every convolution, in running order: ((out, in/groups, k, k), (out,)) float32.

    Raises:
        MissingExtra: The parser is not installed.
        BadWeights: The file cannot be read, or is not a tflite model.
    """
    try:
        import tflite
    except ImportError as error:
        raise MissingExtra("reading .tflite weights needs: pip install 'viton-cli[blazepose]'") from error
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadWeights(f"{path}: cannot be read: {error.strerror}") from error
    if data[4:8] != b"TFL3":
        raise BadWeights(f"{path}: not a .tflite model")
    model: Any = tflite.Model.GetRootAsModel(data, 0)
    graph = model.Subgraphs(0)
    kinds = {v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int)}
    half: dict[int, int] = {}  # output of a DEQUANTIZE -> the float16 tensor behind it
    layers = []

    def constant(index: int) -> np.ndarray:
        tensor = graph.Tensors(half.get(index, index))
        kind = np.float16 if index in half else np.float32
        values = np.frombuffer(model.Buffers(tensor.Buffer()).DataAsNumpy(), kind).astype(np.float32)
        return values.reshape(tensor.ShapeAsNumpy() if tensor.ShapeLength() else ())

    for i in range(graph.OperatorsLength()):
        operator = graph.Operators(i)
        code = model.OperatorCodes(operator.OpcodeIndex())
        kind = kinds[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        if kind == "DEQUANTIZE":
            half[int(operator.Outputs(0))] = int(operator.Inputs(0))
        elif kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            weight, bias = constant(int(operator.Inputs(1))), constant(int(operator.Inputs(2)))
            # (out, k, k, in) for a convolution, (1, k, k, out) for a depthwise one
            order = (0, 3, 1, 2) if kind == "CONV_2D" else (3, 0, 1, 2)
            layers.append((torch.from_numpy(weight.transpose(order).copy()), torch.from_numpy(bias.copy())))
    return layers


def load_blazepose(net: PerceptionNet, path: Path) -> None:
    """Copy encoder, pose pyramid and joint maps of the BlazePose "full" landmark model into `net`.

    Raises:
        MissingExtra, BadWeights: See `read_convolutions`; BadWeights also when the file is another model.
    """
    layers = iter(read_convolutions(path))

    def put(*targets: nn.Conv2d) -> None:
        for target in targets:
            weight, bias = next(layers, (torch.empty(0), torch.empty(0)))
            if weight.shape != target.weight.shape or target.bias is None:
                raise BadWeights(
                    f"{path}: not BlazePose's full landmark model (a layer has shape {list(weight.shape)})"
                )
            with torch.no_grad():
                target.weight.copy_(weight)
                target.bias.copy_(bias)

    def put_separable(block: nn.Module) -> None:
        assert isinstance(block, Separable)
        put(block.depthwise, block.pointwise)

    encoder, pose = net.encoder, net.pose
    put(encoder.stem)
    put_separable(encoder.stem_separable)
    # The model computes each lateral when the first block of the next resolution has been expanded.
    laterals = [None, *pose.laterals]
    for stage, lateral in zip(encoder.stages, laterals):
        assert isinstance(stage, nn.Sequential)
        for position, block in enumerate(stage):
            assert isinstance(block, InvertedResidual)
            put(block.expand)
            if position == 0:
                if lateral is None:  # the lateral at 1/2 serves BlazePose's own segmentation; not used here
                    next(layers, None), next(layers, None)
                else:
                    put_separable(lateral)
            put(block.depthwise, block.project)
    put(encoder.top_expand, encoder.top_depthwise)
    put_separable(pose.top)
    heat = next((layer for layer in layers if layer[0].shape == (39, 48, 1, 1)), None)
    if heat is None:
        raise BadWeights(f"{path}: no landmark maps in it: not BlazePose's full landmark model")
    with torch.no_grad():
        for joint, landmarks in enumerate(BLAZEPOSE_IN_COCO18):
            rows = list(landmarks)
            pose.heatmaps.weight[joint] = heat[0][rows].mean(0)
            assert pose.heatmaps.bias is not None
            pose.heatmaps.bias[joint] = heat[1][rows].mean(0)
