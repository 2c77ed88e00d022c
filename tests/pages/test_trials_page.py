"""The page of `viton evaluate sheet`, clicked through in headless Chromium from the disk."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from browser import FAINT, Browser
from study import Study

from viton_cli.config import EvaluateVotesConfig
from viton_cli.pipelines.evaluate.votes import count_votes

READY = "document.querySelector('#choose1:not(:disabled)')"


def begin(page: Browser, rater: str, list: int = 1) -> None:
    page.wait("document.querySelector('#rater')")
    page.js("document.querySelector('#rater').value = ''")
    page.click("#rater")
    page.type(rater)
    page.js(f"document.querySelector('#list').value = {list}")
    page.key("Enter")


def at(page: Browser, number: int) -> None:
    page.wait(f"document.querySelector('#place')?.textContent.startsWith('{number} of') && {READY}")


def saved(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_rater_works_through_a_list(page: Browser, study: Study) -> None:
    made = study(people=3, clothes=1, raters=2, trials=3, catch=2)
    page.open(made.out / "index.html", hash="#list=2")
    assert page.js("document.querySelector('#list').value") == "2", "a link may name the list"
    begin(page, "Änne B.", 2)
    keys = ["1", "2", "1", "1", "2"]
    for number, key in enumerate(keys, start=1):
        at(page, number)
        assert page.js("document.querySelector('progress').value") == number - 1
        if number == 3:  # by hand, taken back, and once more
            page.click("#choose2")
            at(page, 4)
            page.key("z")
            at(page, 3)
        page.key(key)
    page.wait("document.querySelector('#done')")
    page.click("#undo")
    at(page, 5)
    page.click("#choose2")
    page.wait("document.querySelector('#done')")
    page.click("#save")
    path = page.downloaded("*.jsonl")
    assert path.name == f"answers-{made.key.sheet}-2-Änne_B_.jsonl"
    rows = saved(path)
    assert [(row["rater"], row["list"], row["trial"], row["choice"]) for row in rows] == [
        ("Änne B.", 2, number, int(key)) for number, key in enumerate(keys, start=1)
    ]
    assert all(0 <= row["seconds"] < 600 and row["at"].endswith("Z") for row in rows)
    table = made.root / "votes.csv"
    config = EvaluateVotesConfig(key=[str(made.out)], catch_pass=0.0, out=table)
    assert count_votes(config, [path]).n == 3
    with table.open(newline="", encoding="utf-8") as stream:
        preferred = {int(line["trial"]): line["preferred"] for line in csv.DictReader(stream)}
    assert preferred == {
        number: made.key.methods[trial.left if keys[number - 1] == "1" else trial.right]
        for number, trial in enumerate(made.key.lists[1], start=1)
        if not trial.spoilt
    }
    assert page.foreign() == [] and page.errors == []


def test_it_carries_on_after_it_was_closed_and_from_a_file(page: Browser, study: Study, tmp_path: Path) -> None:
    made = study(people=3, clothes=1, raters=1, trials=3, catch=0)
    page.open(made.out / "index.html")
    begin(page, "anna")
    at(page, 1)
    page.key("2")
    at(page, 2)
    page.open(made.out / "index.html")
    assert page.js("document.querySelector('#rater').value") == "anna"
    begin(page, "anna")
    at(page, 2)
    page.click("#save")
    path = page.downloaded("*.jsonl")
    page.open(made.out / "index.html")
    begin(page, "bert")
    at(page, 1)  # another rater begins at the beginning
    page.open(made.out / "index.html")
    page.js("localStorage.clear()")
    page.upload("input[type=file]", path)
    at(page, 2)
    assert [row["choice"] for row in saved(path)] == [2]

    (tmp_path / "other.jsonl").write_text(path.read_text().replace(made.key.sheet, "another"))
    (tmp_path / "torn.jsonl").write_text(path.read_text()[:40])
    for name, cause in (("other", "answers to another sheet"), ("torn", "line 1 is not a JSON object")):
        page.open(made.out / "index.html")
        page.upload("input[type=file]", tmp_path / f"{name}.jsonl")
        page.wait(f"document.querySelector('[role=alert]')?.textContent === '{name}.jsonl: {cause}'")


def test_time_runs_out(page: Browser, study: Study) -> None:
    made = study(people=2, clothes=1, raters=1, trials=2, catch=0, seconds=0.4)
    page.open(made.out / "index.html")
    begin(page, "anna")
    page.wait("document.querySelector('#on')")
    assert page.js("getComputedStyle(document.querySelector('.result .pane')).visibility") == "hidden"
    page.key("1")  # too late
    page.key("Enter")  # on the button, which has the focus
    page.wait("document.querySelector('#place').textContent.startsWith('2 of')")
    page.wait("document.querySelector('#on')")
    page.key("Enter")
    page.wait("document.querySelector('#done')")
    page.click("#save")
    assert [(row["choice"], row["seconds"]) for row in saved(page.downloaded("*.jsonl"))] == [(0, 0.4), (0, 0.4)]


def test_pictures_are_enlarged_together(page: Browser, study: Study) -> None:
    made = study(raters=1, trials=1)
    page.open(made.out / "index.html")
    begin(page, "anna")
    at(page, 1)
    read = "['--scale', '--x', '--y'].map((name) => +pane.style.getPropertyValue(name))"
    state = f"[...document.querySelectorAll('.pane')].map((pane) => {read})"
    x, y = page.middle(".result .pane")
    page.mouse("mouseWheel", x, y, deltaX=0, deltaY=-300, button="none")
    page.wait(f"({state})[0][0] > 2.7")
    first = page.js(state)
    assert len(first) == 4 and all(pane == first[0] for pane in first)
    page.mouse("mousePressed", x, y)
    page.mouse("mouseMoved", x + 60, y + 20)
    page.mouse("mouseReleased", x + 60, y + 20)
    moved = page.js(state)
    assert moved[0][1] > first[0][1] and moved[0][2] > first[0][2] and all(pane == moved[0] for pane in moved)
    page.key("0")
    assert page.js(state) == [[1, 0, 0]] * 4
    page.key("+")
    assert page.js(state)[3][0] == 1.5


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_everything_by_touch(page: Browser, study: Study, dark: bool) -> None:
    made = study(people=2, clothes=1, raters=2, trials=2, catch=0)
    page.open(made.out / "index.html", width=390, height=844, dark=dark)
    assert page.js(FAINT) == [] and page.js("document.scrollingElement.scrollWidth") == 390
    begin(page, "anna")
    at(page, 1)
    assert page.js(FAINT) == [] and page.js("document.scrollingElement.scrollWidth") == 390
    bottom = page.js("document.querySelector('#choose2').getBoundingClientRect().bottom")
    assert bottom <= 844, "nothing has to be scrolled to"
    page.pinch(".result .pane", 120)
    scale = page.js("+document.querySelector('.result .pane').style.getPropertyValue('--scale')")
    assert 2 < scale < 4, "three times as far apart, three times as large"
    page.tap("#choose2")
    at(page, 2)
    ground = page.js("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") != dark
    page.js("document.querySelector('[aria-label=\"dark or light\"]').click()")
    assert (page.js("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)") == dark
    assert page.js(FAINT) == []
