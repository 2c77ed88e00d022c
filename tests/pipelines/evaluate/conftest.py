"""A wardrobe with a true answer of every try-on."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from evaluating import SIZE
from metric_pictures import smooth

from viton_cli.files import write_image, write_labels
from viton_cli.vocabulary import labels as L


@pytest.fixture
def wardrobe(tmp_path: Path) -> SimpleNamespace:
    """Three people, each in garments a and b: every picture is known, so that every try-on has a true answer."""
    root = SimpleNamespace(root=tmp_path, image=tmp_path / "image", out=tmp_path / "out", labels=tmp_path / "labels")
    for number, person in enumerate(("w1", "w2", "w3")):
        ground = smooth(number, SIZE)
        for garment, colour in {"a": 30, "b": 200}.items():
            picture = ground.copy()
            picture[16:40, 10:30] = colour
            write_image(root.image / f"{person}_{garment}.png", picture)
            found = np.zeros(SIZE, np.uint8)
            found[16:40, 10:30] = L.UPPER
            write_labels(root.labels / f"{person}_{garment}.png", found)
    lines = [f"w{n}_{p},w{n}_{g},w{n}_{g}" for n in (1, 2, 3) for p in "ab" for g in "ab"]
    (tmp_path / "pairs.csv").write_text("person,garment,truth\n" + "\n".join(lines) + "\n")
    (tmp_path / "people.csv").write_text("id,sex,skin,height\nw1,f,#111111,1.5\nw2,m,#222222,1.7\nw3,f,#333333,1.9\n")
    return root
