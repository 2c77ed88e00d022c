"""`viton evaluate table` and `viton evaluate report`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from metric_pictures import noisy, smooth
from study import Study, vote

from viton_cli.config import EvaluateReportConfig, EvaluateTableConfig
from viton_cli.errors import BadConfig, NothingUsable
from viton_cli.files import write_image
from viton_cli.pipelines.evaluate.report import write_report
from viton_cli.pipelines.evaluate.table import PAPER, make_table

SIZE = (40, 32)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos, true pictures, and the results of a good and of a bad method."""
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    root = tmp_path / "mine"
    for number in range(4):
        truth = smooth(number, SIZE)
        photo = truth.copy()
        photo[10:30, 8:24] = 250
        write_image(root / "people" / f"p{number}.png", photo)
        write_image(root / "truth" / f"p{number}__g.png", truth)
        write_image(root / "good" / f"p{number}__g.png", noisy(truth, 5 + number))
        write_image(root / "bad" / f"p{number}__g.png", noisy(photo, 60 + number))
    return root


def table(root: Path, *results: str, **settings: Any) -> Any:
    given = {
        "results": list(results),
        "reference": root / "truth",
        "person": root / "people",
        "metrics": ["ssim", "is"],
    }
    return make_table(EvaluateTableConfig(**{**given, **settings}))


def test_methods_beside_each_other_with_the_papers_numbers_in_columns_of_their_own(root: Path) -> None:
    made = table(root, f"viton={root / 'good'}", f"CRN={root / 'bad'}")
    assert made.header == [
        "method", "results", "n", "Inception Score", "human %", "ssim", "paper: Inception Score", "paper: human %",
    ]  # fmt: skip
    rows = {row[0]: dict(zip(made.header, row)) for row in made.rows}
    assert list(rows) == ["viton", "CRN", "(photo as it is)", "(true pictures)"]
    assert rows["viton"]["paper: Inception Score"] == "2.514 ± 0.130" and rows["CRN"]["paper: human %"] == "69.1"
    assert rows["(true pictures)"]["paper: Inception Score"] == "3.312 ± 0.098"
    assert float(rows["viton"]["ssim"]) > float(rows["(photo as it is)"]["ssim"]) > float(rows["CRN"]["ssim"])
    assert rows["viton"]["n"] == "4" and rows["viton"]["results"] == "unpaired"
    assert len(PAPER) == 6 and sum(human for _, _, human in PAPER.values()) == pytest.approx(300.2)
    assert any("not comparable" in line for line in made.remarks)


def test_a_cell_that_needs_votes_or_weights_says_which_command_fills_it(root: Path) -> None:
    (row, *_) = table(root, f"viton={root / 'good'}").rows
    assert row[3] in ("needs viton doctor --fetch inception", "needs pip install 'viton-cli[metrics]'")
    assert row[4] == "needs viton evaluate votes"


def test_votes_fill_the_human_column(root: Path, study: Study) -> None:
    made = study(people=4, clothes=3, raters=1)
    answers = vote(made.key, made.out / "a.jsonl", "anna", 1, {"method0": 9.0, "method1": 0.0}, 0)
    (row, *_) = table(root, f"method0={root / 'good'}", votes=[str(answers)]).rows
    assert re.match(r"100.0 \[\d\d\.\d, 100.0\] n=\d+", row[4])
    assert any(
        "votes for method1 are not shown" in note
        for note in table(root, f"method0={root / 'good'}", votes=[str(answers)]).notes
    )


def test_methods_scored_on_other_pairs_are_told(root: Path) -> None:
    (root / "bad" / "p3__g.png").unlink()
    notes = table(root, str(root / "good"), str(root / "bad")).notes
    assert any(note.startswith("good: 1 of its 4 pairs are not those of every method") for note in notes)


def test_names_of_methods(root: Path) -> None:
    with pytest.raises(BadConfig, match=r"two methods are called 'good'"):
        table(root, str(root / "good"), f"good={root / 'bad'}")
    with pytest.raises(NothingUsable, match="gone: no such folder of results"):
        table(root, "x=gone")
    with pytest.raises(BadConfig, match="one method or more: viton evaluate table"):
        table(root)


def report(root: Path, source: Path, **settings: Any) -> str:
    given = {"source": source, "out": root / "page.html", "metrics": ["ssim", "psnr", "region"]}
    write_report(EvaluateReportConfig(**{**given, **settings}))
    return (root / "page.html").read_text()


def test_a_page_of_results_shows_worst_best_and_what_was_warned_of(root: Path) -> None:
    lines = [
        {"person": "p0", "garment": "g", "output": "p0__g.png", "status": "ok", "checks": ["arms <crossed>"]},
        {"person": "p9", "garment": "g", "output": None, "status": "failed", "cause": "no person found"},
    ]
    (root / "good" / "manifest.jsonl").write_text("\n".join(map(json.dumps, lines)))
    page = report(root, root / "good", reference=root / "truth", person=root / "people", count=1)
    worst, best = (page[page.index(title) :].split("</section>")[0] for title in ("ssim: worst", "ssim: best"))
    assert "p3__g: ssim" in worst and "p0__g: ssim" in best, "the noisiest and the least noisy"
    assert worst.count("data:image/jpeg") == 3, "photo, result, true picture"
    assert "arms &lt;crossed&gt;" in page and "p9 + g: no person found" in page and "only 4 pictures" in page
    assert "psnr: worst" in page and "region: best" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page), "one file, opened without a network"


def test_a_page_of_a_training_run_shows_curves_scores_by_step_and_samples_through_time(root: Path) -> None:
    stage = root / "run" / "stage1"
    write_image(stage / "samples" / "0000100.jpg", smooth(1, SIZE))
    write_image(stage / "samples" / "0000200.jpg", smooth(2, SIZE))
    entries = [{"step": s, "minutes": s / 100, "lr": 1e-3, "loss": 1 / s} for s in (20, 40, 60)]
    entries += [{"step": 100, "minutes": 1, "ssim": 0.5}, {"step": 200, "minutes": 2, "ssim": 0.75}]
    text = (
        "\n".join(map(json.dumps, entries))
        + '\n{"step": 80, "lr": 1, "loss": NaN}\n{"step": 40, "lr": 1, "loss": 2}\n{"torn'
    )
    (stage / "log.jsonl").write_text(text)
    page = report(root, root / "run")
    assert page.count("<polyline") == 2 and "loss: 2 at step" in page and "ssim: 0.75 at step 200" in page
    assert re.search(r"<td>200</td>\s*<td>2</td>\s*<td>0.75</td>", page)
    assert 'data-step="100" hidden' in page and page.count("data:image/jpeg") == 2
    assert "step 80: loss is not finite" in page and "step 40: carried on from a checkpoint before step 80" in page


def test_what_cannot_be_reported_is_refused(root: Path) -> None:
    with pytest.raises(NothingUsable, match="gone: no such folder"):
        report(root, root / "gone")
    with pytest.raises(BadConfig, match=r"the page is one .html file"):
        report(root, root / "good", out=root / "people" / "p0.png")
    (root / "mine.html").write_text("my own notes")
    with pytest.raises(BadConfig, match=r"mine.html: is there already, and is no page"):
        report(root, root / "good", out=root / "mine.html")
    assert (root / "mine.html").read_text() == "my own notes"
