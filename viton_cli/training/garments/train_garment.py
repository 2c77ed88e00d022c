"""Train the garment segmenter, one round at a time, from EfficientNet-Lite0's weights or from an earlier round's.

    python -m viton_cli.training.garments.train_garment FIRST --masked DIR --photos DIR --worn CCP \
        --init efficientnet-lite0.pth
    python -m viton_cli.training.garments.train_garment SECOND --masked DIR --photos DIR --worn CCP \
        --init FIRST --rate 0.001

The first round learns from exact masks and from photos that two simple methods cut alike (`examples`), as they
are and laid on other grounds (`scenes`). Then its network labels the photos itself, where it is sure, and the
next round goes on with those labels.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from viton_cli.checkpoints import load_weights, save_weights
from viton_cli.errors import NothingUsable
from viton_cli.files import list_photos
from viton_cli.perception.builtin.efficientnet import load_efficientnet
from viton_cli.perception.garments.segmenter import SHAPES, GarmentSegmenter
from viton_cli.training.garments.examples import Example, kept_in, labelled, masked, worn
from viton_cli.training.garments.scenes import Bank

SHAPE_SHARES = (0.06, 0.56, 0.18, 0.18, 0.02)  # how often each of SHAPES is drawn: most photos are 3:4
ENCODER_RATE = 0.2  # the encoder's learning rate over the decoder's: it has learned already
HEADS = 0.15  # weight of the losses of kind and sleeves

Report = Callable[[int, float], None]


@dataclass(frozen=True)
class Sources:
    """Where the examples come from; any may be empty.

    Attributes:
        masked: Folders with cloth/ID.* and cloth-mask/ID.png.
        photos: Folder of photos without masks, in folders named by kind of garment.
        worn: Clothing Co-Parsing.
        keep_out: Leave the first and then every N-th file of `photos` and of each `masked` for measuring (0: none).
    """

    masked: list[Path]
    photos: Path | None = None
    worn: Path | None = None
    keep_out: int = 0


def train_garment(
    sources: Sources,
    out: Path,
    init: Path | None = None,
    steps: int = 540,
    batch: int = 8,
    rate: float = 2e-3,
    seed: int = 0,
    report: Report | None = None,
) -> Path:
    """Train one round and write `out` (safetensors, half precision).

    Args:
        sources: The data.
        out: The weight file.
        init: efficientnet-lite0-57934424.pth, or the weights of an earlier round (.safetensors), which then label
            the photos; without it the network starts from random weights.
        steps: Optimiser steps; the learning rate rises shortly and then falls to zero over them.
        batch: Pictures a step.
        rate: Highest learning rate of the decoder.
        seed: Of everything random.
        report: Called with (step, mean loss of the last 25 steps).

    Raises:
        NothingUsable: No photo has a mask or could be labelled.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network, teacher = GarmentSegmenter(), None
    if init is not None and init.suffix == ".pth":
        load_efficientnet(network.encoder, init)
    elif init is not None:
        network.load_state_dict(load_weights(init)[0])
        teacher = network.eval()
    examples = [example for folder in sources.masked for example in masked(folder, sources.keep_out)]
    if sources.worn is not None:
        examples += worn(sources.worn)
    photos = [path for _, path in list_photos(sources.photos)] if sources.photos else []
    examples += labelled(kept_in(photos, sources.keep_out), teacher)
    if not examples:
        raise NothingUsable("no garment photo with a mask (cloth/ID.jpg, cloth-mask/ID.png), and none to be labelled")
    _fit(network, examples, steps, batch, rate, rng, report, pretrained=init is not None)
    meta: dict[str, Any] = {"network": "GarmentSegmenter", "steps": steps, "batch": batch, "rate": rate, "seed": seed}
    save_weights(out, network.state_dict(), meta | {"examples": len(examples)}, half=True)
    return out


def _fit(
    network: GarmentSegmenter,
    examples: list[Example],
    steps: int,
    batch: int,
    rate: float,
    rng: np.random.Generator,
    report: Report | None,
    pretrained: bool,
) -> None:
    bank = Bank(examples)
    network.train()
    # Edges and colours, what the published encoder sees first, serve as they are: a third of the time is saved.
    for early in (network.encoder.stem, network.encoder.stem_separable, network.encoder.stages[0]):
        early.requires_grad_(not pretrained)
    encoder = [p for p in network.encoder.parameters() if p.requires_grad]
    rest = [p for name, p in network.named_parameters() if not name.startswith("encoder.")]
    groups = [{"params": encoder, "lr": ENCODER_RATE * rate}, {"params": rest, "lr": rate}]
    optimiser = torch.optim.AdamW(groups, weight_decay=1e-3)
    highest = [float(group["lr"]) for group in optimiser.param_groups]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, highest, total_steps=steps + 1, pct_start=0.1)
    recent: list[float] = []
    for step in range(1, steps + 1):
        shape = SHAPES[rng.choice(len(SHAPES), p=SHAPE_SHARES)]
        scenes = [bank.draw(shape, rng) for _ in range(batch)]
        image = torch.from_numpy(np.stack([scene.image for scene in scenes]))
        mask = torch.from_numpy(np.stack([scene.mask for scene in scenes]))[:, None]
        with torch.autocast("cpu", torch.bfloat16):
            logits, top = network(image)
        kind, sleeves = network.classify(top.float(), mask)
        loss = segmentation_loss(logits.float(), mask)
        loss = loss + HEADS * _told(kind, [scene.kind for scene in scenes])
        loss = loss + HEADS * _told(sleeves, [scene.sleeves for scene in scenes])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        schedule.step()
        recent.append(loss.item())
        if report and (step % 25 == 0 or step == steps):
            report(step, float(np.mean(recent[-25:])))


def _told(logits: Tensor, truth: list[int]) -> Tensor:
    """Cross entropy over the examples whose truth is known (not -1)."""
    known = [index for index, value in enumerate(truth) if value >= 0]
    if not known:
        return logits.sum() * 0.0
    return F.cross_entropy(logits[known], torch.tensor(truth)[known], label_smoothing=0.05)


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


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--masked", type=Path, action="append", default=[], help="folder with cloth/ and cloth-mask/")
    parser.add_argument("--photos", type=Path, help="photos without masks, in folders named by kind")
    parser.add_argument("--keep-out", type=int, default=6, help="leave every N-th file for measuring (0: none)")
    parser.add_argument("--worn", type=Path, help="Clothing Co-Parsing")
    parser.add_argument("--init", type=Path, help="efficientnet-lite0-57934424.pth, or an earlier round's")
    parser.add_argument("--steps", type=int, default=540)
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate of the decoder")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    sources = Sources(given.masked, given.photos, given.worn, given.keep_out)

    def report(step: int, loss: float) -> None:
        print(f"step {step}: loss {loss:.3f}", file=sys.stderr, flush=True)

    train_garment(sources, given.out, given.init, given.steps, rate=given.rate, seed=given.seed, report=report)


if __name__ == "__main__":
    main(sys.argv[1:])
