"""`viton train stage1`: the coarse generator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from viton_cli.core.losses import mask_iou, stage1_loss
from viton_cli.imaging.drawing import repeated, tile
from viton_cli.training.pairs.task import OnPairs, _PairTask, dressed, paint, picture, set_norm_decay
from viton_cli.training.task import Batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from viton_cli.config import TrainStage1Config

# What `picture` shows of a person in the own and in another garment.
SHOWN = ("person", *("garment", "coarse image", "clothing mask") * 2)


class Stage1Task(_PairTask):
    """The generator G_C (section 3.2)."""

    kind, score = "stage1", "score"

    def __init__(self, config: TrainStage1Config, say: Callable[[str], None]) -> None:
        super().__init__(config, say)
        set_norm_decay(self.net, config.norm_decay)

    def loss(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        coarse, mask = paint(net, batch)
        features = self.features.to(coarse.device)
        return stage1_loss(coarse, mask, batch["person"], batch["worn"], features, self.feature_weights[0])

    def validate(self, net: nn.Module) -> dict[str, float]:
        return painting_scores(self, net)

    def picture(self, net: nn.Module) -> NDArray[np.uint8] | None:
        return painting_sheet(self, net)


def painting_scores(task: OnPairs, net: nn.Module) -> dict[str, float]:
    """How well a network that paints rebuilds the held-out people in their own garments."""
    if not task.held_out:
        return {}
    overlap, pixel = [], []
    for batch in task.batches(task.held_out, net):
        coarse, mask = paint(net, batch)
        overlap.append(mask_iou(torch.sigmoid(mask), batch["worn"]))
        person = (batch["labels"] > 0)[:, None]
        error = ((coarse - batch["person"]).abs() * person).sum((1, 2, 3))
        pixel.append(error / person.sum((1, 2, 3)).clamp_min(1) / 3)
    iou, l1 = float(torch.cat(overlap).mean()), float(torch.cat(pixel).mean())
    return {"mask IoU": iou, "person L1": l1, "score": iou - l1}


def painting_sheet(task: OnPairs, net: nn.Module) -> NDArray[np.uint8] | None:
    """Every pictured held-out person in the own garment and in the next one's."""
    shown = task.pictured()
    if not shown:
        return None
    tiles = []
    for one, other in zip(shown, shown[1:] + shown[:1]):
        for garment in (one, other):
            batch = task.batches([dressed(one, garment)], net)[0]
            coarse, mask = paint(net, batch)
            tiles += [garment.clothing, picture(coarse), picture(torch.sigmoid(mask) * 2 - 1)]
        tiles.insert(-6, one.person)
    return tile(tiles, columns=14, captions=repeated(SHOWN, len(tiles)))
