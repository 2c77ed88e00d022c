"""A miniature wardrobe: drawn people in drawn shirts, with coordinates of the cloth that are known in closed form."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np

from viton_cli.files import write_image, write_keypoints, write_labels
from viton_cli.perception.backends.fake import draw_person
from viton_cli.vocabulary import labels as L

PHOTO, CLOTH = (160, 120), (120, 90)
COLOURS = {"a": (200, 60, 50), "b": (60, 90, 210)}


def write_wardrobe(root: Path, people: tuple[str, ...] = ("w0001", "w0002", "w0007")) -> Path:
    """Everyone in two garments. On the product u, v grow by 2 a pixel from its corner (15, 20); on the person they are
    as if the product had been shrunk to the garment's bounding box."""
    rows = ["person,garment,truth,kind"]
    for number, person in enumerate(people):
        image, labels, pose = draw_person(PHOTO, middle=0.46 + 0.02 * number, sleeves="none")
        worn = labels == L.UPPER
        top, left = (np.flatnonzero(worn.any(axis))[0] for axis in (1, 0))
        high, wide = (np.flatnonzero(worn.any(axis))[-1] + 1 for axis in (1, 0))
        ys, xs = np.mgrid[: PHOTO[0], : PHOTO[1]]
        on_person = np.stack([(xs - left) / (wide - left) * 120, (ys - top) / (high - top) * 160], 2)
        solid = np.zeros(CLOTH, bool)
        solid[20:100, 15:75] = True
        yc, xc = np.mgrid[: CLOTH[0], : CLOTH[1]]
        on_cloth = np.stack([(xc - 15) * 2, (yc - 20) * 2], 2)
        for garment, colour in COLOURS.items():
            name = f"{person}_1{garment}"
            write_image(root / f"image/{name}.jpg", np.where(worn[..., None], colour, image).astype(np.uint8))
            write_labels(root / f"image-parse/{name}.png", labels)
            write_keypoints(root / f"pose/{name}_keypoints.json", [pose])
            write_image(root / f"cloth-mask/{name}.png", (solid * 255).astype(np.uint8))
            write_image(root / f"cloth/{name}.jpg", np.where(solid[..., None], colour, 250).astype(np.uint8))
            for kind, at, where in (("image", on_person, worn), ("cloth", on_cloth, solid)):
                picture = np.concatenate([at, np.full((*where.shape, 1), 40)], 2) * where[..., None]
                write_image(root / f"{kind}-places/{person}{garment}.png", np.round(picture).astype(np.uint8))
        names = [f"{person}_1{garment}" for garment in COLOURS]
        rows += [f"{worn_now},{wanted},{wanted},upper" for worn_now, wanted in product(names, names)]
    (root / "pairs.csv").write_text("\n".join(rows) + "\n")
    return root
