"""The network that VITON's poses came from: confidence maps and part affinity fields in six stages, two branches.

Source: Cao et al., Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields, CVPR 2017, section 2.2 and
figure 3; layer names of the authors' Caffe model `pose_iter_440000`. The trunk is VGG-19's first ten convolutions and
two that narrow it to 128 channels. Stride 8.
"""

from __future__ import annotations

import re
from collections import OrderedDict

import torch
from torch import Tensor, nn

N_FIELDS, N_MAPS, N_FEATURES = 38, 19, 128
STAGES = 6

# (name, output channels); None is a 2x2 max pooling.
TRUNK = (
    ("conv1_1", 64), ("conv1_2", 64), None, ("conv2_1", 128), ("conv2_2", 128), None, ("conv3_1", 256),
    ("conv3_2", 256), ("conv3_3", 256), ("conv3_4", 256), None, ("conv4_1", 512), ("conv4_2", 512),
    ("conv4_3_CPM", 256), ("conv4_4_CPM", N_FEATURES),
)  # fmt: skip


class PartAffinityNet(nn.Module):
    """Photo to fields and maps.

    Its parameters are called as in the published PyTorch port, `model3_2.Mconv1_stage3_L2.bias` for one.

    Args:
        stages: The paper's six. Fewer is for tests.
    """

    def __init__(self, stages: int = STAGES) -> None:
        super().__init__()
        self.stages = stages
        self.model0 = _trunk()
        for stage in range(1, stages + 1):
            for branch, channels in ((1, N_FIELDS), (2, N_MAPS)):
                self.add_module(f"model{stage}_{branch}", _branch(stage, branch, channels))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The last stage's answer.

        Args:
            image: (B, 3, H, W) BGR in [-0.5, 0.5), H and W multiples of 8.

        Returns:
            Fields (B, 38, H/8, W/8), x and y of the 19 limbs in `paf_decoder.FIELDS` order, and maps (B, 19, H/8, W/8):
            the 18 joints and the background.
        """
        features = self.model0(image)
        seen = features
        for stage in range(1, self.stages + 1):
            fields = self.get_submodule(f"model{stage}_1")(seen)
            maps = self.get_submodule(f"model{stage}_2")(seen)
            seen = torch.cat([fields, maps, features], 1)
        return fields, maps


def published_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the tensors of any published port to this network's names.

    Three spellings are known: bare Caffe layers (`conv1_1.weight`, the widely copied `body_pose_model.pth`), the same
    under their blocks (`model0.conv1_1.weight`), and blocks whose layers are numbered (`model0.0.weight`). A name of
    none of these is kept as it is.
    """
    with torch.device("meta"):
        own = [name.rsplit(".", 1)[0] for name in PartAffinityNet().state_dict() if name.endswith(".weight")]
    by_layer = {name.split(".", 1)[1]: name for name in own}
    numbered = _numbered(state)

    def rename(name: str) -> str:
        layer, _, kind = name.rpartition(".")
        if layer in numbered:
            block, position = numbered[layer]
            inside = [own_name for own_name in own if own_name.startswith(f"{block}.")]
            return f"{inside[position]}.{kind}" if position < len(inside) else name
        return f"{by_layer.get(layer.rpartition('.')[2], layer)}.{kind}"

    return {rename(name): tensor for name, tensor in state.items()}


def _numbered(state: dict[str, Tensor]) -> dict[str, tuple[str, int]]:
    """`model0.5` to (`model0`, its place among the block's convolutions), for every numbered layer."""
    matches = (re.fullmatch(r"(model\d(?:_\d)?)\.(\d+)\.weight", name) for name in state)
    blocks: dict[str, list[int]] = {}
    for match in matches:
        if match:
            blocks.setdefault(match[1], []).append(int(match[2]))
    return {f"{block}.{n}": (block, place) for block, ns in blocks.items() for place, n in enumerate(sorted(ns))}


def _trunk() -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    channels = 3
    for place, layer in enumerate(TRUNK):
        if layer is None:
            layers[f"pool_{place}"] = nn.MaxPool2d(2)
        else:
            name, width = layer
            layers[name] = nn.Conv2d(channels, width, 3, padding=1)
            layers[f"relu_{name}"] = nn.ReLU(inplace=True)
            channels = width
    return nn.Sequential(layers)


def _branch(stage: int, branch: int, channels: int) -> nn.Sequential:
    """Stage 1: three 3x3 and two 1x1; later stages: five 7x7 and two 1x1. No activation after the last."""
    if stage == 1:
        plan = [(f"conv5_{i}_CPM_L{branch}", width, k) for i, width, k in
                ((1, 128, 3), (2, 128, 3), (3, 128, 3), (4, 512, 1), (5, channels, 1))]  # fmt: skip
        width_in = N_FEATURES
    else:
        plan = [(f"Mconv{i}_stage{stage}_L{branch}", channels if i == 7 else 128, 7 if i < 6 else 1)
                for i in range(1, 8)]  # fmt: skip
        width_in = N_FIELDS + N_MAPS + N_FEATURES
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for name, width, kernel in plan:
        layers[name] = nn.Conv2d(width_in, width, kernel, padding=kernel // 2)
        layers[f"relu_{name}"] = nn.ReLU(inplace=True)
        width_in = width
    layers.popitem()
    return nn.Sequential(layers)
