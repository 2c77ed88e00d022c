"""`viton evaluate sheet` and `votes` on the command line: what they print, exit codes, one line for a mistake."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from study import Study, vote

from viton_cli.cli import app

Viton = Callable[..., tuple[int, str, str]]


@pytest.fixture
def viton(capsys: pytest.CaptureFixture[str]) -> Viton:
    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            app([str(argument) for argument in arguments], prog_name="viton")
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return run


def sheet(made: SimpleNamespace, out: Path, *more: object) -> list[object]:
    return [
        "evaluate",
        "sheet",
        *made.folders,
        "--person",
        made.root / "people",
        "--clothes",
        made.root / "clothes",
        "--out",
        out,
        *more,
    ]


def test_from_folders_to_a_table(viton: Viton, study: Study, tmp_path: Path) -> None:
    made = study(methods=3, people=4, clothes=3)
    out = tmp_path / "new"
    code, said, err = viton(*sheet(made, out, "--raters", 2, "--trials", 36, "--printed", "png"))
    assert code == 0 and err == ""
    assert said.startswith("2 lists of 36 trials and 3 catch trials, 3 methods on 12 pairs: give raters")
    from viton_cli.pipelines.evaluate.key import read_key

    key = read_key(out / "key.json")
    true = {"method0": 2.0, "method1": 0.0, "method2": -2.0}
    files = [vote(key, out / f"{n}.jsonl", f"r{n}", n, true, n) for n in (1, 2)]
    code, said, err = viton("evaluate", "votes", *files, "--out", tmp_path / "votes.csv")
    lines = said.splitlines()
    assert code == 0 and lines[0].startswith("72 votes of 2 raters on 12 pairs; chance is 50 %")
    assert [line.split()[0] for line in lines[3:6]] == ["method0", "method1", "method2"] and "Krippendorff" in said
    assert len((tmp_path / "votes.csv").read_text().splitlines()) == 73
    code, said, _ = viton("evaluate", "votes", *files, "--json")
    told = json.loads(said)
    assert code == 0 and [m["method"] for m in told["methods"]] == list(true) and told["repeated"] == 36


def test_json_of_a_sheet(viton: Viton, study: Study, tmp_path: Path) -> None:
    made = study()
    code, said, _ = viton(*sheet(made, tmp_path / "new", "--json", "--printed", "no"))
    told = json.loads(said)
    assert code == 0 and told["methods"] == ["method0", "method1"] and Path(told["files"][0]).is_file()


def test_what_was_left_out_is_said_and_sets_the_exit_code(viton: Viton, study: Study) -> None:
    made = study(people=4, clothes=3, raters=2, catch=8)
    equal = {"method0": 0.0, "method1": 0.0}
    good = vote(made.key, made.out / "a.jsonl", "anna", 1, equal, 0)
    careless = vote(made.key, made.out / "b.jsonl", "bert", 2, equal, 1, careless=True)
    code, _, err = viton("evaluate", "votes", good, careless)
    assert code == 0 and err.startswith("left out: bert: ") and "of 8 catch trials failed" in err
    torn = made.out / "torn.jsonl"
    torn.write_text(good.read_text()[:-9])
    code, said, err = viton("evaluate", "votes", torn, good)
    assert code == 1 and f"failed: {torn}:" in err and said.startswith("12 votes of 1 raters")
    code, said, err = viton("evaluate", "votes", torn)
    assert code == 3 and said == "" and err.count("\n") == 1 and err.startswith("error: no votes that count")


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["evaluate", "sheet"], 2, "missing argument"),
        (
            ["evaluate", "sheet", "nowhere", "--person", "x", "--clothes", "y", "--out", "z"],
            3,
            "nowhere: no such folder",
        ),
        (["evaluate", "votes", "nowhere.jsonl"], 3, "nowhere.jsonl: cannot be opened (No such file or directory)"),
        (["evaluate", "votes", "nowhere.jsonl", "--key", "none.json"], 2, "none.json: cannot be opened"),
        (["evaluate", "votes", "x.jsonl", "--catch-pass", "2"], 2, "bad value for 'catch_pass'"),
    ],
)
def test_mistakes(viton: Viton, arguments: list[str], code: int, text: str) -> None:
    got, said, err = viton(*arguments)
    assert got == code and text in err and said == ""
