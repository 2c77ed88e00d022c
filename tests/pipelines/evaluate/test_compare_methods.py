"""`viton evaluate methods` and `viton evaluate ablations`: methods run on the same pairs, one table of all."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from drawn_wardrobe import write_wardrobe

from viton_cli.config import EvaluateAblationsConfig, EvaluateMethodsConfig
from viton_cli.data.wardrobe import Wardrobe
from viton_cli.errors import BadConfig, UnknownName
from viton_cli.files import read_pairs
from viton_cli.methods import METHODS, WEIGHTS
from viton_cli.pipelines.evaluate import ablations
from viton_cli.pipelines.evaluate.ablations import ABLATIONS, compare_ablations, held_out, training
from viton_cli.pipelines.evaluate.methods import compare_methods, contenders


@pytest.fixture
def inputs(folders: SimpleNamespace) -> SimpleNamespace:
    """Pairs of two people and a garment, with the people's own photos as what is true."""
    pairs = folders.root / "pairs.csv"
    pairs.write_text("person,garment,truth\nanna,green,anna_green\nsub dir/bert ü,green,bert_green\n")
    for name in ("anna", "bert"):
        folders.photo(folders.root / "truth" / f"{name}_green.png", (90, 200, 150))
    return SimpleNamespace(**vars(folders), pairs=pairs, truth=folders.root / "truth")


def settings(inputs: SimpleNamespace, **changes: Any) -> EvaluateMethodsConfig:
    given = {
        "person": str(inputs.people), "clothes": str(inputs.clothes), "pairs": inputs.pairs, "reference": inputs.truth,
        "metrics": ["ssim", "psnr"], "out": inputs.out,
    }  # fmt: skip
    return EvaluateMethodsConfig(**{**given, **changes})


def run_folder(root: Path, *names: str) -> Path:
    for name in names:
        (root / "run").mkdir(exist_ok=True)
        (root / "run" / f"{name}.safetensors").write_bytes(b"")
    return root / "run"


def test_every_method_is_a_row_beside_the_papers_numbers(inputs: SimpleNamespace, fakes: SimpleNamespace) -> None:
    run = run_folder(inputs.root, "stage1", "stage2", "crn", "prgan", "cagan")
    made, failed = compare_methods(settings(inputs, weights=run))
    rows = {row[0]: dict(zip(made.header, row)) for row in made.rows}
    assert list(rows) == [*METHODS, "viton-shipped", "(photo as it is)", "(true pictures)"] and failed == 0
    assert rows["crn"]["paper: human %"] == "69.1" and rows["viton-shipped"]["paper: human %"] == ""
    assert all(row["n"] == "2" for name, row in rows.items() if name in METHODS)
    assert len(fakes.method.pairs) == 2 * 7
    again, failed = compare_methods(settings(inputs, weights=run))
    assert again.rows == made.rows and len(fakes.method.pairs) == 2 * 7, "what is finished is not done again"


def test_without_a_run_only_what_needs_none_is_compared(inputs: SimpleNamespace, fakes: SimpleNamespace) -> None:
    assert [row.name for row in contenders(settings(inputs))] == ["viton", "encoder-decoder", "non-parametric"]
    with pytest.raises(BadConfig, match=r"no weights of crn: viton train baselines .* makes them; give --weights RUN"):
        compare_methods(settings(inputs, methods=["viton", "crn"]))
    with pytest.raises(UnknownName, match="unknown method 'crnn'"):
        compare_methods(settings(inputs, methods=["crnn"]))
    part = run_folder(inputs.root, "crn")
    rows = contenders(settings(inputs, weights=part))
    assert [row.name for row in rows] == ["viton", "encoder-decoder", "non-parametric", "crn"]
    assert [row.name for row in rows if "weights" in row.settings] == ["crn"], "the others with what ships"


def test_a_dry_run_says_what_would_be_dressed(inputs: SimpleNamespace, fakes: SimpleNamespace) -> None:
    made, failed = compare_methods(settings(inputs, methods=["viton", "non-parametric"], dry_run=True))
    assert made.plan == "viton: 2 pairs; non-parametric: 2 pairs" and failed == 0
    assert not inputs.out.exists() and not fakes.method.pairs


