"""What Python may give: pictures and masks taken or refused by name; results that show and save themselves."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import viton_cli
from viton_cli import TryOn
from viton_cli.config import MethodConfig, PrepareConfig, TrainConfig, TryOnConfig
from viton_cli.errors import BadConfig, BadImage, BadMask
from viton_cli.files import read_photo
from viton_cli.pipelines.receipts import read_receipt
from viton_cli.pipelines.tryon.given import as_mask, as_photo

RNG = np.random.default_rng(3)
RGB = RNG.integers(0, 256, (40, 30, 3), np.uint8)
GREY = RGB[:, :, 0]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (RGB, RGB),
        (GREY, np.stack([GREY] * 3, 2)),
        (GREY[:, :, None], np.stack([GREY] * 3, 2)),
        (RGB / 255, RGB),
        ((RGB / 255).astype(np.float32), RGB),
        (Image.fromarray(RGB), RGB),
        (Image.fromarray(GREY), np.stack([GREY] * 3, 2)),
        (np.dstack([RGB, np.full((40, 30), 255, np.uint8)]), RGB),
        (np.dstack([RGB, np.zeros((40, 30), np.uint8)]), np.full((40, 30, 3), 255, np.uint8)),
    ],
)
def test_pictures_that_are_taken(given: Any, meant: np.ndarray) -> None:
    np.testing.assert_array_equal(as_photo(given, "x").image, meant)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (RGB.astype(np.float32), "person: an array of float32 with values from 0 to 255; give uint8, or floats in"),
        (RGB.astype(np.int64), "an array of int64 with values from 0 to 255"),
        (RGB > 3, "an array of bool; give uint8"),
        (np.full((40, 30), np.nan), "floats in [0, 1]"),
        (RGB.transpose(2, 0, 1), "channels come last: give array.transpose(1, 2, 0)"),
        (RGB[None], "shape (1, 40, 30, 3), not (H, W) grey"),
        ([[1, 2]], "a list is no picture; give a path, a PIL image or an array"),
        ("https://example.org/a.jpg", "an address"),
    ],
)
def test_pictures_that_are_refused_by_name(given: Any, text: str) -> None:
    with pytest.raises(BadImage) as caught:
        as_photo(given, "person")
    assert text in str(caught.value) and "\n" not in str(caught.value)


def test_a_tensor_is_named() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(BadImage, match=r"a torch\.Tensor is no picture"):
        as_photo(torch.zeros(3, 40, 30), "person")


@pytest.mark.parametrize(
    "given",
    [GREY > 99, (GREY > 99).astype(np.uint8), (GREY > 99).astype(np.uint8) * 255, (GREY > 99).astype(float),
     Image.fromarray((GREY > 99).astype(np.uint8) * 255), (GREY > 99)[:, :, None]],
)  # fmt: skip
def test_masks_that_are_taken(given: Any) -> None:
    found = as_mask(given, (40, 30))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, GREY > 99)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (GREY[:9], "mask: an array of 9x30 for a photo of 40x30 (height x width)"),
        (GREY.astype(float), "with values from"),
        (GREY.astype(np.int64), "an array of int64"),
        ([1], "a list is no mask"),
    ],
)
def test_masks_that_are_refused_by_name(given: Any, text: str) -> None:
    with pytest.raises(BadMask) as caught:
        as_mask(given, (40, 30))
    assert text in str(caught.value)


def test_a_result_shows_and_saves_itself(fakes: SimpleNamespace, folders: SimpleNamespace, tmp_path: Path) -> None:
    result = TryOn().run(folders.people / "anna.png", folders.clothes / "red.png")
    assert repr(result) == "TryOnResult(48x64, 3% edited, 1 check)"
    assert result.pil.size == (48, 64) and result._repr_png_().startswith(b"\x89PNG")
    for name in ("a.png", "a.jpg"):
        path = result.save(tmp_path / name)
        assert read_receipt(path) == result.receipt
    np.testing.assert_array_equal(read_photo(tmp_path / "a.png").image, result.image)
    with pytest.raises(BadImage, match=r"not as '\.bmp'"):
        result.save(tmp_path / "a.bmp")
    mask = np.zeros((64, 48), bool)
    mask[20:40, 10:30] = True
    assert TryOn().run(folders.people / "anna.png", folders.clothes / "red.png", mask).receipt != result.receipt
    with pytest.raises(BadMask, match=r"cut out already"):
        TryOn().run(folders.people / "anna.png", TryOn().cut(folders.clothes / "red.png"), mask)


def test_records_say_what_they_are_in_a_line(fakes: SimpleNamespace, folders: SimpleNamespace) -> None:
    engine = TryOn(warp="paper")
    person, garment = engine.find(folders.people / "anna.png"), engine.cut(folders.clothes / "red.png")
    assert repr(engine) == "TryOn(warp='paper')"
    assert repr(person) == "Person(Photo('anna', 48x64), Pose(18 of 18 joints seen))"
    assert repr(garment) == "Garment(Photo('red', 48x64), unknown, quality 1.00)"
    assert repr(person.parsing) == "Parsing(48x64, 2 labels)"


def test_settings_are_named_and_documented() -> None:
    own = [name for name in inspect.signature(TryOn).parameters if name not in ("config", "tools")]
    assert set(own) == set(MethodConfig.model_fields)
    assert all(f"{name}: " in (TryOn.__doc__ or "") for name in own)
    for function, model, renamed in (
        (viton_cli.tryon, TryOnConfig, "people"), (viton_cli.prepare, PrepareConfig, "people"),
        (viton_cli.train, TrainConfig, ""),
    ):  # fmt: skip
        names = set(inspect.signature(function).parameters)
        assert {"person" if name == renamed else name for name in names} - {"stage"} == set(model.model_fields)
        assert all(f"{name}: " in (function.__doc__ or "") for name in names - {"people", "clothes", "data"})
    with pytest.raises(BadConfig, match="did you mean 'pairing'"):
        viton_cli.tryon("a", "b", "c", pairin="zip")


def test_functions_give_reports(fakes: SimpleNamespace, folders: SimpleNamespace, tmp_path: Path) -> None:
    done = viton_cli.tryon(folders.people, [folders.clothes / "red.png"], folders.out, masks=True)
    assert (done.ok, done.failed) == (2, 0) and len(done.entries) == 2
    assert sorted(path.name for path in done.results) == ["anna__red.png", "bert ü__red.png"]
    assert all(path.is_file() for path in done.results) and repr(done).startswith(
        "<2 pairs done, 2 doubtful, 0 bad, 0 failed"
    )
    one = viton_cli.tryon(folders.people / "anna.png", folders.clothes / "red.png", tmp_path / "one.png")
    assert one.results == [tmp_path / "one.png"]
    ready = viton_cli.prepare(folders.people, folders.clothes, tmp_path / "data", height=96)
    assert ready.ok == 5 and {entry["kind"] for entry in ready.entries} == {"person", "garment"}


def test_scores_are_a_report_too(folders: SimpleNamespace) -> None:
    scores = viton_cli.evaluate(folders.people, folders.people, metrics="ssim")
    assert repr(scores) == "<ssim 1.0000 (n=2)>" and scores.scores[0].n == 2


def test_nothing_is_printed(
    fakes: SimpleNamespace, folders: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    viton_cli.tryon(folders.people, folders.clothes, folders.out)
    assert capsys.readouterr() == ("", "")
