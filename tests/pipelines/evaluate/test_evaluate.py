"""Which result is compared with which reference."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from viton_cli.config import EvaluateConfig
from viton_cli.errors import BadImage, NothingUsable, UnknownName
from viton_cli.pipelines.evaluate import evaluate
from viton_cli.pipelines.evaluate.pictures import match


def config(folders: SimpleNamespace, **settings: object) -> EvaluateConfig:
    return EvaluateConfig(**{"results": folders.out, "reference": folders.people, **settings})


def test_a_pair_is_compared_with_its_own_truth_else_with_the_person(folders: SimpleNamespace) -> None:
    for name in ("anna__red.png", "sub dir/bert ü__green.png", "carl__red.png", "steps/anna__red.jpg", "sheet-2.jpg"):
        folders.photo(folders.out / name)
    folders.photo(folders.people / "sub dir/bert ü__green.jpg")
    pairs, alone = match(folders.out, folders.people)
    assert [(name, path.name) for name, _, path in pairs] == [
        ("anna__red", "anna.png"),
        ("sub dir/bert ü__green", "bert ü__green.jpg"),
    ]
    assert alone == ["carl__red"]


def test_equal_pictures_score_one_and_small_sets_are_warned_of(folders: SimpleNamespace) -> None:
    folders.photo(folders.out / "anna__red.png")
    folders.photo(folders.out / "nobody.png")
    found = evaluate(config(folders))
    (score,) = found.scores
    assert score.value == pytest.approx(1) and score.n == 1
    assert "1 results have no reference" in found.notes[0] and "only 1 picture:" in found.notes[1]


def test_two_files_are_compared_whatever_their_names(folders: SimpleNamespace) -> None:
    one, two = folders.photo(folders.root / "x.png"), folders.photo(folders.root / "y.png")
    assert evaluate(config(folders, results=one, reference=two)).scores[0].n == 1


def test_what_cannot_be_compared_is_refused(folders: SimpleNamespace) -> None:
    folders.photo(folders.out / "zoe.png")
    with pytest.raises(NothingUsable, match="zoe"):
        evaluate(config(folders))
    folders.photo(folders.out / "anna.png", size=(32, 32))
    with pytest.raises(BadImage, match="anna: the result is 32x32"):
        evaluate(config(folders))
    with pytest.raises(UnknownName, match="did you mean 'ssim'"):
        evaluate(config(folders, metrics=["ssmi"]))
    with pytest.raises(NothingUsable, match="gone"):
        evaluate(config(folders, reference=Path("gone")))
