"""The whole path with everything real but the training: drawn people, networks with random weights."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from viton_cli import TryOn
from viton_cli.checkpoints import save_weights
from viton_cli.config import TryOnConfig
from viton_cli.files import Manifest, read_photo, write_image
from viton_cli.methods import views
from viton_cli.methods.networks import build_composer, build_generator
from viton_cli.perception.backends.fake import draw_person
from viton_cli.pipelines.tryon import tryon


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whole")
    torch.manual_seed(0)
    for kind in ("stage1", "stage2"):
        meta = {"kind": kind, "width": 4, "size": [256, 192]}
        build = build_generator if kind == "stage1" else build_composer
        tensors = build({"width": 4}).state_dict()
        if kind == "stage1":
            last = [name for name in tensors if name.endswith("bias")][-1]
            tensors[last][3] = 3.0  # clothing is predicted wherever the untrained rest does not say otherwise
        save_weights(root / "weights" / f"{kind}.safetensors", tensors, meta)
    write_image(root / "people/a.png", draw_person((400, 300))[0])
    write_image(root / "people/b.png", draw_person((330, 500), middle=0.4, sleeves="long")[0])
    write_image(root / "people/nobody.png", np.full((200, 150, 3), 235, np.uint8))
    shirt = Image.new("RGB", (240, 320), "white")
    ImageDraw.Draw(shirt).polygon(
        [(70, 60), (100, 50), (140, 50), (170, 60), (220, 120), (190, 145), (170, 120),
         (170, 270), (70, 270), (70, 120), (50, 145), (20, 120)], fill=(200, 30, 40),
    )  # fmt: skip
    (root / "clothes").mkdir()
    shirt.save(root / "clothes/shirt.jpg", quality=95)
    return root


def test_product_and_representation_are_worked_out_once_a_garment_and_once_a_person(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def counted(name: str) -> None:
        real = getattr(views, name)
        monkeypatch.setattr(views, name, lambda *given: (made.append(name), real(*given))[1])

    for name in ("cut_product", "represent_both_ways"):
        counted(name)
    (tmp_path / "clothes").mkdir()
    for name in ("shirt", "other"):
        shutil.copy(inputs / "clothes/shirt.jpg", tmp_path / "clothes" / f"{name}.jpg")
    settings = {"weights": str(inputs / "weights"), "pose": "fake", "parsing": "fake", "out": str(tmp_path / "out")}
    done = tryon(TryOnConfig(person=str(inputs / "people"), clothes=str(tmp_path / "clothes"), **settings))
    assert done.ok == 4 and (made.count("represent_both_ways"), made.count("cut_product")) == (2, 2)


def test_from_two_folders_to_pictures(inputs: Path) -> None:
    out = inputs / "out"
    settings: dict[str, Any] = {"person": str(inputs / "people"), "clothes": str(inputs / "clothes"), "out": str(out)}
    settings |= {"weights": str(inputs / "weights"), "pose": "fake", "parsing": "fake", "steps": True, "masks": True}
    done = tryon(TryOnConfig(**settings))
    assert (done.ok, done.failed, done.defects) == (2, 1, 0), done.problems
    assert "nobody.png" in done.problems[0] and "no person found" in done.problems[0]
    for person in ("a", "b"):
        source = read_photo(inputs / f"people/{person}.png").image
        result = read_photo(out / f"{person}__shirt.png").image
        edited = read_photo(out / f"edited/{person}__shirt.png").image[..., 0] > 0
        np.testing.assert_array_equal(result[~edited], source[~edited])
        assert edited.any() and not edited.all()
    entry = next(e for e in Manifest(out / "manifest.jsonl").read() if e["person"] == "a")
    assert {"person", "garment", "generate", "warp"} <= set(entry["seconds"]) and entry["edited"][2] <= 300
    assert (out / "steps/a__shirt.jpg").is_file() and (out / "sheet.jpg").is_file()


def test_python_and_command_line_make_the_same_picture(inputs: Path) -> None:
    engine = TryOn(weights=str(inputs / "weights"), pose="fake", parsing="fake")
    result = engine.run(inputs / "people/a.png", inputs / "clothes/shirt.jpg", steps=True)
    assert result.image.shape == (400, 300, 3) and "warped clothing" in result.steps
    again = engine.run(engine.find(inputs / "people/a.png"), engine.cut(inputs / "clothes/shirt.jpg"))
    np.testing.assert_array_equal(result.image, again.image)
