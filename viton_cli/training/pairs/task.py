"""What trainings on pairs share: pairs, tensors, and both stages' feature extractor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from viton_cli.checkpoints import resolve
from viton_cli.config import TrainStage1Config
from viton_cli.core.representation import represent
from viton_cli.errors import BadConfig, BadDataset, BadWeights
from viton_cli.methods.networks import build_composer, build_generator, load_composer, load_generator
from viton_cli.training.pairs.pairs import PairSample, PairSet
from viton_cli.training.pairs.perceptual import load_features
from viton_cli.training.pairs.sources import open_sources
from viton_cli.training.task import Batch, Task, Telling
from viton_cli.vocabulary.labels import BACKGROUND

if TYPE_CHECKING:
    from collections.abc import Callable

    from viton_cli.config import BaselineConfig, TrainStage2Config


PICTURED = 12  # pairs on a sample sheet


class OnPairs(Telling, Task):
    """A training on pairs of a product picture and a photo of somebody who wears that garment.

    Attributes:
        kind: Of the weights.
    """

    kind: str
    score: str
    net: nn.Module

    def __init__(
        self, config: TrainStage1Config | TrainStage2Config | BaselineConfig, say: Callable[[str], None]
    ) -> None:
        self.say, self.augmented = say, config.augment > 0
        self.size = check_size(config.size)
        sources = open_sources(config.data)
        self.pairs = PairSet(sources, self.size, split="train", say=say, cache=config.cache)
        if not len(self.pairs):
            raise BadDataset(f"{', '.join(config.data)}: no pairs of a person and the garment worn to train on")
        held_out = PairSet(sources, self.size, split="val", say=say, cache=config.cache)
        self.held_out = [held_out.sample(i, None) for i in range(len(held_out))]

    def __len__(self) -> int:
        return len(self.pairs)

    def parameters(self, lr: float) -> list[dict[str, Any]]:
        return [{"params": list(self.net.parameters()), "lr": lr}]

    def sample(self, index: int, rng: np.random.Generator) -> Batch:
        return tensors(self.pairs.sample(index, rng if self.augmented else None))

    def batches(self, held_out: list[PairSample], net: nn.Module, batch: int = 8) -> list[Batch]:
        """Held-out pairs on the network's device."""
        samples = [tensors(s) for s in held_out]
        return [
            beside(net, {k: torch.stack([s[k] for s in samples[i : i + batch]]) for k in samples[0]})
            for i in range(0, len(samples), batch)
        ]

    def pictured(self) -> list[PairSample]:
        """Held-out pairs of a sample sheet, always the same."""
        return self.held_out[:: max(len(self.held_out) // PICTURED, 1)][:PICTURED]


class _PairTask(OnPairs):
    """What both stages share beside the pairs: a network known by its width, the feature extractor."""

    def __init__(self, config: TrainStage1Config | TrainStage2Config, say: Callable[[str], None]) -> None:
        self.width = config.width
        check_size(config.size)
        build = build_generator if self.kind == "stage1" else build_composer
        self.without = list(config.without) if isinstance(config, TrainStage1Config) else []
        self.net: nn.Module = build({"width": self.width, "without": self.without})
        if config.init:
            self.net.load_state_dict(start_from(config.init, self.kind, self.width))
        # Before the data are prepared, which may take long.
        found = load_features(config.perceptual, config.perceptual_source, config.perceptual_shrink)
        self.features, *self.feature_weights = found
        super().__init__(config, say)

    def meta(self) -> dict[str, Any]:
        without = {"without": self.without} if self.without else {}
        return {"kind": self.kind, "width": self.width, "size": list(self.size), **without}


def check_size(size: tuple[int, int]) -> tuple[int, int]:
    """`size`, if the generator can be halved so often.

    Raises:
        BadConfig: It cannot.
    """
    if min(size) < 64 or size[0] % 64 or size[1] % 64:
        raise BadConfig(f"size {size[0]}x{size[1]}: height and width must be multiples of 64")
    return int(size[0]), int(size[1])


def set_norm_decay(net: nn.Module, decay: float) -> None:
    """Let BatchNorm's averages keep so much of themselves a step. Source: the published code, 0.999."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1 - decay


def shown_in(area: Tensor, config: TrainStage2Config) -> Tensor:
    """Where alpha counts, given where there is warped garment: there alone in the published code, everywhere in the
    paper."""
    return area if config.loss == "code" else torch.ones_like(area)


def weighed(config: TrainStage2Config) -> dict[str, Any]:
    """What the settings say of equation 3."""
    return {"lambda_warp": config.lambda_warp, "lambda_tv": config.lambda_tv, "code": config.loss == "code"}


def start_from(init: str, kind: str, width: int) -> dict[str, Tensor]:
    """The weights to begin with.

    Raises:
        BadWeights: Missing, of another stage, or of another width.
    """
    path = resolve(init)
    net, meta = load_generator(path) if kind == "stage1" else load_composer(path)
    if int(meta["width"]) != width:
        found = meta["width"]
        raise BadWeights(f"{path}: its width is {found}, this training's is {width} (--width {found})")
    return net.state_dict()


def tensors(sample: PairSample) -> Batch:
    """A pair's arrays as tensors by `core`'s conventions, without batch dimension.

    The person stands before white, as in VITON's studio photos: no network could know what is behind somebody, and
    trying to would be most of the loss.
    """
    person = np.where((sample.labels == BACKGROUND)[:, :, None], 255, sample.person)
    return {
        "person": _image(person),
        "labels": torch.from_numpy(sample.labels.astype(np.int64)),
        "joints": torch.from_numpy(np.asarray(sample.joints, np.float32)),
        "seen": torch.from_numpy(np.asarray(sample.seen, bool)),
        "clothing": _image(sample.clothing),
        "clothing_mask": torch.from_numpy(np.asarray(sample.clothing_mask, np.float32))[None],
        "worn": torch.from_numpy(np.asarray(sample.worn_mask, np.float32))[None],
    }


def _image(array: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(array.astype(np.float32)).permute(2, 0, 1) / 127.5 - 1


def beside(net: nn.Module, batch: Batch) -> Batch:
    """The batch on the network's device."""
    device = next(net.parameters()).device
    return {k: v.to(device) for k, v in batch.items()}


def person_representation(batch: Batch) -> Tensor:
    """p of a batch (section 3.1)."""
    return represent(batch["person"], batch["labels"], batch["joints"], batch["seen"])


def paint(net: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    """Coarse result and logits of the clothing mask."""
    painting = net(person_representation(batch), batch["clothing"], batch["joints"], batch["seen"])
    return painting.image, painting.mask


def picture(image: Tensor) -> NDArray[np.uint8]:
    """The first image of a batch in [-1, 1], one or three channels, as (H, W, 3) uint8."""
    array = ((image[0].detach().float().clamp(-1, 1) + 1) * 127.5).round().byte().cpu().numpy()
    return np.broadcast_to(array.transpose(1, 2, 0), (*array.shape[1:], 3))


def dressed(person: PairSample, garment: PairSample) -> PairSample:
    """The person with another's garment to put on."""
    return replace(person, clothing=garment.clothing, clothing_mask=garment.clothing_mask)
