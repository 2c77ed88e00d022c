"""What a photo keeps of its file: its size, its colours' profile, and the harmless part of its EXIF."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms

from viton_cli import files
from viton_cli.errors import BadImage
from viton_cli.files import colour, pictures

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# sRGB under another name, red and blue exchanged: what is red in numbers is seen as blue.
SWAPPED = SRGB.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))
SWAPPED = SWAPPED.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ")
THUMBNAIL = b"\xff\xd8 the old picture \xff\xd9"


def smooth(height: int, width: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[:height, :width]
    return np.stack([255 * x / width, 255 * y / height, 255 - 255 * x / width], -1).astype(np.uint8)


def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
    return struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")


def exif_of_a_phone(orientation: int = 1) -> bytes:
    """EXIF as phones write it: maker, turning, place, a comment and a maker's note inside, a thumbnail in folder 1."""

    def folder(entries: list[bytes], following: int = 0) -> bytes:
        return struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", following)

    def long(value: int) -> bytes:
        return struct.pack("<I", value)

    first, inside, place, second = 8, 100, 160, 220
    parts = {
        first: folder(
            [
                entry(0x010F, 2, 4, b"ACM\0"),
                entry(0x0112, 3, 1, struct.pack("<H", orientation)),
                entry(0x013B, 2, 4, b"Eve\0"),
                entry(ExifTags.IFD.Exif, 4, 1, long(inside)),
                entry(ExifTags.IFD.GPSInfo, 4, 1, long(place)),
            ],
            second,
        ),
        inside: folder(
            [
                entry(0x8827, 3, 1, struct.pack("<H", 640)),
                entry(0x927C, 7, 4, b"OLD!"),
                entry(0xA002, 4, 1, long(4711)),
            ]
        ),
        place: folder([entry(1, 2, 2, b"N\0"), entry(2, 5, 1, long(300))]),
        second: folder([entry(0x0201, 4, 1, long(310)), entry(0x0202, 4, 1, long(len(THUMBNAIL)))]),
        300: struct.pack("<II", 48, 1),
        310: THUMBNAIL,
    }
    data = bytearray(310 + len(THUMBNAIL))
    data[:8] = b"II*\0" + long(first)
    for at, part in parts.items():
        data[at : at + len(part)] = part
    return b"Exif\0\0" + bytes(data)


def save(path: Path, image: NDArray[np.uint8], **options: object) -> Path:
    Image.fromarray(image).save(path, **options)  # type: ignore[arg-type]
    return path


class TestExif:
    @pytest.mark.parametrize("source", ["jpg", "png", "webp"])
    @pytest.mark.parametrize("target", [".png", ".jpg", ".webp"])
    def test_all_is_kept_but_the_place_the_turning_and_old_pictures(
        self, tmp_path: Path, source: str, target: str
    ) -> None:
        path = save(tmp_path / f"x.{source}", smooth(60, 40), exif=exif_of_a_phone(6))
        assert THUMBNAIL in path.read_bytes() or source == "png"
        photo = files.read_photo(path)
        assert photo.size == photo.full_size == (40, 60) and photo.original is not None
        data = files.encode_image(photo.image, target, exif=photo.original.exif)
        with Image.open(io.BytesIO(data)) as opened:
            exif = opened.getexif()
            assert (exif[0x010F], exif[0x013B]) == ("ACM", "Eve")
            assert exif.get_ifd(ExifTags.IFD.Exif) == {0x8827: 640}
            assert 0x0112 not in exif and not exif.get_ifd(ExifTags.IFD.GPSInfo) and not exif.get_ifd(ExifTags.IFD.IFD1)
        assert b"old picture" not in data and b"OLD!" not in data

    def test_a_tiffs_layout_is_not_carried(self, tmp_path: Path) -> None:
        path = save(tmp_path / "x.tif", smooth(60, 40), exif=exif_of_a_phone(6))
        photo = files.read_photo(path)
        assert photo.size == (40, 60) and photo.original is not None
        with Image.open(io.BytesIO(files.encode_image(photo.image, ".jpg", exif=photo.original.exif))) as opened:
            assert set(opened.getexif()) == {0x010F, 0x013B, ExifTags.IFD.Exif}

    def test_exif_behind_the_pixels_of_a_png(self, tmp_path: Path) -> None:
        path = save(tmp_path / "x.png", smooth(60, 40), exif=exif_of_a_phone(6))
        data = path.read_bytes()
        at = data.index(b"eXIf") - 4
        size = struct.unpack(">I", data[at : at + 4])[0] + 12
        end = data.index(b"IEND") - 4
        path.write_bytes(data[:at] + data[at + size : end] + data[at : at + size] + data[end:])
        photo = files.read_photo(path)
        assert photo.size == (40, 60) and photo.original is not None and b"Eve" in photo.original.exif

    def test_what_a_jpeg_cannot_hold_is_not_carried(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x013B] = "x" * 70_000
        photo = files.read_photo(save(tmp_path / "x.png", smooth(60, 40), exif=exif))
        assert photo.original is not None and photo.original.exif == b""


