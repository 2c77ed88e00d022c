"""`viton licences`: what may be done with code, weights, the data behind them, and the packages they need."""

from __future__ import annotations

import importlib.metadata
import json
from dataclasses import asdict, dataclass

from viton_cli.checkpoints import FOLDER, shipped
from viton_cli.pipelines.doctor import PACKAGE, requirements

UNSTATED = "not stated"


@dataclass(frozen=True)
class Licence:
    """One line of the table.

    Attributes:
        kind: "code", "weights", "data" or "dependency".
        name: What it is of. licence: Its name, by SPDX where it is stated so. remark: Whose, or what it is used for.
    """

    kind: str
    name: str
    licence: str
    remark: str = ""

    def as_dict(self) -> dict[str, str]:
        """For `--json`."""
        return asdict(self)


def licences() -> list[Licence]:
    """Every part of this installation with its licence.

    Raises:
        BadWeights: The manifest of the weights is damaged.
    """
    table = [Licence("code", PACKAGE, "Apache-2.0", "no claim is made to what you make with it")]
    for name, entry in shipped().items():
        table.append(Licence("weights", name, str(entry.get("licence", UNSTATED)), "trained by this project"))
    for source in json.loads((FOLDER / "sources.json").read_text(encoding="utf-8")):
        remark = f"{source['from']}; behind {', '.join(source['weights'])}"
        table.append(Licence("data", source["name"], source["licence"], remark))
    for name in sorted(requirements(), key=str.lower):
        table.append(Licence("dependency", name, *_of_package(name)))
    return table


def _of_package(name: str) -> tuple[str, str]:
    """Licence of an installed package by its own metadata, and its version."""
    try:
        about = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return UNSTATED, "not installed"
    classified = [
        line.rsplit("::", 1)[-1].strip() for line in about.get_all("Classifier") or [] if line.startswith("License ::")
    ]
    old, expression = ((about.get_all(field) or [""])[0].strip() for field in ("License", "License-Expression"))
    if "\n" in old:  # some put the whole text there
        old = ""
    return expression or old or ", ".join(classified) or UNSTATED, about["Version"]
