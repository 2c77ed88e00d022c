"""Exports: opened as the loaders of others open them, and read back by our own readers to the same data.

What each loader opens, with which mode, range and shape, is written down here from what those loaders do.
"""

from __future__ import annotations

import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exporting import (
    EXPORTS,
    HD,
    READERS,
    TEST,
    TRAIN,
    UNPAIRED,
    check_hd_joints,
    joints_of,
    lines,
    names,
    opened,
    run,
    write_garment,
    write_list,
    write_person,
)
from scipy import io as matlab

from viton_cli.data import DATASETS
from viton_cli.data.prepared import Prepared
from viton_cli.files import read_mask, read_photo
from viton_cli.vocabulary.label_sets import from_labels, to_labels


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared folder and all its exports."""
    root = tmp_path_factory.mktemp("prepared")
    sleeves = ("short", "long", "none", "short", "long")
    for id, kind in zip((*TRAIN, *TEST), sleeves):
        write_person(root, id, sleeves=kind, bag=kind == "long")
    for id in ("g1", "d2", "g4", "g5", "g6"):
        write_garment(root, id)
    write_list(root, "train_pairs.txt", TRAIN)
    write_list(root, "test_pairs.txt", TEST)
    write_list(root, "test_pairs_unpaired.txt", UNPAIRED)
    done, notes = run(root, *EXPORTS)
    assert not done.failed, done.problems
    assert sum("DensePose is not made" in note for note in notes) == 3
    return root


@pytest.mark.parametrize("mode", ["train", "test"])
def test_viton_hd_as_its_dataset_opens_it(exported: Path, mode: str) -> None:
    """VITON-HD `datasets.py`: the older folder names, the garment of column two, and the parse within 20 classes."""
    folder = exported / "viton-hd" / mode
    rows = list(lines(exported / "viton-hd" / f"{mode}_pairs.txt"))
    assert len(rows) == {"train": 3, "test": 2}[mode]
    for person, garment in rows:
        stem = person.replace(".jpg", "")
        opened(folder / "cloth" / garment, "RGB", HD)
        mask = opened(folder / "cloth-mask" / garment, "L", HD) >= 128
        assert 0.1 < mask.mean() < 0.9
        assert opened(folder / "openpose-img" / f"{stem}_rendered.png", "RGB", HD).any()
        check_hd_joints(joints_of(folder / "openpose-json" / f"{stem}_keypoints.json", "pose_keypoints_2d"))
        parse = opened(folder / "image-parse" / f"{stem}.png", "P", HD)
        assert parse.max() < 20 and {5, 10, 14, 15} <= set(np.unique(parse).tolist())
        opened(folder / "image" / person, "RGB", HD)


@pytest.mark.parametrize("mode", ["train", "test"])
def test_hr_viton_as_its_dataset_opens_it(exported: Path, mode: str) -> None:
    """HR-VITON `cp_dataset.py` and `cp_dataset_test.py`: "paired" is cloth/<the person's name>."""
    folder = exported / "hr-viton" / mode
    assert not list((exported / "hr-viton").glob("*/image-parse")) + list((exported / "hr-viton").glob("*/openpose-*"))
    for person, garment in lines(exported / "hr-viton" / f"{mode}_pairs.txt"):
        assert "image" not in person and "cloth" not in person  # it replaces these words in the whole path
        for name in (person, garment):
            opened(folder / "cloth" / name, "RGB", HD)
            assert set(np.unique(opened(folder / "cloth-mask" / name, "L", HD) >= 128)) == {False, True}
        stem = person.replace(".jpg", "")
        parse = opened(folder / "image-parse-v3" / f"{stem}.png", "P", HD)
        agnostic = opened(folder / "image-parse-agnostic-v3.2" / f"{stem}.png", "P", HD)
        assert parse.max() < 20 and not np.isin(agnostic, (5, 6, 7, 10)).any()
        assert ((agnostic == parse) | (agnostic == 0)).all() and (agnostic == 13).any()
        opened(folder / "openpose_img" / f"{stem}_rendered.png", "RGB", HD)
        check_hd_joints(joints_of(folder / "openpose_json" / f"{stem}_keypoints.json", "pose_keypoints_2d"))
        image = opened(folder / "image" / person, "RGB", HD).astype(int)
        mask = opened(folder / "agnostic-mask" / f"{stem}_mask.png", "L", HD)
        shown = opened(folder / "agnostic-v3.2" / person, "RGB", HD).astype(int)
        assert set(np.unique(mask)) == {0, 255} and mask[parse == 5].all() and not mask[parse == 13].any()
        assert np.abs(shown[mask > 0] - 128).mean() < 1 and np.abs(shown - image)[mask == 0].mean() < 2


