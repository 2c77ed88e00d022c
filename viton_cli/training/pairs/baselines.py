"""`viton train crn`, `prgan`, `cagan`: the paper's baselines, on pairs of a product picture and a photo that shows it.

As published: CRN and PRGAN rebuild the photo from p and the product; CAGAN is to dress each person of a batch in the
garment of the next one, and never sees a true answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from viton_cli.checkpoints import load_network, resolve
from viton_cli.errors import BadWeights
from viton_cli.imaging.drawing import repeated, tile
from viton_cli.methods.cagan import build_cagan, cagan_loss
from viton_cli.methods.crn import build_crn, crn_loss
from viton_cli.methods.prgan import build_prgan, prgan_loss
from viton_cli.training.pairs.perceptual import load_features
from viton_cli.training.pairs.stage1 import painting_scores, painting_sheet
from viton_cli.training.pairs.task import OnPairs, check_size, person_representation, picture
from viton_cli.training.task import Batch
from viton_cli.vocabulary.labels import BACKGROUND

if TYPE_CHECKING:
    from collections.abc import Callable

    from viton_cli.config import BaselineConfig, TrainCaganConfig, TrainCrnConfig, TrainPrganConfig


class CrnTask(OnPairs):
    """The cascaded refinement network."""

    kind, score = "crn", "score"

    def __init__(self, config: TrainCrnConfig, say: Callable[[str], None]) -> None:
        check_size(config.size)
        self.channels = list(config.channels)
        self.net: nn.Module = begun(config, self.kind, build_crn, {"channels": self.channels})
        found = load_features(config.perceptual, config.perceptual_source, config.perceptual_shrink)
        self.features, self.weights = found[:2]
        super().__init__(config, say)

    def meta(self) -> dict[str, Any]:
        return {"kind": self.kind, "channels": self.channels, "size": list(self.size)}

    def loss(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        painting = net(person_representation(batch), batch["clothing"])
        features = self.features.to(painting.image.device)
        return crn_loss(painting, batch["person"], batch["worn"], features, self.weights)

    def validate(self, net: nn.Module) -> dict[str, float]:
        return painting_scores(self, net)

    def picture(self, net: nn.Module) -> NDArray[np.uint8] | None:
        return painting_sheet(self, net)


class PrganTask(OnPairs):
    """Both generators and the discriminator of pose-guided generation."""

    kind, score = "prgan", "score"

    def __init__(self, config: TrainPrganConfig, say: Callable[[str], None]) -> None:
        self.width = config.width
        meta = {"width": self.width, "size": list(check_size(config.size))}
        self.net: nn.Module = begun(config, self.kind, build_prgan, meta)
        super().__init__(config, say)

    def meta(self) -> dict[str, Any]:
        return {"kind": self.kind, "width": self.width, "size": list(self.size)}

    def loss(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        painting = net(person_representation(batch), batch["clothing"], truth=batch["person"])
        body = (batch["labels"] != BACKGROUND).float()[:, None]
        return prgan_loss(painting, batch["person"], batch["worn"], body)

    def validate(self, net: nn.Module) -> dict[str, float]:
        return painting_scores(self, net)

    def picture(self, net: nn.Module) -> NDArray[np.uint8] | None:
        return painting_sheet(self, net)


class CaganTask(OnPairs):
    """Generator and discriminator of the conditional analogy GAN. No score says which of its weights are best: the last
    are kept."""

    kind, score = "cagan", "none"

    def __init__(self, config: TrainCaganConfig, say: Callable[[str], None]) -> None:
        check_size(config.size)
        self.width = config.width
        self.net: nn.Module = begun(config, self.kind, build_cagan, {"width": self.width})
        super().__init__(config, say)

    def meta(self) -> dict[str, Any]:
        return {"kind": self.kind, "width": self.width, "size": list(self.size)}

    def loss(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        worn = batch["clothing"]
        return cagan_loss(net(batch["person"], worn, worn.roll(1, 0), learn=True), batch["person"])

    def validate(self, net: nn.Module) -> dict[str, float]:
        cycle, alpha = [], []
        for batch in self.batches(self.held_out, net):
            there = net(batch["person"], batch["clothing"], batch["clothing"].roll(1, 0), learn=True)
            cycle.append((there.back - batch["person"]).abs().mean((1, 2, 3)))
            alpha.append(torch.sigmoid(there.mask).mean((1, 2, 3)))
        return {"cycle L1": float(torch.cat(cycle).mean()), "alpha": float(torch.cat(alpha).mean())} if cycle else {}

    def picture(self, net: nn.Module) -> NDArray[np.uint8] | None:
        """Photo, product worn, product wanted, painting, alpha, result; always the same held-out people."""
        shown, tiles = self.pictured(), []
        for one, other in zip(shown, shown[1:] + shown[:1]):
            batch = self.batches([one, other], net)[0]
            there = net(batch["person"][:1], batch["clothing"][:1], batch["clothing"][1:])
            alpha = torch.sigmoid(there.mask) * 2 - 1
            tiles += [picture(batch["person"]), one.clothing, other.clothing]
            tiles += [picture(there.image), picture(alpha), picture(there.result)]
        captions = ("photo", "worn", "wanted", "painting", "alpha", "result")
        return tile(tiles, columns=12, captions=repeated(captions, len(tiles))) if tiles else None


def begun(
    config: BaselineConfig, kind: str, build: Callable[[dict[str, Any]], nn.Module], meta: dict[str, Any]
) -> nn.Module:
    """The network that `meta` describes, with the weights of --init if there are any.

    Raises:
        BadWeights: They are missing, of another network, or of other sizes.
    """
    if not config.init:
        return build(meta)
    path = resolve(config.init)
    net, found = load_network(path, kind, build)
    for name, value in meta.items():
        if found[name] != value:
            raise BadWeights(f"{path}: its {name} is {found[name]}, this training's is {value}")
    return net.train()
