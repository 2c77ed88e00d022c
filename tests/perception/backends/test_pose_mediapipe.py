"""MediaPipe behind the pose protocol, with a stand-in for the package that answers in its records."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from viton_cli.errors import BadWeights, MissingExtra
from viton_cli.perception.backends import pose_mediapipe
from viton_cli.perception.backends.pose_mediapipe import BLAZEPOSE_IN_COCO18, MediaPipePose
from viton_cli.records import Photo
from viton_cli.vocabulary.labels import JOINTS, L_ELBOW, NECK, R_SHOULDER, R_WRIST

BLAZEPOSE = (
    "nose", "left eye inner", "left eye", "left eye outer", "right eye inner", "right eye", "right eye outer",
    "left ear", "right ear", "mouth left", "mouth right", "left shoulder", "right shoulder", "left elbow",
    "right elbow", "left wrist", "right wrist", "left pinky", "right pinky", "left index", "right index",
    "left thumb", "right thumb", "left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle",
    "left heel", "right heel", "left foot index", "right foot index",
)  # fmt: skip
PHOTO = Photo("one", np.zeros((200, 100, 3), np.uint8)[:, ::-1])  # a view: MediaPipe wants its arrays contiguous


def landmarks(scale: float = 1.0) -> list[Any]:
    """33 records in shares of the picture, each at a place of its own."""
    return [SimpleNamespace(x=scale * (0.1 + 0.02 * i), y=scale * (0.9 - 0.02 * i), visibility=0.9) for i in range(33)]


class Recorder:
    """What the stand-ins were asked."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.image: np.ndarray = np.zeros(0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A `mediapipe` whose two interfaces both find `found` (None: nobody)."""
    recorder = Recorder()
    recorder.options["found"] = [landmarks()]

    class Pose:
        def __init__(self, **options: Any) -> None:
            recorder.options |= options

        def process(self, image: np.ndarray) -> Any:
            recorder.image = image
            found = recorder.options["found"]
            return SimpleNamespace(pose_landmarks=SimpleNamespace(landmark=found[0]) if found else None)

    class PoseLandmarker:
        @classmethod
        def create_from_options(cls, options: Any) -> PoseLandmarker:
            recorder.options |= vars(options)
            path = options.base_options.model_asset_path
            if not Path(path).read_bytes().startswith(b"PK"):
                raise RuntimeError("Unable to open\nzip archive.")
            return cls()

        def detect(self, image: Any) -> Any:
            recorder.image = image.data
            return SimpleNamespace(pose_landmarks=recorder.options["found"])

    module: Any = ModuleType("mediapipe")
    module.__version__ = "0.0"
    module.solutions = SimpleNamespace(pose=SimpleNamespace(Pose=Pose))
    vision = SimpleNamespace(PoseLandmarkerOptions=SimpleNamespace, PoseLandmarker=PoseLandmarker)
    module.tasks = SimpleNamespace(BaseOptions=SimpleNamespace, vision=vision)
    module.Image, module.ImageFormat = SimpleNamespace, SimpleNamespace(SRGB=1)
    monkeypatch.setattr(pose_mediapipe, "import_package", lambda: module)
    return recorder


@pytest.fixture
def task(tmp_path: Path) -> Path:
    path = tmp_path / "pose_landmarker_full.task"
    path.write_bytes(b"PK\x03\x04")
    return path


def test_each_joint_comes_from_the_landmark_of_the_same_name() -> None:
    for joint, source in zip(JOINTS, BLAZEPOSE_IN_COCO18):
        expected = ["left shoulder", "right shoulder"] if joint == "neck" else [joint]
        assert [BLAZEPOSE[i] for i in source] == expected


def test_shares_of_the_picture_become_pixels_with_centres_at_integers(asked: Recorder) -> None:
    (pose,) = MediaPipePose().detect(PHOTO)
    for joint, source in enumerate(BLAZEPOSE_IN_COCO18):
        place = np.mean([(0.1 + 0.02 * i, 0.9 - 0.02 * i) for i in source], axis=0)
        np.testing.assert_allclose(pose.joints[joint], place * (100, 200) - 0.5, rtol=1e-5)
    assert pose.seen.all()
    np.testing.assert_allclose(pose.confidence, 0.9)
    assert asked.options["static_image_mode"] is True
    assert asked.image.flags.c_contiguous
    assert asked.image.shape == (200, 100, 3)


def test_visibility_decides_what_is_seen(asked: Recorder) -> None:
    found = asked.options["found"][0]
    found[BLAZEPOSE.index("right shoulder")].visibility = 0.3
    found[BLAZEPOSE.index("left elbow")].visibility = 0.5
    found[BLAZEPOSE.index("right wrist")].y = 1.02  # below the picture, though MediaPipe is sure of it
    (pose,) = MediaPipePose().detect(PHOTO)
    assert {JOINTS[i] for i in np.flatnonzero(~pose.seen)} == {"right shoulder", "neck", "right wrist"}
    assert pose.confidence[[R_SHOULDER, NECK, L_ELBOW, R_WRIST]] == pytest.approx([0.3, 0.3, 0.5, 0.9])


def test_nobody(asked: Recorder, task: Path) -> None:
    asked.options["found"] = []
    assert MediaPipePose().detect(PHOTO) == []
    assert MediaPipePose(task).detect(PHOTO) == []


def test_a_task_file_finds_several_largest_first(asked: Recorder, task: Path) -> None:
    asked.options["found"] = [landmarks(0.5), landmarks(), landmarks(0.8)]
    poses = MediaPipePose(task, most_people=3).detect(PHOTO)
    assert [round(float(pose.joints[0, 0] + 0.5), 2) for pose in poses] == [10, 8, 5]
    assert asked.options["num_poses"] == 3
    assert asked.options["base_options"].model_asset_path == str(task)


def test_task_files_that_cannot_be_read(asked: Recorder, tmp_path: Path) -> None:
    missing = tmp_path / "missing.task"
    with pytest.raises(BadWeights, match=rf"curl -L -o {missing} https://storage\.googleapis\.com"):
        MediaPipePose(missing)
    missing.write_text("hello")
    with pytest.raises(BadWeights, match=r"missing\.task: MediaPipe cannot read it \(Unable to open zip archive"):
        MediaPipePose(missing)


def missing() -> Any:
    raise ImportError("no such package")


def test_without_the_package_the_error_holds_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pose_mediapipe, "import_package", missing)
    with pytest.raises(MissingExtra, match=r"pip install 'viton-cli\[mediapipe\]'"):
        MediaPipePose()


def test_releases_without_a_model_say_what_to_do(asked: Recorder, task: Path) -> None:
    del pose_mediapipe.import_package().solutions
    with pytest.raises(MissingExtra, match=r"pip install 'mediapipe>=0\.10\.14,<0\.10\.30', or curl -LO https"):
        MediaPipePose()
    assert len(MediaPipePose(task).detect(PHOTO)) == 1