def test_the_pasting_baseline_is_warped_as_published(inputs: SimpleNamespace) -> None:
    found = {row.name: row.settings for row in contenders(settings(inputs))}
    assert found["non-parametric"]["warp"] == "paper" and "warp" not in found["viton"]
    assert set(WEIGHTS) == set(METHODS)


def test_a_pair_that_fails_is_named_and_counted(inputs: SimpleNamespace, fakes: SimpleNamespace) -> None:
    inputs.photo(inputs.clothes / "pure.png", (255, 0, 0))
    inputs.pairs.write_text("person,garment,truth\nanna,green,anna_green\nanna,pure,anna_green\n")
    made, failed = compare_methods(settings(inputs, methods=["viton"]))
    assert failed == 1 and any(note.startswith("viton: ") and "pure" in note for note in made.notes)


@pytest.fixture
def wardrobe(tmp_path: Path) -> Path:
    return write_wardrobe(tmp_path / "wardrobe")


def ablation_settings(wardrobe: Path, out: Path, **changes: Any) -> EvaluateAblationsConfig:
    given = {"data": [f"wardrobe:{wardrobe}"], "out": out, "minutes": 1, "metrics": ["ssim"], "limit": 2}
    return EvaluateAblationsConfig(**{**given, **changes})


def test_held_out_try_ons_are_unpaired_and_have_their_truths(wardrobe: Path, tmp_path: Path) -> None:
    photos, truths = held_out([Wardrobe(wardrobe)], 3, tmp_path / "pairs.csv")
    rows = read_pairs(tmp_path / "pairs.csv")
    assert 0 < len(rows) <= 3 and all("7" in row.ids[0].split("_")[0][-1] for row in rows)
    assert all(Path(str(row.truth)).stem != row.ids[0] for row in rows)
    assert {Path(path).stem for path in truths} == {Path(str(row.truth)).stem for row in rows}
    assert all(Path(path).is_file() for path in (*photos.person, *photos.clothes, *truths))


def test_each_ablation_is_trained_once_and_used_as_it_was_trained(
    wardrobe: Path, tmp_path: Path, fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[Any] = []
    monkeypatch.setattr(ablations, "train_all", lambda stage, config, say: trained.append(config))
    config = ablation_settings(wardrobe, tmp_path / "out")
    made, failed = compare_ablations(config)
    assert [row[0] for row in made.rows][: len(ABLATIONS)] == list(ABLATIONS) and failed == 0
    assert [run.out.name for run in trained] == [name for name, one in ABLATIONS.items() if one.training is not None]
    assert {run.out.name: run.without for run in trained}["no-pose"] == ["pose"]
    assert all(run.resume and run.cache == tmp_path / "out/prepared" and run.minutes == 1 for run in trained)
    by_name = {run.out.name: run for run in trained}
    assert by_name["no-warp-reward"].lambda_warp == 0 and by_name["loss-as-printed"].loss == "paper"

    trained.clear()
    compare_ablations(ablation_settings(wardrobe, tmp_path / "out", variants=["no-refinement"]))
    assert [run.out.name for run in trained] == ["whole"], "it needs no training of its own"


def test_what_an_ablation_cannot_be(wardrobe: Path, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="--variants: unknown 'no-arms'; known: whole, no-pose"):
        compare_ablations(ablation_settings(wardrobe, tmp_path / "out", variants=["no-arms"]))
    made, _ = compare_ablations(
        ablation_settings(wardrobe, tmp_path / "out", variants=["no-pose", "coarse-only"], dry_run=True)
    )
    assert made.plan == "2 trainings of 1 minutes: no-pose, whole; 2 try-ons each at most"
    assert not (tmp_path / "out").exists()
    with pytest.raises(BadConfig, match="give --minutes or --steps"):
        compare_ablations(ablation_settings(wardrobe, tmp_path / "out", minutes=None))
    assert training(ablation_settings(wardrobe, tmp_path, minutes=None, steps=5), "no-head").steps == 5
