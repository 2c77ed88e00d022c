"""The two networks of VITON, built from what a weight file says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from viton_cli.checkpoints import load_network, resolve
from viton_cli.core.composer import Composer
from viton_cli.core.generator import Generator, LayoutGenerator


def weight_file(kind: str, folder: str | None) -> Path:
    """The weights of one network: KIND.safetensors in the folder, or, without one, those that ship.

    Raises:
        BadWeights: None ship.
    """
    return resolve(kind) if folder is None else Path(folder) / f"{kind}.safetensors"


def build_generator(meta: Mapping[str, Any]) -> Generator | LayoutGenerator:
    """The generator that `meta` describes: "channels" and "blocks" for the one with a layout, else "width";
    "without" names the parts of the representation that it never sees."""
    if "channels" in meta:
        return LayoutGenerator(tuple(meta["channels"]), tuple(meta["blocks"]), without=meta.get("without", ()))
    return Generator(int(meta["width"]), without=meta.get("without", ()))


def build_composer(meta: Mapping[str, Any]) -> Composer:
    """The refinement network that `meta` describes by its "width"."""
    return Composer(int(meta["width"]))


def load_generator(path: Path) -> tuple[Generator | LayoutGenerator, dict[str, Any]]:
    """The generator of a weight file, ready for use, and what the file says of itself.

    Raises:
        BadWeights: Missing, damaged, or weights of something else.
    """
    return load_network(path, "stage1", build_generator)


def load_composer(path: Path) -> tuple[Composer, dict[str, Any]]:
    """The refinement network of a weight file; see `load_generator`."""
    return load_network(path, "stage2", build_composer)
