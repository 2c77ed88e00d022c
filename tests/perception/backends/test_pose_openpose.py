from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from viton_cli.errors import BadConfig, BadDataset
from viton_cli.perception.backends.pose_openpose import OpenPoseJson
from viton_cli.records import Original, Photo
from viton_cli.vocabulary import labels as L

HEIGHT, WIDTH = 101, 81  # so that the last pixel is at 100 and 80


@pytest.fixture
def photo() -> Photo:
    return Photo("street/anna", np.zeros((HEIGHT, WIDTH, 3), np.uint8))


def numbers(points: int, scale: float = 1.0, offset: tuple[float, float] = (4.0, 2.0)) -> np.ndarray:
    """(points, 3): joint i at offset + i * (2, 3) * scale; joint 4 missing."""
    out = np.column_stack([offset + np.arange(points)[:, None] * np.array([2, 3]) * scale, np.full(points, 0.8)])
    out[4] = 0
    return out


def write(folder: Path, people: list[np.ndarray], key: str = "pose_keypoints_2d", name: str = "anna_keypoints") -> Path:
    (folder / "street").mkdir(exist_ok=True)
    path = folder / "street" / f"{name}.json"
    path.write_text(json.dumps({"version": 1.3, "people": [{key: person.ravel().tolist()} for person in people]}))
    return path


@pytest.mark.parametrize("key", ["pose_keypoints_2d", "pose_keypoints"])
@pytest.mark.parametrize("name", ["anna_keypoints", "anna"])
def test_coco18_under_both_keys_and_both_names(tmp_path: Path, photo: Photo, key: str, name: str) -> None:
    given = numbers(18)
    write(tmp_path, [given], key, name)
    (pose,) = OpenPoseJson(tmp_path).detect(photo)
    assert np.flatnonzero(~pose.seen).tolist() == [L.R_WRIST]
    assert np.allclose(pose.joints[pose.seen], given[pose.seen, :2])
    assert np.allclose(pose.confidence, given[:, 2])


def test_body25_has_its_middle_hip_left_out(tmp_path: Path, photo: Photo) -> None:
    given = numbers(25)
    write(tmp_path, [given])
    (pose,) = OpenPoseJson(tmp_path).detect(photo)
    for ours, theirs in ((L.R_HIP, 9), (L.R_ANKLE, 11), (L.L_HIP, 12), (L.L_ANKLE, 14), (L.R_EYE, 15), (L.L_EAR, 18)):
        assert np.allclose(pose.joints[ours], given[theirs, :2])


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize(
    ("keypoint_scale", "to_file"),
    [
        (0, lambda points: points),
        (3, lambda points: points / (WIDTH - 1, HEIGHT - 1)),
        (4, lambda points: 2 * points / (WIDTH - 1, HEIGHT - 1) - 1),
    ],
)
def test_keypoint_scales_told_or_seen_from_the_numbers(tmp_path, photo, keypoint_scale, to_file, told) -> None:  # type: ignore[no-untyped-def]
    given = numbers(18)
    stored = given.copy()
    stored[:, :2] = to_file(given[:, :2])
    stored[4] = 0  # OpenPose does not scale what it did not find
    write(tmp_path, [stored])
    (pose,) = OpenPoseJson(tmp_path, keypoint_scale=keypoint_scale if told else None).detect(photo)
    assert np.allclose(pose.joints[pose.seen], given[pose.seen, :2], atol=1e-4)
    assert np.flatnonzero(~pose.seen).tolist() == [L.R_WRIST]


def test_the_largest_person_comes_first_and_empty_ones_go(tmp_path: Path, photo: Photo) -> None:
    small, large, nothing = numbers(18, scale=0.3), numbers(18), np.zeros((18, 3))
    write(tmp_path, [small, nothing, large])
    poses = OpenPoseJson(tmp_path).detect(photo)
    assert [float(np.ptp(pose.joints[pose.seen, 0])) for pose in poses] == pytest.approx([34, 0.3 * 34])


def test_nobody(tmp_path: Path, photo: Photo) -> None:
    write(tmp_path, [])
    assert OpenPoseJson(tmp_path).detect(photo) == []


def test_joints_beyond_the_photo_are_unseen(tmp_path: Path, photo: Photo) -> None:
    given = numbers(18)
    given[L.L_ANKLE, 1] = HEIGHT + 30
    write(tmp_path, [given])
    (pose,) = OpenPoseJson(tmp_path).detect(photo)
    assert np.flatnonzero(~pose.seen).tolist() == [L.R_WRIST, L.L_ANKLE]
    assert pose.confidence[L.L_ANKLE] == 0


def test_one_file_for_one_photo(tmp_path: Path, photo: Photo) -> None:
    path = write(tmp_path, [numbers(18)], name="other")
    assert len(OpenPoseJson(path).detect(photo)) == 1


def test_another_size_is_told(tmp_path: Path, photo: Photo) -> None:
    write(tmp_path, [numbers(18, scale=12)])
    with pytest.raises(BadDataset, match=r"anna_keypoints.json: its joints reach \(412, 614\) but the photo is 81x101"):
        OpenPoseJson(tmp_path).detect(photo)


def test_what_is_missing_or_rubbish_is_named(tmp_path: Path, photo: Photo) -> None:
    with pytest.raises(BadDataset, match=r"--write_json"):
        OpenPoseJson()
    with pytest.raises(BadDataset, match=r"no such folder"):
        OpenPoseJson(tmp_path / "nowhere")
    with pytest.raises(BadConfig, match=r"keypoint_scale 1"):
        OpenPoseJson(tmp_path, keypoint_scale=1)
    with pytest.raises(BadDataset, match=r"neither street/anna_keypoints.json nor street/anna.json"):
        OpenPoseJson(tmp_path).detect(photo)
    write(tmp_path, [np.zeros((17, 3))])
    with pytest.raises(BadDataset, match=r"anna_keypoints.json: not OpenPose keypoints \(51 numbers"):
        OpenPoseJson(tmp_path).detect(photo)


def test_joints_of_a_huge_photo_come_in_the_working_pictures_pixels(tmp_path: Path) -> None:
    """The file speaks of the whole photo; its working picture is half as large."""
    small = Photo("street/anna", np.zeros((50, 40, 3), np.uint8), original=Original((100, 80), exact=False))
    given = numbers(18)
    write(tmp_path, [given])
    (pose,) = OpenPoseJson(tmp_path).detect(small)
    assert np.allclose(pose.joints[pose.seen], (given[pose.seen, :2] + 0.5) / 2 - 0.5)
