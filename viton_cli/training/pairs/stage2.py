"""`viton train stage2`: the refinement network, on top of a frozen generator."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from viton_cli.core.composer import compose
from viton_cli.core.losses import stage2_loss
from viton_cli.core.warp import fit_warp
from viton_cli.core.warp.target import whole_target
from viton_cli.errors import NoGarmentFound
from viton_cli.imaging.drawing import repeated, tile
from viton_cli.training.pairs.task import _PairTask, beside, dressed, paint, picture, shown_in, tensors, weighed
from viton_cli.training.task import Batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from viton_cli.config import TrainStage2Config
    from viton_cli.core.generator import Generator, LayoutGenerator

# What `picture` shows of a person in the own and in another garment.
SHOWN = ("garment", "coarse image", "warped clothing", "composition mask", "result")


class Stage2Task(_PairTask):
    """The refinement network G_R (section 3.3) on a frozen generator's coarse results and warped garments.

    Args:
        config: Of `viton train stage2`. generator: Of stage 1. say: Gets lines of progress.
        stage1: Hash of the generator's weight file.
    """

    kind, score = "stage2", "-L1"

    def __init__(
        self,
        config: TrainStage2Config,
        generator: Generator | LayoutGenerator,
        say: Callable[[str], None],
        stage1: str | None = None,
    ) -> None:
        super().__init__(config, say)
        self.stage1, self.settings = stage1, config
        self.variant = "paper" if config.warp == "paper" else "parts"
        # The published code leaves the frozen generator in training mode (batch statistics, dropout); here it is as in
        # use.
        self.generator = generator.eval().requires_grad_(False)

    def meta(self) -> dict[str, Any]:
        return {**super().meta(), "stage1": self.stage1}

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
            coarse, logits = paint(self.generator, batch)
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
        area = shown_in(batch["area"], self.settings)
        alpha = net(batch["warped"], batch["coarse"]) * area
        result = compose(alpha, batch["warped"], batch["coarse"])
        features, weights = self.features.to(result.device), self.feature_weights[1]
        return stage2_loss(result, alpha, batch["person"], area, features, weights, **weighed(self.settings))

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
        shown = self.pictured()
        if not shown:
            return None
        tiles = []
        for one, other in zip(shown, shown[1:] + shown[:1]):
            for garment in (one, other):
                changed = self._with_warp(tensors(dressed(one, garment)))
                batch = beside(net, {k: v[None] for k, v in changed.items()})
                alpha = net(batch["warped"], batch["coarse"]) * batch["area"]
                result = compose(alpha, batch["warped"], batch["coarse"])
                tiles += [
                    garment.clothing,
                    picture(batch["coarse"]),
                    picture(batch["warped"]),
                    picture(alpha * 2 - 1),
                    picture(result),
                ]
        return tile(tiles, columns=10, captions=repeated(SHOWN, len(tiles)))
