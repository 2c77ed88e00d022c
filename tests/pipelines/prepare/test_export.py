"""Exports: opened as the loaders of others open them, and read back by our own readers to the same data.

What each loader opens, with which mode, range and shape, is written down here from what those loaders do.
"""

from __future__ import annotations

import csv
import json
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import io as matlab

from viton_cli.config import PrepareConfig
from viton_cli.data import DATASETS
from viton_cli.data.prepared import Prepared
from viton_cli.engines.progress import Progress, Summary
from viton_cli.errors import BadConfig
from viton_cli.files import Ledger, Manifest, read_mask, read_photo, write_image, write_keypoints, write_labels
from viton_cli.perception.backends.fake import draw_person
from viton_cli.pipelines.prepare.export import check_exports, export, with_height
from viton_cli.vocabulary import labels as L
from viton_cli.vocabulary.label_sets import from_labels, to_labels

HD = (1024, 768)
# Who wears what; p4 and p5 are test people, g6 is worn by nobody, d2 is a dress.
TRAIN, TEST, UNPAIRED = {"p1": "g1", "sub dir/p2": "d2", "p3": "g1"}, {"p4": "g4", "p5": "g5"}, {"p5": "g6"}
EXPORTS = ("viton", "cp-vton", "viton-hd", "hr-viton", "dresscode")
READERS = {"hr-viton": "viton-hd"}


class Notes(Progress):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def write_person(root: Path, id: str, size: tuple[int, int] = HD, **drawn: Any) -> None:
    image, labels, pose = draw_person(size, **drawn)
    write_image(root / "image" / f"{id}.jpg", image)
    write_labels(root / "image-parse-v3" / f"{id}.png", labels)
    write_keypoints(root / "openpose_json" / f"{id}_keypoints.json", [pose])
    Manifest(root / "manifest.jsonl").append({"kind": "person", "id": id, "status": "ok"})


