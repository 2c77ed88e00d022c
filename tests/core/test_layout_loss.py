"""The extended loss of stage 1: nothing is lost on a true answer, and each task is drawn towards its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from viton_cli.core.generator import Painting
from viton_cli.core.losses import Answer, dice_loss, layout_loss, layout_stage1_loss
from viton_cli.vocabulary.layout import GARMENT, LAYOUT, SHOES, SKIN, TRUNK, UNCOVERED

SIZE = (8, 6)


@pytest.fixture
def answer() -> Answer:
    torch.manual_seed(0)
    layout = torch.zeros(2, *SIZE, dtype=torch.long)
    layout[:, 2:6, 1:5] = TRUNK
    worn = (layout == TRUNK).float()[:, None]
    rows, columns = torch.meshgrid(torch.arange(8.0), torch.arange(6.0), indexing="ij")
    places = torch.stack([columns, rows]).expand(2, -1, -1, -1).masked_fill(worn == 0, torch.nan)
    clothing = torch.rand(2, 3, *SIZE) - 0.5
    return Answer(clothing * worn, worn, layout, places, torch.full((2,), 4.0), torch.ones(2), clothing)


def perfect(answer: Answer) -> Painting:
    known = torch.where(answer.layout == GARMENT, TRUNK, answer.layout)
    layout = 40 * F.one_hot(known, len(LAYOUT)).permute(0, 3, 1, 2).float()
    places, zero = torch.nan_to_num(answer.places), torch.zeros(2, 1, *SIZE)
    return Painting(answer.image, 40 * (2 * answer.worn - 1), layout, places, zero, zero.expand(-1, 3, -1, -1))


def test_a_true_answer_costs_nothing(answer: Answer) -> None:
    terms = layout_stage1_loss(perfect(answer), answer)
    assert set(terms) == {"loss", "pixel", "mask", "dice", "layout", "places", "scale", "light", "relit"}
    for name, term in terms.items():
        assert float(term) == pytest.approx(0, abs=1e-4), name


def test_places_are_measured_in_garment_heights_where_they_are_known(answer: Answer) -> None:
    painting = perfect(answer)
    assert painting.places is not None
    moved = replace(painting, places=painting.places + 1)  # (1, 1) px of 4
    assert float(layout_stage1_loss(moved, answer)["places"]) == pytest.approx(0.5)
    assert moved.places is not None
    moved.places.requires_grad_()
    layout_stage1_loss(moved, answer)["loss"].backward()
    assert moved.places.grad is not None and torch.isfinite(moved.places.grad).all()
    assert (moved.places.grad[:, :, 0] == 0).all(), "nothing is asked where nothing is known"


def test_places_that_are_an_estimate_count_less(answer: Answer) -> None:
    painting = perfect(answer)
    assert painting.places is not None and painting.light is not None
    second = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1)
    moved = replace(painting, places=painting.places + second, light=painting.light + second)
    rough = replace(answer, trust=torch.tensor([1.0, 0.5]))
    assert float(layout_stage1_loss(moved, answer)["places"]) == pytest.approx(0.5 / 2)
    assert float(layout_stage1_loss(moved, rough)["places"]) == pytest.approx(0.5 * 0.5 / 1.5)
    assert float(layout_stage1_loss(moved, rough)["light"]) == 0, "and say nothing of light"


def test_the_scale_that_costs_least_is_the_error(answer: Answer) -> None:
    painting = perfect(answer)
    assert painting.places is not None and painting.scale is not None
    moved = replace(painting, places=painting.places + torch.tensor([0.8, 0.0]).view(1, 2, 1, 1))  # 0.2 heights

    def cost(scale: float) -> float:
        return float(layout_stage1_loss(replace(moved, scale=torch.full((2, 1, *SIZE), scale).log()), answer)["scale"])

    assert cost(0.2) < min(cost(0.15), cost(0.27))


def test_light_is_the_log_ratio_of_worn_over_product(answer: Answer) -> None:
    brighter = replace(answer, image=(answer.image + 1) * 1.2 - 1)
    found = layout_stage1_loss(replace(perfect(answer), image=brighter.image), brighter)["light"]
    assert 0.13 < float(found) < 0.182, "near log 1.2, less what is added to dark colours"


def test_garment_of_unknown_part_asks_for_any_part() -> None:
    truth = torch.full((1, 2, 2), GARMENT)
    for index in range(len(LAYOUT)):
        logits = torch.zeros(1, len(LAYOUT), 2, 2)
        logits[:, index] = 30
        assert (float(layout_loss(logits, truth)) < 1e-6) == (index in (2, 3, 4)), LAYOUT[index]


def test_rare_classes_count_more() -> None:
    logits = torch.zeros(1, len(LAYOUT), 1, 1)
    cost = {index: float(layout_loss(logits, torch.full((1, 1, 1), index))) for index in (TRUNK, SKIN, SHOES)}
    assert cost[SKIN] == pytest.approx(1.3 * cost[TRUNK]) and cost[SHOES] == pytest.approx(3 * cost[TRUNK])


def test_dice_of_half_a_mask() -> None:
    truth = torch.zeros(1, 1, 20, 20)
    truth[..., :10] = 1
    assert float(dice_loss(truth, truth)) == 0
    assert float(dice_loss(truth * 0.5, truth)) == pytest.approx(1 / 3, abs=0.01)


def test_features_are_a_term_of_their_own(answer: Answer) -> None:
    dull = replace(perfect(answer), image=answer.image * 0)
    terms = layout_stage1_loss(dull, answer, lambda x: [x, 2 * x], (1.0, 0.5))
    plain = layout_stage1_loss(dull, answer)
    assert float(terms["perceptual"]) == pytest.approx(2 * float(answer.image.abs().mean()))
    assert float(terms["loss"] - plain["loss"]) == pytest.approx(float(terms["perceptual"]))


def test_where_a_garment_was_cut_off_only_garment_is_wrong(answer: Answer) -> None:
    cut = replace(answer, layout=answer.layout.clone(), worn=answer.worn.clone(), places=answer.places.clone())
    cut.layout[:, 5], cut.worn[:, :, 5], cut.places[:, :, 5] = UNCOVERED, 0, torch.nan
    painting = perfect(answer)
    assert painting.layout is not None
    logits = painting.layout.clone()
    logits[:, :, 5] = 0
    logits[:, SKIN, 5] = 40
    other = replace(painting, mask=40 * (2 * cut.worn - 1), layout=logits, image=painting.image.clone())
    other.image[:, :, 5] = -1  # whatever is painted there
    terms = layout_stage1_loss(other, cut)
    assert float(terms["pixel"]) == 0 and float(terms["mask"]) < 1e-9 and float(terms["layout"]) < 1e-4
    assert float(layout_stage1_loss(painting, cut)["layout"]) > 1


def test_light_is_judged_as_it_is_used(answer: Answer) -> None:
    brighter = replace(answer, image=(answer.clothing + 1) * 1.25 - 1)
    painting = perfect(answer)
    right = replace(painting, light=torch.full_like(answer.clothing, 0.2231435))
    assert float(layout_stage1_loss(right, brighter)["relit"]) == pytest.approx(0, abs=1e-5)
    assert float(layout_stage1_loss(painting, brighter)["relit"]) > 0.05
