"""`viton train stage1` and `viton train stage2`: the coarse generator, then the refinement network on top of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from viton_cli.checkpoints import resolve
from viton_cli.core.composer import compose
from viton_cli.core.drawing import tile
from viton_cli.core.generator import Generator
from viton_cli.core.labels import BACKGROUND
from viton_cli.core.losses import mask_iou, stage1_loss, stage2_loss
from viton_cli.core.representation import represent
from viton_cli.core.target import whole_target
from viton_cli.core.warp import fit_warp
from viton_cli.errors import BadConfig, BadDataset, BadWeights, NoGarmentFound
from viton_cli.methods.networks import WIDTHS, build, load_stage
from viton_cli.pipelines.fit import Batch
from viton_cli.pipelines.model_settings import check_model
from viton_cli.pipelines.pairs import PairSample, PairSet
from viton_cli.pipelines.perceptual import load_features
from viton_cli.pipelines.sources import open_sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from viton_cli.config import TrainConfig

PICTURED = 12  # pairs on a sample sheet
# Settings of both stages: `viton train` runs them with one configuration.
KNOWN = {
    "width": int, "perceptual": str, "perceptual_source": str, "perceptual_shrink": int, "stage1": str,
    "flat_lay": bool, "warp": str,
}  # fmt: skip


class _PairTask:
    """What both stages share: the pairs, the feature extractor, tensors."""

    kind: str
    score: str
    net: nn.Module

    def __init__(self, config: TrainConfig, say: Callable[[str], None]) -> None:
        check_model(config.model, KNOWN)
        self.variant = str(config.model.get("warp", "parts"))
        if self.variant not in ("parts", "paper"):
            raise BadConfig(f"bad value for 'model.warp': should be parts or paper, not '{self.variant}'")
        self.say = say
        self.size = (int(config.size[0]), int(config.size[1]))
        if min(self.size) < 64 or self.size[0] % 64 or self.size[1] % 64:
            raise BadConfig(f"size {self.size[0]}x{self.size[1]}: height and width must be multiples of 64")
        self.width = int(config.model.get("width", WIDTHS[config.preset][self.kind == "stage2"]))
        self.net = build(self.kind, self.width)
        if config.init:
            self.net.load_state_dict(start_from(config.init, self.kind, self.width))
        sources = open_sources(config.data)
        flat_lay = bool(config.model.get("flat_lay", True))
        self.pairs = PairSet(
            sources, self.size, split="train", flat_lay=flat_lay, say=say, cache=Path(config.out) / "pairs"
        )
        if not len(self.pairs):
            raise BadDataset(f"{', '.join(config.data)}: no pairs of a person and the garment worn to train on")
        held_out = PairSet(
            sources, self.size, split="val", flat_lay=flat_lay, say=say, cache=Path(config.out) / "pairs"
        )
        self.held_out = [held_out.sample(i, None) for i in range(len(held_out))]
        name = str(config.model.get("perceptual", "builtin" if config.preset == "lite" else "vgg19"))
        shrink = int(config.model.get("perceptual_shrink", 2 if config.preset == "lite" else 1))
        self.features, *self.feature_weights = load_features(name, config.model.get("perceptual_source"), shrink)

    def __len__(self) -> int:
        return len(self.pairs)

    def parameters(self, lr: float) -> list[dict[str, Any]]:
        return [{"params": list(self.net.parameters()), "lr": lr}]

    def meta(self) -> dict[str, Any]:
        return {"kind": self.kind, "width": self.width, "size": list(self.size)}

    def sample(self, index: int, rng: np.random.Generator) -> Batch:
        return tensors(self.pairs.sample(index, rng))

    def _batches(self, held_out: list[PairSample], net: nn.Module, batch: int = 8) -> list[Batch]:
        samples = [tensors(s) for s in held_out]
        return [
            beside(net, {k: torch.stack([s[k] for s in samples[i : i + batch]]) for k in samples[0]})
            for i in range(0, len(samples), batch)
        ]

    def _pictured(self) -> list[PairSample]:
        return self.held_out[:: max(len(self.held_out) // PICTURED, 1)][:PICTURED]


class Stage1Task(_PairTask):
    """The generator G_C (section 3.2)."""

    kind, score = "stage1", "score"

    def loss(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        coarse, mask = net(person_representation(batch), batch["clothing"])
        features = self.features.to(coarse.device)
        return stage1_loss(coarse, mask, batch["person"], batch["worn"], features, self.feature_weights[0])

    def validate(self, net: nn.Module) -> dict[str, float]:
        if not self.held_out:
            return {}
        overlap, pixel = [], []
        for batch in self._batches(self.held_out, net):
            coarse, mask = net(person_representation(batch), batch["clothing"])
            overlap.append(mask_iou(torch.sigmoid(mask), batch["worn"]))
            person = (batch["labels"] > 0)[:, None]
            pixel.append(
                ((coarse - batch["person"]).abs() * person).sum((1, 2, 3)) / person.sum((1, 2, 3)).clamp_min(1) / 3
            )
        iou, l1 = float(torch.cat(overlap).mean()), float(torch.cat(pixel).mean())
        return {"mask IoU": iou, "person L1": l1, "score": iou - l1}

    def picture(self, net: nn.Module) -> NDArray[np.uint8] | None:
        shown = self._pictured()
        if not shown:
            return None
        tiles = []
        # Every held-out person in its own garment and in the next one's.
        for one, other in zip(shown, shown[1:] + shown[:1]):
            for garment in (one, other):
                batch = self._batches([_dressed(one, garment)], net)[0]
                coarse, mask = net(person_representation(batch), batch["clothing"])
                tiles += [garment.clothing, picture(coarse), picture(torch.sigmoid(mask) * 2 - 1)]
            tiles.insert(-6, one.person)
        return tile(tiles, columns=14)


class Stage2Task(_PairTask):
    """The refinement network G_R (section 3.3) on a frozen generator's coarse results and warped garments."""

    kind, score = "stage2", "-L1"

    def __init__(self, config: TrainConfig, say: Callable[[str], None]) -> None:
        super().__init__(config, say)
        stage1, _ = load_stage(resolve(str(config.model.get("stage1", "stage1"))), "stage1")
        assert isinstance(stage1, Generator)
        # The published code leaves the frozen generator in training mode (batch statistics, dropout); here it is as in
        # use.
        self.generator = stage1.eval().requires_grad_(False)

    @cached_property
    def _validation(self) -> list[Batch]:
        samples = [self._with_warp(tensors(s)) for s in self.held_out]
        without = sum(not s["fits"] for s in samples)
        if without:
            self.say(f"no clothing mask is painted for {without} of {len(samples)} held-out pairs; they are left out")
        return [{k: v[None] for k, v in s.items()} for s in samples if s["fits"]]

    def sample(self, index: int, rng: np.random.Generator) -> Batch:
        return self._with_warp(super().sample(index, rng))

    def _with_warp(self, one: Batch) -> Batch:
        """Add coarse result and warped garment. As in use, the warp aims at the predicted mask."""
        batch = {k: v[None] for k, v in one.items()}
        with torch.no_grad():
            coarse, logits = self.generator(person_representation(batch), batch["clothing"])
        mask = torch.sigmoid(logits)
        try:
            target = mask[0, 0].numpy()
            joints, seen = one["joints"].numpy(), one["seen"].numpy()
            if self.variant != "paper":
                target = whole_target(target, one["labels"].numpy().astype(np.uint8), joints, seen)
            warp = fit_warp(one["clothing_mask"][0].numpy(), target, variant=self.variant, joints=joints, seen=seen)
            warped = warp.apply(batch["clothing"], size=self.size, fill=1.0)
            area = warp.apply(batch["clothing_mask"], size=self.size, fill=0.0)
            fits = True
        except NoGarmentFound:  # an early generator may paint no mask at all
            warped, area, fits = torch.ones_like(coarse), torch.zeros_like(mask), False
        return {
            **one, "coarse": coarse[0], "warped": warped[0].float(), "area": (area * (mask > 0.5))[0].float(),
            "fits": torch.tensor(fits),
        }  # fmt: skip

    def loss(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        alpha = net(batch["warped"], batch["coarse"]) * batch["area"]
        result = compose(alpha, batch["warped"], batch["coarse"])
        features = self.features.to(result.device)
        return stage2_loss(result, alpha, batch["person"], batch["area"], features, self.feature_weights[1])

    def validate(self, net: nn.Module) -> dict[str, float]:
        if not self._validation:
            return {}
        errors: list[float] = []
        coarse_errors: list[float] = []
        shares: list[float] = []
        for batch in (beside(net, batch) for batch in self._validation):
            alpha = net(batch["warped"], batch["coarse"]) * batch["area"]
            result = compose(alpha, batch["warped"], batch["coarse"])
            worn = batch["worn"]
            for image, collected in ((result, errors), (batch["coarse"], coarse_errors)):
                collected.append(float(((image - batch["person"]).abs() * worn).sum() / worn.sum().clamp_min(1) / 3))
            shares.append(float(alpha.sum() / batch["area"].sum().clamp_min(1)))
        return {
            "L1": float(np.mean(errors)),
            "coarse L1": float(np.mean(coarse_errors)),
            "alpha": float(np.mean(shares)),
        }

    def picture(self, net: nn.Module) -> NDArray[np.uint8] | None:
        shown = self._pictured()
        if not shown:
            return None
        tiles = []
        for one, other in zip(shown, shown[1:] + shown[:1]):
            for garment in (one, other):
                dressed = self._with_warp(tensors(_dressed(one, garment)))
                batch = beside(net, {k: v[None] for k, v in dressed.items()})
                alpha = net(batch["warped"], batch["coarse"]) * batch["area"]
                result = compose(alpha, batch["warped"], batch["coarse"])
                tiles += [
                    garment.clothing,
                    picture(batch["coarse"]),
                    picture(batch["warped"]),
                    picture(alpha * 2 - 1),
                    picture(result),
                ]
        return tile(tiles, columns=10)


def start_from(init: str, kind: str, width: int) -> dict[str, Tensor]:
    """The weights to begin with.

    Raises:
        BadWeights: Missing, of another stage, or of another width.
    """
    path = resolve(init)
    net, meta = load_stage(path, kind)
    if int(meta["width"]) != width:
        found = meta["width"]
        raise BadWeights(f"{path}: its width is {found}, this training's is {width} (--set model.width={found})")
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


def picture(image: Tensor) -> NDArray[np.uint8]:
    """The first image of a batch in [-1, 1], one or three channels, as (H, W, 3) uint8."""
    array = ((image[0].detach().float().clamp(-1, 1) + 1) * 127.5).round().byte().cpu().numpy()
    return np.broadcast_to(array.transpose(1, 2, 0), (*array.shape[1:], 3))


def _dressed(person: PairSample, garment: PairSample) -> PairSample:
    """The person with another's garment to put on."""
    return replace(person, clothing=garment.clothing, clothing_mask=garment.clothing_mask)
