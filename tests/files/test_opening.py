"""The one place where pictures are opened: what is read, what is refused, and in which words."""

from __future__ import annotations

import ast
import io
import os
import socket
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import viton_cli
from viton_cli import files
from viton_cli.errors import BadDataset, BadImage, BadMask
from viton_cli.files import opening


def noise(height: int = 40, width: int = 30) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, pixels: bytes = b"") -> bytes:
    """A PNG of any claimed size, with chunks before its pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def refused(path: Path) -> str:
    """Why a file is not read; the text names it and is one line."""
    with pytest.raises(BadImage) as caught:
        files.read_photo(path)
    text = str(caught.value)
    assert path.name in text and "\n" not in text
    return text.split(f"{path.name}: ", 1)[1]


def test_no_other_place_of_the_package_opens_pictures() -> None:
    places = []
    for path in Path(viton_cli.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "open" and ast.unparse(node.value).endswith("Image"):
                places.append(path.name)
    assert places == ["opening.py"]


@pytest.mark.parametrize("kind", ["EPS", "DDS", "SPIDER", "PCX", "TGA", "ICO", "PPM", "JPEG2000", "SGI", "IM", "MSP"])
def test_other_kinds_are_refused_whatever_their_name(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*_: Any, **__: Any) -> None:
        raise AssertionError("another program was started")

    monkeypatch.setattr(subprocess, "Popen", started)
    image = Image.fromarray(noise(64, 64))
    image = image.convert({"SPIDER": "F", "MSP": "1"}.get(kind, "RGB"))
    stream = io.BytesIO()
    image.save(stream, kind)
    (tmp_path / "x.jpg").write_bytes(stream.getvalue())
    assert refused(tmp_path / "x.jpg").startswith("not a picture of a kind this reads (JPEG, PNG")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "MPO"])
def test_the_kinds_that_are_read_are_told_by_their_content(tmp_path: Path, kind: str) -> None:
    Image.fromarray(noise()).save(tmp_path / "x.png", kind)
    assert files.read_photo(tmp_path / "x.png").size == files.picture_size(tmp_path / "x.png") == (40, 30)


def test_heic_is_read_where_its_reader_is_installed(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    Image.fromarray(noise(64, 48)).save(tmp_path / "x.heic", "HEIF")
    assert files.read_photo(tmp_path / "x.heic").size == (64, 48)


def test_heic_names_its_reader_where_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_formats", lambda: opening.FORMATS)
    (tmp_path / "x.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
    assert refused(tmp_path / "x.heic").startswith("HEIC pictures need a reader: pip install 'viton-cli[heif]'")


class TestLimits:
    """One limit, said in one line, by the header alone."""

    @pytest.mark.parametrize(
        ("width", "height", "cause"),
        [
            (13000, 13700, "13000x13700 pixels is too large (over 178 megapixels)"),
            (20000, 20000, "too large (over 178 megapixels)"),
            (2**31 - 1, 2**31 - 1, "too large (over 178 megapixels)"),
            (8000, 40, "8000x40 pixels is too long and thin (over 20:1)"),
            (30, 20000, "30x20000 pixels is too long and thin (over 20:1)"),
            (100, 8, "100x8 pixels is too small (under 24 on a side)"),
        ],
    )
    def test_sizes(self, tmp_path: Path, width: int, height: int, cause: str) -> None:
        (tmp_path / "x.png").write_bytes(png(width, height))
        with pytest.raises(BadImage) as caught:
            files.read_photo(tmp_path / "x.png")
        assert str(caught.value) == f"{tmp_path / 'x.png'}: {cause}"

    def test_no_pixels_at_all(self, tmp_path: Path) -> None:
        for width, height in ((0, 10), (10, 0), (0, 0)):
            (tmp_path / "x.png").write_bytes(png(width, height))
            assert refused(tmp_path / "x.png")
            header = b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
            (tmp_path / "x.bmp").write_bytes(header)
            assert refused(tmp_path / "x.bmp")


class TestDecoders:
    """Whatever a decoder raises becomes one error that names the file."""

    def test_profiles_and_texts_that_swell(self, tmp_path: Path) -> None:
        swollen = zlib.compress(bytes(5_000_000))
        for kind in (b"iCCP", b"zTXt"):
            pixels = b"\0" * (40 * (1 + 3 * 30))
            (tmp_path / "x.png").write_bytes(png(30, 40, chunk(kind, b"name\0\0" + swollen), pixels=pixels))
            assert "too large" in refused(tmp_path / "x.png")

    def test_a_damaged_avif(self, tmp_path: Path) -> None:
        Image.fromarray(noise(64, 64)).save(tmp_path / "x.avif")
        data = (tmp_path / "x.avif").read_bytes()
        (tmp_path / "x.avif").write_bytes(data[: len(data) // 2])
        assert refused(tmp_path / "x.avif")

    @pytest.mark.parametrize("error", [RuntimeError, ValueError, struct.error, AttributeError, KeyError, MemoryError])
    def test_any_exception(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
        Image.fromarray(noise()).save(tmp_path / "x.png")

        def trips(*_: Any, **__: Any) -> None:
            raise error("odd\nbyte")

        monkeypatch.setattr(Image, "open", trips)
        assert "\n" not in refused(tmp_path / "x.png")
        with pytest.raises(BadMask, match=r"x\.png: the mask cannot be read \("):
            files.read_mask(tmp_path / "x.png", (40, 30))
        with pytest.raises(BadDataset, match=r"x\.png: the labels cannot be read \("):
            files.read_labels(tmp_path / "x.png")

    def test_nothing_reaches_stderr(self, tmp_path: Path) -> None:
        exif = b"Exif\0\0II*\0" + b"\xff" * 40
        Image.fromarray(noise(64, 64)).save(tmp_path / "exif.jpg", exif=exif)
        Image.fromarray(noise(64, 64)).save(tmp_path / "lzw.tif", compression="tiff_lzw")
        data = (tmp_path / "lzw.tif").read_bytes()
        (tmp_path / "torn.tif").write_bytes(data[:300] + bytes(400) + data[700:])
        (tmp_path / "bomb.png").write_bytes(png(10000, 10000))
        indexed = Image.fromarray(noise(64, 64)).quantize(16)
        indexed.save(tmp_path / "palette.png", transparency=bytes(range(16)))
        code = (
            "import sys; from viton_cli import errors, files\n"
            "for name in sys.argv[1:]:\n"
            "    try: files.read_photo(name)\n"
            "    except errors.BadImage: print('refused')\n"
            "    else: print('read')"
        )
        names = ("exif.jpg", "torn.tif", "bomb.png", "palette.png")
        ran = subprocess.run(
            [sys.executable, "-c", code, *(str(tmp_path / name) for name in names)], capture_output=True, text=True
        )
        assert ran.stdout.split() == ["read", "refused", "refused", "read"] and ran.stderr == ""


class TestOddFiles:
    def test_pipes_sockets_devices_and_folders_are_never_opened(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fifo.jpg")
        (tmp_path / "folder.jpg").mkdir()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(tmp_path / "socket.jpg"))
            assert refused(tmp_path / "socket.jpg") == "a pipe, socket or device, not a file"
        assert refused(tmp_path / "fifo.jpg") == "a pipe, socket or device, not a file"
        assert refused(Path("/dev/zero")) == "a pipe, socket or device, not a file"
        assert refused(tmp_path / "folder.jpg") == "a folder, not a picture"
        assert "No such file" in refused(tmp_path / "gone.jpg")

    def test_sizes_are_those_of_the_upright_picture(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        for name in ("x.jpg", "x.png", "x.webp", "x.tif"):
            Image.fromarray(noise(40, 30)).save(tmp_path / name, exif=exif)
            assert files.picture_size(tmp_path / name) == files.read_photo(tmp_path / name).size == (30, 40)


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0XX*\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01" * 30,
        # Orientation as text, as a rational without denominator, and as a number of no turning.
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x02\0\0\x006\0\0\0\0\0\0\0",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x05\0\x01\0\0\0\x1a\0\0\0\0\0\0\0" + bytes(8),
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0\0\0\0\0",
        # A sub-folder of EXIF that points to itself, and one beyond the end.
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\0\0\0\0",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\xf0\xff\xff\x7f\0\0\0\0",
    ],
)
@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_a_photo_with_damaged_exif_is_used(tmp_path: Path, exif: bytes, ending: str) -> None:
    plain, damaged = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    Image.fromarray(noise()).save(plain)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.fromarray(noise()).save(damaged, exif=exif)
    photo = files.read_photo(damaged)
    np.testing.assert_array_equal(photo.image, files.read_photo(plain).image)
    assert files.picture_size(damaged) == (40, 30)
    assert photo.original is not None
    files.encode_image(photo.image, ".jpg", exif=photo.original.exif)  # what is kept of it can be written
