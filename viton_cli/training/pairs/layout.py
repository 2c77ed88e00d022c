"""`viton train stage1` in `lite`: the generator that also says layout, places and light, on triplets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from viton_cli.checkpoints import resolve
from viton_cli.core.generator import LayoutGenerator, Painting
from viton_cli.core.losses import Answer, layout_stage1_loss
from viton_cli.errors import BadDataset, BadWeights
from viton_cli.imaging.drawing import colour_layout, tile
from viton_cli.methods.networks import load_generator
from viton_cli.metrics.stage1 import Stage1Measures
from viton_cli.training.pairs.packing import packed
from viton_cli.training.pairs.perceptual import load_features
from viton_cli.training.pairs.sources import open_sources
from viton_cli.training.pairs.task import beside, check_size, person_representation, picture, set_norm_decay
from viton_cli.training.pairs.triplet_set import TripletSet
from viton_cli.training.pairs.triplet_sources import sources
from viton_cli.training.task import Batch, Task
from viton_cli.vocabulary.layout import GARMENT, TRUNK

if TYPE_CHECKING:
    from collections.abc import Callable

    from viton_cli.config import PairsConfig, TrainStage1Config

VALIDATED, PICTURED = 96, 10  # unpaired held-out triplets that are scored, and of them on a sample sheet


class LayoutTask(Task):
    """`LayoutGenerator` on triplets, see `triplet_set` for its examples."""

    kind, score = "stage1", "score"

    def __init__(self, config: TrainStage1Config, say: Callable[[str], None]) -> None:
        self.size = check_size(config.size)
        self.channels, self.blocks = tuple(config.channels), tuple(config.blocks)
        self.without = list(config.without)
        self.net: nn.Module = LayoutGenerator(self.channels, self.blocks, without=self.without)
        if config.init:
            self.net.load_state_dict(layout_weights(config.init, self.channels, self.blocks))
        set_norm_decay(self.net, config.norm_decay)
        # The features pay late: first without them, then some more with --init and them.
        found = load_features(config.perceptual, config.perceptual_source, config.perceptual_shrink)
        self.features, self.weights, _ = found
        self.examples, self.held_out = triplet_sets(config, say)
        self.validated = self.held_out.unpaired(VALIDATED) or list(range(len(self.held_out)))[:VALIDATED]

    def __len__(self) -> int:
        return len(self.examples)

    def parameters(self, lr: float) -> list[dict[str, Any]]:
        return [{"params": list(self.net.parameters()), "lr": lr}]

    def meta(self) -> dict[str, Any]:
        sizes = {"channels": list(self.channels), "blocks": list(self.blocks), "size": list(self.size)}
        return {"kind": self.kind, **sizes, **({"without": self.without} if self.without else {})}

    def sample(self, index: int, rng: np.random.Generator) -> Batch:
        return self.examples.sample(index, rng)

    def loss(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        features = self.features.to(batch["image"].device) if self.weights else None
        return layout_stage1_loss(paint_layout(net, batch), Answer.of(batch), features, self.weights)

    def validate(self, net: nn.Module) -> dict[str, float]:
        if not self.validated:
            return {}
        measures = Stage1Measures()
        for batch in batches(self.held_out, self.validated):
            batch = beside(net, batch)
            measures.add(paint_layout(net, batch), Answer.of(batch), batch["person"])
        scores = {score.name: score.value for score in measures.scores()}
        scores["score"] = scores["M IoU"] + scores["layout mean IoU"] - scores.get("places off", 0.0)
        return scores

    def picture(self, net: nn.Module) -> NDArray[np.uint8] | None:
        """Person, garment, coarse picture, clothing mask, layout, true layout, truth; always the same held-out ones."""
        tiles = []
        chosen = self.validated[:: max(len(self.validated) // PICTURED, 1)][:PICTURED]
        for batch in batches(self.held_out, chosen, 1):
            batch = beside(net, batch)
            painting = paint_layout(net, batch)
            assert painting.layout is not None
            true = torch.where(batch["layout"] == GARMENT, TRUNK, batch["layout"])
            layouts = [colour_layout(one[0].cpu().numpy()) for one in (painting.layout.argmax(1), true)]
            tiles += [picture(batch["person"]), picture(batch["clothing"]), picture(painting.image)]
            tiles += [picture(torch.sigmoid(painting.mask) * 2 - 1), *layouts, picture(batch["image"])]
        return tile(tiles, columns=14) if tiles else None


def paint_layout(net: nn.Module, batch: Batch) -> Painting:
    """All that the generator says of a batch."""
    painting: Painting = net(person_representation(batch), batch["clothing"], batch["joints"], batch["seen"])
    return painting


def batches(examples: TripletSet, chosen: list[int], size: int = 8) -> list[Batch]:
    """Examples as in use, without augmentation, stacked."""
    out = []
    for start in range(0, len(chosen), size):
        samples = [examples.sample(index, None) for index in chosen[start : start + size]]
        out.append({key: torch.stack([one[key] for one in samples]) for key in samples[0]})
    return out


def triplet_sets(config: PairsConfig, say: Callable[[str], None]) -> tuple[TripletSet, TripletSet]:
    """What is trained on, and what is kept aside.

    Raises:
        BadDataset: The data give nothing to train on.
    """
    opened, size, perceive = open_sources(config.data), config.size, config.perceived > 0
    found = []
    for split in ("train", "val"):
        packs = [packed(source, size, perceive, say, config.cache) for source in sources(opened, split)]
        found.append(TripletSet([pack for pack in packs if len(pack)], size, config.augment, config.perceived))
    if not len(found[0]):
        raise BadDataset(f"{', '.join(config.data)}: no triplets of a person, a garment and the truth to train on")
    return found[0], found[1]


def layout_weights(init: str, channels: tuple[int, ...], blocks: tuple[int, ...]) -> dict[str, Tensor]:
    """The weights to begin with.

    Raises:
        BadWeights: Missing, of another stage, or of other sizes.
    """
    path = resolve(init)
    net, meta = load_generator(path)
    if tuple(meta.get("channels", ())) != channels or tuple(meta.get("blocks", ())) != blocks:
        found = f"channels {meta.get('channels')}, blocks {meta.get('blocks')}"
        raise BadWeights(f"{path}: it has {found}; this training's are {list(channels)} and {list(blocks)}")
    return net.state_dict()
