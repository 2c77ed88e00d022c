"""The written picture: the photo's own numbers at its own size, and only the edited part painted over them."""

from __future__ import annotations

import io
import os
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from viton_cli import files
from viton_cli.config import TryOnConfig
from viton_cli.pipelines.tryon import finish
from viton_cli.records import Photo, Result

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SWAPPED = SRGB.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))
SWAPPED = SWAPPED.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ")
RED = (200, 30, 40)


def grain(height: int = 400, width: int = 300) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)


def painted(photo: Photo, top: float = 0.25, bottom: float = 0.5, left: float = 0.5, right: float = 0.7) -> Result:
    """A red rectangle, in shares of the photo."""
    height, width = photo.size
    image, edited = photo.image.copy(), np.zeros(photo.size, bool)
    edited[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = True
    image[edited] = RED
    return Result(image, edited)


def written(photo: Photo, result: Result, ending: str = ".png", strip: bool = False) -> tuple[NDArray[np.uint8], dict]:
    with Image.open(io.BytesIO(finish.encode(photo, result, ending, strip))) as opened:
        return np.array(opened), dict(opened.info)


@pytest.mark.parametrize("profile", [None, SRGB, SWAPPED])
@pytest.mark.parametrize("most", [None, 30_000])
def test_outside_the_edited_part_the_numbers_stay(tmp_path: Path, profile: bytes | None, most: int | None) -> None:
    Image.fromarray(grain()).save(tmp_path / "x.png", icc_profile=profile)
    photo = files.read_photo(tmp_path / "x.png", most=most)
    image, info = written(photo, painted(photo))
    assert info.get("icc_profile") == profile and image.shape == (400, 300, 3)
    outside = np.ones((400, 300), bool)
    outside[100:200, 150:210] = False
    np.testing.assert_array_equal(image[outside], grain()[outside])
    # In the numbers of the profile with red and blue exchanged, red is written as blue.
    wanted = RED[::-1] if profile == SWAPPED else RED
    assert np.abs(image[108:192, 158:202].astype(int) - wanted).max() <= 3


@pytest.mark.parametrize("most", [None, 30_000])
def test_python_gets_the_same_picture(tmp_path: Path, most: int | None) -> None:
    Image.fromarray(grain()).save(tmp_path / "x.png", icc_profile=SWAPPED)
    photo = files.read_photo(tmp_path / "x.png", most=most)
    result = finish.at_full_size(photo, photo, painted(photo))
    image, _ = written(photo, painted(photo))
    np.testing.assert_array_equal(result.image, image)
    assert result.profile == SWAPPED and result.edited.shape == (400, 300)
    np.testing.assert_array_equal(result.image[~result.edited], grain()[~result.edited])
    assert finish.edited_box(photo, painted(photo)) == (150, 100, 210, 200)


def test_places_are_those_of_the_full_size_photos(tmp_path: Path) -> None:
    Image.fromarray(grain()).save(tmp_path / "x.png")
    Image.fromarray(grain(200, 200)).save(tmp_path / "g.png")
    photo, garment = (
        files.read_photo(tmp_path / "x.png", most=30_000),
        files.read_photo(tmp_path / "g.png", most=10_000),
    )
    assert photo.size == (200, 150) and garment.size == (100, 100)
    places = np.full((200, 150, 2), np.nan, np.float32)
    places[50:100, 75:105] = (30, 40)
    result = finish.at_full_size(photo, garment, replace(painted(photo), trace=lambda: places))
    assert result.places is not None and result.places.shape == (400, 300, 2)
    shown = np.isfinite(result.places).all(2)
    assert shown[100:200, 150:210].all() and shown.sum() == 100 * 60
    # The middle of pixel (30, 40) at half the size, in pixels of the garment's photo.
    np.testing.assert_array_equal(result.places[shown][0], (60.5, 80.5))
    small = files.read_photo(tmp_path / "g.png")
    assert finish.at_full_size(small, small, Result(small.image, small.image.any(2))).places is None


def test_nothing_edited_is_the_photo(tmp_path: Path) -> None:
    Image.fromarray(grain()).save(tmp_path / "x.png")
    photo = files.read_photo(tmp_path / "x.png", most=30_000)
    nothing = Result(photo.image, np.zeros(photo.size, bool))
    assert finish.edited_box(photo, nothing) is None
    np.testing.assert_array_equal(written(photo, nothing)[0], grain())


def test_strips_meet_without_seams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    y, x = np.mgrid[:400, :300]
    slopes = np.stack([y // 2, x // 2, (x + y) // 4], 2).astype(np.uint8)
    Image.fromarray(slopes).save(tmp_path / "x.png")
    photo = files.read_photo(tmp_path / "x.png", most=30_000)
    result = Result(photo.image, np.ones(photo.size, bool))
    whole, _ = written(photo, result)
    monkeypatch.setattr(finish, "STRIP", 300 * 7)
    strips, _ = written(photo, result)
    assert np.abs(strips.astype(int) - whole).max() <= 1
    assert np.abs(strips[4:-4, 4:-4].astype(int) - slopes[4:-4, 4:-4]).max() <= 3, "and nothing is moved"


def test_strip_drops_all_exif(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x013B], exif[0x0112] = "Evelyn T", 6
    Image.fromarray(grain()).save(tmp_path / "x.jpg", exif=exif, icc_profile=SRGB)
    photo = files.read_photo(tmp_path / "x.jpg")
    for ending in (".png", ".jpg", ".webp"):
        data = finish.encode(photo, painted(photo), ending, strip=False)
        assert b"Evelyn T" in data and Image.open(io.BytesIO(data)).getexif().get(0x0112) is None
        assert Image.open(io.BytesIO(data)).size == (400, 300)
        data = finish.encode(photo, painted(photo), ending, strip=True)
        assert b"Evelyn T" not in data and Image.open(io.BytesIO(data)).info.get("icc_profile") == SRGB


class TestCommand:
    """`viton tryon` with the networks' stand-ins."""

    def test_profile_exif_and_size_of_the_photo(
        self, fakes: SimpleNamespace, folders: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from viton_cli.pipelines.tryon import inputs, run

        monkeypatch.setattr(inputs, "WORKING_PIXELS", 30_000)
        exif = Image.Exif()
        exif[0x013B], exif[0x0112] = "Evelyn T", 6
        Image.fromarray(grain()).save(folders.people / "anna.png", exif=exif, icc_profile=SWAPPED)
        given = {"person": str(folders.people / "anna.png"), "clothes": str(folders.clothes / "green.png")}
        done = run.tryon(TryOnConfig(**given, out=str(folders.out), masks=True))
        assert (done.ok, done.failed) == (1, 0)
        with Image.open(folders.out / "anna__green.png") as opened:
            assert opened.size == (400, 300) and opened.info["icc_profile"] == SWAPPED
            assert opened.getexif()[0x013B] == "Evelyn T"
            image = np.array(opened)
        edited = np.asarray(Image.open(folders.out / "edited/anna__green.png")) > 0
        upright = np.rot90(grain(), -1)
        np.testing.assert_array_equal(image[~edited], upright[~edited])
        (entry,) = files.Manifest(folders.out / "manifest.jsonl").read()
        x0, y0, x1, y1 = entry["edited"]
        assert not edited[:y0].any() and edited[y0:y1, x0:x1].all() and edited.sum() == (y1 - y0) * (x1 - x0)
        done = run.tryon(TryOnConfig(**given, out=str(folders.root / "one.jpg"), strip=True))
        data = (folders.root / "one.jpg").read_bytes()
        assert done.ok == 1 and b"Evelyn T" not in data and Image.open(io.BytesIO(data)).info["icc_profile"] == SWAPPED

    def test_one_odd_file_stops_no_run_long_enough_to_be_sized_first(
        self, fakes: SimpleNamespace, folders: SimpleNamespace
    ) -> None:
        from viton_cli.pipelines.tryon import run

        for number in range(run.LONG // 3):
            folders.photo(folders.people / f"{number}.png")
        data = files.encode_image(grain(40, 30))
        swollen = zlib.compress(bytes(5_000_000))  # at which Pillow raises ValueError
        odd = struct.pack(">I", len(swollen) + 6) + b"zTXt" + b"name\0\0" + swollen
        (folders.people / "odd.png").write_bytes(data[:33] + odd + struct.pack(">I", zlib.crc32(odd[4:])) + data[33:])
        done = run.tryon(TryOnConfig(person=str(folders.people), clothes=str(folders.clothes), out=str(folders.out)))
        assert (done.ok, done.failed, done.defects) == (3 * (run.LONG // 3 + 2), 3, 0)

    def test_a_photo_that_is_gone_when_it_is_written_fails_alone(
        self, fakes: SimpleNamespace, folders: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from viton_cli.pipelines.tryon import inputs, run

        monkeypatch.setattr(inputs, "WORKING_PIXELS", 30_000)
        Image.fromarray(grain()).save(folders.people / "anna.png")
        read = inputs.read_photo

        def read_and_lose(path: Path, *rest: object) -> Photo:
            photo = read(path, *rest)
            if Path(path).name == "anna.png":
                os.unlink(path)
            return photo

        monkeypatch.setattr(inputs, "read_photo", read_and_lose)
        done = run.tryon(TryOnConfig(person=str(folders.people), clothes=str(folders.clothes), out=str(folders.out)))
        assert (done.ok, done.failed) == (3, 3) and done.problems[0].endswith("(No such file or directory)")
        told = [entry["status"] for entry in files.Manifest(folders.out / "manifest.jsonl").read()]
        assert sorted(told) == ["failed"] * 3 + ["ok"] * 3
