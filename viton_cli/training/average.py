"""The average of the weights, which is what is validated and kept."""

from __future__ import annotations

from torch import nn


class Average:
    """Exponential moving average of the weights: what is validated and shipped."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {k: v.detach().clone() for k, v in net.state_dict().items()}

    def update(self, net: nn.Module, step: int) -> None:
        """Take in the weights after step number `step` (the average is shorter in the first steps)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for key, value in net.state_dict().items():
            if value.is_floating_point():
                self.state[key].lerp_(value.detach(), 1 - decay)
            else:
                self.state[key].copy_(value)
