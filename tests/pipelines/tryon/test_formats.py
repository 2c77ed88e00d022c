"""Results as PNG, JPEG and WebP, and the places beside them."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from viton_cli.config import TryOnConfig
from viton_cli.engines.progress import Summary
from viton_cli.errors import BadConfig, BadPairs
from viton_cli.files import Manifest, encode_image
from viton_cli.pipelines.receipts import read_receipt
from viton_cli.pipelines.tryon import tryon

pytestmark = pytest.mark.usefixtures("fakes")


def run(folders: SimpleNamespace, **settings: Any) -> Summary:
    given = {"person": str(folders.people), "clothes": str(folders.clothes), "out": str(folders.out), **settings}
    return tryon(TryOnConfig(**given))


def results(folders: SimpleNamespace) -> list[Path]:
    return sorted(folders.out.rglob("*__*"))


def entries(folders: SimpleNamespace) -> list[dict[str, Any]]:
    return [entry for entry in Manifest(folders.out / "manifest.jsonl").read() if entry["status"] == "ok"]


@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
def test_a_run_in_a_format(folders: SimpleNamespace, kind: str) -> None:
    """Files open as what they are called, hold their receipt, are in manifest and page, and are not made again."""
    assert run(folders, image_format=kind).ok == 6
    pictures = [path for path in results(folders) if path.parent.name != "thumbs" and "thumbs" not in path.parts]
    assert {path.suffix for path in pictures} == {f".{kind}"} and len(pictures) == 6
    for path in pictures:
        with Image.open(path) as opened:
            assert opened.format == {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}[kind]
        assert read_receipt(path).quality is None
    assert {folders.out / entry["output"] for entry in entries(folders)} == set(pictures)
    assert all(entry["lossless"] == (kind == "png") for entry in entries(folders))
    assert f'"{ {"png": "f", "jpg": "j", "webp": "w"}[kind] }t"' in (folders.out / "index.html").read_text("utf-8")
    again = run(folders, image_format=kind)
    assert (again.ok, again.skipped) == (0, 6)


def test_png_keeps_every_pixel_that_is_not_edited(folders: SimpleNamespace) -> None:
    run(folders)
    photo = np.asarray(Image.open(folders.people / "anna.png").convert("RGB"))
    result = np.asarray(Image.open(folders.out / "anna__green.png"))
    outside = np.ones(photo.shape[:2], bool)
    outside[10:20, 5:15] = False
    assert np.array_equal(result[outside], photo[outside]) and not np.array_equal(result, photo)


def test_another_format_takes_the_place_of_the_first(folders: SimpleNamespace) -> None:
    run(folders)
    with pytest.raises(BadConfig, match="image_format"):
        run(folders, image_format="jpg")
    assert run(folders, image_format="jpg", overwrite=True).ok == 6
    assert not list(folders.out.rglob("*__*.png")) and len(list(folders.out.glob("anna__*.jpg"))) == 3


def test_a_pair_that_fails_now_keeps_no_result_in_any_format(folders: SimpleNamespace) -> None:
    run(folders)
    Image.new("RGB", (48, 64), "white").save(folders.clothes / "green.png")  # no garment in it
    done = run(folders, image_format="jpg", overwrite=True)
    assert (done.ok, done.failed) == (4, 2) and not list(folders.out.glob("anna__green.*"))


def test_a_picture_of_somebody_else_beside_a_result_stays(folders: SimpleNamespace) -> None:
    run(folders)
    mine = folders.out / "anna__green.jpg"
    mine.write_bytes(encode_image(np.zeros((9, 9, 3), np.uint8), ".jpg"))
    run(folders, overwrite=True)
    assert mine.is_file()


def test_quality_is_packed_tighter_and_told(folders: SimpleNamespace) -> None:
    sizes = []
    for quality in (30, 100):
        run(folders, image_format="jpg", quality=quality, overwrite=True)
        path = folders.out / "anna__green.jpg"
        sizes.append(path.stat().st_size)
        assert read_receipt(path).quality == quality
    assert sizes[0] < sizes[1]
    with pytest.raises(BadConfig, match="quality"):
        run(folders, image_format="jpg", quality=50)


def test_what_cannot_be_meant(folders: SimpleNamespace, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="--quality belongs to"):
        run(folders, quality=80)
    one = {"person": str(folders.people / "anna.png"), "clothes": str(folders.clothes / "red.png")}
    with pytest.raises(BadConfig, match="leave --image-format away"):
        run(folders, **one, out=str(tmp_path / "x.png"), image_format="jpg")
    with pytest.raises(BadConfig, match="need a folder"):
        run(folders, **one, out=str(tmp_path / "x.png"), places=True)
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("person,garment,output\nanna,red,first.png\n")
    with pytest.raises(BadPairs, match=r"written as \.jpg"):
        run(folders, pairing=str(pairs), image_format="jpg")
    assert not folders.out.exists()


def test_one_picture_of_a_quality(folders: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"person": str(folders.people / "anna.png"), "clothes": str(folders.clothes / "green.png")}
    run(folders, **one, out=str(tmp_path / "x.jpeg"), image_format="jpg", quality=40)
    assert read_receipt(tmp_path / "x.jpeg").quality == 40
    piped = SimpleNamespace(buffer=io.BytesIO())
    monkeypatch.setattr("sys.stdout", piped)
    run(folders, **one, out="-", image_format="webp")
    with Image.open(io.BytesIO(piped.buffer.getvalue())) as opened:
        assert opened.format == "WEBP"


def test_places_are_written_and_needed(folders: SimpleNamespace) -> None:
    run(folders, places=True)
    path = folders.out / "anna__green.places.npz"
    places = np.load(path)["places"]
    height, width = np.asarray(Image.open(folders.people / "anna.png")).shape[:2]
    assert places.shape == (height, width, 2) and places.dtype == np.float32
    assert np.array_equal(places[12, 7], (3, 4)) and np.isnan(places[0, 0]).all()
    path.unlink()
    again = run(folders, places=True)
    assert (again.ok, again.skipped) == (1, 5) and path.is_file()