@pytest.mark.parametrize("mode", ["train", "test"])
def test_cp_vton_as_its_dataset_opens_it(exported: Path, mode: str) -> None:
    """CP-VTON `cp_dataset.py` (mask above 200, LIP ids, 18 joints) and CP-VTON+ (from 128, 20 = neck, body mask)."""
    folder, size = exported / "cp-vton" / mode, (256, 192)
    rows = list(lines(exported / "cp-vton" / f"{mode}_pairs.txt"))
    assert len(rows) == {"train": 3, "test": 2}[mode]
    for person, garment in rows:
        assert person.endswith("_0.jpg") and garment.endswith("_1.jpg")
        opened(folder / "cloth" / garment, "RGB", size)
        mask = opened(folder / "cloth-mask" / garment, "L", size)
        assert ((mask > 200) == (mask >= 128)).all() and 0.1 < (mask > 200).mean() < 0.9
        image = opened(folder / "image" / person, "RGB", size)
        parse = opened(folder / "image-parse" / person.replace(".jpg", ".png"), "P", size)
        assert parse.max() < 20 and (parse == 5).any() and (parse == 13).any()
        assert (image.transpose(2, 0, 1) * (parse == 5)).any()
        points = joints_of(folder / "pose" / person.replace(".jpg", "_keypoints.json"), "pose_keypoints")
        assert points.shape == (18, 3)
        seen = (points[:, 0] > 1) & (points[:, 1] > 1)
        assert (points[seen, :2] < size[::-1]).all() and not points[~seen].any()
        new = opened(folder / "image-parse-new" / person.replace(".jpg", ".png"), "L", size)
        body = opened(folder / "image-mask" / person.replace(".jpg", ".png"), "L", size)
        assert new.max() == 20 and ((new == parse) | (new == 20)).all() and body[new > 0].all()
    same = exported / "cp-vton" / "test_pairs_same.txt"
    assert all(person[:6] == garment[:6] for person, garment in lines(same))


def test_viton_as_its_scripts_open_it(exported: Path) -> None:
    """VITON `build_viton.py` and `model_zalando_mask_content_test.py`: 641x641 transposed, rows of "candidate"."""
    root = exported / "viton"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the pickle names numpy's modules as they were called then
        poses = pickle.loads((root / "pose.pkl").read_bytes())
    rows = [pair.split() for pair in (root / "viton_train_images.txt").read_text().splitlines()]
    assert (root / "viton_train_pairs.txt").read_text() == (root / "viton_train_images.txt").read_text()
    for image, product in rows:
        photo = opened(root / "women_top" / image, "RGB")
        opened(root / "women_top" / product, "RGB")
        assert product == image[:-5] + "1.jpg"  # extract_tps.m makes the product's name of the person's
        segment = np.asarray(matlab.loadmat(str(root / "segment" / image[:-4]))["segment"], np.uint8)
        assert segment.shape == (641, 641)
        height, width = photo.shape[:2]
        upright = segment.T[:, : int(641.0 * width / height)]
        assert upright.max() < 20 and (upright == 13).any() and not segment.T[:, 482:].any()
        pose = matlab.loadmat(str(root / "pose" / image[:-4]))
        for held in (pose, poses[image[:-4]]):
            found = {
                i: held["candidate"][int(held["subset"][0, i]), :2] for i in range(18) if held["subset"][0, i] != -1
            }
            assert all(0 <= x < width and 0 <= y < height for x, y in found.values()) and len(found) >= 12
        tps = matlab.loadmat(root / "tps" / f"{image[:-4]}.mat")
        assert tps["keypoints1"].shape == tps["keypoints2"].shape == (100, 2)
        points = tps["control_points"].reshape(-1).reshape(2, 10, 10)
        # Where the garment is worn its own middle is read: x grows to the right, y downwards.
        assert (np.diff(points[0][3:6, 3:7], axis=1) > 0).all() and (np.diff(points[1][3:6, 3:7], axis=0) > 0).all()
        assert (np.abs(points[:, 4:6, 4:6] - 0.5) < 0.35).all()
    test = (root / "viton_test_pairs.txt").read_text().split()
    assert all((root / "women_top" / name).is_file() for name in test) and len(test) == 4


