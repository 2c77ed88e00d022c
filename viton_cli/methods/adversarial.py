"""What the adversarial baselines share: a discriminator, what it says of a batch, and the two sides' losses.

Both sides are trained in one step: the discriminator sees the generator's pictures without their gradient, and the
generator is judged by a discriminator that is held still. Departure: the papers alternate steps of the two.

Source: Goodfellow et al., Generative Adversarial Nets, NIPS 2014 (the generator maximises log D, as practised);
Radford et al., DCGAN, ICLR 2016; Isola et al., pix2pix, CVPR 2017, for judging patches.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call


@dataclass(frozen=True, eq=False)
class Judged:
    """What a discriminator says, in logits of any shape; high is "real".

    Attributes:
        real: Of true pictures with their condition.
        fake: Of the generator's, without gradient to it. fooled: The same, with gradient to the generator alone.
        other: Of true pictures with a condition that is not theirs; None where that is not asked.
    """

    real: Tensor
    fake: Tensor
    fooled: Tensor
    other: Tensor | None = None


class Discriminator(nn.Module):
    """4x4 convolutions of stride 2, batch norm on all but the first, leaky ReLU 0.2; then one 4x4 to logits.

    Args:
        inputs: Channels of picture and condition together.
        width: Filters of the first layer, doubled by each next one up to eight times.
        layers: Convolutions of stride 2.
    """

    def __init__(self, inputs: int, width: int, layers: int) -> None:
        super().__init__()
        filters = [width * min(2**k, 8) for k in range(layers)]
        stack: list[nn.Module] = []
        for level, (a, b) in enumerate(zip((inputs, *filters), filters)):
            stack.append(nn.Conv2d(a, b, 4, 2, 1, bias=level == 0))
            stack += [nn.BatchNorm2d(b)] if level else []
            stack.append(nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(*stack, nn.Conv2d(filters[-1], 1, 4, 1, 1))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0.0, 0.02)

    def forward(self, picture: Tensor, condition: Tensor) -> Tensor:
        """(B, 1, h, w) logits, one a patch, of pictures (B, 3, H, W) with their condition (B, C, H, W)."""
        logits: Tensor = self.layers(torch.cat((picture, condition), 1)).float()
        return logits


def judge(
    discriminator: Discriminator, real: Tensor, condition: Tensor, fake: Tensor, fake_condition: Tensor,
    other: Tensor | None = None,
) -> Judged:  # fmt: skip
    """Everything the losses need.

    Args:
        discriminator: Of pictures with their condition.
        real, condition: True pictures and theirs. fake, fake_condition: The generator's, and what was asked of it.
        other: A condition that is not that of `real`.
    """
    still = {name: weight.detach() for name, weight in discriminator.named_parameters()}
    fooled: Tensor = functional_call(discriminator, still, (fake, fake_condition))
    return Judged(
        discriminator(real, condition),
        discriminator(fake.detach(), fake_condition),
        fooled,
        None if other is None else discriminator(real, other),
    )


def says(logits: Tensor, real: bool) -> Tensor:
    """Mean cross-entropy of logits against "real" (-log D) or "not real" (-log(1 - D))."""
    return F.softplus(-logits if real else logits).mean()