def write_garment(root: Path, id: str, size: tuple[int, int] = HD) -> None:
    height, width = size
    mask = np.zeros(size, np.uint8)
    mask[height // 4 : height * 3 // 4, width // 4 : width * 3 // 4] = 255
    mask[height // 4 : height // 3, width // 8 : width * 7 // 8] = 255
    image = np.full((*size, 3), 255, np.uint8)
    image[mask > 0] = (90, 20 + len(id), 160)
    write_image(root / "cloth" / f"{id}.jpg", image)
    write_image(root / "cloth-mask" / f"{id}.png", mask)
    kind = "dress" if id.startswith("d") else "top"
    Manifest(root / "manifest.jsonl").append({"kind": "garment", "id": id, "status": "ok", "garment": kind})


def write_list(root: Path, name: str, pairs: dict[str, str]) -> None:
    (root / name).write_text("".join(f"{person}\t{garment}\n" for person, garment in pairs.items()))


def run(root: Path, *names: str, **settings: Any) -> tuple[Summary, list[str]]:
    done, notes = Summary("photo", str(root)), Notes()
    export(PrepareConfig(out=root, export=list(names), **settings), done, notes)
    return done, notes.said


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


def names(root: Path, layout: str) -> dict[tuple[str, str, str], int]:
    with (root / layout / "names.csv").open(newline="") as stream:
        return {(r["split"], r["person"], r["garment"]): int(r["number"]) for r in csv.DictReader(stream)}


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """A list as all loaders read it: two words a line."""
    for line in path.read_text().splitlines(keepends=True):
        first, second = line.strip().split()
        yield first, second


def opened(path: Path, mode: str, size: tuple[int, int] | None = None) -> np.ndarray[Any, Any]:
    with Image.open(path) as picture:
        assert picture.mode == mode, path
        assert size is None or picture.size == size[::-1], path
        return np.array(picture)


def joints_of(path: Path, key: str) -> np.ndarray[Any, Any]:
    return np.array(json.loads(path.read_text())["people"][0][key]).reshape(-1, 3)


def check_hd_joints(points: np.ndarray[Any, Any]) -> None:
    """VITON-HD's and HR-VITON's agnostic picture needs shoulders, hips apart and a neck, by x and y alone."""
    assert points.shape == (25, 3)
    assert all(points[joint, :2].any() for joint in (1, 2, 5, 9, 12))
    assert np.linalg.norm(points[12, :2] - points[9, :2]) > 1


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


def test_who_is_in_no_pair_or_only_in_unpaired_ones(tmp_path: Path) -> None:
    small = (256, 192)
    for id in ("p1", "p2", "p3"):
        write_person(tmp_path, id, small)
    for id in ("g1", "g2", "g3", "g4"):
        write_garment(tmp_path, id, small)
    _, said = run(tmp_path, "cp-vton")
    assert any("no pairs are known" in note for note in said)
    rows = list(lines(tmp_path / "cp-vton" / "test_pairs.txt"))
    assert len(rows) == 4 and len({person for person, _ in rows}) == 3 and len({garment for _, garment in rows}) == 4
    write_list(tmp_path, "train_pairs.txt", {"p1": "g1"})
    write_list(tmp_path, "train_pairs_unpaired.txt", {"p1": "g2", "p2": "g3"})
    _, said = run(tmp_path, "cp-vton")
    assert "cp-vton: 1 unpaired pairs are of people in the train split, whose lists have no place for them" in said
    assert "cp-vton: 1 of 3 people are in no pair and are left out" in said
    assert set(names(tmp_path, "cp-vton")) == {("train", "p1", "g1"), ("test", "p2", ""), ("test", "", "g3")}


def test_the_own_garment_is_laid_flat_where_a_loader_opens_one(tmp_path: Path) -> None:
    write_person(tmp_path, "front", sleeves="short")
    write_person(tmp_path, "cut off", sleeves="short", scale=2.3)  # the hips are not in the picture
    write_garment(tmp_path, "g1")
    write_list(tmp_path, "test_pairs_unpaired.txt", {"front": "g1", "cut off": "g1"})
    done, said = run(tmp_path, "hr-viton", "cp-vton")
    (problem,) = done.problems
    assert problem.startswith("hr-viton: cut off is left out: the garment they wear is not known") and done.failed == 1
    assert "hr-viton: the own garment of 1 people is not known: it was laid flat from their photos" in said
    ((person, garment),) = lines(tmp_path / "hr-viton" / "test_pairs.txt")
    assert person != garment and opened(tmp_path / "hr-viton/test/cloth-mask" / person, "L", HD).max() > 200
    assert len(list(lines(tmp_path / "cp-vton" / "test_pairs.txt"))) == 2, "CP-VTON opens no own garment"


def test_hips_out_of_the_picture_stop_no_loader(tmp_path: Path) -> None:
    write_person(tmp_path, "p1", sleeves="short", scale=2.3)
    write_garment(tmp_path, "g1")
    write_list(tmp_path, "test_pairs.txt", {"p1": "g1"})
    _, said = run(tmp_path, "viton-hd")
    assert "viton-hd: p1: there is no other garment to try on than the own one" in said
    points = joints_of(next((tmp_path / "viton-hd/test/openpose-json").iterdir()), "pose_keypoints_2d")
    check_hd_joints(points)
    assert not points[[9, 12], 2].any(), "confidence 0: not found"
    (person, *_) = DATASETS.get("viton-hd")(tmp_path / "viton-hd").entries("test")
    mine = next(Prepared(tmp_path).entries()).pose()
    assert (
        mine is not None and np.array_equal(person.pose().seen, mine.seen) and not mine.seen[[L.R_HIP, L.L_HIP]].any()
    )


def test_numbers_stay_and_what_is_gone_is_taken_away(tmp_path: Path) -> None:
    Ledger(tmp_path, "prepare").begin()  # only what is the toolkit's own is taken away
    small = (256, 192)
    for id in ("p2", "p4"):
        write_person(tmp_path, id, small)
    for id in ("g2", "g4"):
        write_garment(tmp_path, id, small)
    write_list(tmp_path, "train_pairs.txt", {"p2": "g2", "p4": "g4"})
    run(tmp_path, "viton", "dresscode")
    first = names(tmp_path, "viton")
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "viton/women_top").iterdir()}
    write_person(tmp_path, "p1", small)
    write_list(tmp_path, "train_pairs.txt", {"p1": "g4", "p4": "g4"})
    run(tmp_path, "viton", "dresscode")
    then = names(tmp_path, "viton")
    assert then == {("train", "p1", "g4"): 3, ("train", "p4", "g4"): first["train", "p4", "g4"]}
    gone = first["train", "p2", "g2"]
    assert not list(tmp_path.glob(f"viton/*/{gone:06d}_*")) and not list(tmp_path.glob(f"dresscode/*/*/{gone:06d}_*"))
    kept = [path for path in stamps if path.exists()]
    assert len(kept) == 2 and all(path.stat().st_mtime_ns == stamps[path] for path in kept)
    run(tmp_path, "viton", overwrite=True)
    assert all(path.stat().st_mtime_ns > stamps[path] for path in kept)


