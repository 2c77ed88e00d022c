"""Scores of stage 1 on answers made by hand."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from viton_cli.core.generator import Painting
from viton_cli.core.losses import Answer
from viton_cli.metrics.stage1 import Stage1Measures
from viton_cli.vocabulary.layout import GARMENT, HEAD, LAYOUT, TRUNK


def case(shift: int = 0) -> tuple[Painting, Answer, torch.Tensor]:
    """A square garment of 10x10 of 20x20 under a head; the painting has all of it `shift` columns to the right."""
    layout = torch.zeros(1, 20, 20, dtype=torch.long)
    layout[:, 8:18, 4:14], layout[:, 2:8, 6:12] = TRUNK, HEAD
    worn = (layout == TRUNK).float()[:, None]
    rows, columns = torch.meshgrid(torch.arange(20.0), torch.arange(20.0), indexing="ij")
    places = torch.stack([columns, rows])[None].masked_fill(worn == 0, torch.nan)
    image = torch.where(worn > 0, 0.5, 0.0).expand(-1, 3, -1, -1)
    answer = Answer(image, worn, layout, places, torch.tensor([10.0]), torch.ones(1), torch.zeros(1, 3, 20, 20))
    painted = torch.roll(layout, shift, 2)
    shares = F.one_hot(painted, len(LAYOUT)).permute(0, 3, 1, 2).float()
    mask = 2 * torch.roll(worn, shift, 3) - 1
    painting = Painting(image + 0.1, mask, shares, torch.nan_to_num(places) + shift * 0.2, torch.zeros_like(worn))
    return painting, answer, torch.zeros(1, 3, 20, 20)


def scores(*cases: tuple[Painting, Answer, torch.Tensor]) -> dict[str, tuple[float, int]]:
    measures = Stage1Measures()
    for one in cases:
        measures.add(*one)
    return {score.name: (score.value, score.n) for score in measures.scores()}


def test_a_true_painting() -> None:
    found = scores(case())
    assert set(found) == {
        "M IoU", "layout mean IoU", "layout IoU background", "layout IoU head", "layout IoU garment trunk",
        "places off", "places median", "coarse error",
    }  # fmt: skip
    assert all(found[name] == (1.0, 1) for name in found if "IoU" in name)
    assert found["places off"] == (0, 1) and found["places median"] == (0, 1)
    assert found["coarse error"][0] == pytest.approx(0.1 * 127.5, rel=1e-5), "only where truth and photo differ"


def test_a_painting_that_lies_one_column_off() -> None:
    found = scores(case(1))
    assert found["M IoU"][0] == pytest.approx(90 / 110)
    assert found["layout IoU garment trunk"][0] == pytest.approx(90 / 110)
    assert found["layout IoU head"][0] == pytest.approx(30 / 42)
    assert found["places off"][0] == 0, "0.28 px of 10 is within 3 %"
    assert found["places median"][0] == pytest.approx(0.2 * 2**0.5 / 10)
    assert scores(case(2))["places off"][0] == 1


def test_several_try_ons_are_averaged() -> None:
    found = scores(case(), case(1))
    assert found["M IoU"] == (pytest.approx((1 + 90 / 110) / 2), 2)
    assert found["layout IoU garment trunk"] == (pytest.approx(190 / 210), 2), "pixels counted together"


def test_garment_of_unknown_part_is_left_out_of_the_layout() -> None:
    painting, answer, person = case()
    answer.layout[answer.layout == TRUNK] = GARMENT
    assert "layout IoU garment trunk" not in scores((painting, answer, person))


def test_the_papers_generator_is_scored_by_what_it_has() -> None:
    painting, answer, person = case()
    assert set(scores((Painting(painting.image, painting.mask), answer, person))) == {"M IoU", "coarse error"}
