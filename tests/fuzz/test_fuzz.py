"""Seeded fuzz of everything that reads a file: no exception but the toolkit's own, no hang, no growth.

    pytest tests/fuzz --fuzz-seconds 3600 --fuzz-seed 7

A failure names the case; `python tests/fuzz/run_fuzz.py KIND --seed SEED --at CASE` tries it again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from run_fuzz import case
from targets import TARGETS

HANG = 120  # seconds after which a case hangs, however busy the machine
GROWTH = 64  # megabytes that may be taken for good once a reader has settled
PEAK = 2000  # megabytes for a file of a few kilobytes, whatever size it claims


@pytest.mark.parametrize("kind", TARGETS)
def test_damaged_files(kind: str, pytestconfig: pytest.Config, tmp_path: Path) -> None:
    seconds = float(pytestconfig.getoption("fuzz_seconds")) / len(TARGETS)
    seed = int(pytestconfig.getoption("fuzz_seed"))
    command = [sys.executable, str(Path(__file__).with_name("run_fuzz.py")), kind, f"--seconds={seconds}"]
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        try:
            code = subprocess.run(
                [*command, f"--seed={seed}"], stdout=out, stderr=err, timeout=seconds + HANG
            ).returncode
        except subprocess.TimeoutExpired:
            code = -1
    lines = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines() if line.endswith("}")]
    told = (tmp_path / "err").read_text(errors="replace")[-3000:]
    at = f"{'hangs' if code == -1 else 'fails'} at: {kind} --seed {seed} --at {(lines or [{}])[-1].get('at')}\n{told}"
    assert code == 0, at
    assert lines[-1]["cases"] > len(TARGETS[kind].examples()), "some were damaged"
    assert lines[-1]["grown"] < GROWTH and lines[-1]["peak"] < PEAK, lines[-1]


@pytest.mark.parametrize("kind", TARGETS)
def test_sound_examples_and_some_damaged_ones(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    target = TARGETS[kind]
    examples = target.examples()
    path = tmp_path / target.name
    for number in range(len(examples) + 10):
        path.write_bytes(case(1, number, examples))
        target.read(path)


def test_cases_are_the_same_again() -> None:
    examples = [bytes(range(256)), b"other"]
    cases = [case(3, number, examples) for number in range(200)]
    assert cases == [case(3, number, examples) for number in range(200)]
    assert cases[:2] == examples and len(set(cases)) > 150 and cases != [case(4, n, examples) for n in range(200)]
