"""`viton train garment`: the segmenter of product photos, one round at a time.

    viton train garment --data rendered:DIR --data ccp:DIR --photos DIR --init efficientnet-lite0.pth --out FIRST
    viton train garment --data rendered:DIR --data ccp:DIR --photos DIR --init FIRST/garment.safetensors --steps 140 \
        --lr 0.001 --out SECOND

The first round learns from exact masks and from photos that two simple methods cut alike (`examples`), as they
are and laid on other grounds (`scenes`). Then its network labels the photos itself, where it is sure, and the
next round goes on with those labels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from viton_cli.checkpoints import load_weights, resolve
from viton_cli.errors import BadDataset, BadWeights, NothingUsable
from viton_cli.files import list_photos
from viton_cli.imaging.drawing import repeated, tile
from viton_cli.perception.builtin.efficientnet import load_efficientnet
from viton_cli.perception.garments.segmenter import SHAPES, GarmentSegmenter, look
from viton_cli.training.garments.examples import UNKNOWN, Example, kept_in, labelled, masked, worn
from viton_cli.training.garments.scenes import Bank
from viton_cli.training.pairs.sources import open_sources
from viton_cli.training.task import Batch, Draw, Task

if TYPE_CHECKING:
    from viton_cli.config import TrainGarmentConfig

SHAPE_SHARES = (0.06, 0.56, 0.18, 0.18, 0.02)  # how often each of SHAPES is drawn: most photos are 3:4
HEADS = 0.15  # weight of the losses of kind and sleeves
HELD_OUT, PICTURED = 48, 10  # held-out garments that are scored, and of them on a sample sheet
SHOWN = 160  # longer side of a picture on a sample sheet


class Taught(GarmentSegmenter):
    """The segmenter, which says kind and sleeves in the same call: processes average what such a call has used."""

    def forward(self, image: Tensor, mask: Tensor | None = None) -> tuple[Tensor, ...]:  # type: ignore[override]
        logits, top = super().forward(image)
        if mask is None:
            return logits, top
        with torch.autocast(image.device.type, enabled=False):
            return logits, *self.classify(top.float(), mask)


class GarmentTask(Task):
    """Task of `fit`: garments of the data sets and photos, as they are and laid on other grounds.

    Args:
        config: Of `viton train garment`. say: Gets lines of progress.
    """

    score = "IoU"

    def __init__(self, config: TrainGarmentConfig, say: Callable[[str], None]) -> None:
        self.rate = config.encoder_rate
        self.net: nn.Module = Taught()
        self.started_from = config.init
        teacher = self._initialise(config.init) if config.init else None
        examples: list[Example] = []
        self.held_out: list[Example] = []
        for dataset in open_sources(config.data):
            examples += [*masked(dataset, "train"), *worn(dataset)]
            try:
                self.held_out += masked(dataset, "val")
            except BadDataset:  # a data set without such a split
                continue
        photos = [path for _, path in list_photos(config.photos)] if config.photos else []
        examples += labelled(kept_in(photos, config.keep_out), teacher)
        if not examples:
            raise NothingUsable(
                f"{', '.join(config.data)}: no garment photo with a mask, nobody whose garments are labelled, and no "
                "--photos that could be labelled"
            )
        self.held_out = self.held_out[:: -(-len(self.held_out) // HELD_OUT) or 1]
        self.bank, self.count = Bank(examples), len(examples)

    def _initialise(self, init: str) -> GarmentSegmenter | None:
        """Take the published encoder's weights, or an earlier round's, whose network then labels the photos.

        Edges and colours, what the encoder sees first, serve as they are: a third of the time is saved.
        """
        teacher = None
        assert isinstance(self.net, Taught)
        if init.endswith(".pth"):
            load_efficientnet(self.net.encoder, Path(init))
        else:
            path, teacher = resolve(init), GarmentSegmenter()
            try:
                teacher.load_state_dict(load_weights(path)[0])
            except RuntimeError as error:
                raise BadWeights(f"{path}: not weights of this network: {str(error).splitlines()[0]}") from error
            self.net.load_state_dict(teacher.state_dict())
            teacher.eval()
        for early in (self.net.encoder.stem, self.net.encoder.stem_separable, self.net.encoder.stages[0]):
            early.requires_grad_(False)
        return teacher

    def __len__(self) -> int:
        return self.count

    def parameters(self, lr: float) -> list[dict[str, Any]]:
        """The encoder learns slower: it has learned already."""
        named = [(name, weight) for name, weight in self.net.named_parameters() if weight.requires_grad]
        encoder = [weight for name, weight in named if name.startswith("encoder.")]
        rest = [weight for name, weight in named if not name.startswith("encoder.")]
        return [{"params": encoder, "lr": self.rate * lr}, {"params": rest, "lr": lr}]

    def sample(self, index: int, rng: np.random.Generator) -> Batch:
        return {name: value[0] for name, value in self.batch([(index, rng)]).items()}

    def batch(self, draws: Sequence[Draw]) -> Batch:
        """Scenes of one shape, which the first generator draws; each is of whatever examples its generator draws."""
        shape = SHAPES[draws[0][1].choice(len(SHAPES), p=SHAPE_SHARES)]
        scenes = [self.bank.draw(shape, rng) for _, rng in draws]
        return {
            "image": torch.from_numpy(np.stack([scene.image for scene in scenes])),
            "mask": torch.from_numpy(np.stack([scene.mask for scene in scenes]))[:, None],
            "kind": torch.tensor([scene.kind for scene in scenes]),
            "sleeves": torch.tensor([scene.sleeves for scene in scenes]),
        }

    def loss(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        logits, kind, sleeves = net(batch["image"], batch["mask"])
        segments = segmentation_loss(logits.float(), batch["mask"])
        heads = _told(kind, batch["kind"]) + _told(sleeves, batch["sleeves"])
        return {"loss": segments + HEADS * heads, "mask": segments, "kind and sleeves": heads}

    def validate(self, net: nn.Module) -> dict[str, float]:
        """Mean IoU with the masks of held-out garments, as the network is used."""
        if not self.held_out:
            return {}
        found = []
        for example in self.held_out:
            cut, known = self._cut(net, example) > 0.5, example.mask != UNKNOWN
            truth = example.mask > UNKNOWN
            found.append(float((cut & truth & known).sum() / max(((cut | truth) & known).sum(), 1)))
        return {"IoU": float(np.mean(found)), "worst IoU": float(np.min(found))}

    def picture(self, net: nn.Module) -> NDArray[np.uint8] | None:
        """Held-out garments and what is cut of them."""
        tiles = []
        for example in self.held_out[:: max(len(self.held_out) // PICTURED, 1)][:PICTURED]:
            share = self._cut(net, example)[..., None]
            tiles += [_shown(example.image), _shown((example.image * share + 255 * (1 - share)).astype(np.uint8))]
        return tile(tiles, columns=10, captions=repeated(("photo", "cut out"), len(tiles))) if tiles else None

    def _cut(self, net: nn.Module, example: Example) -> NDArray[np.float32]:
        assert isinstance(net, GarmentSegmenter)
        chance = Image.fromarray(look(example.image, net).chance)
        return np.asarray(chance.resize(example.mask.shape[::-1], Image.Resampling.BILINEAR))

    def meta(self) -> dict[str, Any]:
        return {"kind": "garment", "network": "GarmentSegmenter", "examples": self.count}


def _shown(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture in the middle of a white square."""
    canvas = Image.new("RGB", (SHOWN, SHOWN), "white")
    small = Image.fromarray(image)
    small.thumbnail((SHOWN, SHOWN))
    canvas.paste(small, ((SHOWN - small.width) // 2, (SHOWN - small.height) // 2))
    return np.asarray(canvas)


def _told(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy over the examples whose truth is known (not -1)."""
    known = truth >= 0
    if not bool(known.any()):
        return logits.sum() * 0.0
    return F.cross_entropy(logits[known], truth[known], label_smoothing=0.05)


def segmentation_loss(logits: Tensor, mask: Tensor) -> Tensor:
    """Cross entropy plus soft Dice against a mask of twice the size; unknown cells count for nothing.

    Args:
        logits: (B, 1, h, w).
        mask: (B, 1, 2h, 2w) in [0, 1]; 0.25 .. 0.75 is unknown.
    """
    known = ((mask < 0.25) | (mask > 0.75)).float()
    target = F.avg_pool2d(mask, 2)
    weight = (F.avg_pool2d(known, 2) > 0.99).float()
    # Pooled cells on the edge itself hold both kinds and carry a soft target.
    entropy = (
        F.binary_cross_entropy_with_logits(logits, target, reduction="none") * weight
    ).sum() / weight.sum().clamp(1)
    chance = torch.sigmoid(logits) * weight
    both = (chance * target).sum((1, 2, 3))
    either = (chance + target * weight).sum((1, 2, 3))
    dice = 1.0 - (2.0 * both + 20.0) / (either + 20.0)
    return entropy + dice.mean()
