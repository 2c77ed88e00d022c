"""A small wardrobe of drawn pictures, and its evaluation."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from metric_pictures import noisy
from PIL import Image

from viton_cli.config import EvaluateConfig
from viton_cli.files import write_image
from viton_cli.pipelines.evaluate import Evaluation, evaluate

SIZE = (48, 40)
PHOTO_METRICS = ["ssim", "psnr", "region"]


def config(folders: SimpleNamespace, **settings: Any) -> EvaluateConfig:
    return EvaluateConfig(**{"results": folders.out, "reference": folders.people, "metrics": ["ssim"], **settings})


def results(wardrobe: SimpleNamespace, levels: int = 8) -> None:
    """A try-on that is nearly right, of every pair."""
    for number, line in enumerate((wardrobe.root / "pairs.csv").read_text().splitlines()[1:]):
        person, garment, truth = line.split(",")
        image = np.asarray(Image.open(wardrobe.image / f"{truth}.png"))
        write_image(wardrobe.out / f"{person}__{garment}.png", noisy(image, levels, number))


def scored(wardrobe: SimpleNamespace, **settings: Any) -> Evaluation:
    given: dict[str, Any] = {
        "results": wardrobe.out, "reference": wardrobe.image, "pairs": wardrobe.root / "pairs.csv",
        "person": wardrobe.image, "metrics": PHOTO_METRICS,
    }  # fmt: skip
    return evaluate(EvaluateConfig(**{**given, **settings}))
