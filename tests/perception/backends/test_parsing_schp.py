"""Self-Correction Human Parsing: the checkpoints' names, the square it sees, and the labels back on the photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from viton_cli.errors import BadConfig, BadWeights
from viton_cli.imaging.frames import whole_photo
from viton_cli.perception.backends.parsing_schp import MEAN_BGR, STD_BGR, SchpParsing, best_label
from viton_cli.perception.backends.schp_network import NormLeaky, SchpNetwork, without_in_place_norm
from viton_cli.records import Photo
from viton_cli.vocabulary.labels import BAG, NECK_SKIN, PANTS, SKIRT, UPPER

SHALLOW = (1, 1, 1, 1)


def published(network: SchpNetwork) -> dict[str, Tensor]:
    """The tensors as the authors saved them: from several GPUs, heads of training included, scales of either sign."""
    state = {name: t for name, t in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    for name in state:
        if name.endswith(".weight") and state[name].ndim == 1:
            state[name] = -(state[name] - 1e-5)
    labels = len(state["fushion.3.bias"])
    for name, shape in (
        ("decoder.conv4", (labels, 256, 1, 1)),
        ("edge.conv4", (2, 256, 3, 3)),
        ("edge.conv5", (2, 6, 1, 1)),
    ):
        state |= {f"{name}.weight": torch.zeros(shape), f"{name}.bias": torch.zeros(shape[0])}
    return {f"module.{name}": tensor for name, tensor in state.items()}


@pytest.fixture(scope="module")
def network() -> SchpNetwork:
    torch.manual_seed(0)
    return SchpNetwork(20, SHALLOW).eval()


@pytest.fixture(scope="module")
def checkpoint(network: SchpNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "exp-schp-201908261155-lip.pth"
    torch.save({"epoch": 150, "state_dict": published(network)}, path)
    return path


@pytest.fixture(scope="module")
def backend(checkpoint: Path) -> SchpParsing:
    return SchpParsing(checkpoint, blocks=SHALLOW)


# --- network and weights --------------------------------------------------------------------------------------------


def test_the_network_is_a_resnet_101_with_the_checkpoints_names() -> None:
    with torch.device("meta"):
        own = {name: tuple(t.shape) for name, t in SchpNetwork(18).state_dict().items()}
    bottlenecks = {name.rsplit(".", 2)[0] for name in own if name.startswith("layer") and ".conv" in name}
    assert len(bottlenecks) == 3 + 4 + 23 + 3  # with three convolutions each, and the stem and the answer: 101
    assert own["layer3.22.conv3.weight"] == (1024, 256, 1, 1)
    assert own["layer4.0.downsample.0.weight"] == (2048, 1024, 1, 1)
    assert own["context_encoding.stages.3.2.running_mean"] == (512,)
    assert own["context_encoding.bottleneck.0.weight"] == (512, 4096, 3, 3)
    assert own["edge.conv3.0.weight"] == (256, 1024, 1, 1)
    assert own["decoder.conv3.0.weight"] == (256, 304, 1, 1)
    assert own["decoder.conv3.3.bias"] == (256,)
    assert own["fushion.0.weight"] == (256, 1024, 1, 1)
    assert own["fushion.3.weight"] == (18, 256, 1, 1)


def test_in_place_norm_is_batch_norm_with_the_size_of_its_scale() -> None:
    x = torch.randn(2, 3, 5, 5)
    state = {"n.weight": torch.tensor([-2.0, 0.5, 0.0]), "n.bias": torch.tensor([0.1, -0.2, 0.3])}
    state |= {"n.running_mean": torch.tensor([0.0, 1.0, 2.0]), "n.running_var": torch.tensor([1.0, 4.0, 0.25])}
    norm = nn.ModuleDict({"n": NormLeaky(3)}).eval()
    norm.load_state_dict(without_in_place_norm(state))
    mean, var, bias = (state[f"n.{name}"][None, :, None, None] for name in ("running_mean", "running_var", "bias"))
    scale = state["n.weight"].abs()[None, :, None, None] + 1e-5
    y = (x - mean) / (var + 1e-5).sqrt() * scale + bias
    torch.testing.assert_close(norm["n"](x), torch.where(y > 0, y, 0.01 * y))


def test_a_published_checkpoint_gives_back_the_network(network: SchpNetwork, backend: SchpParsing) -> None:
    image = torch.randn(1, 3, 65, 65)
    with torch.no_grad():
        expected = network(image)
        torch.testing.assert_close(backend.network.cpu()(image), expected, rtol=1e-3, atol=1e-3)
    assert expected.shape == (1, 20, 17, 17)
    assert not backend.network.training
    assert backend.label_set == "lip"


def test_files_that_are_not_these_weights(checkpoint: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"state_dict": {"module.fc.weight": torch.zeros(3)}}, path)
    with pytest.raises(BadWeights, match=r"other\.pth: not a Self-Correction Human Parsing checkpoint"):
        SchpParsing(path, blocks=SHALLOW)
    with pytest.raises(BadWeights, match="weights for 20 labels; atr has 18"):
        SchpParsing(checkpoint, label_set="atr", blocks=SHALLOW)
    torch.save({"fushion.3.bias": torch.zeros(7)}, path)
    with pytest.raises(BadWeights, match="weights for 7 labels"):
        SchpParsing(path, blocks=SHALLOW)
    with pytest.raises(BadConfig, match="no 'pascal' weights"):
        SchpParsing(checkpoint, label_set="pascal")


def test_without_a_file_the_error_holds_the_command() -> None:
    with pytest.raises(BadWeights, match=r"curl -LO https://\S+lip\.pth") as caught:
        SchpParsing()
    assert "\n" not in str(caught.value)


# --- the photo ------------------------------------------------------------------------------------------------------


class ByColour(nn.Module):
    """Answers label k where the picture, un-normalised, is nearest to colour k (RGB); at every fourth pixel."""

    def __init__(self, colours: dict[int, tuple[int, int, int]], labels: int) -> None:
        super().__init__()
        self.colours, self.labels = colours, labels
        self.shape: tuple[int, ...] = ()
        self.corner: list[int] = []

    def forward(self, image: Tensor) -> Tensor:
        self.shape = tuple(image.shape)
        mean, std = (torch.tensor(v, device=image.device)[:, None, None] for v in (MEAN_BGR, STD_BGR))
        rgb = (image * std + mean)[0].flip(0)[:, ::4, ::4] * 255
        self.corner = [round(float(channel[0, 0])) for channel in rgb]
        logits = torch.full((self.labels, *rgb.shape[1:]), -1e4, device=image.device)
        for label, colour in self.colours.items():
            logits[label] = -(rgb - torch.tensor(colour, device=image.device)[:, None, None]).abs().sum(0)
        return logits[None]


@pytest.mark.parametrize("size", [(300, 201), (160, 371), (64, 64), (947, 600)])
def test_labels_come_back_where_the_photo_has_them(
    backend: SchpParsing, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    height, width = size
    monkeypatch.setattr(backend, "network", ByColour({0: (0, 0, 0), 5: (255, 0, 0), 9: (0, 0, 255)}, 20))
    photo = np.zeros((*size, 3), np.uint8)
    photo[: height // 2, :, 0] = 255
    photo[height // 2 :, : width // 2, 2] = 255
    parsing = backend.parse(Photo("flag", photo))
    assert backend.network.shape == (1, 3, 473, 473)
    # what fills the square beside or above the photo is black
    assert backend.network.corner == ([0, 0, 0] if height != width else [255, 0, 0])
    truth = np.zeros(size, np.uint8)
    truth[: height // 2] = UPPER
    truth[height // 2 :, : width // 2] = PANTS
    assert parsing.labels.dtype == np.uint8
    # a cell of the answer is four pixels of 473: at the borders half of that may be wrong
    cell = 4 * max(size) / 473
    assert (parsing.labels != truth).sum() <= (0.5 * cell + 1) * (width + 1.5 * height)
    assert parsing.confidence is not None
    assert parsing.confidence.shape == size
    assert parsing.confidence.max() == pytest.approx(1)
    # the rim of the photo belongs to the photo, not to the black around it
    assert (parsing.labels[1 : height // 4, [1, -2]] == UPPER).mean() > 0.9


def test_the_picture_is_normalised_as_imagenet_in_bgr() -> None:
    assert (MEAN_BGR[::-1], STD_BGR[::-1]) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def test_atr_indices_become_the_toolkits_labels(backend: SchpParsing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "label_set", "atr")
    colours = {4: (255, 0, 0), 8: (0, 255, 0), 5: (0, 0, 255), 16: (255, 255, 255)}
    monkeypatch.setattr(backend, "network", ByColour(colours, 18))
    photo = np.zeros((120, 120, 3), np.uint8)
    photo[:50, :, 0], photo[50:56, :, 1], photo[56:100, :, 2], photo[100:] = 255, 255, 255, 255
    labels = backend.parse(Photo("stripes", photo)).labels
    assert backend.network.shape == (1, 3, 512, 512)
    # upper clothes, a belt (which joins the garment nearest to it), a skirt, a bag
    assert [int(labels[y, 60]) for y in (20, 51, 54, 80, 110)] == [UPPER, UPPER, SKIRT, SKIRT, BAG]


def test_cihp_has_torso_skin_where_lip_has_jumpsuits(backend: SchpParsing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "label_set", "cihp")
    monkeypatch.setattr(backend, "network", ByColour({10: (9, 9, 9), 0: (255, 255, 255)}, 20))
    assert (backend.parse(Photo("grey", np.full((40, 40, 3), 9, np.uint8))).labels == NECK_SKIN).all()


@pytest.mark.parametrize("size", [(118, 118), (236, 118), (59, 200), (1000, 700)])
def test_logits_are_interpolated_corner_on_corner(size: tuple[int, int]) -> None:
    """Two ramps in x cross at a known place: every pixel to its left is 0, every pixel to its right is 1."""
    side, cells = 473, 119
    frame = whole_photo(size, (side, side))
    ramp = torch.arange(cells, dtype=torch.float32).expand(cells, cells)
    x0, _, x1, _ = frame.box
    for crossing in (50.0, 60.3, 71.77):
        indices, confidence = best_label(torch.stack([torch.full_like(ramp, crossing), ramp]), frame, size)
        edge = (crossing * (side - 1) / (cells - 1) + 0.5) * (x1 - x0) / side - 0.5 + x0  # in photo pixels
        expected = (np.arange(size[1]) > edge).astype(np.uint8)
        np.testing.assert_array_equal(indices, np.broadcast_to(expected, size))
        assert confidence.min() >= 0.5
        # both ramps are transposed alike
        turned, _ = best_label(
            torch.stack([torch.full_like(ramp, crossing), ramp.T]), whole_photo(size[::-1], (side, side)), size[::-1]
        )
        np.testing.assert_array_equal(turned, indices.T)


def test_the_real_network_runs_on_a_photo(backend: SchpParsing) -> None:
    with torch.no_grad():
        bias = torch.zeros(20)
        bias[UPPER] = 50
        kept = backend.network.fushion[3].bias.clone()
        backend.network.fushion[3].bias.copy_(bias)
        parsing = backend.parse(Photo("noise", np.random.default_rng(0).integers(0, 256, (90, 60, 3), np.uint8)))
        backend.network.fushion[3].bias.copy_(kept)
    assert (parsing.labels == UPPER).all()
    assert parsing.confidence is not None
    assert parsing.confidence.min() > 0.99
