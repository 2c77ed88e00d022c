"""`viton evaluate votes`: known strengths are found again; careless raters, bad files and lost keys are named."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from study import Study, vote

from viton_cli.config import EvaluateVotesConfig
from viton_cli.errors import NothingUsable
from viton_cli.pipelines.evaluate.votes import count_votes

CONFIG = EvaluateVotesConfig(bootstrap=400)
TRUE = {"method0": 1.1, "method1": 0.5, "method2": 0.1, "method3": -0.2, "method4": -0.5, "method5": -1.0}


def test_six_methods_on_twenty_pairs_find_the_known_strengths(study: Study) -> None:
    made = study(methods=6, people=5, clothes=4, raters=6, trials=300)
    files = [vote(made.key, made.out / f"r{n}.jsonl", f"r{n}", n, TRUE, seed=n) for n in range(1, 7)]
    votes = count_votes(CONFIG, files)
    assert (votes.n, votes.raters, votes.pairs) == (1800, 6, 20) and votes.excluded == {}
    assert [m.n for m in votes.methods] == [600] * 6 and len(votes.duels) == 15 and {d.n for d in votes.duels} == {120}
    assert [m.method for m in votes.methods] == list(TRUE)
    assert np.mean([m.share for m in votes.methods]) == pytest.approx(0.5)
    for method in votes.methods:
        low, high = method.strength_interval
        assert low < TRUE[method.method] < high
        expected = np.mean([1 / (1 + np.exp(v - TRUE[method.method])) for k, v in TRUE.items() if k != method.method])
        assert method.wilson[0] < expected < method.wilson[1] and method.bootstrap[0] < expected < method.bootstrap[1]
        assert method.p <= method.p_holm
    assert votes.methods[0].p_holm < 0.001 and votes.repeated == 300 and 0 < votes.alpha < 0.5 < votes.agree


def test_who_fails_catch_trials_is_left_out_and_named(study: Study) -> None:
    made = study(people=4, clothes=3, raters=2, catch=10)
    files = [
        vote(made.key, made.out / "a.jsonl", "anna", 1, {"method0": 9.0, "method1": 0.0}, 0),
        vote(made.key, made.out / "b.jsonl", "bert", 2, {"method0": 0.0, "method1": 9.0}, 1, careless=True),
    ]
    votes = count_votes(CONFIG, files)
    assert list(votes.excluded) == ["bert"] and re.fullmatch(r"\d+ of 10 catch trials failed", votes.excluded["bert"])
    assert votes.raters == 1 and votes.methods[0].method == "method0" and votes.methods[0].share == 1
    assert count_votes(CONFIG.model_copy(update={"catch_pass": 0.0}), files).raters == 2


def test_time_that_ran_out_is_no_vote_and_a_second_answer_replaces_the_first(study: Study) -> None:
    made = study(people=2, clothes=2, raters=1, trials=4, catch=0)
    key, path = made.key, made.out / "a.jsonl"
    row = {"sheet": key.sheet, "rater": "anna", "list": 1, "seconds": 1}
    rows = [
        {**row, "trial": 1, "choice": 0, "at": "2026-01-01T00:00:01Z"},
        {**row, "trial": 2, "choice": 1, "at": "2026-01-01T00:00:02Z"},
        {**row, "trial": 2, "choice": 2, "at": "2026-01-01T00:00:03Z"},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    votes = count_votes(CONFIG.model_copy(update={"out": made.root / "all.csv"}), [path])
    trial = key.lists[0][1]
    assert votes.n == 1 and {m.method: m.won for m in votes.methods}[key.methods[trial.right]] == 1
    assert any("1 trials without an answer" in note for note in votes.notes)
    assert any("1 answers were given again" in note for note in votes.notes)
    assert any("no catch trial answered, counted all the same: anna" in note for note in votes.notes)
    with (made.root / "all.csv").open(newline="") as stream:
        (line,) = csv.DictReader(stream)
    assert line["preferred"] == key.methods[trial.right] and (line["person"], line["garment"]) == key.pairs[trial.pair]


def test_paper_forms_are_read_like_the_page(study: Study) -> None:
    made = study(people=2, clothes=2, raters=1, trials=4, catch=0, printed="pdf")
    form = made.out / "print/answers.csv"
    form.write_text(form.read_text() + "".join(f"{made.key.sheet},anna,1,{n},{c}\n" for n, c in enumerate("1212", 1)))
    votes = count_votes(CONFIG, [form])
    assert votes.n == 4 and votes.raters == 1, "the key is looked for one folder up too"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "x: no answers|neither answers"),
        ("hello\n", "neither answers of the page nor a form: no column choice, list"),
        ("{'a'}\n", ":1: not a JSON object"),
        ('{"sheet": "SHEET", "rater": "a", "list": 1, "trial": 1}', ":1: not an answer, it has no 'choice'"),
        ('{"sheet": "SHEET", "rater": "a", "list": 1, "trial": 99, "choice": 1}', ":1: sheet SHEET has no trial 99 in"),
        ('{"sheet": "SHEET", "rater": "a", "list": 0, "trial": 1, "choice": 1}', "has no trial 1 in list 0"),
        ('{"sheet": "SHEET", "rater": "a", "list": 1, "trial": 1, "choice": 3}', ":1: choice '3' is none of 1, 2"),
        ('{"sheet": "SHEET", "rater": " ", "list": 1, "trial": 1, "choice": 1}', ":1: the answer has no rater"),
        ('{"sheet": "other", "rater": "a", "list": 1, "trial": 1, "choice": 1}', "key.json of sheet other is not"),
        ('{"sheet": "SHEET", "rater": "a", "list": "one", "trial": 1, "choice": 1}', ":1: list, trial or seconds is"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_and_the_others_count(study: Study, text: str, cause: str) -> None:
    made = study(raters=1)
    bad = made.out / "bad.jsonl"
    bad.write_text(text.replace("SHEET", made.key.sheet))
    good = vote(made.key, made.out / "good.jsonl", "anna", 1, {"method0": 0.0, "method1": 0.0}, 0)
    votes = count_votes(CONFIG, [bad, good])
    assert votes.n == 4 and len(votes.problems) == 1
    problem = votes.problems[0]
    assert problem.startswith(str(bad)) and re.search(cause.replace("SHEET", made.key.sheet), problem)
    with pytest.raises(NothingUsable, match=r"no votes that count \(.*bad.jsonl"):
        count_votes(CONFIG, [bad])


def test_a_name_cannot_write_on_the_terminal(study: Study) -> None:
    made = study(people=4, clothes=3, raters=1, catch=8)
    equal = {"method0": 0.0, "method1": 0.0}
    good = vote(made.key, made.out / "a.jsonl", "anna", 1, equal, 0)
    bad = vote(made.key, made.out / "b.jsonl", "\x1b[2Jbert\n", 1, equal, 1, careless=True)
    assert list(count_votes(CONFIG, [good, bad]).excluded) == ["[2Jbert"]


def test_the_key_may_lie_elsewhere(study: Study, tmp_path: Path) -> None:
    made = study(raters=1)
    (tmp_path / "mail/in").mkdir(parents=True)
    answers = vote(made.key, tmp_path / "mail/in/a.jsonl", "anna", 1, {"method0": 0.0, "method1": 0.0}, 0)
    with pytest.raises(NothingUsable, match="give it with --key"):
        count_votes(CONFIG, [answers])
    assert count_votes(CONFIG.model_copy(update={"key": [str(made.out)]}), [answers]).n == 4
