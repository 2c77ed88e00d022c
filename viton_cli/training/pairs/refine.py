"""`viton train stage2` in `lite`: the refinement network on triplets, warped by stage 1's places and relit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from viton_cli.core.composer import compose, light_gain, relight
from viton_cli.core.generator import LayoutGenerator
from viton_cli.core.losses import stage2_loss
from viton_cli.core.warp import fit_places
from viton_cli.imaging.drawing import tile
from viton_cli.methods.both_ways import shares
from viton_cli.methods.networks import build_composer
from viton_cli.methods.viton import as_places
from viton_cli.training.pairs.layout import paint_layout, triplet_sets
from viton_cli.training.pairs.perceptual import load_features
from viton_cli.training.pairs.task import beside, check_size, picture, shown_in, start_from, weighed
from viton_cli.training.task import Batch, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from viton_cli.config import TrainStage2Config

VALIDATED, PICTURED = 48, 8  # held-out triplets that are scored, and of them on a sample sheet


class RefineTask(Task):
    """The refinement network G_R (section 3.3) on the answers of a frozen `LayoutGenerator`.

    The paper's loss (equation 3), but against the true picture of the person in that garment, and where there is warped
    garment alone: the rest of the picture is not stage 2's.

    Args:
        config: Of `viton train stage2`; augmented people and products give the warps of a generator that is a little
            off, as in use.
        generator: Of stage 1.
        say: Gets lines of progress. stage1: Hash of the generator's weight file.
    """

    kind, score = "stage2", "-L1"

    def __init__(
        self,
        config: TrainStage2Config,
        generator: LayoutGenerator,
        say: Callable[[str], None],
        stage1: str | None = None,
    ) -> None:
        self.stage1, self.settings = stage1, config
        self.size, self.width = check_size(config.size), config.width
        self.net: nn.Module = build_composer({"width": self.width})
        if config.init:
            self.net.load_state_dict(start_from(config.init, self.kind, self.width))
        self.generator = generator.eval().requires_grad_(False)
        found = load_features(config.perceptual, config.perceptual_source, config.perceptual_shrink)
        self.features, _, self.weights = found
        self.examples, self.held_out = triplet_sets(config, say)
        self.validated = self.held_out.unpaired(VALIDATED) or list(range(len(self.held_out)))[:VALIDATED]

    def __len__(self) -> int:
        return len(self.examples)

    def parameters(self, lr: float) -> list[dict[str, Any]]:
        return [{"params": list(self.net.parameters()), "lr": lr}]

    def meta(self) -> dict[str, Any]:
        return {"kind": self.kind, "width": self.width, "size": list(self.size), "stage1": self.stage1}

    def sample(self, index: int, rng: np.random.Generator) -> Batch:
        return self.warped(self.examples.sample(index, rng))

    @torch.no_grad()
    def warped(self, one: Batch) -> Batch:
        """Coarse result, warped and relit garment, where it lies, and the truth, of an example without batch dimension.

        Where the places cannot be followed there is no warped garment, and nothing to learn.
        """
        coarse = shares(paint_layout(self.generator, {key: value[None] for key, value in one.items()}))
        assert coarse.light is not None
        warp = fit_places(one["clothing_mask"][0].numpy(), as_places(coarse))
        white, area = torch.ones_like(coarse.image), torch.zeros_like(coarse.mask)
        garment = white
        if warp is not None:
            layers = torch.cat([one["clothing"], one["clothing_mask"], torch.ones_like(one["clothing_mask"])])
            drawn = warp.apply(layers[None], self.size, fill=0.0).float()
            cloth = relight(drawn[:, :3] / drawn[:, 4:].clamp_min(1e-3), light_gain(coarse.light))
            garment, area = torch.lerp(white, cloth, drawn[:, 4:]), drawn[:, 3:4]
        return {"coarse": coarse.image[0], "warped": garment[0], "area": area[0], "truth": one["image"]}

    def loss(self, net: nn.Module, batch: Batch) -> dict[str, Tensor]:
        area = shown_in(batch["area"], self.settings)
        alpha = net(batch["warped"], batch["coarse"]).float() * area
        result = compose(alpha, batch["warped"], batch["coarse"])
        truth = torch.lerp(result.detach(), batch["truth"], batch["area"])
        features = self.features.to(result.device)
        return stage2_loss(result, alpha, truth, area, features, self.weights, **weighed(self.settings))

    def validate(self, net: nn.Module) -> dict[str, float]:
        found: dict[str, list[float]] = {"L1": [], "coarse L1": [], "warped L1": [], "alpha": []}
        for batch in self._held_out(net, self.validated):
            area = batch["area"]
            if not bool((area > 0.5).any()):
                continue
            alpha = net(batch["warped"], batch["coarse"]) * area
            result = compose(alpha, batch["warped"], batch["coarse"])
            for name, image in (("L1", result), ("coarse L1", batch["coarse"]), ("warped L1", batch["warped"])):
                found[name].append(float(((image - batch["truth"]).abs() * area).sum() / area.sum() / 3))
            found["alpha"].append(float(alpha.sum() / area.sum()))
        return {name: float(np.mean(values)) for name, values in found.items() if values}

    def picture(self, net: nn.Module) -> NDArray[np.uint8] | None:
        """Coarse result, warped garment, composition mask, result, truth; always the same held-out triplets."""
        tiles = []
        for batch in self._held_out(net, self.validated[:: max(len(self.validated) // PICTURED, 1)][:PICTURED]):
            alpha = net(batch["warped"], batch["coarse"]) * batch["area"]
            result = compose(alpha, batch["warped"], batch["coarse"])
            tiles += [picture(batch["coarse"]), picture(batch["warped"]), picture(alpha * 2 - 1)]
            tiles += [picture(result), picture(batch["truth"])]
        return tile(tiles, columns=10) if tiles else None

    def _held_out(self, net: nn.Module, chosen: list[int]) -> list[Batch]:
        found = (self.warped(self.held_out.sample(index, None)) for index in chosen)
        return [beside(net, {key: value[None] for key, value in one.items()}) for one in found]
