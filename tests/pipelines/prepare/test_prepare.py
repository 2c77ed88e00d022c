"""The prepared folder: what is in it, whether training can read it, what a second run does."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from viton_cli.config import PrepareConfig
from viton_cli.data.prepared import Prepared
from viton_cli.engines.progress import Summary
from viton_cli.errors import BadConfig, NothingUsable
from viton_cli.files import Manifest, read_keypoints, read_labels, read_photo, write_keypoints, write_labels
from viton_cli.pipelines.prepare import prepare
from viton_cli.records import Pose
from viton_cli.vocabulary import labels as L

pytestmark = pytest.mark.usefixtures("fakes")


def run(folders: SimpleNamespace, **settings: Any) -> Summary:
    given: dict[str, Any] = {"out": folders.out, "height": 128}
    if "dataset" not in settings:
        given |= {"person": folders.people, "clothes": folders.clothes}
    return prepare(PrepareConfig(**{**given, **settings}))


def entries(folders: SimpleNamespace) -> dict[tuple[str, str], dict[str, Any]]:
    return {(e["kind"], e["id"]): e for e in Manifest(folders.out / "manifest.jsonl").read()}


def test_layout_and_sizes(folders: SimpleNamespace) -> None:
    done = run(folders)
    assert (done.ok, done.failed, done.skipped) == (5, 0, 0)
    id = "sub dir/bert ü"
    for name in (
        f"image/{id}.jpg", f"image-parse-v3/{id}.png", f"openpose_json/{id}_keypoints.json", f"overlay/{id}.jpg",
        "cloth/tops/blue.jpg", "cloth-mask/tops/blue.png", "config.yaml",
    ):  # fmt: skip
        assert (folders.out / name).is_file(), name
    assert read_photo(folders.out / f"image/{id}.jpg").size == (128, 96)
    assert read_labels(folders.out / f"image-parse-v3/{id}.png").shape == (128, 96)
    assert read_photo(folders.out / "cloth/red.jpg").size == (128, 96)


def test_a_huge_photo_is_prepared_at_the_working_size(
    folders: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from viton_cli.pipelines.prepare import reading as module

    folders.photo(folders.people / "anna.png", size=(640, 480))
    folders.photo(folders.clothes / "red.png", (200, 10, 10), size=(640, 480))
    run(folders)
    whole = entries(folders)
    monkeypatch.setattr(module, "WORKING_PIXELS", 3072)  # 64x48
    run(folders, out=folders.root / "small")
    small = {(e["kind"], e["id"]): e for e in Manifest(folders.root / "small/manifest.jsonl").read()}
    # Frames are in pixels of the file; the fake's begins 3 pixels left of whatever picture it looks at.
    assert small["person", "anna"]["frame"] == [-30, 0, 450, 640] and whole["person", "anna"]["frame"] == [
        -3,
        0,
        477,
        640,
    ]
    assert np.abs(np.subtract(small["garment", "red"]["frame"], whole["garment", "red"]["frame"])).max() <= 10
    assert read_photo(folders.root / "small/image/anna.jpg").size == (128, 96)


def test_joints_and_labels_of_a_huge_photos_data_set_fit_it(
    folders: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from viton_cli.pipelines.prepare import reading as module

    run(folders)  # a data set of photos of 128x96 with joints and labels
    whole = read_keypoints(folders.out / "openpose_json/anna_keypoints.json")[0]
    monkeypatch.setattr(module, "WORKING_PIXELS", 3072)
    given: dict[str, Any] = {"dataset": folders.out, "format": "prepared", "out": folders.root / "again"}
    run(folders, **given)
    again = read_keypoints(folders.root / "again/openpose_json/anna_keypoints.json")[0]
    np.testing.assert_allclose(again.joints, whole.joints, atol=0.05)
    labels = read_labels(folders.root / "again/image-parse-v3/anna.png")
    assert (labels == read_labels(folders.out / "image-parse-v3/anna.png")).mean() > 0.97


def test_joints_and_labels_are_in_the_crops_pixels(folders: SimpleNamespace) -> None:
    run(folders)
    entry = entries(folders)["person", "anna"]
    assert entry["frame"] == [-3, 0, 45, 64] and entry["status"] == "ok" and len(entry["sha256"]) == 64
    (pose,) = read_keypoints(folders.out / "openpose_json/anna_keypoints.json")
    # The fake's first joint lies at (0.3 * 48, 0.1 * 64) of the photo; the crop begins 3 pixels left, at scale 2.
    np.testing.assert_allclose(pose.joints[0], [(14.4 + 0.5 + 3) * 2 - 0.5, (6.4 + 0.5) * 2 - 0.5], atol=1e-2)
    labels = read_labels(folders.out / "image-parse-v3/anna.png")
    assert labels[100, (24 + 3) * 2] == L.UPPER and labels[5, 5] == L.BACKGROUND


def test_garments_lie_on_white(folders: SimpleNamespace) -> None:
    image = np.full((90, 60, 3), 255, np.uint8)
    image[30:60, 20:40] = (20, 90, 160)
    Image.fromarray(image).save(folders.clothes / "shirt.png")
    run(folders)
    entry = entries(folders)["garment", "shirt"]
    assert entry["frame"][1] < 30 and entry["frame"][3] > 60 and entry["frame"][3] - entry["frame"][1] < 60
    mask = read_photo(folders.out / "cloth-mask/shirt.png").image[..., 0]
    cloth = read_photo(folders.out / "cloth/shirt.jpg").image
    assert np.abs(cloth[mask > 250].astype(int).mean(0) - (20, 90, 160)).max() < 8
    assert cloth[0, 0].min() > 250 and mask[0, 0] == 0


def test_what_is_finished_is_skipped_and_what_failed_is_tried_again(
    folders: SimpleNamespace, fakes: SimpleNamespace
) -> None:
    (folders.people / "text.jpg").write_text("no picture")
    folders.photo(folders.people / "dark.png", (0, 0, 0))
    done = run(folders)
    assert (done.ok, done.failed) == (5, 2) and "text" in entries(folders)["person", "text"]["cause"]
    fakes.finder.found.clear()
    (folders.out / "overlay/anna.jpg").unlink()
    done = run(folders)
    assert (done.ok, done.failed, done.skipped) == (1, 2, 4) and sorted(fakes.finder.found) == ["anna", "dark"]
    assert run(folders, overwrite=True).ok == 5
    with pytest.raises(BadConfig, match="height=128, not 256"):
        run(folders, height=256)


def test_people_are_looked_at_in_batches(folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
    for number in range(5):
        folders.photo(folders.people / f"p{number}.png")
    run(folders)
    assert [len(batch) for batch in fakes.finder.batches] == [4, 3]
    assert [id for batch in fakes.finder.batches for id in batch] == fakes.finder.found
    assert all(0 < entry["seconds"] + 1e-3 < 5 for entry in entries(folders).values())


def test_a_photo_that_spoils_its_batch_spoils_no_other(folders: SimpleNamespace) -> None:
    folders.photo(folders.people / "grey.png", (66, 66, 66))  # the stand-in cannot look at it beside others
    assert (run(folders).failed, run(folders).skipped) == (0, 6)


def test_large_photos_come_one_at_a_time(
    folders: SimpleNamespace, fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("viton_cli.pipelines.prepare.run.BATCH_PIXELS", 64 * 48)
    run(folders)
    assert fakes.finder.batches == [["anna"], ["sub dir/bert ü"]]


def test_a_garment_photo_that_shows_a_person_is_told(folders: SimpleNamespace) -> None:
    folders.photo(folders.clothes / "worn.png", (255, 0, 255))
    run(folders)
    checks = {id: entry["checks"] for (kind, id), entry in entries(folders).items() if kind == "garment"}
    assert checks == {"worn": ["shows a person"], "red": [], "green": [], "tops/blue": []}


def test_pairs_of_the_same_name_and_from_a_file(folders: SimpleNamespace) -> None:
    folders.photo(folders.people / "green.png")
    run(folders, test_share=0)
    assert (folders.out / "train_pairs.txt").read_text() == "green\tgreen\n"
    (folders.root / "pairs.csv").write_text("person,garment,unpaired\nanna,red,green\nbert ü.png,tops/blue.png,\n")
    run(folders, pairs=folders.root / "pairs.csv", test_share=1)
    assert (folders.out / "test_pairs.txt").read_text(encoding="utf-8") == "anna\tred\nsub dir/bert ü\ttops/blue\n"
    assert (folders.out / "test_pairs_unpaired.txt").read_text() == "anna\tgreen\n", "as the file says"
    (folders.root / "pairs.csv").write_text("person,garment\nanna,red\nbert ü.png,tops/blue.png\n")
    run(folders, pairs=folders.root / "pairs.csv", test_share=1)
    shuffled = (folders.out / "test_pairs_unpaired.txt").read_text(encoding="utf-8")
    assert shuffled == "anna\ttops/blue\nsub dir/bert ü\tred\n", "each other's, where it says nothing"


def test_the_own_picture_is_no_truth_of_another_garment(folders: SimpleNamespace) -> None:
    folders.photo(folders.people / "anna in red.png")
    (folders.root / "pairs.jsonl").write_text(
        '{"person": "anna", "garment": "green", "truth": "anna.png"}\n'
        '{"person": "anna", "garment": "red", "truth": "anna in red"}\n'
        '{"person": "bert ü", "garment": "red"}\n'
        '{"person": "bert ü", "garment": "green", "truth": "bert ü", "verdict": "reject"}\n'
    )
    run(folders, pairs=folders.root / "pairs.jsonl", test_share=0)
    assert (folders.out / "train_pairs.txt").read_text() == "anna\tgreen\n"
    unpaired = (folders.out / "train_pairs_unpaired.txt").read_text(encoding="utf-8")
    assert unpaired == "anna\tred\nsub dir/bert ü\tred\n"


def test_pairs_of_photos_that_failed_are_left_out(folders: SimpleNamespace) -> None:
    for name in ("green", "red"):
        folders.photo(folders.people / f"{name}.png", (0, 0, 0) if name == "red" else (9, 9, 9))
    run(folders, test_share=0)
    assert (folders.out / "train_pairs.txt").read_text() == "green\tgreen\n"


def test_training_reads_what_was_written(folders: SimpleNamespace) -> None:
    folders.photo(folders.people / "green.png")
    run(folders, test_share=0)
    data = Prepared(folders.out)
    assert data.report() == []
    people = {entry.id: entry for entry in data.entries() if entry.kind == "person"}
    assert set(people) == {"anna", "green", "sub dir/bert ü"}
    labels, pose = people["anna"].labels(), people["anna"].pose()
    assert labels is not None and pose is not None and labels.shape == (128, 96) and pose.seen.any()
    assert data.pairs("train") == [("green", "green")]


def test_a_data_set_keeps_its_own_labels_joints_and_framing(folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
    root = folders.root / "hd" / "test"
    folders.photo(root / "image/00001_00.jpg", size=(128, 96))
    folders.photo(root / "cloth/00001_00.jpg", size=(128, 96))
    Image.fromarray(np.full((128, 96), 255, np.uint8)).save(_made(root / "cloth-mask/00001_00.jpg"))
    write_labels(root / "image-parse-v3/00001_00.png", np.full((128, 96), 13, np.uint8))
    joints = np.full((18, 2), 40, np.float32)
    pose = Pose(joints, np.ones(18, bool), np.ones(18, np.float32))
    write_keypoints(root / "openpose_json/00001_00_keypoints.json", [pose])
    (folders.root / "hd/test_pairs.txt").write_text("00001_00.jpg 00001_00.jpg\n")
    done = run(folders, dataset=folders.root / "hd", format="viton-hd")
    assert (done.ok, done.failed) == (2, 0) and fakes.finder.found == [], "nothing was left to find"
    entry = entries(folders)["person", "00001_00"]
    assert entry["frame"] == [0, 0, 96, 128] and entry["split"] == "test"
    assert (read_labels(folders.out / "image-parse-v3/00001_00.png") == L.FACE).all()
    (back,) = read_keypoints(folders.out / "openpose_json/00001_00_keypoints.json")
    np.testing.assert_allclose(back.joints, joints, atol=1e-2)
    assert (folders.out / "test_pairs.txt").read_text() == "00001_00\t00001_00\n"


def test_dress_code_keeps_its_categories_and_what_is_missing_is_found(
    folders: SimpleNamespace, fakes: SimpleNamespace
) -> None:
    """One person with keypoints and labels, one with neither, and a list in the root with a third column."""
    root = folders.root / "dc"
    for name in ("000001", "000002"):
        folders.photo(root / f"dresses/images/{name}_0.jpg", size=(128, 96))
        folders.photo(root / f"dresses/images/{name}_1.jpg", size=(128, 96))
    joints = [[4 * (9 + joint), 4 * (20 + 5 * joint), 0.7, 1] for joint in range(18)]
    _made(root / "dresses/keypoints/000001_2.json").write_text(json.dumps({"keypoints": joints}))
    write_labels(root / "dresses/label_maps/000001_4.png", np.full((64, 48), 7, np.uint8))
    (root / "test_pairs_paired.txt").write_text("000001_0.jpg 000001_1.jpg dresses\n000002_0.jpg 000002_1.jpg 2\n")
    done = run(folders, dataset=root, format="dresscode")
    assert (done.ok, done.failed) == (4, 0) and fakes.finder.found == ["dresses/000002_0"]
    assert (read_labels(folders.out / "image-parse-v3/dresses/000001_0.png") == L.DRESS).all()
    (pose,) = read_keypoints(folders.out / "openpose_json/dresses/000001_0_keypoints.json")
    np.testing.assert_allclose(pose.joints[0], (9, 20), atol=1e-2)
    pairs = (folders.out / "test_pairs.txt").read_text().splitlines()
    assert pairs == [f"dresses/{name}_0\tdresses/{name}_1" for name in ("000001", "000002")]


def test_cp_vtons_jpeg_masks_are_clean(folders: SimpleNamespace) -> None:
    root = folders.root / "cp"
    folders.photo(root / "test/image/000001_0.jpg", size=(256, 192))
    folders.photo(root / "test/cloth/000001_1.jpg", size=(256, 192))
    mask = np.zeros((256, 192), np.uint8)
    mask[60:200, 40:150] = 255
    Image.fromarray(mask).save(_made(root / "test/cloth-mask/000001_1.jpg"), quality=30)
    (root / "test_pairs.txt").write_text("000001_0.jpg 000001_1.jpg\n")
    assert run(folders, dataset=root, format="cp-vton", height=256).failed == 0
    written = read_photo(folders.out / "cloth-mask/000001_1.png").image[..., 0]
    assert np.array_equal(written, mask)


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"person": None, "clothes": None}, "--person, --clothes"),
        ({"format": "ccp"}, "belong to --dataset"),
        ({"dataset": "x"}, "needs --format; known: ccp"),
    ],
)
def test_settings_that_do_not_go_together(folders: SimpleNamespace, settings: dict[str, Any], cause: str) -> None:
    with pytest.raises(BadConfig, match=cause):
        run(folders, **settings)


def test_an_empty_folder_is_named(folders: SimpleNamespace) -> None:
    (folders.root / "none").mkdir()
    with pytest.raises(NothingUsable, match="none"):
        run(folders, person=folders.root / "none")


def test_manifest_has_one_line_a_photo(folders: SimpleNamespace) -> None:
    run(folders)
    run(folders, overwrite=True)
    lines = (folders.out / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5 and all(json.loads(line)["status"] == "ok" for line in lines)


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