def test_crops_are_as_high_as_the_largest_export() -> None:
    def height(*names: str, **given: Any) -> int | None:
        return with_height(PrepareConfig(out=Path("x"), export=list(names), **given)).height

    assert [height(), height("viton"), height("cp-vton,hr-viton"), height("dresscode", height=700)] == [
        512,
        512,
        1024,
        700,
    ]


def test_nothing_to_export_is_a_failure(tmp_path: Path) -> None:
    write_person(tmp_path, "p1", (256, 192))
    done, _ = run(tmp_path, "viton-hd")
    assert done.failed == 1 and "nothing to export: it takes people and garments" in done.problems[0]


def test_a_run_that_was_cut_off_is_carried_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from viton_cli.data.exports.cp_vton import CpVtonExport

    small = (256, 192)
    for n in range(6):
        write_person(tmp_path, f"p{n}", small)
        write_garment(tmp_path, f"g{n}", small)
    write_list(tmp_path, "train_pairs.txt", {f"p{n}": f"g{n}" for n in range(6)})
    written: list[int] = []
    stopped: list[bool] = []
    write = CpVtonExport.write_person

    def counted(self: CpVtonExport, name: Any, person: Any, own: Any) -> list[str]:
        if name.number == 4 and not stopped:
            stopped.append(True)
            raise KeyboardInterrupt
        written.append(name.number)
        return write(self, name, person, own)

    monkeypatch.setattr(CpVtonExport, "write_person", counted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, "cp-vton", workers=1)
    assert written[:3] == [1, 2, 3]
    run(tmp_path, "cp-vton", workers=1)
    assert sorted(set(written)) == [1, 2, 3, 4, 5, 6] and written.count(1) == written.count(2) == 1
    assert len(list(lines(tmp_path / "cp-vton" / "train_pairs.txt"))) == 6


def test_what_cannot_be_used_is_named_and_left_out(tmp_path: Path) -> None:
    small = (256, 192)
    for n in range(2):
        write_person(tmp_path, f"p{n}", small)
        write_garment(tmp_path, f"g{n}", small)
    write_list(tmp_path, "train_pairs.txt", {"p0": "g0", "p1": "g1"})
    (tmp_path / "openpose_json" / "p0_keypoints.json").write_text('{"people": []}')
    (tmp_path / "cloth" / "g1.jpg").write_bytes(b"torn")
    done, _ = run(tmp_path, "cp-vton")
    assert done.problems[0] == "cp-vton: p0 is left out: no joint is seen"
    torn = tmp_path / "cloth" / "g1.jpg"
    assert done.problems[1] == f"cp-vton: p1 is left out: {torn}: not a picture but text" and not done.defects
    assert not (tmp_path / "cp-vton" / "train_pairs.txt").exists() and not names(tmp_path, "cp-vton")


def test_a_defect_fails_its_look_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from viton_cli.data.exports.cp_vton import CpVtonExport

    small = (256, 192)
    for n in range(2):
        write_person(tmp_path, f"p{n}", small)
        write_garment(tmp_path, f"g{n}", small)
    write_list(tmp_path, "train_pairs.txt", {"p0": "g0", "p1": "g1"})
    write = CpVtonExport.write_garment

    def broken(self: CpVtonExport, name: Any, garment: Any) -> None:
        if name.number == 2:
            raise ZeroDivisionError("of something")
        write(self, name, garment)

    monkeypatch.setattr(CpVtonExport, "write_garment", broken)
    done, _ = run(tmp_path, "cp-vton")
    assert done.problems == ["cp-vton: p1 is left out: defect of the toolkit: ZeroDivisionError: of something"]
    assert done.defects == 1 and len(list(lines(tmp_path / "cp-vton" / "train_pairs.txt"))) == 1


def test_no_folder_but_that_of_an_export_is_written_into(tmp_path: Path) -> None:
    config = PrepareConfig(out=tmp_path, export=["viton-hd"])
    check_exports(config, [])
    (tmp_path / "viton-hd" / "train").mkdir(parents=True)
    with pytest.raises(BadConfig, match=r"viton-hd: holds files that are not of an export \(there is no names.csv\)"):
        check_exports(config, [])
    (tmp_path / "viton-hd" / "names.csv").touch()
    check_exports(config, [tmp_path / "people" / "a.jpg"])
    with pytest.raises(BadConfig, match="which photos are read from; give another --out"):
        check_exports(config, [tmp_path / "viton-hd" / "train" / "image" / "00001_00.jpg"])
