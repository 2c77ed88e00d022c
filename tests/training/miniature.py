"""A miniature training set: drawn people in drawn shirts of their own colour, in the layout of the rendered set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from viton_cli.files import write_image, write_keypoints, write_labels
from viton_cli.perception.backends.fake import draw_person
from viton_cli.vocabulary import labels as L

PHOTO = (160, 120)


def write_rendered(root: Path, numbers: range) -> Path:
    """People and garments of these numbers, everyone in the garment of the same number."""
    rng = np.random.default_rng(0)
    rows = ["person,garment,truth"]
    for number in numbers:
        colour = rng.integers(20, 230, 3)
        sleeves = ("none", "short", "long")[number % 3]
        image, labels, pose = draw_person(PHOTO, middle=0.45 + 0.02 * (number % 5), sleeves=sleeves)
        image = np.where((labels == L.UPPER)[..., None], colour, image).astype(np.uint8)
        write_image(root / f"image/p{number:04d}.jpg", image)
        write_labels(root / f"image-parse/p{number:04d}.png", labels)
        write_keypoints(root / f"pose/p{number:04d}_keypoints.json", [pose])
        mask = Image.new("L", (90, 120))
        long = {"none": 0, "short": 14, "long": 40}[sleeves]
        outline = [(28, 15), (62, 15), (80, 30 + long), (70, 36 + long), (64, 34), (64, 105), (26, 105), (26, 34),
                   (20, 36 + long), (10, 30 + long)]  # fmt: skip
        ImageDraw.Draw(mask).polygon(outline, fill=255)
        area = np.asarray(mask)
        write_image(root / f"cloth-mask/g{number:04d}.png", area)
        write_image(root / f"cloth/g{number:04d}.jpg", np.where(area[..., None] > 0, colour, 250).astype(np.uint8))
        rows.append(f"p{number:04d},g{number:04d},p{number:04d}")
    (root / "pairs.csv").write_text("\n".join(rows) + "\n")
    return root
