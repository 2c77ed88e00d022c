"""Weights: safetensors files with their configuration inside. Pickles are refused, since reading one runs its code.

The weights that ship lie in `viton_cli/weights/NAME.safetensors`; `weights/manifest.json` maps each NAME to an object
with at least its `sha256`, so that a damaged installation is noticed before it gives wrong pictures.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from viton_cli.errors import BadWeights
from viton_cli.files import sha256, write_bytes
from viton_cli.quantisation import from_eight_bits, to_eight_bits

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    Net = TypeVar("Net", bound=nn.Module)

FOLDER = Path(__file__).parent / "weights"
VERSION = 1  # of the description inside a weight file
# What a description may say. Networks halve their picture five times.
MAX_WIDTH, MAX_SIDE, SIDE_STEP, MAX_STAGES, MAX_BLOCKS = 1024, 4096, 32, 16, 64
REINSTALL = "mend it with: pip install --force-reinstall --no-deps viton-cli"


def save_weights(
    path: Path, tensors: dict[str, Tensor], meta: dict[str, Any], half: bool = False, eight_bits: bool = False
) -> None:
    """Write tensors and `meta` (anything JSON can hold: architecture, sizes, step) to one safetensors file, atomically.

    Args:
        path: Where to.
        tensors: A state dict; moved to the CPU. Tensors that share memory are written once each.
        meta: Read back by `load_weights`.
        half: Store floating-point tensors as float16.
        eight_bits: Store those of two and more dimensions in eight bits (`quantisation`); a quarter of float32's size.

    Raises:
        BadWeights: A number is not finite, or not in half precision; the file that is there stays.
    """
    import torch
    from safetensors.torch import save

    stored = {}
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise BadWeights(f"{path}: not written: '{name}' holds numbers that are not finite")
    for name, tensor in (to_eight_bits(tensors) if eight_bits else tensors).items():
        tensor = tensor.detach().cpu()
        if tensor.is_floating_point():
            tensor = tensor.to(torch.float16 if half else torch.float32)
            if not torch.isfinite(tensor).all():
                raise BadWeights(f"{path}: not written: '{name}' holds numbers that are not finite")
        stored[name] = tensor.clone(memory_format=torch.contiguous_format)
    write_bytes(path, save(stored, {"viton": json.dumps({"version": VERSION, **meta})}))


def load_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save_weights` wrote: tensors on the CPU, floating-point ones as float32, and `meta`.

    A safetensors file from elsewhere is read too; its `meta` is then empty.

    Raises:
        BadWeights: Missing, torn, a pickle, no safetensors file at all, of a later version, or with numbers that are
            not finite.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if path.exists() and not path.is_file():
        raise BadWeights(f"{path}: not a file")
    try:
        with safe_open(str(path), framework="pt") as opened:
            names = list(opened.keys())
            tensors = {name: opened.get_tensor(name) for name in names}
            meta = json.loads((opened.metadata() or {}).get("viton", "{}"))
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        # Only now: the first bytes of a sound file, its header's length, may look like those of a pickle.
        _refuse_pickles(path)
        raise BadWeights(f"{path}: not a whole safetensors file ({' '.join(str(error).split())})") from None
    version = meta.pop("version", VERSION) if isinstance(meta, dict) else None
    if version != VERSION:
        raise BadWeights(f"{path}: weights of version {version}; this viton reads version {VERSION}")
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise BadWeights(f"{path}: damaged: '{name}' holds numbers that are not finite")
    whole = {name: t.to(torch.float32) if t.is_floating_point() else t for name, t in tensors.items()}
    return from_eight_bits(whole), meta


def load_network(path: Path, kind: str, build: Callable[[dict[str, Any]], Net]) -> tuple[Net, dict[str, Any]]:
    """The network of a weight file, ready for use, and what the file says of itself.

    Args:
        path: A file of `save_weights`.
        kind: What its `meta["kind"]` must be.
        build: From `meta` to the network without weights.

    Raises:
        BadWeights: Missing, damaged, or weights of something else.
    """
    import torch

    tensors, meta = load_weights(path)
    if meta.get("kind") != kind:
        raise BadWeights(f"{path}: these are weights of '{meta.get('kind', 'an unknown network')}', not of '{kind}'")
    _check_description(path, meta)
    try:
        with torch.device("meta"):  # takes no memory, whatever the description says
            build(meta).load_state_dict(tensors, assign=True)
        net = build(meta)
        net.load_state_dict(tensors)
    except (KeyError, RuntimeError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        cause = f"no {error}" if isinstance(error, KeyError) else (str(error).splitlines() or [type(error).__name__])[0]
        raise BadWeights(f"{path}: does not fit its own description: {cause}") from error
    return net.eval(), meta


def _check_description(path: Path, meta: dict[str, Any]) -> None:
    """See that a weight file's description is one of a network, before one is built after it."""

    def whole(value: object, most: int, least: int = 1) -> bool:
        return type(value) is int and least <= value <= most

    def several(value: object, most: int, least: int = 1) -> bool:
        return isinstance(value, list) and 0 < len(value) <= MAX_STAGES and all(whole(n, most, least) for n in value)

    size = meta.get("size")
    fits = {
        "size": several(size, MAX_SIDE) and len(size or ()) == 2 and not any(n % SIDE_STEP for n in size or ()),
        "width": "width" not in meta or whole(meta["width"], MAX_WIDTH),
        "channels": "channels" not in meta or several(meta["channels"], MAX_WIDTH),
        "without": isinstance(meta.get("without", []), list),
        "blocks": "blocks" not in meta or several(meta["blocks"], MAX_BLOCKS, least=0),
    }
    for name in (name for name, fit in fits.items() if not fit):
        raise BadWeights(f"{path}: does not fit its own description: {name} {str(meta.get(name))[:40]}")


