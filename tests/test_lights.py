"""A check is its text and knows its severity; the light of a result is that of its most severe check."""

from __future__ import annotations

import pickle
from itertools import permutations

import pytest

from viton_cli.lights import LIGHTS, SEVERITIES, Check, as_dict, check_of, light_of


def test_a_check_is_its_text() -> None:
    check = Check("cut off", "bad", "product", "another photo")
    assert check == "cut off" and check.startswith("cut") and {check: 1}["cut off"] == 1
    again = pickle.loads(pickle.dumps(check))
    assert (again, again.severity, again.step, again.cure) == ("cut off", "bad", "product", "another photo")


@pytest.mark.parametrize("check", [Check("a"), Check("b", "info"), Check("c", "bad", "warp", "d")])
def test_what_is_written_reads_back(check: Check) -> None:
    again = check_of(check.as_dict())
    assert (again, *vars(again).values()) == (check, *vars(check).values())


@pytest.mark.parametrize("odd", ["plain", {"text": "plain"}, {"text": "plain", "severity": "dreadful"}])
def test_what_names_no_severity_is_a_warning(odd: object) -> None:
    assert (check_of(odd), check_of(odd).severity) == ("plain", "warn")
    assert as_dict("plain") == {"severity": "warn", "text": "plain"}


def test_the_most_severe_decides() -> None:
    assert light_of([]) == "good" and len(LIGHTS) == len(SEVERITIES) + 1
    for light, severity in zip(LIGHTS, SEVERITIES):
        milder = [Check(name, name) for name in SEVERITIES[: SEVERITIES.index(severity) + 1]]
        assert {light_of(order) for order in permutations(milder)} == {light}
