"""The paper's baselines: their networks layer by layer, their losses as mathematics, their results in a photo."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from viton_cli.checkpoints import save_weights
from viton_cli.config import TrainCrnConfig, TrainPrganConfig
from viton_cli.core.generator import Generator, Painting
from viton_cli.core.representation import CHANNELS
from viton_cli.errors import BadConfig, BadWeights
from viton_cli.methods import METHODS
from viton_cli.methods.adversarial import Discriminator, Judged, judge, says
from viton_cli.methods.cagan import CaganNetwork, CaganPainting, cagan_loss, worn_product
from viton_cli.methods.crn import CrnNetwork, crn_loss
from viton_cli.methods.networks import build_generator
from viton_cli.methods.prgan import PrganNetwork, PrganPainting, prgan_loss
from viton_cli.perception.backends.fake import draw_person
from viton_cli.perception.perceive import open_perception
from viton_cli.perception.person import PersonFinder
from viton_cli.records import Garment, Person, Photo
from viton_cli.vocabulary import labels as L

SIZE = (64, 64)
LOG2 = math.log(2)


def count(net: nn.Module) -> int:
    return sum(weight.numel() for weight in net.parameters())


def inputs(batch: int = 2, size: tuple[int, int] = SIZE) -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.rand(batch, CHANNELS, *size), torch.rand(batch, 3, *size) * 2 - 1


def no_features(image: Tensor) -> list[Tensor]:
    return [image]


NEEDED = {"data": ["x"], "out": "x"}


@pytest.mark.parametrize("preset", ["paper", "lite"])
def test_crn_is_seven_modules_from_4x3_to_256x192(preset: str) -> None:
    """Each module has two 3x3 convolutions with bias and norm; the second ones see their own width alone."""
    filters = tuple(TrainCrnConfig(**NEEDED, preset=preset).channels)
    with torch.device("meta"):
        net = CrnNetwork(filters)
    before, expected = 0, 0
    for width in filters:
        expected += (9 * (before + 25) + 1) * width + (9 * width + 1) * width + 4 * width
        before = width
    assert count(net) == expected + 4 * before + 4
    assert len(filters) == 7 and 256 >> 6 == 4 and 192 >> 6 == 3
    if preset == "paper":
        assert filters == (1024,) * 5 + (512,) * 2


def test_crn_looks_at_its_input_at_every_size() -> None:
    seen = []
    net = CrnNetwork((8, 8, 4))
    for module in net.cascade:
        module.register_forward_hook(lambda _, given, out: seen.append((given[0].shape[1:], out.shape[1:])))
    painting = net(*inputs(size=(64, 48)))
    assert seen == [((25, 16, 12), (8, 16, 12)), ((33, 32, 24), (8, 32, 24)), ((33, 64, 48), (4, 64, 48))]
    assert painting.image.shape == (2, 3, 64, 48) and painting.mask.shape == (2, 1, 64, 48)


def test_the_loss_of_crn_is_pixels_features_and_mask() -> None:
    image, truth = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)
    logits, mask = torch.full((1, 1, 4, 4), math.log(3)), torch.ones(1, 1, 4, 4)  # a share of 0.75
    terms = crn_loss(Painting(image, logits), truth, mask, no_features, (2.0,))
    assert terms["loss"].item() == pytest.approx(0.5 + 2 * 0.5 + 0.25)


def test_prgan_paints_twice_and_the_second_time_does_not_teach_the_first() -> None:
    net = PrganNetwork(4, SIZE)
    representation, clothing = inputs()
    painting = net(representation, clothing)
    assert painting.first is not None and painting.judged is None
    assert painting.image.shape == painting.first.shape == (2, 3, *SIZE) and painting.mask.shape == (2, 1, *SIZE)
    painting.image.sum().backward()
    assert all(weight.grad is None for weight in net.first.parameters())
    assert all(weight.grad is not None for weight in net.second.parameters())


def test_prgan_has_the_published_filters() -> None:
    """At 256x192, 128 filters: six levels of 128, 256 ... 768 down to 8x6, there 64 numbers."""
    with torch.device("meta"):
        net = PrganNetwork(TrainPrganConfig(**NEEDED, preset="paper").width, (256, 192))
    assert [pair.convs[0].out_channels for pair in net.first.down] == [128, 256, 384, 512, 640, 768]
    assert [pair.convs[0].out_channels for pair in net.second.down] == [128, 256, 384, 512]
    squeeze = net.first.squeeze
    assert isinstance(squeeze, nn.Sequential) and net.second.squeeze is None
    assert (squeeze[1].in_features, squeeze[1].out_features, squeeze[2].out_features) == (768 * 48, 64, 128 * 48)


def test_the_loss_of_prgan() -> None:
    truth, body = torch.zeros(1, 3, 4, 4), torch.zeros(1, 1, 4, 4)
    body[..., :2, :] = 1  # half of the pixels count twice: 1.5 on average
    even = torch.zeros(1, 1, 2, 2)
    painting = PrganPainting(
        torch.full_like(truth, 0.1), torch.zeros(1, 1, 4, 4), first=torch.full_like(truth, 0.2),
        judged=Judged(even, even, even),
    )  # fmt: skip
    terms = prgan_loss(painting, truth, torch.ones(1, 1, 4, 4), body)
    assert terms["first"].item() == pytest.approx(0.2 * 1.5) and terms["second"].item() == pytest.approx(0.1 * 1.5)
    assert terms["loss"].item() == pytest.approx(0.3 + 50 * 0.15 + 0.5 + LOG2 + LOG2)


def test_a_discriminator_and_its_victim_learn_in_one_step_without_touching_each_other() -> None:
    """The gradient of the discriminator's terms reaches it alone, that of "fool" the generator alone."""
    torch.manual_seed(0)
    net, fake = Discriminator(6, 4, 3), torch.rand(2, 3, 32, 32, requires_grad=True)
    judged = judge(net, torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32), fake, torch.rand(2, 3, 32, 32))
    (says(judged.real, real=True) + says(judged.fake, real=False)).backward(retain_graph=True)
    assert fake.grad is None and all(weight.grad is not None for weight in net.parameters())
    net.zero_grad(set_to_none=True)
    says(judged.fooled, real=True).backward()
    assert fake.grad is not None and all(weight.grad is None for weight in net.parameters())


