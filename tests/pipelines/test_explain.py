"""`viton explain`: every step in one picture, the step that went wrong named, and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import stand_ins

from viton_cli.config import ExplainConfig
from viton_cli.errors import BadConfig
from viton_cli.files import read_photo
from viton_cli.lights import Check
from viton_cli.pipelines import tools
from viton_cli.pipelines.explain import NOTHING, culprit, explain
from viton_cli.records import Garment, Photo

RED = (208, 0, 0)


def red(path: Path) -> int:
    """Pixels of the frame around the step that went wrong."""
    return int((read_photo(path).image == RED).all(2).sum())


@pytest.fixture
def one(folders: SimpleNamespace, fakes: SimpleNamespace) -> SimpleNamespace:
    out = folders.root / "why.png"
    return SimpleNamespace(person=folders.people / "anna.png", garment=folders.clothes / "red.png", out=out)


def cut_with(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> None:
    """Stand-in garments of which this is said."""

    def cut(photo: Photo, mask: Any = None) -> Garment:
        return replace(stand_ins.fake_cut(photo, mask), checks=checks)

    monkeypatch.setattr(tools, "make_cutter", lambda settings: cut)


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ([], None),
        ([Check("a", "info", "photo")], None),
        ([Check("a", "warn", "warp"), Check("b", "warn", "joints")], "b"),  # the earlier step
        ([Check("a", "warn", "joints"), Check("b", "bad", "warp")], "b"),  # the more severe one
        ([Check("a", "warn"), Check("b", "warn", "result")], "b"),  # one that names its step
    ],
)
def test_the_culprit_is_the_most_severe_and_the_earliest(checks: list[Check], expected: str | None) -> None:
    assert culprit(checks) == expected


def test_the_step_that_went_wrong_is_named_and_framed(one: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_with(monkeypatch, Check("outline uncertain", "warn", "product", "give a mask"))
    told = explain(ExplainConfig(out=one.out), one.person, one.garment)
    assert (told.light, told.step, told.why, told.cure) == ("doubtful", "product", "outline uncertain", "give a mask")
    assert str(told) == "doubtful\nmost likely wrong: product: outline uncertain\ncure: give a mask"
    assert red(one.out) > 1000
    assert [check["severity"] for check in told.as_dict()["checks"]] == ["warn", "warn"]


def test_nothing_wrong_is_said_too(one: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    real = stand_ins.FakeMethod.dress
    monkeypatch.setattr(
        stand_ins.FakeMethod, "dress", lambda *given, **more: replace(real(*given, **more), checks=(), quality=0.8)
    )
    told = explain(ExplainConfig(out=one.out), one.person, one.garment)
    assert (told.light, told.step, told.why, told.quality) == ("good", "", NOTHING, 0.8) and red(one.out) == 0


def test_what_is_refused_is_shown_all_the_same(one: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_with(monkeypatch, Check("looks like trousers", "bad", "product", "another garment"))
    told = explain(ExplainConfig(out=one.out), one.person, one.garment)
    assert (told.light, told.step) == ("failed", "product") and "looks like trousers" in told.why
    shown = read_photo(one.out).image
    dark = explain(ExplainConfig(out=one.out), one.person, one.garment.with_name("red.png"))
    assert dark.light == "failed" and (read_photo(one.out).image == shown).all()
    assert "anna" not in told.why and red(one.out) > 1000


def test_nobody_in_the_photo(one: SimpleNamespace, folders: SimpleNamespace) -> None:
    dark = folders.photo(folders.root / "dark.png", (0, 0, 0))
    told = explain(ExplainConfig(out=one.out), dark, one.garment)
    assert (told.light, told.step) == ("failed", "joints") and "no person found" in told.why and told.cure
    assert read_photo(one.out).image.shape[0] > 448, "both photos are shown"


def test_a_picture_that_is_there_is_not_replaced_unasked(
    one: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    explain(ExplainConfig(), one.person, one.garment)
    made = tmp_path / "anna__red.explained.png"
    assert made.is_file()
    with pytest.raises(BadConfig, match=r"anna__red\.explained\.png: is there already"):
        explain(ExplainConfig(), one.person, one.garment)
    with pytest.raises(BadConfig, match="is also read"):
        explain(ExplainConfig(out=one.person), one.person, one.garment)
    np.testing.assert_array_equal(read_photo(one.person).image[0, 0], (90, 120, 150))
