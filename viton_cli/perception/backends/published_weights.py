"""Weights published by others: read without running any code of theirs, and fitted to a network name by name."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from viton_cli.errors import BadWeights

# Where publishers put the tensors when the file holds more than them.
WRAPPERS = ("state_dict", "model_state_dict", "model")


def read_published(path: Path) -> dict[str, Tensor]:
    """The tensors of a `.pth`, `.pt` or `.safetensors` file, on the CPU, floating-point ones as float32.

    `module.` in front of the names (left by training on several GPUs) is taken off; a dictionary inside the file under
    one of `WRAPPERS` is unwrapped.

    Raises:
        BadWeights: Missing, torn, no tensors in it, numbers in it that are not finite, or a pickle of anything but
            tensors and plain values: such a file can run code when it is read, and is not read.
    """
    if not path.is_file():
        raise BadWeights(f"{path}: no such weight file")
    try:
        if path.suffix == ".safetensors":
            content: object = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BadWeights(f"{path}: not a file of plain tensors, so it is not read ({_first_line(error)})") from None
    except (SafetensorError, BadZipFile, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise BadWeights(f"{path}: not a whole weight file ({_first_line(error)})") from None
    for name in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    tensors = content.items() if isinstance(content, Mapping) else ()
    state = {
        str(name).removeprefix("module."): tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in tensors
        if isinstance(tensor, Tensor)
    }
    if not state:
        raise BadWeights(f"{path}: no tensors in it")
    for name, tensor in state.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise BadWeights(f"{path}: damaged: '{name}' holds numbers that are not finite")
    return state


def fit(network: nn.Module, state: dict[str, Tensor], path: Path, what: str) -> None:
    """Put `state` into `network` (which may lie on the meta device) and switch it to inference.

    Args:
        network: Its own names decide; names it does not know are an error, batch counters apart.
        state: Name to tensor.
        path: The file, for the message.
        what: What the file should be, for the message ("the weights of ...").

    Raises:
        BadWeights: A tensor is missing, left over, or of another shape.
    """
    own = {name: tuple(t.shape) for name, t in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    given = {name: tuple(t.shape) for name, t in state.items() if not name.endswith("num_batches_tracked")}
    missing = sorted(own.keys() - given.keys())
    surplus = sorted(given.keys() - own.keys())
    misshapen = sorted(name for name in own.keys() & given.keys() if own[name] != given[name])
    if missing or surplus:
        example = f"no '{missing[0]}'" if missing else f"an unknown '{surplus[0]}'"
        raise BadWeights(
            f"{path}: not {what}: {len(missing)} tensors missing, {len(surplus)} unknown (it has {example})"
        )
    if misshapen:
        name = misshapen[0]
        raise BadWeights(f"{path}: not {what}: '{name}' is {list(given[name])} and should be {list(own[name])}")
    network.load_state_dict({name: state[name] for name in own}, assign=True)
    network.eval().requires_grad_(False)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
