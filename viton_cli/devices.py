"""Where the networks compute. What goes into one and comes out of it lies on the CPU, wherever it computes itself."""

from __future__ import annotations

import os
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from viton_cli.errors import BadConfig

if TYPE_CHECKING:
    import torch

    Net = TypeVar("Net", bound=torch.nn.Module)

_used = "cpu"  # by this process, as the threads are


def check_device(wanted: str) -> None:
    """See that PyTorch has a device; "auto" and "cpu" always are there.

    Raises:
        BadConfig: It has not.
    """
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(wanted, True):
        raise BadConfig(f"--device {wanted}: PyTorch finds no such device here; give --device cpu or auto")


def use_device(wanted: str) -> None:
    """Let the networks that this process opens from now on compute there.

    Args:
        wanted: "cpu", "cuda" (of several processes on a machine each takes the next card), "mps", or "auto": CUDA where
            there is a card, else the CPU.

    Raises:
        BadConfig: There is no such device.
    """
    global _used
    check_device(wanted)
    if wanted in ("auto", "cuda"):
        import torch

        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        wanted = f"cuda:{int(os.environ.get('LOCAL_RANK', '0')) % count}" if count else "cpu"
    _used = wanted


def used_device() -> str:
    """The name of the device that networks are put on."""
    return _used


def placed(net: Net) -> Net:
    """A network put on the device in use; it still takes what lies on the CPU, and what it gives lies there."""
    return net if _used == "cpu" else placed_on(net, _used)


def placed_on(net: Net, device: str) -> Net:
    """The same for a device by name."""

    def bring(_: Any, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any]:
        return moved(args, device), moved(named, device)

    def fetch(_: Any, args: tuple[Any, ...], out: Any) -> Any:
        return moved(out, "cpu")

    net.to(device)
    net.register_forward_pre_hook(bring, with_kwargs=True)
    net.register_forward_hook(fetch)
    return net


def device_of(net: torch.nn.Module) -> torch.device:
    """Where a network's numbers lie."""
    return next(net.parameters()).device


def moved(value: Any, device: str) -> Any:
    """Every tensor of a value, in whatever lists, dictionaries and records, on a device."""
    import torch

    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: moved(part, device) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        parts = [moved(part, device) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: moved(getattr(value, field.name), device) for field in fields(value)})
    return value