@pytest.mark.parametrize(
    ("category", "phase", "count"), [("upper_body", "train", 2), ("dresses", "train", 1), ("upper_body", "test", 2)]
)
def test_dress_code_as_its_dataset_opens_it(exported: Path, category: str, phase: str, count: int) -> None:
    """Dress Code `data/dataset.py`: the numbers behind the name, ATR ids, joints of a 384x512 picture."""
    folder = exported / "dresscode" / category
    files = ["train_pairs.txt"] if phase == "train" else ["test_pairs_paired.txt", "test_pairs_unpaired.txt"]
    for file in files:
        rows = list(lines(folder / file))
        assert len(rows) == count
        for person, garment in rows:
            opened(folder / "images" / garment, "RGB", HD)
            opened(folder / "images" / person, "RGB", HD)
            skeleton = person.replace("_0", "_5")
            assert skeleton[:6] == person[:6] and opened(folder / "skeletons" / skeleton, "RGB", HD).max() > 100
            parse = opened(folder / "label_maps" / person.replace("_0.jpg", "_4.png"), "P", HD)
            assert parse.max() < 18 and {4, 11, 14, 15} <= set(np.unique(parse).tolist())
            points = np.array(
                json.loads((folder / "keypoints" / person.replace("_0.jpg", "_2.json")).read_text())["keypoints"]
            )
            assert points.reshape(-1, 4).shape == (18, 4) and (points[:, :2] >= 0).all()
            seen = (points[:, :2] > 1).all(1)
            assert seen.sum() >= 12 and (points[seen, 0] < 384).all() and (points[seen, 1] < 512).all()
    root = (exported / "dresscode" / files[-1]).read_text().splitlines()
    number = {"upper_body": "0", "dresses": "2"}[category]
    assert sum(line.split()[2] == number for line in root) == count


def expected_labels(layout: str, labels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    written = {"viton": "lip", "cp-vton": "lip", "dresscode": "dresscode"}.get(layout, "viton-hd")
    return to_labels(from_labels(labels, written), written)


@pytest.mark.parametrize("layout", EXPORTS)
def test_our_own_reader_reads_the_same_data(exported: Path, layout: str) -> None:
    data = Prepared(exported)
    back = DATASETS.get(READERS.get(layout, layout))(exported / layout)
    odd = [line for line in back.report() if "test_pairs" not in line and "own garments" not in line]
    assert [line for line in odd if "categories that are not there" not in line and "persons" not in line] == []
    ids = {(entry.kind, entry.id): entry for entry in back.entries()}
    own = {(entry.kind, entry.id): entry for entry in data.entries()}
    numbers = names(exported, layout)
    assert set(numbers) >= {("train", p, g) for p, g in TRAIN.items()} | {("test", p, g) for p, g in TEST.items()}
    for (_, person, garment), number in numbers.items():
        name = {"viton-hd": f"{number:05d}_00", "hr-viton": f"{number:05d}_00"}.get(layout, f"{number:06d}_")
        prefix = {"dresscode": "dresses/" if garment == "d2" else "upper_body/"}.get(layout, "")
        ends = ("", "") if name.endswith("_00") else ("0", "1")
        if person:
            same_person(layout, own["person", person], ids["person", f"{prefix}{name}{ends[0]}"])
        same_garment(layout, own["garment", garment], ids["garment", f"{prefix}{name}{ends[1]}"])
    check_pairs(layout, back, {number: key for key, number in numbers.items()})


def same_person(layout: str, mine: Any, read: Any) -> None:
    photo, image = read_photo(mine.image), read_photo(read.image)
    labels, pose, found, seen = mine.labels(), mine.pose(), read.labels(), read.pose()
    scale = image.size[0] / photo.size[0]
    if scale == 1:
        assert read.image.read_bytes() == mine.image.read_bytes()
    if layout != "viton":  # its labels have 641 rows, whatever the photo has
        step = round(1 / scale)
        assert np.array_equal(found, expected_labels(layout, labels[step // 2 :: step, step // 2 :: step]))
    else:
        assert (found == expected_labels(layout, labels)).mean() > 0.99
    assert np.array_equal(seen.seen, pose.seen)
    assert np.abs((seen.joints - ((pose.joints + 0.5) * scale - 0.5))[pose.seen]).max() < 0.01


def same_garment(layout: str, mine: Any, read: Any) -> None:
    image = read_photo(read.image)
    if image.size == HD:
        assert read.image.read_bytes() == mine.image.read_bytes()
    if layout == "viton":
        assert read.mask is None
        return
    step = HD[0] // image.size[0]
    mask = read_mask(mine.mask, HD)[step // 2 :: step, step // 2 :: step] >= 0.5
    assert np.array_equal(read_mask(read.mask, image.size) >= 0.5, mask)


def check_pairs(layout: str, back: Any, looks: dict[int, tuple[str, str, str]]) -> None:
    """The lists say who wears what and who is to try on what, by number."""

    def number(id: str) -> int:
        return int(id.rpartition("/")[2].split("_")[0])

    for split, worn in (("train", TRAIN), ("test", TEST)):
        pairs = {(looks[number(person)][1], looks[number(garment)][2]) for person, garment in back.pairs(split)}
        assert pairs == set(worn.items())
    unpaired = {(looks[number(p)][1], looks[number(g)][2]) for p, g in back.pairs("test", "unpaired")}
    assert unpaired == {("p4", "g5"), ("p5", "g6")}
