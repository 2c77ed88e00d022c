"""Measures on published networks, with weights of the right shape made here: they are torch-fidelity's and LPIPS's."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch
from metric_pictures import blurred, case, mirrored, of_sets, shifted, smooth
from PIL import Image
from safetensors.torch import save_file

from viton_cli.errors import BadWeights, MissingExtra, NotFetched
from viton_cli.metrics import METRICS, Picture, Tools, fetched
from viton_cli.metrics.metric import Reference

pytest.importorskip("torch_fidelity")
pytest.importorskip("lpips")
COUNT = 12


@pytest.fixture(scope="module")
def inception(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    torch.manual_seed(0)
    module = "torch_fidelity.feature_extractor_inceptionv3.load_state_dict_from_url"
    with mock.patch(module, return_value={}), mock.patch.object(torch.nn.Module, "load_state_dict"):
        net = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
    for layer in net.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)  # so that pictures differ at the end of so many layers
    torch.nn.init.normal_(net.fc.weight, std=3.0)
    path = tmp_path_factory.mktemp("inception") / "inception.pth"
    torch.save(net.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two sets of pictures as files, since that is what torch-fidelity takes."""
    made = []
    for number in range(2):
        folder = tmp_path_factory.mktemp(f"set{number}")
        for index in range(COUNT):
            image = smooth(100 * number + index, (128, 96), blur=3 + 3 * number)
            Image.fromarray(np.roll(image, index * 17, axis=2)).save(folder / f"{index:02}.png")
        made.append(folder)
    return made


def pictures(folder: Path) -> list[np.ndarray]:
    return [np.asarray(Image.open(path)) for path in sorted(folder.iterdir())]


def test_is_fid_and_kid_agree_with_torch_fidelity_run_directly(inception: Path, folders: list[Path]) -> None:
    import torch_fidelity

    with mock.patch("torch_fidelity.utils.multiprocessing.cpu_count", return_value=0):
        theirs = torch_fidelity.calculate_metrics(
            input1=str(folders[0]), input2=str(folders[1]), isc=True, fid=True, kid=True, kid_subset_size=COUNT,
            kid_subsets=2, cuda=False, cache=False, verbose=False, feature_extractor_weights_path=str(inception),
        )  # fmt: skip
    tools = Tools(inception=inception)
    first, second = (pictures(folder) for folder in folders)
    score = METRICS.get("is")(tools)
    rows = np.stack([score.features(Picture(image)) for image in first])
    assert theirs["inception_score_mean"] > 1.002, "weights that tell pictures apart"
    assert score.scorer(rows, None)(None, None) == pytest.approx(theirs["inception_score_mean"], abs=1e-6)
    assert score.spread(rows, None) == pytest.approx(theirs["inception_score_std"], abs=1e-6)
    assert theirs["frechet_inception_distance"] > 1
    fid, kid = of_sets("fid", tools, first, second), of_sets("kid", tools, first, second)
    assert fid == pytest.approx(theirs["frechet_inception_distance"], abs=1e-3)
    assert kid == pytest.approx(theirs["kernel_inception_distance_mean"], abs=1e-3)


def test_a_set_against_itself_and_the_order_of_changes(inception: Path, folders: list[Path]) -> None:
    metric = METRICS.get("fid")(Tools(inception=inception))
    images = pictures(folders[0])[:4]
    true, *changed = (
        np.stack([metric.features(Picture(change(image))) for image in images])
        for change in (np.asarray, shifted, blurred)
    )
    far = [metric.scorer(rows, Reference(true, True))(None, None) for rows in (true, *changed)]
    assert far[0] < 1e-3 and far == sorted(far) and far[1] > far[0]


def test_kid_of_subsets_and_its_spread(inception: Path) -> None:
    rng = np.random.default_rng(0)
    metric = METRICS.get("kid")(Tools(inception=inception))
    first, second = rng.normal(size=(30, 8)), rng.normal(size=(20, 8)) + 1
    reference = Reference(second, False)
    assert "100 subsets of 20" in metric.protocol(first, reference) and metric.spread(first, reference) > 0
    assert metric.scorer(first, reference)(np.ones(30), np.ones(20)) > 0


