"""Reading and writing: every kind of picture a folder may hold, and what comes back of what was written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from viton_cli import files
from viton_cli.errors import BadDataset, BadImage, BadMask, NothingUsable, VitonError
from viton_cli.records import Pose
from viton_cli.vocabulary import labels


def gradient(height: int = 40, width: int = 30) -> NDArray[np.uint8]:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 8, y * 6, 255 - x * 8], -1).astype(np.uint8)


def save(path: Path, image: Image.Image, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)  # type: ignore[arg-type]
    return path


class TestListPhotos:
    def test_ids_are_relative_names_sorted_and_recursive(self, tmp_path: Path) -> None:
        for name in ("b.PNG", "sub dir/ä b.jpg", "a.webp", "notes.txt", ".hidden.jpg", ".cache/c.jpg"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(b"")
        assert [id for id, _ in files.list_photos(tmp_path)] == ["a", "b", "sub dir/ä b"]

    def test_shared_names_keep_their_endings_and_never_meet(self, tmp_path: Path) -> None:
        for name in ("a.jpg", "a.png", "a.jpg.png", "B.jpg", "b.png", "c.jpg"):
            (tmp_path / name).write_bytes(b"")
        ids = [id for id, _ in files.list_photos(tmp_path)]
        assert sorted(ids) == ["B.jpg", "a.jpg", "a.jpg.png", "a.png", "b.png", "c"]

    def test_a_runs_own_output_is_no_input(self, tmp_path: Path) -> None:
        for name in ("a.jpg", "out/a__b.png", "out/deep/c.png", "outer/d.png"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"")
        assert [id for id, _ in files.list_photos(tmp_path, without=tmp_path / "out")] == ["a", "outer/d"]

    def test_a_file_is_a_list_of_one(self, tmp_path: Path) -> None:
        path = save(tmp_path / "one.jpeg", Image.fromarray(gradient()))
        assert files.list_photos(path) == [("one", path)]

    @pytest.mark.parametrize("name", ["missing", "empty"])
    def test_nothing_to_list_is_named(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "empty").mkdir()
        with pytest.raises(NothingUsable, match=name):
            files.list_photos(tmp_path / name)


class TestReadPhoto:
    def test_rgb_png_is_exact(self, tmp_path: Path) -> None:
        photo = files.read_photo(save(tmp_path / "x.png", Image.fromarray(gradient())))
        assert photo.id == "x" and photo.alpha is None and photo.size == (40, 30)
        np.testing.assert_array_equal(photo.image, gradient())

    def test_exif_turns_the_picture(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6  # to be seen turned by 90 degrees clockwise
        path = save(tmp_path / "x.png", Image.fromarray(gradient()), exif=exif)
        np.testing.assert_array_equal(files.read_photo(path).image, np.rot90(gradient(), -1))

    @pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA", "CMYK", "I;16", "I", "F", "YCbCr"])
    def test_every_mode_becomes_rgb(self, tmp_path: Path, mode: str) -> None:
        grey = gradient()[..., 1]
        if mode == "I;16":
            image = Image.fromarray(grey.astype(np.uint16) * 257)
        elif mode == "F":
            image = Image.fromarray(grey.astype(np.float32) / 255)
        elif mode == "I":
            image = Image.fromarray(grey.astype(np.int32) * 257)
        else:
            image = Image.fromarray(np.repeat(grey[..., None], 3, 2)).convert(mode)
        ending = "jpg" if mode in ("CMYK", "YCbCr") else "tiff" if mode in ("F", "I") else "png"
        photo = files.read_photo(save(tmp_path / f"x.{ending}", image))
        assert photo.image.shape == (40, 30, 3) and photo.image.dtype == np.uint8
        tolerance = {"1": 255, "P": 60}.get(mode, 10)  # dithered to two tones, and to the web palette
        assert np.abs(photo.image.astype(int) - grey[..., None]).max() <= tolerance

    def test_transparent_parts_are_white_and_alpha_is_kept(self, tmp_path: Path) -> None:
        rgba = np.dstack([gradient(), np.zeros((40, 30), np.uint8)])
        rgba[10:20, 10:20, 3] = 255
        photo = files.read_photo(save(tmp_path / "x.png", Image.fromarray(rgba)))
        assert photo.alpha is not None
        np.testing.assert_array_equal(photo.alpha, rgba[..., 3])
        np.testing.assert_array_equal(photo.image[10:20, 10:20], gradient()[10:20, 10:20])
        assert (photo.image[:10] == 255).all()

    def test_opaque_alpha_is_no_alpha(self, tmp_path: Path) -> None:
        assert files.read_photo(save(tmp_path / "x.png", Image.fromarray(gradient()).convert("RGBA"))).alpha is None

    def test_colour_profiles_are_applied(self, tmp_path: Path) -> None:
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        plain = save(tmp_path / "a.png", Image.fromarray(gradient()), icc_profile=srgb)
        np.testing.assert_array_equal(files.read_photo(plain).image, gradient())
        # The same profile under another name with the primaries of red and blue exchanged: red is to be seen as blue.
        other = srgb.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))
        other = other.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ")
        swapped = save(tmp_path / "b.png", Image.fromarray(gradient()), icc_profile=other)
        assert np.abs(files.read_photo(swapped).image.astype(int) - gradient()[..., ::-1]).max() <= 2
        broken = save(tmp_path / "c.png", Image.fromarray(gradient()), icc_profile=b"no profile")
        np.testing.assert_array_equal(files.read_photo(broken).image, gradient())

    def test_bad_files_are_named_with_their_cause(self, tmp_path: Path) -> None:
        noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
        whole = save(tmp_path / "whole.jpg", Image.fromarray(noise)).read_bytes()
        bad = {
            "torn.jpg": (whole[: len(whole) // 2], "torn"),
            "torn.png": (files.encode_image(noise)[:5000], "torn"),
            "text.jpg": (b"hello, I am a letter\n", "text"),
            "empty.jpg": (b"", "empty"),
            "phone.jpg": (b"\0\0\0\x18ftypheic" + bytes(99), "HEIC"),
            "tiny.png": (files.encode_image(gradient(8, 8)), "too small"),
        }
        for name, (data, cause) in bad.items():
            (tmp_path / name).write_bytes(data)
            with pytest.raises(BadImage) as caught:
                files.read_photo(tmp_path / name)
            text = str(caught.value)
            assert name in text and cause in text and "\n" not in text
        with pytest.raises(BadImage, match=r"gone\.jpg"):
            files.read_photo(tmp_path / "gone.jpg")

    def test_too_many_pixels_are_refused_before_they_are_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files.opening, "MAX_PIXELS", 1000)
        with pytest.raises(BadImage, match="too large"):
            files.read_photo(save(tmp_path / "x.png", Image.fromarray(gradient())))

    def test_bytes_from_a_pipe(self) -> None:
        np.testing.assert_array_equal(files.decode_photo(files.encode_image(gradient()), "stdin").image, gradient())
        with pytest.raises(BadImage, match="stdin"):
            files.decode_photo(b"nothing", "stdin")


class TestMasks:
    def test_brightness_alpha_and_zero_one_masks_agree(self, tmp_path: Path) -> None:
        inside = np.zeros((40, 30), np.uint8)
        inside[10:30, 5:20] = 1
        rgba = np.dstack([gradient(), inside * 255])
        for name, array in {"bright": inside * 255, "one": inside, "alpha": rgba}.items():
            path = save(tmp_path / f"{name}.png", Image.fromarray(array))
            np.testing.assert_array_equal(files.read_mask(path, (40, 30)), inside.astype(np.float32))

    def test_same_proportions_are_resized_and_others_refused(self, tmp_path: Path) -> None:
        path = save(tmp_path / "m.png", Image.fromarray(np.full((40, 30), 255, np.uint8)))
        assert files.read_mask(path, (80, 60)).shape == (80, 60)
        with pytest.raises(BadMask, match=r"m\.png.*30x40.*90x80"):
            files.read_mask(path, (80, 90))

    def test_a_jpeg_mask_is_told_apart_at_128(self, tmp_path: Path) -> None:
        mask = np.zeros((40, 30), np.uint8)
        mask[10:30, 8:22] = 255
        path = save(tmp_path / "mask.jpg", Image.fromarray(mask), quality=30)
        assert len(np.unique(np.asarray(Image.open(path)))) > 10, "noise around the edge"
        np.testing.assert_array_equal(files.read_mask(path, (40, 30)), (mask > 0).astype(np.float32))
        edge = save(tmp_path / "soft.png", Image.fromarray(mask // 255 * 100 + 60))
        assert set(np.unique(files.read_mask(edge, (40, 30)).round(2))) == {np.float32(0.24), np.float32(0.63)}

    def test_empty_and_unreadable_masks(self, tmp_path: Path) -> None:
        path = save(tmp_path / "m.png", Image.fromarray(np.zeros((40, 30), np.uint8)))
        with pytest.raises(BadMask, match="empty"):
            files.read_mask(path, (40, 30))
        path.write_bytes(b"text")
        with pytest.raises(BadMask, match=r"m\.png"):
            files.read_mask(path, (40, 30))


class TestLabels:
    def test_round_trip_by_index(self, tmp_path: Path) -> None:
        parsing = np.arange(40 * 30, dtype=np.uint8).reshape(40, 30) % labels.N_LABELS
        files.write_labels(tmp_path / "sub/p.png", parsing)
        np.testing.assert_array_equal(files.read_labels(tmp_path / "sub/p.png"), parsing)
        with Image.open(tmp_path / "sub/p.png") as opened:
            assert opened.mode == "P"
            assert opened.convert("RGB").getpixel((5, 0)) == (255, 85, 0)

    def test_a_colour_picture_holds_no_labels(self, tmp_path: Path) -> None:
        with pytest.raises(BadDataset, match="indexed"):
            files.read_labels(save(tmp_path / "p.png", Image.fromarray(gradient())))


class TestKeypoints:
    def pose(self) -> Pose:
        rng = np.random.default_rng(1)
        seen = np.ones(18, bool)
        seen[[4, 17]] = False
        return Pose(rng.uniform(5, 99, (18, 2)).astype(np.float32), seen, np.ones(18, np.float32) * seen)

    def test_round_trip(self, tmp_path: Path) -> None:
        files.write_keypoints(tmp_path / "k.json", [self.pose(), self.pose()])
        back = files.read_keypoints(tmp_path / "k.json")
        assert len(back) == 2
        np.testing.assert_array_equal(back[0].seen, self.pose().seen)
        np.testing.assert_allclose(back[0].joints[back[0].seen], self.pose().joints[back[0].seen], atol=1e-3)

    def test_written_in_body25_order_with_the_middle_of_the_hips(self, tmp_path: Path) -> None:
        pose = self.pose()
        files.write_keypoints(tmp_path / "k.json", [pose])
        body = np.reshape(json.loads((tmp_path / "k.json").read_text())["people"][0]["pose_keypoints_2d"], (25, 3))
        np.testing.assert_allclose(body[9, :2], pose.joints[labels.R_HIP], atol=1e-3)
        np.testing.assert_allclose(body[8, :2], pose.joints[[labels.R_HIP, labels.L_HIP]].mean(0), atol=1e-3)
        assert not body[4].any() and not body[19:].any()

    def test_coco18_with_the_old_key(self, tmp_path: Path) -> None:
        numbers = np.ones((18, 3))
        numbers[:, 0] = np.arange(18) + 2
        numbers[3] = 0
        text = json.dumps(
            {"version": 1.0, "people": [{"face_keypoints": [], "pose_keypoints": numbers.ravel().tolist()}]}
        )
        (tmp_path / "k.json").write_text(text)
        (pose,) = files.read_keypoints(tmp_path / "k.json")
        assert pose.joints[8, 0] == 10 and not pose.seen[3] and pose.seen.sum() == 17

    def test_nobody(self, tmp_path: Path) -> None:
        files.write_keypoints(tmp_path / "k.json", [])
        assert files.read_keypoints(tmp_path / "k.json") == []

    @pytest.mark.parametrize(
        "text", ["", "[]", "{}", '{"people": [{}]}', '{"people": [{"pose_keypoints_2d": [1, 2]}]}', '{"people": 3}']
    )
    def test_rubbish_is_named(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "k.json").write_text(text)
        with pytest.raises(BadDataset, match=r"k\.json"):
            files.read_keypoints(tmp_path / "k.json")


class TestWriting:
    def test_a_failed_write_leaves_the_old_file_and_nothing_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        files.write_text(tmp_path / "x.txt", "old")

        def full(*_: object) -> None:
            raise OSError("disk full")

        monkeypatch.setattr("os.replace", full)
        with pytest.raises(OSError, match="disk full"):
            files.write_text(tmp_path / "x.txt", "new")
        assert [p.name for p in tmp_path.iterdir()] == ["x.txt"] and (tmp_path / "x.txt").read_text() == "old"

    def test_other_endings_are_not_written(self, tmp_path: Path) -> None:
        files.write_image(tmp_path / "x.png", gradient())
        np.testing.assert_array_equal(files.read_photo(tmp_path / "x.png").image, gradient())
        with pytest.raises(VitonError, match=r"\.tiff"):
            files.write_image(tmp_path / "x.tiff", gradient())

    def test_arrays_round_trip(self, tmp_path: Path) -> None:
        files.write_arrays(tmp_path / "x.npz", {"a": np.arange(3), "b": gradient()})
        with np.load(tmp_path / "x.npz") as back:
            np.testing.assert_array_equal(back["b"], gradient())


class TestManifest:
    def test_a_photo_has_one_line_whatever_is_on_it(self, tmp_path: Path) -> None:
        manifest = files.Manifest(tmp_path / "m.jsonl")
        for more in ({"garment": "top", "status": "ok"}, {"status": "failed"}, {"garment": "dress", "status": "ok"}):
            manifest.append({"kind": "garment", "id": "a", **more})
        assert [(entry["garment"], entry["status"]) for entry in manifest.read()] == [("dress", "ok")]
        for status in ("failed", "ok"):
            manifest.append({"person": "a", "garment": "b", "status": status})
        assert [entry["status"] for entry in manifest.read()] == ["ok", "ok"]

    def test_last_line_of_a_key_counts_and_torn_lines_are_passed_over(self, tmp_path: Path) -> None:
        manifest = files.Manifest(tmp_path / "m.jsonl")
        assert manifest.read() == []
        manifest.append({"kind": "person", "id": "ä", "status": "failed"})
        manifest.append({"kind": "garment", "id": "ä", "status": "ok"})
        manifest.append({"kind": "person", "id": "ä", "status": "ok"})
        with manifest.path.open("a") as stream:
            stream.write('{"kind": "person", "id": "torn')
        assert [(e["kind"], e["status"]) for e in manifest.read()] == [("person", "ok"), ("garment", "ok")]
        again = files.Manifest(manifest.path)
        again.append({"kind": "person", "id": "b", "status": "ok"})
        assert [e["id"] for e in again.read()] == ["ä", "ä", "b"]
        again.end()
        assert len(manifest.path.read_text(encoding="utf-8").splitlines()) == 3
        assert [e["id"] for e in manifest.read()] == ["ä", "ä", "b"]
