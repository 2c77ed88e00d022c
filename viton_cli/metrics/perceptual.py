"""LPIPS (Zhang et al. 2018) by its authors' package, its linear weights those of the package (version 0.1)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from viton_cli.devices import placed
from viton_cli.errors import MissingExtra
from viton_cli.metrics import fetched
from viton_cli.metrics.case import Case, Picture, Which
from viton_cli.metrics.metric import MeanOfPictures, Reference, Rows, Tools, library

PIXELS = 800_000  # a larger picture is reduced: the network's memory grows with it
SHORTEST = 64  # side below which AlexNet's last map is empty


class Lpips(MeanOfPictures):
    """Mean LPIPS with the true picture, on AlexNet."""

    name, higher_is_better, needs = "lpips", False, ("truth",)
    network: ClassVar[str] = "alex"
    weights: ClassVar[str] = "alexnet"

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        try:
            import lpips
        except ImportError:
            raise MissingExtra("needs the package lpips: pip install 'viton-cli[metrics]'") from None
        import torchvision

        path = fetched.find(self.weights, getattr(tools, self.weights))
        backbone = getattr(torchvision.models, self.weights)(weights=None).features
        fetched.read(path, backbone, "features.")
        with warnings.catch_warnings():  # it calls torchvision as torchvision no longer wishes to be called
            warnings.simplefilter("ignore")
            self.net = lpips.LPIPS(net=self.network, pnet_rand=True, verbose=False)
        features = dict(backbone.named_parameters())
        # The package cuts the backbone into slices, which keep the layers' numbers.
        own = {key: features[key.split(".", 1)[1]] for key in self.net.net.state_dict()}
        self.net.net.load_state_dict(own)
        self.net = placed(self.net.eval())

    def protocol(self, rows: Rows, reference: Reference | None) -> str:
        """See `Metric.protocol`."""
        return (
            f"{library('lpips')}, net={self.network}, version 0.1, RGB in [-1, 1] at the pictures' own size (those of "
            f"over {PIXELS / 1e6:g} megapixels reduced by means of blocks); mean over pictures"
        )

    def measure(self, case: Case, which: Which) -> Sequence[float] | None:
        """See `Metric.measure`."""
        import torch

        if min(case.result.size) < SHORTEST:
            return None
        with torch.inference_mode():
            return [float(self.net(self._tensor(case.seen(which)), self._tensor(case.seen("truth"))))]

    def _tensor(self, picture: Picture) -> Any:
        from viton_cli.imaging.tensors import as_tensor

        image = picture.small
        factor = int(np.ceil(np.sqrt(image.shape[0] * image.shape[1] / PIXELS)))
        if factor > 1:
            image = np.asarray(Image.fromarray(image).reduce(factor))
        return as_tensor(image)


class LpipsVgg(Lpips):
    """Mean LPIPS with the true picture, on VGG-16."""

    name = "lpips-vgg"
    network, weights = "vgg", "vgg16"
