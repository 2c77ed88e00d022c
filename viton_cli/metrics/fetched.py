"""Published network weights that some measures use: where they lie, how they are read, and how they are fetched.

None of them ships. They are read from a given file, or from the cache of PyTorch, where torch-fidelity and torchvision
keep what they fetch; nothing is fetched but by `fetch`, which `viton doctor --fetch` calls.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viton_cli.checkpoints import load_weights
from viton_cli.errors import BadWeights, NotFetched, UnknownName


@dataclass(frozen=True)
class Published:
    """Weights that somebody else publishes.

    Attributes:
        url: Where. Its file name ends in the first eight digits of its SHA-256, as torch.hub has it.
        licence: As their publisher states it.
        megabytes: Size of the file.
        used_by: Which measures want them.
    """

    url: str
    licence: str
    megabytes: int
    used_by: str

    @property
    def file(self) -> str:
        """Name in the cache."""
        return self.url.rsplit("/", 1)[-1]


# Sources: torch_fidelity/feature_extractor_inceptionv3.py; torchvision/models/alexnet.py and vgg.py.
PUBLISHED = {
    "inception": Published(
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
        "Apache-2.0 (converted from TensorFlow's)", 95, "is, fid, kid",
    ),
    "alexnet": Published(
        "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth", "BSD-3-Clause (torchvision)", 244, "lpips"
    ),
    "vgg16": Published(
        "https://download.pytorch.org/models/vgg16-397923af.pth", "BSD-3-Clause (torchvision)", 553, "lpips-vgg"
    ),
}  # fmt: skip


def cached(name: str) -> Path:
    """Where PyTorch's cache would keep the weights called `name`."""
    import torch

    if name not in PUBLISHED:
        raise UnknownName(f"unknown weights '{name}'; known: {', '.join(PUBLISHED)}")
    return Path(torch.hub.get_dir()) / "checkpoints" / PUBLISHED[name].file


def find(name: str, given: Path | None) -> Path:
    """The file of published weights: the given one, else that of the cache.

    Raises:
        BadWeights: The given file is not there. NotFetched: No file was given and the cache has none.
    """
    if given is not None:
        if not Path(given).is_file():
            raise BadWeights(f"{given}: no such weight file (--{name})")
        return Path(given)
    path = cached(name)
    if not path.is_file():
        raise NotFetched(f"needs published weights: viton doctor --fetch {name}, or give --{name} FILE")
    return path


def read(path: Path, net: Any, prefix: str = "") -> None:
    """Load a state dict, .pth or .safetensors, into a network.

    A .pth file is read without running any code in it.

    Args:
        path: The file.
        net: The network.
        prefix: Only the entries that begin so, without it.

    Raises:
        BadWeights: Not a state dict, or that of another network.
    """
    try:
        state = state_dict(path)
        chosen = {key.removeprefix(prefix): tensor for key, tensor in state.items() if key.startswith(prefix)}
        net.load_state_dict(chosen)
    except (RuntimeError, AttributeError) as error:
        cause = " ".join(str(error).split())
        raise BadWeights(f"{path}: not weights of {type(net).__name__}: {cause[:200]}") from None


def state_dict(path: Path) -> dict[str, Any]:
    """The tensors of a .pth or .safetensors file.

    Raises:
        BadWeights: It cannot be read, or would have to run code.
    """
    import torch

    if path.suffix == ".safetensors":
        return load_weights(path)[0]
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what torch.load raises on files that are none has many types
        cause = " ".join(str(error).split()) or type(error).__name__
        raise BadWeights(f"{path}: not a file of weights alone: {cause[:120]}") from None
    if not isinstance(state, dict):
        raise BadWeights(f"{path}: not a state dict but a {type(state).__name__}")
    return state


def in_memory(state: dict[str, Any]) -> io.BytesIO:
    """A state dict as a file, for libraries that open one themselves."""
    import torch

    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return buffer


def fetch(name: str, say: Callable[[str], None]) -> Path:
    """Fetch published weights into PyTorch's cache, unless they are there. Their hash is checked.

    Raises:
        UnknownName: No such weights. BadWeights: They cannot be had, or are not those that were published.
    """
    import torch

    target, published = cached(name), PUBLISHED[name]
    if target.is_file():
        say(f"{name}: is here already: {target}")
        return target
    say(f"{name}: fetching {published.megabytes} MB from {published.url} ({published.licence})")
    target.parent.mkdir(parents=True, exist_ok=True)
    prefix = target.stem.rsplit("-", 1)[-1]
    try:
        torch.hub.download_url_to_file(published.url, str(target), hash_prefix=prefix, progress=False)
    except (OSError, RuntimeError) as error:
        raise BadWeights(f"{published.url}: cannot be fetched ({' '.join(str(error).split())})") from None
    say(f"{name}: {target}")
    return target