def test_one_file_serves_as_safetensors_too_and_what_is_no_weight_file_is_refused(
    inception: Path, tmp_path: Path
) -> None:
    state = torch.load(inception, weights_only=True)
    save_file({key: tensor.contiguous() for key, tensor in state.items()}, tmp_path / "inception.safetensors")
    metric = METRICS.get("fid")(Tools(inception=tmp_path / "inception.safetensors"))
    for key, tensor in metric.net.net.state_dict().items():
        assert torch.equal(tensor, state[key]), key
    torch.save({"fc.weight": torch.zeros(3, 3)}, tmp_path / "other.pth")
    with pytest.raises(BadWeights, match=r"other.pth: not weights of Inception"):
        METRICS.get("fid")(Tools(inception=tmp_path / "other.pth"))
    torch.save(Path("code"), tmp_path / "code.pth")
    with pytest.raises(BadWeights, match=r"code.pth: not a file of weights alone"):
        METRICS.get("fid")(Tools(inception=tmp_path / "code.pth"))
    with pytest.raises(BadWeights, match=r"gone.pth: no such weight file"):
        METRICS.get("fid")(Tools(inception=tmp_path / "gone.pth"))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PyTorch's cache, with an AlexNet of random weights under the name torchvision looks for."""
    import torchvision

    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("hub")
    (folder / "checkpoints").mkdir()
    net = torchvision.models.alexnet(weights=None)
    torch.save(net.state_dict(), folder / "checkpoints" / fetched.PUBLISHED["alexnet"].file)
    return folder


def test_lpips_from_the_cache_is_that_of_torchmetrics(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchmetrics.functional.image import learned_perceptual_image_patch_similarity

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(hub))
    metric = METRICS.get("lpips")(Tools())
    truth = smooth(3, (96, 80))
    order = []
    for changed in (truth, shifted(truth), blurred(truth), mirrored(truth)):
        (mine,) = metric.measure(case(changed, truth), "result")  # type: ignore[misc]
        tensors = [torch.from_numpy(i.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1 for i in (changed, truth)]
        theirs = float(learned_perceptual_image_patch_similarity(*tensors, net_type="alex"))
        assert mine == pytest.approx(theirs, abs=1e-5)
        order.append(mine)
    assert order[0] == 0 and order == sorted(order) and order[1] > 0
    assert metric.measure(case(truth[:60], truth[:60]), "result") is None
    assert "lpips" in metric.protocol(np.zeros((1, 1)), None)


def test_weights_that_are_not_here_are_answered_with_the_command_that_brings_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    for name, weights in {"fid": "inception", "is": "inception", "lpips": "alexnet", "lpips-vgg": "vgg16"}.items():
        with pytest.raises(NotFetched, match=f"viton doctor --fetch {weights}, or give --{weights} FILE"):
            METRICS.get(name)(Tools())


@pytest.mark.parametrize(("name", "module"), [("fid", "torch_fidelity"), ("lpips", "lpips")])
def test_a_library_that_is_not_here_is_answered_with_the_pip_line(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(MissingExtra, match=r"pip install 'viton-cli\[metrics\]'"):
        METRICS.get(name)(Tools())


def test_weights_are_fetched_once_into_the_cache_and_their_hash_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    content = b"weights"
    digest = hashlib.sha256(content).hexdigest()[:8]
    source = tmp_path / f"net-{digest}.pth"
    source.write_bytes(content)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    good = fetched.Published(source.as_uri(), "none", 0, "fid")
    monkeypatch.setitem(fetched.PUBLISHED, "inception", good)
    said: list[str] = []
    assert fetched.fetch("inception", said.append).read_bytes() == content
    source.unlink()
    assert fetched.fetch("inception", said.append).name == good.file and "here already" in said[-1]
    wrong = tmp_path / "net-00000000.pth"
    wrong.write_bytes(content)
    monkeypatch.setitem(fetched.PUBLISHED, "inception", fetched.Published(wrong.as_uri(), "none", 0, "fid"))
    with pytest.raises(BadWeights, match="cannot be fetched"):
        fetched.fetch("inception", said.append)
    assert not (tmp_path / "hub" / "checkpoints" / wrong.name).exists()


class Colours:
    """A stand-in for the encoder: the mean colour and its spread."""

    name, sha256 = "mean colours", "0123456789abcdef"

    def features(self, image: np.ndarray) -> np.ndarray:
        return np.concatenate([image.mean((0, 1)), image.std((0, 1))]) / 255


def test_the_offline_distance_has_a_name_of_its_own_and_prints_the_encoders_hash() -> None:
    tools = Tools(encoder=Colours())
    images = [np.roll(smooth(i), i * 40, 0) // np.uint8(1 + i % 3) for i in range(8)]
    same = of_sets("encoder-mmd", tools, images, images, matched=True)
    near, far = (of_sets("encoder-mmd", tools, [blurred(i, s) for i in images], images, True) for s in (2, 12))
    assert same == pytest.approx(0, abs=1e-9) and same < near < far
    text = METRICS.get("encoder-mmd")(tools).protocol(np.zeros((8, 6)), Reference(np.zeros((8, 6)), True))
    assert "0123456789ab" in text and "FID" not in text


def test_the_built_in_encoder_tells_sets_apart() -> None:
    from viton_cli.perception.builtin.features import EncoderFeatures

    tools = Tools(encoder=EncoderFeatures())
    images = [smooth(i, (96, 72)) for i in range(5)]
    values = [
        of_sets("encoder-mmd", tools, [change(i) for i in images], images, True) for change in (lambda i: i, blurred)
    ]
    assert values[0] == pytest.approx(0, abs=1e-6) and values[1] > 1
