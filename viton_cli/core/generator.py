"""Stage 1: the multi-task encoder-decoder G_C that paints the coarse result and the clothing mask.

Source: VITON section 3.2 and 4.2; layer details from the published code (model_zalando_mask_content.py).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from viton_cli.core.representation import CHANNELS


class Generator(nn.Module):
    """U-Net of six 4x4 convolutions of stride 2 down and six transposed ones up, skip connections between.

    Filters, times `width`/64: 64-128-256-512-512-512 down, 512-512-256-128-64-4 up. As in pix2pix: leaky ReLU 0.2
    before every encoder layer but the first, ReLU before every decoder layer, batch norm on all layers but the first
    and the last, dropout 0.5 on the first decoder layer, weights drawn from N(0, 0.02).

    Departure: the mask channel ends in a sigmoid instead of the code's tanh, since its target is 0 or 1.

    Args:
        width: Filters of the first layer; 64 is the paper's.
        inputs: Channels of the input: representation (22) and product picture (3).
    """

    def __init__(self, width: int = 64, inputs: int = CHANNELS + 3) -> None:
        super().__init__()
        w = width
        down = (w, 2 * w, 4 * w, 8 * w, 8 * w, 8 * w)
        up = (8 * w, 8 * w, 4 * w, 2 * w, w, 4)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level, (a, b) in enumerate(zip((inputs, *down), down)):
            layers: list[nn.Module] = [nn.LeakyReLU(0.2)] if level else []
            layers.append(nn.Conv2d(a, b, 4, 2, 1, bias=level == 0))
            layers += [nn.BatchNorm2d(b)] if level else []
            self.down.append(nn.Sequential(*layers))
        skips = (0, *reversed(down[:-1]))  # channels that arrive beside the layer below
        for level, (a, b) in enumerate(zip((down[-1], *up), up)):
            last = level == len(up) - 1
            layers = [nn.ReLU(), nn.ConvTranspose2d(a + skips[level], b, 4, 2, 1, bias=last)]
            layers += [] if last else [nn.BatchNorm2d(b)]
            layers += [nn.Dropout(0.5)] if level == 0 else []
            self.up.append(nn.Sequential(*layers))
        self.apply(_initialise)

    def forward(self, representation: Tensor, clothing: Tensor) -> tuple[Tensor, Tensor]:
        """Paint.

        Args:
            representation: (B, 22, H, W), H and W multiples of 64.
            clothing: (B, 3, H, W) product picture in [-1, 1].

        Returns:
            Coarse image (B, 3, H, W) in [-1, 1] and logits of the clothing mask (B, 1, H, W).
        """
        x = torch.cat((representation, clothing), 1)
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        x = self.up[0](skips.pop())
        for layer in self.up[1:]:
            x = layer(torch.cat((x, skips.pop()), 1))
        return torch.tanh(x[:, :3]), x[:, 3:]


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