def test_what_a_discriminator_says_costs_as_cross_entropy_does() -> None:
    logits = torch.tensor([[math.log(3)]])  # "real" with 3/4
    assert says(logits, real=True).item() == pytest.approx(-math.log(0.75))
    assert says(logits, real=False).item() == pytest.approx(-math.log(0.25))


def test_cagan_has_vitons_encoder_decoder_with_nine_channels() -> None:
    """Photo, product worn and product wanted take the place of p and product: 25 channels become 9."""
    with torch.device("meta"):
        net, viton = CaganNetwork(64), Generator(64)
    assert count(viton) - count(net.generator) == (25 - 9) * 4 * 4 * 64
    # 4x4 convolutions 6-64-128-256-1; norms of 128 and 256.
    assert count(net.discriminator) == 16 * (6 * 64 + 64 * 128 + 128 * 256 + 256) + 64 + 1 + 2 * (128 + 256)


def test_cagan_changes_the_photo_by_alpha_alone_and_changes_back() -> None:
    net = CaganNetwork(4)
    photo, worn, wanted = (torch.rand(2, 3, *SIZE) * 2 - 1 for _ in range(3))
    painting = net(photo, worn, wanted, learn=True)
    alpha = torch.sigmoid(painting.mask)
    torch.testing.assert_close(painting.result, alpha * painting.image + (1 - alpha) * photo)
    assert painting.back.shape == photo.shape and painting.judged.other is not None
    assert net.eval()(photo, worn, wanted).judged is None


