"""What is wrong with a result: belief and painting compared, and a quality that only falls with doubt."""

from __future__ import annotations

import math
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from viton_cli.imaging.product import Product
from viton_cli.lights import Check
from viton_cli.methods.judging import REASONS, WORDS, checks_of
from viton_cli.methods.quality import TOLERABLE, QualityModel, quality_model
from viton_cli.methods.signs import SIGNS, Cloth, Worn, cloth_of, worn_of
from viton_cli.records import Coarse
from viton_cli.vocabulary import layout as classes

SIZE = (256, 192)


def box(top: int, bottom: int, left: int, right: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    there = np.zeros(SIZE, bool)
    there[top:bottom, left:right] = True
    return there


TRUNK, SLEEVES = box(40, 220, 60, 132), (box(40, 70, 20, 60), box(40, 70, 132, 172))
SHIRT = TRUNK | SLEEVES[0] | SLEEVES[1]


def cloth(solid: np.ndarray[Any, np.dtype[np.bool_]]) -> Cloth:
    picture = np.where(solid[..., None], 90, 255).astype(np.uint8).repeat(3, 2)
    return cloth_of(Product(picture, solid.astype(np.float32), picture, solid.astype(np.float32)))


def worn(bare: float, shown: np.ndarray[Any, np.dtype[np.bool_]], neckline: float = 0.0) -> Worn:
    return Worn(TRUNK, (bare, bare), shown, neckline)


def said(sleeves: str, made: Worn, of: Cloth, quality: float = 0.9, kind: str = "top") -> list[Check]:
    signs = dict.fromkeys(SIGNS, 0.0)
    return list(checks_of(SimpleNamespace(sleeves=sleeves, kind=kind), of, made, signs, quality))  # type: ignore[arg-type]


class TestBelief:
    def test_a_shirt_has_two_sleeves_and_a_vest_none(self) -> None:
        for found, drawn in zip(cloth(SHIRT).sleeves, SLEEVES, strict=True):
            assert (found & drawn).sum() > 0.9 * drawn.sum() and (found & ~drawn).sum() < 0.1 * drawn.sum()
        assert cloth(TRUNK).sleeves == ()

    def test_all_of_it_shown_is_right(self) -> None:
        assert said("long", worn(0.1, SHIRT), cloth(SHIRT)) == []

    @pytest.mark.parametrize(
        ("sleeves", "bare", "severity"),
        [
            ("long", 0.9, "bad"),
            ("long", 0.6, None),
            ("short", 0.1, "warn"),
            ("none", 0.4, "warn"),
            ("unknown", 0.9, None),
        ],
    )
    def test_sleeves_of_another_length(self, sleeves: str, bare: float, severity: str | None) -> None:
        checks = said(sleeves, worn(bare, SHIRT), cloth(SHIRT))
        assert [check.severity for check in checks] == ([severity] if severity else [])
        assert all(check.startswith("sleeves") and "--kind" in check.cure for check in checks)

    def test_a_sleeve_that_is_not_to_be_seen(self) -> None:
        (check,) = said("unknown", worn(0.5, TRUNK | SLEEVES[0]), cloth(SHIRT))
        assert check.startswith("sleeves: 100%") and check.step == "places"

    def test_a_hem_that_is_not_to_be_seen_and_another_neckline(self) -> None:
        shown = SHIRT & ~box(180, 256, 0, 192)
        (check,) = said("long", worn(0.1, shown), cloth(SHIRT))
        assert check.startswith("length") and check.severity == "warn"
        (check,) = said("long", worn(0.1, shown), cloth(SHIRT), kind="dress")
        assert check.severity == "info", "a dress is tried on as a long top"
        (check,) = said("long", worn(0.1, SHIRT, 0.6), cloth(SHIRT))
        assert check.startswith("neckline") and check.step == "layout"

    @pytest.mark.parametrize(("quality", "severity"), [(0.5, None), (0.05, "warn"), (0.001, "bad")])
    def test_a_low_quality_is_said(self, quality: float, severity: str | None) -> None:
        checks = said("long", worn(0.1, SHIRT), cloth(SHIRT), quality)
        assert [check.severity for check in checks] == ([severity] if severity else [])


def test_what_was_painted_is_read_from_layout_and_warp() -> None:
    layout = torch.zeros(1, len(classes.LAYOUT), *SIZE)
    layout[0, classes.BACKGROUND] = 0.1
    layout[0, classes.TRUNK][torch.from_numpy(TRUNK)] = 1
    layout[0, classes.SKIN, 70:160, 20:50] = 1
    joints, seen = np.zeros((18, 2), np.float32), np.zeros(18, bool)
    joints[2:5], seen[2:5] = [(35, 40), (35, 100), (35, 159)], True  # the right arm: shoulder, elbow, wrist
    away = np.full((128, 96, 2), np.nan, np.float32)
    away[20:110, 30:66] = np.stack(np.meshgrid(np.arange(60, 132, 2), np.arange(40, 220, 2)), 2)
    warp = SimpleNamespace(origins=lambda size: away)
    made = worn_of(Coarse(torch.zeros(1), torch.zeros(1), layout), warp, joints, seen, SIZE)  # type: ignore[arg-type]
    assert (made.garment == TRUNK).all() and made.bare == (pytest.approx(0.75, abs=0.05),)
    assert made.shown[TRUNK].all() and not made.shown[box(40, 100, 20, 55)].any()


class TestQuality:
    def test_more_doubt_never_gives_more_quality(self) -> None:
        model = quality_model()
        start = dict(model.usual)
        for name in SIGNS:
            rising = [model({**start, name: value}) for value in np.linspace(0, 2 * model.limits[name] + 0.1, 9)]
            assert all(a >= b for a, b in pairwise(rising)), name
            assert rising[-1] == model({**start, name: 1e9}), "a sign counts up to its limit"

    def test_it_is_the_chance_of_a_tolerable_error(self) -> None:
        model = QualityModel(math.log(TOLERABLE), {"cut": 1.0}, {"cut": 9.0}, 0.5, {"cut": 0.0})
        assert model({"cut": 0.0}) == pytest.approx(0.5)
        assert model({"cut": 0.5}) == pytest.approx(0.1587, abs=1e-4)  # one standard deviation

    def test_the_sign_that_is_most_unusual_is_to_blame(self) -> None:
        model = QualityModel(0.0, {"cut": 1.0, "pose": 2.0}, {"cut": 9.0, "pose": 9.0}, 1.0, {"cut": 0.1, "pose": 0.4})
        assert model.blame({"cut": 0.3, "pose": 0.45}) == "cut" and model.blame({"cut": 0.3, "pose": 0.6}) == "pose"

    def test_every_sign_has_its_step_and_cure(self) -> None:
        model = quality_model()
        assert set(model.weights) == set(model.limits) == set(model.usual) == set(SIGNS) == set(REASONS)
        assert {step for step, _ in REASONS.values()} == set(WORDS) and all(cure for _, cure in REASONS.values())
