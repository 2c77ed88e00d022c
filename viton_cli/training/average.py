"""The average of the weights, which is what is validated and kept."""

from __future__ import annotations

import torch
from torch import nn


class Average:
    """Exponential moving average of the weights: what is validated and shipped."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {k: v.detach().clone() for k, v in net.state_dict().items()}

    def update(self, net: nn.Module, step: int) -> None:
        """Take in the weights after step number `step` (the average is shorter in the first steps)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        new = net.state_dict()
        mixed = [key for key, value in new.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.state[key] for key in mixed], [new[key].detach() for key in mixed], 1 - decay)
        for key in new.keys() - set(mixed):
            self.state[key].copy_(new[key])
