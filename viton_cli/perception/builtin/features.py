"""The built-in network's encoder as a frozen describer of pictures, for distances between sets of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from viton_cli.checkpoints import resolve
from viton_cli.devices import device_of
from viton_cli.files import sha256
from viton_cli.imaging import frames
from viton_cli.imaging.tensors import as_tensor
from viton_cli.perception.builtin.perceiver import perceiver


class EncoderFeatures:
    """Means over a picture of the encoder's maps at 1/8, 1/16 and 1/32 (40, 112 and 1280 channels).

    Attributes:
        name: For the protocol of a score.
        sha256: Of the weight file: another hash is another measure.

    Args:
        weights: File; by default the packaged ones.
    """

    def __init__(self, weights: Path | None = None) -> None:
        self._perceiver = perceiver(weights)
        self.sha256 = sha256(resolve("perception") if weights is None else weights)
        height, width = self._perceiver.size
        self.name = f"the built-in perception encoder at {width}x{height}"

    def features(self, image: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(1432,) of an (H, W, 3) uint8 picture, which is brought to the network's frame as a whole."""
        frame = frames.whole_photo((image.shape[0], image.shape[1]), self._perceiver.size)
        picture = as_tensor(frames.crop(image, frame).astype(np.uint8))
        with torch.inference_mode():
            net = self._perceiver.net
            maps = net.encoder(picture.contiguous(memory_format=torch.channels_last).to(device_of(net)))
            described = torch.cat([features.mean((2, 3))[0].cpu() for features in maps[2:]])
        return described.double().numpy()
