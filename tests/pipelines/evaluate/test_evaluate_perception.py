"""`viton evaluate perception` on drawn people, with the backend that reads drawings and worse ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from viton_cli import perception
from viton_cli.config import EvaluatePerceptionConfig
from viton_cli.errors import BadDataset, UnknownName
from viton_cli.files import write_image, write_keypoints, write_labels
from viton_cli.perception.backends.fake import FakePose, draw_person
from viton_cli.pipelines.evaluate.perception import evaluate_perception
from viton_cli.records import Photo, Pose
from viton_cli.vocabulary import labels as L


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Three drawn people in a prepared folder, as PNG so that colours are exact."""
    for number in (1, 2, 3):
        image, labels, pose = draw_person(
            (300, 220), middle=0.4 + 0.05 * number, sleeves="long" if number == 3 else "short"
        )
        write_image(tmp_path / f"image/p{number:04d}.png", image)
        write_labels(tmp_path / f"image-parse-v3/p{number:04d}.png", labels)
        write_keypoints(tmp_path / f"openpose_json/p{number:04d}_keypoints.json", [pose])
    return tmp_path


def scores(root: Path, **settings: Any) -> dict[str, Any]:
    given = {"data": [str(root)], "pose": "fake", "parsing": "fake"}
    return {score.name: score for score in evaluate_perception(EvaluatePerceptionConfig(**{**given, **settings}))}


def test_perfect_answers_have_perfect_scores(people: Path) -> None:
    found = scores(people)
    assert found["mIoU12"].value == found["IoU person"].value == found["IoU arms"].value == 1
    assert found["PCK@0.2"].value == 1 and found["PCK@0.1"].value == 1 and found["people missed"].value == 0
    assert {score.n for score in found.values()} == {3}
    assert "IoU hat" not in found and not found["people missed"].higher_is_better
    assert "0.2 of the torso diagonal" in found["PCK@0.2"].protocol


def test_a_person_who_is_missed_has_all_joints_wrong(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detect = FakePose.detect
    monkeypatch.setattr(FakePose, "detect", lambda self, photo: [] if photo.id.endswith("2") else detect(self, photo))
    found = scores(people)
    assert found["people missed"].value == pytest.approx(1 / 3)
    assert found["PCK@0.2"].value == pytest.approx(2 / 3) and found["mIoU12"].value == 1


def test_swapped_sides_cost_joints(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detect = FakePose.detect

    def swapped(self: FakePose, photo: Photo) -> list[Pose]:
        return [Pose(p.joints[list(L.FLIP_JOINTS)], p.seen, p.confidence) for p in detect(self, photo)]

    monkeypatch.setattr(FakePose, "detect", swapped)
    assert scores(people)["PCK@0.1"].value < 0.5


def test_ids_and_limit_choose_the_photos(people: Path) -> None:
    assert scores(people, ids="*3")["mIoU12"].n == 1
    assert scores(people, limit=2)["mIoU12"].n == 2
    with pytest.raises(BadDataset, match=r"no photo with labels or joints matches --ids 'q\*'"):
        scores(people, ids="q*")


def test_labels_alone_or_joints_alone_are_scored_alone(people: Path) -> None:
    for file in (people / "openpose_json").iterdir():
        file.unlink()
    found = scores(people)
    assert "mIoU12" in found and not any(name.startswith("PCK") for name in found)


def test_backends_are_registered_names(people: Path) -> None:
    assert "fake" in perception.POSE
    with pytest.raises(UnknownName):
        scores(people, pose="fakes")


def test_an_empty_picture_scores_low(people: Path) -> None:
    for file in (people / "image").iterdir():
        write_image(file, np.full((300, 220, 3), 235, np.uint8))
    found = scores(people)
    assert found["mIoU12"].value < 0.3 and found["IoU person"].value == 0
    assert found["people missed"].value == 1 and found["PCK@0.2"].value == 0
