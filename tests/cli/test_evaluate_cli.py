"""`viton evaluate` and `viton doctor --fetch` as typed: what is printed in which style, exit codes, lines of errors."""

from __future__ import annotations

import csv
import io
import json
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from metric_pictures import noisy, smooth
from typer.testing import CliRunner, Result

from viton_cli.cli import app
from viton_cli.files import write_image
from viton_cli.metrics import METRICS, fetched


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    for number in range(3):
        truth = smooth(number, (48, 40))
        write_image(tmp_path / "truth" / f"p{number}__g.png", truth)
        write_image(tmp_path / "people" / f"p{number}.png", noisy(truth, 90))
        write_image(tmp_path / "out" / f"p{number}__g.png", noisy(truth, 9))
    return SimpleNamespace(root=tmp_path, out=tmp_path / "out", truth=tmp_path / "truth", people=tmp_path / "people")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def evaluate(given: SimpleNamespace, *more: object) -> Result:
    return run("evaluate", "--results", given.out, "--reference", given.truth, "--person", given.people, *more)


def test_scores_are_printed_with_interval_n_protocol_and_the_photos_own(given: SimpleNamespace) -> None:
    done = evaluate(given, "--metrics", "ssim,region")
    assert done.exit_code == 0
    header, first, *_ = done.stdout.splitlines()
    assert header.split() == ["kind", "measure", "better", "value", "95", "%", "interval", "photo", "as", "it", "is",
                              "n", "people"]  # fmt: skip
    assert first.startswith("unpaired  ssim") and "[" in first and first.split()[-2:] == ["3", "3"]
    assert "window 11, sigma 1.5" in done.stdout and "Intervals: 95 %, bootstrap over people" in done.stdout
    assert "only 3 pictures" in done.stderr and "only 3 pictures" not in done.stdout


def test_twice_the_same_bytes_in_every_style(given: SimpleNamespace) -> None:
    for style in ("text", "csv", "markdown", "latex", "json"):
        first, second = (evaluate(given, "--metrics", "ssim", "--style", style) for _ in range(2))
        assert first.exit_code == 0 and first.stdout == second.stdout and first.stdout
    assert json.loads(first.stdout)["scores"][0]["name"] == "ssim"
    assert json.loads(evaluate(given, "--metrics", "ssim", "--json").stdout) == json.loads(first.stdout)


def test_csv_markdown_and_latex_can_be_read_by_their_readers(given: SimpleNamespace) -> None:
    (row,) = csv.DictReader(io.StringIO(evaluate(given, "--metrics", "ssim", "--style", "csv").stdout))
    assert float(row["low"]) < float(row["value"]) < float(row["high"]) and "sigma 1.5" in row["protocol"]
    markdown = evaluate(given, "--metrics", "ssim", "--style", "markdown").stdout.splitlines()
    assert markdown[1] == "| --- | --- | --- | --- | --- | --- | --- | --- |" and markdown[2].startswith(
        "| unpaired | ssim"
    )
    latex = evaluate(given, "--metrics", "ssim", "--style", "latex").stdout
    assert r"95 \% interval" in latex and latex.count(r"\\") == 2 and r"\end{tabular}" in latex
    assert all(line.startswith("%") for line in latex.split(r"\end{tabular}" + "\n")[1].splitlines())


def test_a_measure_asked_for_by_name_that_cannot_be_taken_is_told_and_the_others_still_print(
    given: SimpleNamespace,
) -> None:
    done = evaluate(given, "--metrics", "ssim", "--metrics", "lpips")
    assert done.exit_code == 1 and "ssim" in done.stdout
    assert "viton doctor --fetch alexnet" in done.stderr or "pip install 'viton-cli[metrics]'" in done.stderr
    assert evaluate(given, "--metrics", "all").exit_code == 0


def test_wrong_usage_is_one_line(given: SimpleNamespace) -> None:
    for more, code, words in (
        (("--metrics", "ssmi"), 2, "did you mean 'ssim'"),
        (("--style", "pdf"), 2, "bad value for 'style'"),
        (("--groups", given.root / "gone.csv"), 2, "gone.csv"),
        (("--pairs", given.root / "gone.csv"), 2, "gone.csv"),
        (("--inception", given.root / "gone.pth", "--metrics", "fid"), 2, "gone.pth: no such weight file"),
        (("--labels", given.root / "gone"), 3, "gone: no such file or folder"),
    ):
        if words.startswith("gone.pth") and find_spec("torch_fidelity") is None:
            continue  # without torch-fidelity the file is not looked at
        done = evaluate(given, *more)
        assert (done.exit_code, len(done.stderr.strip().splitlines())) == (code, 1), done.stderr
        assert words in done.stderr


def test_table_and_report_take_folders_as_they_are_typed(given: SimpleNamespace) -> None:
    settings = ("--reference", given.truth, "--person", given.people, "--metrics", "ssim")
    done = run("evaluate", "table", f"viton={given.out}", f"again={given.out}", *settings, "--json")
    assert done.exit_code == 0 and [row[0] for row in json.loads(done.stdout)["rows"]][:2] == ["viton", "again"]
    plain = run("evaluate", "table", f"viton={given.out}", *settings)
    assert "2.514 ± 0.130" in plain.stdout and "paper: VITON, Table 1" in plain.stdout
    page = given.root / "page.html"
    done = run("evaluate", "report", given.out, *settings, "--out", page)
    assert done.exit_code == 0 and done.stdout.strip() == str(page) and page.is_file()


def test_help_lists_the_measures_of_the_registry() -> None:
    text = " ".join(run("evaluate", "--help").stdout.split())
    assert all(name in text for name in METRICS)


def test_doctor_says_what_is_not_fetched_and_fetches_it(
    given: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    report = run("doctor").stdout
    for name, weights in fetched.PUBLISHED.items():
        assert f"published {name} ({weights.used_by}; {weights.licence})" in report
        assert f"viton doctor --fetch {name}" in report
    source = given.root / f"x-{hashlib.sha256(b'w').hexdigest()[:8]}.pth"
    source.write_bytes(b"w")
    monkeypatch.setitem(fetched.PUBLISHED, "vgg16", fetched.Published(source.as_uri(), "none", 1, "lpips-vgg"))
    done = run("doctor", "--fetch", "vgg16", "--json")
    assert json.loads(done.stdout)["published"]["vgg16"]["present"] is True
    wrong = run("doctor", "--fetch", "vgg61")
    assert wrong.exit_code == 2 and "known: inception, alexnet, vgg16" in wrong.stderr
    source.unlink()
    (given.root / "hub" / "checkpoints" / source.name).unlink()
    failed = run("doctor", "--fetch", "vgg16")
    assert failed.exit_code == 2 and "cannot be fetched" in failed.stderr