class TestProfiles:
    def test_profiles_that_are_srgb_are_kept_and_change_nothing(self, tmp_path: Path) -> None:
        photo = files.read_photo(save(tmp_path / "x.png", smooth(60, 40), icc_profile=SRGB))
        assert photo.original is not None and photo.original.profile == SRGB and photo.original.exact
        np.testing.assert_array_equal(np.asarray(files.read_original(photo)), photo.image)

    def test_other_profiles_keep_their_numbers_beside_the_working_picture(self, tmp_path: Path) -> None:
        path = save(tmp_path / "x.png", smooth(60, 40), icc_profile=SWAPPED)
        photo = files.read_photo(path)
        assert photo.original is not None and photo.original.profile == SWAPPED and not photo.original.exact
        assert np.abs(photo.image.astype(int) - smooth(60, 40)[..., ::-1]).max() <= 2
        np.testing.assert_array_equal(np.asarray(files.read_original(photo)), smooth(60, 40))
        back = np.asarray(colour.from_srgb(Image.fromarray(photo.image), SWAPPED))
        assert np.abs(back.astype(int) - smooth(60, 40)).max() <= 3

    def test_a_file_that_changed_is_noticed(self, tmp_path: Path) -> None:
        path = save(tmp_path / "x.png", smooth(60, 40), icc_profile=SWAPPED)
        photo = files.read_photo(path)
        save(path, smooth(40, 60), icc_profile=SWAPPED)
        with pytest.raises(BadImage, match="changed while it was worked on"):
            files.read_original(photo)
        path.unlink()
        with pytest.raises(BadImage, match="No such file"):
            files.read_original(photo)

    @pytest.mark.parametrize("profile", [b"rubbish", SWAPPED[:200], SWAPPED.replace(b"RGB XYZ ", b"CMYKXYZ ")])
    def test_profiles_that_cannot_be_used_are_left_aside(self, tmp_path: Path, profile: bytes) -> None:
        photo = files.read_photo(save(tmp_path / "x.png", smooth(60, 40), icc_profile=profile))
        assert photo.original is not None and photo.original.profile is None and photo.original.exact
        np.testing.assert_array_equal(photo.image, smooth(60, 40))


class TestHugePhotos:
    """Worked on at a working size, and read again at their own."""

    @pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "bmp", "gif"])
    @pytest.mark.parametrize("orientation", [1, 6])
    def test_the_working_picture_is_the_photo_made_smaller(self, tmp_path: Path, ending: str, orientation: int) -> None:
        exif = {} if ending in ("bmp", "gif") else {"exif": exif_of_a_phone(orientation)}
        path = save(tmp_path / f"x.{ending}", smooth(400, 300), **exif)
        whole, small = files.read_photo(path), files.read_photo(path, most=30_000)
        assert small.size[0] * small.size[1] <= 30_000 < small.size[0] * small.size[1] * 1.05
        assert small.full_size == whole.size == ((300, 400) if orientation == 6 and exif else (400, 300))
        shrunk = Image.fromarray(whole.image).resize(small.size[::-1], Image.Resampling.BOX)
        assert np.abs(np.asarray(shrunk).astype(int) - small.image).mean() < 3
        np.testing.assert_array_equal(np.asarray(files.read_original(small)), whole.image)

    def test_pictures_in_memory(self) -> None:
        photo = files.adopt_photo(smooth(400, 300), "array", most=30_000)
        assert photo.full_size == (400, 300) and photo.size == (200, 150)
        np.testing.assert_array_equal(np.asarray(files.read_original(photo)), smooth(400, 300))
        image = Image.fromarray(smooth(400, 300))
        image.info["icc_profile"] = SWAPPED
        photo = files.adopt_photo(image, "image", most=30_000)
        assert image.size == (300, 400) and photo.original is not None and photo.original.profile == SWAPPED
        np.testing.assert_array_equal(np.asarray(files.read_original(photo)), smooth(400, 300))

    def test_bytes_of_a_pipe(self) -> None:
        photo = files.decode_photo(files.encode_image(smooth(400, 300)), "stdin", most=30_000)
        np.testing.assert_array_equal(np.asarray(files.read_original(photo)), smooth(400, 300))

    def test_alpha_is_as_large_as_the_working_picture(self, tmp_path: Path) -> None:
        rgba = np.dstack([smooth(400, 300), np.zeros((400, 300), np.uint8)])
        rgba[100:300, 100:200, 3] = 255
        photo = files.read_photo(save(tmp_path / "x.png", rgba), most=30_000)
        assert photo.alpha is not None and photo.alpha.shape == photo.size == (200, 150)
        assert abs(photo.alpha.mean() - rgba[..., 3].mean()) < 2 and (photo.image[0, 0] == 255).all()
        original = np.asarray(files.read_original(photo))
        np.testing.assert_array_equal(original[150:250, 120:180], smooth(400, 300)[150:250, 120:180])
        assert (original[0] == 255).all()

    def test_masks_of_the_whole_photo_fit_the_working_picture(self, tmp_path: Path) -> None:
        mask = np.zeros((4000, 3001), np.uint8)
        mask[1000:3000, 1000:2000] = 1  # as 0 and 1
        photo = files.read_photo(save(tmp_path / "x.png", smooth(4000, 3001)), most=100_000)
        read = files.read_mask(save(tmp_path / "m.png", mask), photo.size)
        assert read.shape == photo.size and abs(read.mean() - mask.mean()) < 0.003 and set(read[::40, 0]) == {0.0}

    def test_huge_ones_wait_for_each_other(self) -> None:
        with files.one_at_a_time((6000, 6000)):
            assert pictures._huge.locked()
            with files.one_at_a_time((1000, 1000)):
                pass
        assert not pictures._huge.locked()


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("profile", [None, SWAPPED])
def test_the_pixels_alone_are_those_of_the_photo(tmp_path: Path, orientation: int, profile: bytes | None) -> None:
    path = tmp_path / "photo.png"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(smooth(40, 30)).save(path, exif=exif, icc_profile=profile)
    np.testing.assert_array_equal(np.asarray(files.read_rgb(path)), files.read_photo(path).image)