def test_the_loss_of_cagan() -> None:
    even, photo = torch.zeros(1, 1, 2, 2), torch.zeros(1, 3, 4, 4)
    painting = CaganPainting(
        photo, torch.zeros(1, 1, 4, 4), result=photo, back=photo + 0.25, judged=Judged(even, even, even, even)
    )
    terms = cagan_loss(painting, photo)
    assert terms["loss"].item() == pytest.approx(LOG2 + 0.1 * 0.5 + 0.25 + 3 * LOG2)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained networks of every baseline, that paint a garment over all of the frame."""
    root = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    nets: dict[str, tuple[nn.Module, nn.Parameter, dict[str, object]]] = {}
    crn, prgan, cagan, stage1 = (
        CrnNetwork((8, 8, 8)),
        PrganNetwork(4, SIZE),
        CaganNetwork(4),
        build_generator({"width": 4}),
    )
    nets["crn"] = crn, crn.last.bias, {"channels": [8, 8, 8]}
    nets["prgan"] = prgan, prgan.first.last.bias, {"width": 4}
    nets["cagan"] = cagan, cagan.generator.up[-1][-1].bias, {"width": 4}
    nets["stage1"] = stage1, stage1.up[-1][-1].bias, {"width": 4}
    for name, (net, bias, meta) in nets.items():
        bias.data[3] = 4.0
        save_weights(root / f"{name}.safetensors", net.state_dict(), {"kind": name, "size": list(SIZE), **meta})
    return root


@pytest.fixture(scope="module")
def anna() -> Person:
    image, _, _ = draw_person((200, 150))
    return PersonFinder(open_perception("fake", "fake")).find(Photo("anna", image), SIZE)


@pytest.fixture(scope="module")
def shirt() -> Garment:
    mask = np.zeros((120, 90), np.float32)
    mask[15:105, 20:70] = 1
    return Garment(Photo("shirt", np.full((120, 90, 3), (200, 30, 30), np.uint8)), mask)


@pytest.mark.parametrize("name", [name for name in METHODS if name != "viton"])
def test_every_baseline_gives_a_picture_of_the_photos_size(
    name: str, weights: Path, anna: Person, shirt: Garment
) -> None:
    method = METHODS.get(name)(weights=str(weights))
    assert method.size == SIZE
    result = method.dress(method.prepare_person(anna), method.prepare_garment(shirt), steps=True)
    photo = anna.photo.image
    assert result.image.shape == photo.shape and result.image.dtype == np.uint8
    assert result.edited.any() and np.array_equal(result.image[~result.edited], photo[~result.edited])
    assert (result.image != photo).any() and {"photo", "garment", "result"} <= set(result.steps)
    assert set(result.seconds) >= {"generate", "paste"}


def test_non_parametric_pastes_the_garments_own_colour(weights: Path, anna: Person, shirt: Garment) -> None:
    method = METHODS.get("non-parametric")(weights=str(weights), warp="paper")
    result = method.dress(method.prepare_person(anna), method.prepare_garment(shirt))
    inside = result.edited & (np.abs(result.image.astype(int) - (200, 30, 30)).max(2) <= 2)
    assert inside.sum() > 0.8 * result.edited.sum(), "and nothing of it is painted"
    origins = result.trace()
    known = np.isfinite(origins[..., 0])
    assert known.any() and not known[~result.edited].any()
    x, y = origins[known].T
    assert x.min() > 18 and x.max() < 71 and y.min() > 13 and y.max() < 106, "places of the garment's photo"


@pytest.mark.parametrize("name", ["crn", "prgan", "cagan"])
def test_a_baseline_without_weights_says_which_command_makes_them(name: str, weights: Path) -> None:
    with pytest.raises(BadWeights, match=rf"viton train {name} --data DATA --out RUN makes some"):
        METHODS.get(name)()
    with pytest.raises(BadWeights, match=rf"weights of 'stage1', not of '{name}'"):
        other = weights.parent / f"other-{name}"
        other.mkdir(exist_ok=True)
        (other / f"{name}.safetensors").write_bytes((weights / "stage1.safetensors").read_bytes())
        METHODS.get(name)(weights=str(other))


@pytest.mark.parametrize("name", ["encoder-decoder", "crn", "prgan", "cagan"])
def test_a_method_that_warps_nothing_refuses_a_warp(name: str, weights: Path) -> None:
    with pytest.raises(BadConfig, match=f"--warp paper: the method {name} warps nothing"):
        METHODS.get(name)(weights=str(weights), warp="paper")


def test_cagan_is_shown_the_worn_garment_laid_flat_or_as_it_is(anna: Person) -> None:
    laid, notes = worn_product(anna, SIZE)
    assert laid.shape == (1, 3, *SIZE) and notes == ()
    labels = anna.parsing.labels.copy()
    labels[labels == L.FACE] = L.HAIR  # seen from behind
    behind = replace(anna, parsing=replace(anna.parsing, labels=labels))
    as_worn, notes = worn_product(behind, SIZE)
    assert as_worn.shape == laid.shape and "cannot be laid flat (from behind)" in notes[0]
