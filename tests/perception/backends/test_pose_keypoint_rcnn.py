"""torchvision's Keypoint R-CNN behind the pose protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models.detection import KeypointRCNN_ResNet50_FPN_Weights, keypointrcnn_resnet50_fpn

from viton_cli.errors import BadWeights
from viton_cli.perception.backends.pose_keypoint_rcnn import COCO17_IN_COCO18, URL, KeypointRcnn
from viton_cli.records import Photo
from viton_cli.vocabulary.labels import JOINTS, L_ANKLE, NECK, NOSE

COCO17 = [name.replace("_", " ") for name in KeypointRCNN_ResNet50_FPN_Weights.COCO_V1.meta["keypoint_names"]]
PHOTO = Photo("one", np.zeros((200, 100, 3), np.uint8))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of the published file's names and shapes, for which every proposal is a person with all joints."""
    torch.manual_seed(0)
    network = keypointrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    state = {k: v for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    state["roi_heads.box_predictor.cls_score.bias"] = torch.tensor([0.0, 9.0])
    state["roi_heads.keypoint_predictor.kps_score_lowres.bias"] = torch.full((17,), 9.0)
    path = tmp_path_factory.mktemp("weights") / "keypointrcnn.pth"
    torch.save(state, path)
    return path


@pytest.fixture(scope="module")
def backend(weights: Path) -> KeypointRcnn:
    return KeypointRcnn(weights, short_side=64, most_people=2)


class Answers(nn.Module):
    """A network that has found these people; keeps what it was shown."""

    def __init__(self, *people: tuple[float, np.ndarray, np.ndarray]) -> None:
        super().__init__()
        self.people = people
        self.shown: Tensor

    def forward(self, images: list[Tensor]) -> list[dict[str, Tensor]]:
        (self.shown,) = images
        scores, points, keypoint_scores = (np.array(column, np.float32) for column in zip(*self.people))
        keypoints = np.concatenate([points, np.ones((*points.shape[:2], 1), np.float32)], 2)
        named = {"scores": scores, "keypoints": keypoints, "keypoints_scores": keypoint_scores}
        return [{name: torch.from_numpy(array) for name, array in named.items()}]


def test_each_joint_comes_from_the_keypoint_of_the_same_name() -> None:
    for joint, source in zip(JOINTS, COCO17_IN_COCO18):
        expected = ["left shoulder", "right shoulder"] if joint == "neck" else [joint]
        assert [COCO17[i] for i in source] == expected


def test_points_scores_and_order(backend: KeypointRcnn, monkeypatch: pytest.MonkeyPatch) -> None:
    small = np.stack([np.arange(17) + 10, np.arange(17) * 2 + 20], 1).astype(np.float32)
    large = small * 2
    sure = np.full(17, 20, np.float32)
    doubtful = sure.copy()
    doubtful[[0, 5]] = 1.9, -3
    out = large.copy()
    out[COCO17.index("left ankle")] = 40, 200
    network = Answers((0.99, small, sure), (0.8, out, doubtful), (0.6, large * 2, sure))
    monkeypatch.setattr(backend, "network", network)
    image = PHOTO.image.copy()
    image[..., 0] = 255
    first, second = backend.detect(Photo("two", image))
    np.testing.assert_array_equal(network.shown.amax((1, 2)).cpu(), [1, 0, 0])
    for pose, points in ((first, out), (second, small)):
        for joint, source in enumerate(COCO17_IN_COCO18):
            np.testing.assert_allclose(pose.joints[joint], points[list(source)].mean(0))
    assert second.seen.all()
    assert second.confidence.min() > 0.99
    unseen = {"nose", "left shoulder", "neck", "left ankle"}  # doubtful, doubtful, one shoulder doubtful, outside
    assert {JOINTS[i] for i in np.flatnonzero(~first.seen)} == unseen
    assert first.confidence[NOSE] == pytest.approx(0.475, abs=1e-3)
    assert first.confidence[NECK] == pytest.approx(1 / (1 + np.exp(5)), abs=1e-3)
    assert first.confidence[L_ANKLE] > 0.99


def test_nobody(backend: KeypointRcnn, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = (0.1, np.zeros((17, 2), np.float32), np.zeros(17, np.float32))
    monkeypatch.setattr(backend, "network", Answers(nothing))
    assert backend.detect(PHOTO) == []


def test_the_real_network_loads_and_answers(backend: KeypointRcnn, weights: Path) -> None:
    saved = torch.load(weights, weights_only=True)
    own = backend.network.state_dict()
    assert all(torch.equal(own[name].cpu(), tensor) for name, tensor in saved.items())
    assert not backend.network.training
    assert {m.eps for m in backend.network.modules() if isinstance(m, nn.BatchNorm2d)} == {0.0}
    image = np.random.default_rng(0).integers(0, 256, PHOTO.image.shape, np.uint8)
    people = backend.detect(Photo("noise", image))
    assert len(people) == 2
    for pose in people:
        assert pose.joints.shape == (18, 2)
        assert pose.joints.dtype == np.float32
        assert pose.seen.any()
        assert (pose.joints[pose.seen] >= -0.5).all()
        assert (pose.joints[pose.seen] <= (99.5, 199.5)).all()


def test_other_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "maskrcnn.pth"
    torch.save({"backbone.body.conv1.weight": torch.zeros(64, 3, 7, 7)}, path)
    with pytest.raises(BadWeights, match=r"maskrcnn\.pth: not torchvision's Keypoint R-CNN"):
        KeypointRcnn(path)


def test_nothing_is_fetched_and_the_error_says_where_the_weights_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", no_network)
    monkeypatch.setattr("socket.socket.connect", no_network)
    with pytest.raises(BadWeights) as caught:
        KeypointRcnn()
    kept = tmp_path / "checkpoints" / "keypointrcnn_resnet50_fpn_coco-fc266e95.pth"
    assert str(caught.value).startswith(f"{kept}: ") and f"curl -L --create-dirs -o {kept} {URL}" in str(caught.value)
    assert "--pose-source" in str(caught.value) and "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_weights_fetched_before_are_found_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: Path
) -> None:
    kept = tmp_path / "checkpoints" / URL.rpartition("/")[2]
    kept.parent.mkdir()
    kept.symlink_to(weights)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert isinstance(KeypointRcnn().network, nn.Module)
