"""The part-affinity-field decoder on drawn maps and fields, the network's names, and the way to the photo and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from paf_drawings import PERSON, draw, errors
from torch import Tensor, nn

from viton_cli.errors import BadWeights
from viton_cli.perception.backends.paf_network import PartAffinityNet, published_names
from viton_cli.perception.backends.pose_paf import PartAffinityPose, load_network
from viton_cli.records import Photo


@pytest.fixture(scope="module")
def small() -> PartAffinityNet:
    torch.manual_seed(0)
    return PartAffinityNet(stages=2).eval()


def test_the_network_has_the_papers_shape(small: PartAffinityNet) -> None:
    with torch.no_grad():
        fields, maps = small(torch.zeros(2, 3, 64, 48))
    assert fields.shape == (2, 38, 8, 6)
    assert maps.shape == (2, 19, 8, 6)
    with torch.device("meta"):
        network = PartAffinityNet()
    # The published file has 209,267,595 bytes: 52.3 million parameters of four bytes and a little bookkeeping.
    assert sum(p.numel() for p in network.parameters()) == 52_311_446
    assert len(network.state_dict()) == 2 * (12 + 2 * 5 + 5 * 2 * 7)


def bare(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.split(".", 1)[1]: tensor for name, tensor in state.items()}


def numbered(network: PartAffinityNet) -> dict[str, Tensor]:
    """The spelling of ports whose blocks are unnamed sequences of convolutions, activations and poolings."""
    return {
        f"{block}.{place}.{kind}": tensor
        for block, layers in network.named_children()
        for place, layer in enumerate(layers.children())
        for kind, tensor in layer.state_dict().items()
    }


def test_three_spellings_of_the_published_weights_mean_the_same() -> None:
    with torch.device("meta"):
        network = PartAffinityNet()
    own = {name: tuple(t.shape) for name, t in network.state_dict().items()}
    for state in (network.state_dict(), bare(network.state_dict()), numbered(network)):
        assert {name: tuple(t.shape) for name, t in published_names(state).items()} == own


@pytest.mark.parametrize("spelling", ["bare", "numbered", "parallel"])
def test_weights_come_back_from_a_file(tmp_path: Path, small: PartAffinityNet, spelling: str) -> None:
    path = tmp_path / "body_pose_model.pth"
    state = small.state_dict()
    parallel = {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}, "epoch": 5}
    content = {"bare": bare(state), "numbered": numbered(small), "parallel": parallel}[spelling]
    # the published files are older than the zip format
    torch.save(content, path, _use_new_zipfile_serialization=spelling == "parallel")
    image = torch.rand(1, 3, 24, 32) - 0.5
    with torch.no_grad():
        for expected, got in zip(small(image), load_network(path, stages=2)(image)):
            torch.testing.assert_close(got, expected)


def test_files_that_are_not_these_weights(tmp_path: Path, small: PartAffinityNet) -> None:
    path = tmp_path / "other.pth"
    with pytest.raises(BadWeights, match="no such weight file"):
        PartAffinityPose(path)
    torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(BadWeights, match=r"other\.pth: not the part-affinity-field network .* missing"):
        PartAffinityPose(path)
    torch.save({"weight": tmp_path}, path)  # a pickle of something that is no tensor
    with pytest.raises(BadWeights, match="not a file of plain tensors"):
        PartAffinityPose(path)
    path.write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(BadWeights, match="not a whole weight file"):
        PartAffinityPose(path)
    torch.save({"epoch": 3}, path)
    with pytest.raises(BadWeights, match="no tensors"):
        PartAffinityPose(path)
    state = bare(small.state_dict())
    state["conv1_1.weight"] = torch.zeros(64, 1, 3, 3)
    torch.save(state, path)
    with pytest.raises(BadWeights, match=r"model0.conv1_1.weight' is \[64, 1, 3, 3\]"):
        load_network(path, stages=2)


def test_without_a_file_the_error_holds_the_command() -> None:
    with pytest.raises(BadWeights, match=r"curl -L -o body_pose_model\.pth https://") as caught:
        PartAffinityPose()
    assert "\n" not in str(caught.value)


# --- the photo ------------------------------------------------------------------------------------------------------


class DrawnNetwork(nn.Module):
    """Answers as a perfect network would for people at given places of a photo, at the input's size and stride 8."""

    def __init__(self, people: list[np.ndarray], photo_rows: int) -> None:
        super().__init__()
        self.people, self.photo_rows = people, photo_rows
        self.rows: list[int] = []

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        _, _, height, width = image.shape
        assert height % 8 == 0
        assert width % 8 == 0
        assert image.abs().max() <= 0.5
        self.rows.append(height)
        scale = round(height / 184) * 184 / self.photo_rows
        people = [(person + 0.5) * scale - 0.5 for person in self.people]
        maps, fields = draw(people, size=(height, width))
        # a cell's centre lies at 8 i + 3.5
        cells = [torch.from_numpy(a[None, :, 3::8, 3::8] + a[None, :, 4::8, 4::8]) / 2 for a in (fields, maps)]
        return cells[0], cells[1]


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: PartAffinityNet) -> PartAffinityPose:
    monkeypatch.setattr("viton_cli.perception.backends.pose_paf.load_network", lambda source: small)
    return PartAffinityPose(tmp_path / "body_pose_model.pth")


@pytest.mark.parametrize("scales", [(1.0,), (0.5, 1.0)])
def test_joints_come_back_in_photo_pixels_largest_person_first(
    backend: PartAffinityPose, scales: tuple[float, ...]
) -> None:
    factor = 736 / 368
    big = PERSON * factor
    little = (PERSON * 0.8 + np.float32((160, 20))) * factor
    network = DrawnNetwork([little, big], photo_rows=736)
    backend.network, backend.scales = network, scales
    photo = Photo("two", np.full((736, 630, 3), 200, np.uint8))
    poses = backend.detect(photo)
    assert network.rows == [round(368 * scale) for scale in scales]
    assert len(poses) == 2
    for pose, truth in zip(poses, (big, little)):
        assert pose.seen.all()
        assert errors(pose, truth).max() < (2.0 if scales == (1.0,) else 5.0)
    maps, fields = backend.maps_and_fields(photo)
    assert maps.shape == (19, 368, 315)
    assert 0.85 < maps[:18].max() < 1.15  # a mean over the scales, not a sum
    assert 0.85 < fields.max() < 1.5  # bicubic overshoots the drawn edges


def test_an_untrained_network_sees_nobody_and_the_picture_is_bgr(backend: PartAffinityPose) -> None:
    seen: list[Tensor] = []
    backend.network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    backend.scales = (0.25,)
    image = np.zeros((46, 31, 3), np.uint8)
    image[..., 0], image[..., 2] = 255, 64
    assert backend.detect(Photo("red", image)) == []
    (given,) = seen
    assert given.shape == (1, 3, 96, 64)
    blue, green, red = (float(channel[40, 30]) for channel in given[0])
    assert (blue, green, red) == pytest.approx((64 / 256 - 0.5, -0.5, 255 / 256 - 0.5))
    assert float(given[0, 0, 95, 63]) == 0  # grey where the stride needs more pixels
