"""FASHN's parser behind the parsing protocol, with a stand-in for its package."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from safetensors import SafetensorError

from viton_cli.errors import BadWeights, MissingExtra
from viton_cli.perception.backends import parsing_fashn
from viton_cli.perception.backends.parsing_fashn import (
    BELT,
    JEWELLERY,
    MODEL,
    N_FASHN,
    PLAIN,
    FashnParsing,
    split_arms,
    to_labels,
)
from viton_cli.records import Photo, Pose
from viton_cli.vocabulary.labels import (
    BACKGROUND,
    DRESS,
    FACE,
    L_ARM,
    L_LEG,
    L_SHOE,
    LABELS,
    NECK_SKIN,
    PANTS,
    R_ARM,
    R_LEG,
    R_SHOE,
    UPPER,
)

FASHN = (
    "background", "face", "hair", "top", "dress", "skirt", "pants", "belt", "bag", "hat", "scarf", "glasses", "arms",
    "hands", "legs", "feet", "torso", "jewelry",
)  # fmt: skip
OURS = {"top": "upper-clothes", "glasses": "sunglasses", "torso": "neck"}
INDEX = {name: i for i, name in enumerate(FASHN)}

# A person 100 pixels tall, 60 wide, facing us: right is on the picture's left.
JOINTS = np.array([
    (30, 10), (30, 20), (20, 20), (10, 35), (8, 48), (40, 20), (50, 35), (52, 48), (25, 50), (24, 70), (24, 90),
    (35, 50), (36, 70), (36, 90), (28, 8), (32, 8), (25, 9), (35, 9),
], np.float32)  # fmt: skip
POSE = Pose(JOINTS, np.ones(18, bool), np.ones(18, np.float32))


def figure() -> np.ndarray:
    """The person's labels as FASHN's parser would write them."""
    labels = np.zeros((100, 60), np.uint8)
    labels[3:16, 24:37] = INDEX["face"]
    labels[16:21, 27:34] = INDEX["torso"]
    labels[20:50, 20:41] = INDEX["top"]
    labels[50:54, 20:41] = INDEX["belt"]
    labels[54:70, 20:41] = INDEX["pants"]
    labels[22:45, 6:16] = labels[22:45, 46:56] = INDEX["arms"]
    labels[45:55, 5:12] = labels[45:55, 49:56] = INDEX["hands"]
    labels[70:90, 21:27] = labels[70:90, 33:39] = INDEX["legs"]
    labels[90:98, 20:27] = labels[90:98, 33:40] = INDEX["feet"]
    labels[17:19, 29:31] = INDEX["jewelry"]
    return labels


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A `fashn_human_parser` that answers with the figure; keeps what it was given, fails if told to."""
    given: dict[str, Any] = {"error": None}

    class FashnHumanParser:
        def __init__(self, model_id: str = MODEL, device: str | None = None) -> None:
            given["model_id"] = model_id
            if given["error"] is not None:
                raise given["error"]

        def predict(self, image: np.ndarray) -> np.ndarray:
            given["image"] = image
            return figure().astype(np.int64)

    module: Any = ModuleType("fashn_human_parser")
    module.FashnHumanParser = FashnHumanParser
    monkeypatch.setattr(parsing_fashn, "import_package", lambda: module)
    return given


def test_labels_keep_their_names() -> None:
    for index, label in PLAIN.items():
        assert LABELS[label] == OURS.get(FASHN[index], FASHN[index])
    assert len(FASHN) == N_FASHN
    assert (FASHN[BELT], FASHN[JEWELLERY]) == ("belt", "jewelry")


