"""A small study: results of methods on every person in every garment, and raters who answer by known strengths."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from viton_cli.config import EvaluateSheetConfig
from viton_cli.pipelines.evaluate.key import Key, read_key
from viton_cli.pipelines.evaluate.sheet import write_sheet
from viton_cli.pipelines.names import pair_name

Study = Callable[..., SimpleNamespace]


def make_study(root: Path, methods: int = 2, people: int = 2, clothes: int = 2, **settings: Any) -> SimpleNamespace:
    """A written sheet, its key, and where everything is."""
    chance = np.random.default_rng(0)

    def picture(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(chance.integers(0, 256, (40, 30), np.uint8)).convert("RGB").save(path)

    persons, garments = [f"p{i}" for i in range(people)], [f"g{i}" for i in range(clothes)]
    for person in persons:
        picture(root / "people" / f"{person}.png")
    for garment in garments:
        picture(root / "clothes" / f"{garment}.png")
    folders = [root / f"method{i}" for i in range(methods)]
    for folder in folders:
        for person in persons:
            for garment in garments:
                picture(folder / f"{pair_name(person, garment)}.png")
    config = EvaluateSheetConfig(
        person=root / "people", clothes=root / "clothes", out=root / "study", **{"printed": "no", **settings}
    )
    sheet = write_sheet(config, [str(folder) for folder in folders])
    key = read_key(sheet.out / "key.json")
    return SimpleNamespace(root=root, sheet=sheet, key=key, config=config, folders=folders, out=sheet.out)


def vote(
    key: Key, path: Path, rater: str, number: int, strengths: dict[str, float], seed: int, careless: bool = False
) -> Path:
    """Write the answers of one rater, who prefers a method by Bradley and Terry and sees every spoilt picture."""
    chance = np.random.default_rng(seed)
    lines = []
    for place, trial in enumerate(key.lists[number - 1], start=1):
        left, right = key.methods[trial.left], key.methods[trial.right]
        if trial.spoilt and not careless:
            choice = 2 if trial.spoilt == "left" else 1
        else:
            choice = 1 if chance.random() < 1 / (1 + np.exp(strengths[right] - strengths[left])) else 2
        line = {"sheet": key.sheet, "rater": rater, "list": number, "trial": place, "choice": choice}
        lines.append({**line, "seconds": 1.5, "at": f"2026-01-01T00:00:{place % 60:02d}Z"})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path
