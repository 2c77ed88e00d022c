from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viton_cli.errors import BadConfig, BadDataset
from viton_cli.perception.backends.parsing_png import FILE_LABEL_SETS, IndexedPng
from viton_cli.records import Original, Photo
from viton_cli.vocabulary import labels as L

INDICES = np.tile(np.arange(18, dtype=np.uint8), (24, 1))


@pytest.fixture
def photo() -> Photo:
    return Photo("street/anna", np.zeros((24, 18, 3), np.uint8))


def write(folder: Path, picture: Image.Image) -> Path:
    (folder / "street").mkdir(exist_ok=True)
    picture.save(folder / "street" / "anna.png")
    return folder


def paletted(indices: np.ndarray, palette: list[int]) -> Image.Image:
    picture = Image.fromarray(indices)
    picture.putpalette(palette)
    return picture


@pytest.mark.parametrize("palette", [[0] * 768, [254, 84, 1] * 256, L.palette()])
def test_the_palette_does_not_matter(tmp_path: Path, photo: Photo, palette: list[int]) -> None:
    parsing = IndexedPng(write(tmp_path, paletted(INDICES, palette)), label_set="lip").parse(photo, None)
    assert np.array_equal(parsing.labels, INDICES) and parsing.confidence is None


def test_grey_files_hold_indices_too(tmp_path: Path, photo: Photo) -> None:
    folder = write(tmp_path, Image.fromarray(INDICES))
    assert np.array_equal(IndexedPng(folder, label_set="lip").parse(photo, None).labels, INDICES)


def test_the_label_set_decides(tmp_path: Path, photo: Photo) -> None:
    folder = write(tmp_path, paletted(INDICES, L.palette()))
    at_ten = {
        name: int(IndexedPng(folder, label_set=name).parse(photo, None).labels[0, 10]) for name in FILE_LABEL_SETS
    }
    assert at_ten == {
        "viton": L.JUMPSUITS, "lip": L.JUMPSUITS, "cp-vton+": L.JUMPSUITS, "cihp": L.NECK_SKIN,
        "viton-hd": L.NECK_SKIN, "atr": L.R_SHOE, "dresscode": L.R_SHOE,
    }  # fmt: skip


@pytest.mark.parametrize("wrong", [None, "ccp", "coco"])
def test_the_label_set_has_to_be_named(tmp_path: Path, wrong: str | None) -> None:
    with pytest.raises(BadConfig, match=r"give one of viton, lip, .*atr"):
        IndexedPng(tmp_path, label_set=wrong)


@pytest.mark.parametrize("factor", [0.5, 2])
def test_labels_of_another_size_are_brought_to_the_photo(tmp_path: Path, photo: Photo, factor: float) -> None:
    blocks = np.kron(np.uint8([[5, 9], [0, 13], [2, 2]]), np.ones((8, 9), np.uint8))
    stored = Image.fromarray(blocks).resize((int(18 * factor), int(24 * factor)), Image.Resampling.NEAREST)
    parsing = IndexedPng(write(tmp_path, stored), label_set="lip").parse(photo, None)
    assert parsing.labels.shape == photo.size
    assert np.mean(parsing.labels != blocks) < 0.1
    assert set(np.unique(parsing.labels)) == {0, 2, 5, 9, 13}


def test_another_shape_is_told(tmp_path: Path, photo: Photo) -> None:
    backend = IndexedPng(write(tmp_path, Image.fromarray(INDICES.T.copy())), label_set="lip")
    with pytest.raises(
        BadDataset, match=r"anna.png: 24x18 labels do not fit .* 18x24 photo \(was the photo turned\?\)"
    ):
        backend.parse(photo, None)
    write(tmp_path, Image.fromarray(np.zeros((24, 10), np.uint8)))
    with pytest.raises(BadDataset, match=r"10x24 labels .* 18x24 photo$"):
        backend.parse(photo, None)


def test_a_colour_picture_is_told(tmp_path: Path, photo: Photo) -> None:
    folder = write(tmp_path, paletted(INDICES, L.palette()).convert("RGB"))
    with pytest.raises(BadDataset, match=r"colour picture \(RGB\).*PIL mode 'P' or 'L'"):
        IndexedPng(folder, label_set="lip").parse(photo, None)


def test_indices_beyond_the_set_name_the_sets_that_have_them(tmp_path: Path, photo: Photo) -> None:
    indices = INDICES.copy()
    indices[0, 0] = 20
    folder = write(tmp_path, Image.fromarray(indices))
    with pytest.raises(BadDataset, match=r"label 20 is not in 'lip' .*is it viton or cp-vton\+\?"):
        IndexedPng(folder, label_set="lip").parse(photo, None)


def test_grey_levels_of_a_palette_are_recognised(tmp_path: Path, photo: Photo) -> None:
    """What convert("L") makes of an indexed PNG: brightness instead of indices."""
    folder = write(tmp_path, paletted(INDICES, L.palette()).convert("L"))
    with pytest.raises(BadDataset, match=r"grey levels .* convert\('L'\)"):
        IndexedPng(folder, label_set="lip").parse(photo, None)


def test_what_is_missing_is_named(tmp_path: Path, photo: Photo) -> None:
    with pytest.raises(BadDataset, match=r"reads a folder of indexed PNGs"):
        IndexedPng(label_set="lip")
    with pytest.raises(BadDataset, match=r"nowhere: no such folder"):
        IndexedPng(tmp_path / "nowhere", label_set="lip")
    with pytest.raises(BadDataset, match=r"street/anna.png: no label image"):
        IndexedPng(tmp_path, label_set="lip").parse(photo, None)
    (tmp_path / "street").mkdir()
    (tmp_path / "street" / "anna.png").write_text("text")
    with pytest.raises(BadDataset, match=r"anna.png: the labels cannot be read"):
        IndexedPng(tmp_path, label_set="lip").parse(photo, None)


def test_one_file_for_one_photo(tmp_path: Path, photo: Photo) -> None:
    path = tmp_path / "any.png"
    Image.fromarray(INDICES).save(path)
    assert np.array_equal(IndexedPng(path, label_set="lip").parse(photo, None).labels, INDICES)


def test_labels_of_a_huge_photo_come_at_the_working_pictures_size(tmp_path: Path) -> None:
    small = Photo("street/anna", np.zeros((8, 6, 3), np.uint8), original=Original((24, 18), exact=False))
    parsing = IndexedPng(write(tmp_path, Image.fromarray(INDICES)), label_set="lip").parse(small, None)
    assert np.array_equal(parsing.labels, INDICES[1::3, 1::3])