@pytest.mark.parametrize("pose", [POSE, None, Pose(0 * JOINTS, np.zeros(18, bool), np.zeros(18, np.float32))])
def test_a_figure_gets_sides_belts_and_jewellery(pose: Pose | None) -> None:
    labels = to_labels(figure(), pose)
    expected = {
        (10, 30): FACE, (18, 30): NECK_SKIN, (35, 30): UPPER, (51, 30): UPPER, (53, 30): PANTS, (60, 30): PANTS,
        (30, 10): R_ARM, (50, 8): R_ARM, (30, 50): L_ARM, (50, 53): L_ARM, (80, 23): R_LEG, (80, 36): L_LEG,
        (94, 23): R_SHOE, (94, 36): L_SHOE, (1, 1): BACKGROUND,
    }  # fmt: skip
    assert {place: LABELS[labels[place]] for place in expected} == {p: LABELS[label] for p, label in expected.items()}
    assert labels.max() < len(LABELS)


def test_sides_follow_the_joints_when_the_arms_are_crossed() -> None:
    crossed = JOINTS.copy()
    crossed[[3, 4]] = (26, 40), (48, 40)  # the right forearm reaches over to the picture's right
    crossed[[6, 7]] = (50, 30), (54, 10)
    arms = np.zeros((100, 60), bool)
    arms[38:43, 26:56] = True
    assert (split_arms(arms, crossed)[38:43, 26:50] == R_ARM).all()
    assert (split_arms(arms, JOINTS)[38:43, 49:56] == L_ARM).all()
    assert not split_arms(arms, crossed)[~arms].any()


def test_the_mirrored_figure_gets_mirrored_sides() -> None:
    mirrored = JOINTS.copy()
    mirrored[:, 0] = 59 - mirrored[:, 0]  # the same person seen from behind
    back = to_labels(figure()[:, ::-1], Pose(mirrored, POSE.seen, POSE.confidence))
    np.testing.assert_array_equal(back, to_labels(figure(), POSE)[:, ::-1])


def test_a_belt_on_a_dress_is_dress() -> None:
    labels = np.full((30, 20), INDEX["dress"])
    labels[14:17] = INDEX["belt"]
    assert (to_labels(labels, None) == DRESS).all()


def test_another_label_set_is_refused() -> None:
    with pytest.raises(BadWeights, match="label 18"):
        to_labels(np.full((4, 4), 18), None)


def test_the_backend_hands_over_the_photo_and_names_the_licence(
    package: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        backend = FashnParsing()
    assert "NVIDIA Source Code License for SegFormer" in caplog.text
    assert backend.licence in caplog.text
    assert package["model_id"] == "fashn-ai/fashn-human-parser"
    assert os.environ["HF_HUB_OFFLINE"] == os.environ["TRANSFORMERS_OFFLINE"] == "1", "nothing is fetched"
    photo = Photo("one", np.zeros((100, 60, 3), np.uint8)[:, ::-1])
    parsing = backend.parse(photo, POSE)
    np.testing.assert_array_equal(parsing.labels, to_labels(figure(), POSE))
    assert parsing.labels.dtype == np.uint8
    assert parsing.confidence is None
    assert package["image"].flags.c_contiguous


def test_a_folder_with_the_model(package: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BadWeights, match=r"no config\.json.*hf download fashn-ai/fashn-human-parser --local-dir"):
        FashnParsing(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    FashnParsing(tmp_path)
    assert package["model_id"] == str(tmp_path)


@pytest.mark.parametrize("kind", [OSError, SafetensorError])
def test_offline_or_torn_the_error_holds_the_command(package: dict[str, Any], kind: type[Exception]) -> None:
    package["error"] = kind("couldn't connect to\nthe server. Read more about it")
    with pytest.raises(BadWeights) as caught:
        FashnParsing()
    assert "cannot be loaded (couldn't connect to the server)" in str(caught.value)
    assert "hf download fashn-ai/fashn-human-parser --local-dir fashn-human-parser" in str(caught.value)
    assert "\n" not in str(caught.value)


def missing() -> Any:
    raise ImportError("no such package")


def test_without_the_package_the_error_holds_the_command_and_the_licence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing_fashn, "import_package", missing)
    with pytest.raises(MissingExtra, match=r"pip install 'viton-cli\[fashn\]'.*NVIDIA Source Code License"):
        FashnParsing()
