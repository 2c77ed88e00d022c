"""Lights of a run: counted over all its pairs, results of low quality set aside, failures where they are asked for."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from stand_ins import FakeMethod

from viton_cli.config import TryOnConfig
from viton_cli.engines.progress import Summary
from viton_cli.errors import BadConfig
from viton_cli.files import Manifest
from viton_cli.lights import Check
from viton_cli.pages.index import page_data
from viton_cli.pipelines.tryon import tryon
from viton_cli.pipelines.tryon.lights import verdict_of

QUALITY = {"red": 0.9, "green": 0.4, "tops/blue": None}
SAID = {
    "red": (),
    "green": (Check("odd", "bad", "warp", "mend it"),),
    "tops/blue": (Check("so so"), Check("ok", "info")),
}


@pytest.fixture
def judged(folders: SimpleNamespace, fakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stand-ins whose results have a quality and checks by the garment."""
    real = FakeMethod.dress

    def dress(self: FakeMethod, person: Any, garment: Any, steps: bool = False) -> Any:
        id = garment.photo.id
        return replace(real(self, person, garment, steps), quality=QUALITY[id], checks=SAID[id])

    monkeypatch.setattr(FakeMethod, "dress", dress)
    return folders


def run(folders: SimpleNamespace, **settings: Any) -> Summary:
    given = {"person": str(folders.people), "clothes": str(folders.clothes), "out": str(folders.out), **settings}
    return tryon(TryOnConfig(**given))


def pictures(folders: SimpleNamespace) -> list[str]:
    found = (path.relative_to(folders.out).as_posix() for path in folders.out.rglob("*__*.png"))
    return sorted(name for name in found if "bert" not in name)


def test_lights_are_those_of_the_most_severe_checks(judged: SimpleNamespace) -> None:
    done = run(judged)
    assert done.lights == {"good": 2, "doubtful": 2, "bad": 2} and done.quality == 0.4 and done.unfit == 0
    assert str(done).startswith("6 pairs done, 2 doubtful, 2 bad, 0 failed")
    entry = next(e for e in Manifest(judged.out / "manifest.jsonl").read() if e["garment"] == "green")
    assert (entry["light"], entry["quality"]) == ("bad", 0.4)
    assert entry["checks"] == [{"severity": "bad", "text": "odd", "step": "warp", "cure": "mend it"}]


@pytest.mark.parametrize(("fail_on", "unfit"), [("never", 0), ("bad", 2), ("warn", 4)])
def test_a_second_run_counts_as_the_first(judged: SimpleNamespace, fail_on: str, unfit: int) -> None:
    first, second = run(judged, fail_on=fail_on), run(judged, fail_on=fail_on)
    assert (first.unfit, second.unfit, second.ok) == (unfit, unfit, 0) and first.lights == second.lights


def test_low_quality_is_set_aside_and_comes_back(judged: SimpleNamespace) -> None:
    done = run(judged, min_quality=0.5)
    assert pictures(judged) == ["anna__red.png", "anna__tops+blue.png", "aside/anna__green.png"]
    assert done.aside == 2 and "2 set aside" in str(done)
    entries = {(e["person"], e["garment"]): e for e in Manifest(judged.out / "manifest.jsonl").read()}
    assert entries["anna", "green"]["output"] == "aside/anna__green.png" and entries["anna", "green"]["aside"] is True
    assert run(judged, min_quality=0.5).skipped == 6
    again = run(judged)  # all qualities are wanted now: what is in the wrong place is made anew
    assert (again.ok, again.skipped, again.aside) == (2, 4, 0)
    assert pictures(judged) == ["anna__green.png", "anna__red.png", "anna__tops+blue.png"]
    assert run(judged, min_quality=0.5).ok == 2
    assert pictures(judged) == ["anna__red.png", "anna__tops+blue.png", "aside/anna__green.png"]


def test_what_is_aside_is_on_the_page_and_not_on_the_sheet(
    judged: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from viton_cli.pages import gallery
    from viton_cli.pipelines.tryon import run as module

    shown: list[dict[str, list[str]]] = []

    def write(folder: Any, wanted: dict[str, list[str]]) -> None:
        shown.append(wanted)
        gallery.write_gallery(folder, wanted)
        files = {result[5]: result[6] for result in page_data(folder, 0)["results"]}
        assert files["anna__green"] == "aft" and files["anna__red"] == "ft"

    monkeypatch.setattr(module, "write_gallery", write)
    run(judged, min_quality=0.5)
    assert [sorted(garments) for garments in shown[0].values()] == [["red", "tops/blue"]] * 2


def test_one_picture_cannot_be_set_aside(judged: SimpleNamespace) -> None:
    one = {"person": str(judged.people / "anna.png"), "clothes": str(judged.clothes / "green.png")}
    with pytest.raises(BadConfig, match="and --min-quality need a folder"):
        run(judged, **one, out=str(judged.root / "one.png"), min_quality=0.5)
    done = run(judged, **one, out=str(judged.root / "one.png"), fail_on="bad")
    assert (done.unfit, done.lights) == (1, {"good": 0, "doubtful": 0, "bad": 1})


def test_a_check_that_is_said_twice_counts_once() -> None:
    assert verdict_of(("a", Check("a"), "b"), 1 / 3) == {
        "light": "doubtful", "quality": 0.333,
        "checks": [{"severity": "warn", "text": "a"}, {"severity": "warn", "text": "b"}],
    }  # fmt: skip