def shipped() -> dict[str, dict[str, Any]]:
    """`weights/manifest.json`: name of each shipped weight file to its entry; empty if the package holds none."""
    manifest = FOLDER / "manifest.json"
    if not manifest.is_file():
        return {}
    try:
        entries = json.loads(manifest.read_text(encoding="utf-8"))
        return {str(name): dict(entry) for name, entry in entries.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise BadWeights(f"{manifest}: damaged ({error}); {REINSTALL}") from None


@cache
def packaged(name: str) -> Path:
    """The file of the shipped weights called `name`; its hash is compared once in a process.

    Raises:
        BadWeights: No such weights ship, or the installed file is not the one that was shipped.
    """
    entries = shipped()
    if name not in entries:
        known = ", ".join(sorted(entries)) or "none"
        raise BadWeights(f"no weights called '{name}' ship with this package (it has: {known}); {REINSTALL}")
    path = FOLDER / f"{name}.safetensors"
    if not path.is_file():
        raise BadWeights(f"{path}: missing from the installation; {REINSTALL}")
    if sha256(path) != entries[name].get("sha256"):
        raise BadWeights(f"{path}: damaged (its SHA-256 is not the one in manifest.json); {REINSTALL}")
    return path


def resolve(name_or_path: str | Path) -> Path:
    """A weight file: a path if it looks like one (an ending or a folder in it, or it exists), else shipped weights.

    Raises:
        BadWeights: It is not there.
    """
    path = Path(name_or_path)
    if path.is_file():
        return path
    if path.suffix or len(path.parts) > 1:
        raise BadWeights(f"{path}: no such weight file")
    return packaged(str(name_or_path))


def _refuse_pickles(path: Path) -> None:
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
    except OSError as error:
        raise BadWeights(f"{path}: cannot be opened ({error.strerror or error})") from None
    # A zip archive is what torch.save writes; 0x80 opens a bare pickle (and the first torch format).
    if start[:2] == b"PK" or start[:1] == b"\x80":
        raise BadWeights(
            f"{path}: a pickle, which could run any code when read; give a .safetensors file "
            "(convert it where you trust it: safetensors.torch.save_file(torch.load(FILE, weights_only=True), OUT))"
        )
