"""Every command and example of the README runs as it stands, on a few of the example pictures."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# Settings that make a training of hours one of seconds; everything else is as the README has it.
SHORT = {"VITON_TRAIN_STEPS": "1", "VITON_TRAIN_BATCH": "2", "VITON_TRAIN_MODEL": '{"width": 8}'}


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", README, re.S)


def commands() -> list[str]:
    lines = [line for block in blocks("console") for line in block.splitlines()]
    return [line for line in lines if line.startswith("viton ") and "PATH" not in line]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the README's relative paths lead to the examples."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "examples").symlink_to(ROOT / "examples")
    return folder


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)
    assert words[0] == "viton"
    arguments = [sys.executable, "-m", "viton_cli", *words[1:]]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    short = SHORT if words[1] == "train" else {}
    environment = {**os.environ, **short, "PYTHONPATH": path}
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)


def test_the_first_block_holds_exactly_the_two_lines_for_a_fresh_machine() -> None:
    first = blocks("console")[0].splitlines()
    assert first == [
        "pip install . && viton tryon --person examples/people --clothes examples/clothes --out out",
        "pip install '.[test]' && pytest",
    ]
    ci = (ROOT / ".ci" / "run").read_text()
    assert all(line in ci for line in first)


def test_commands_run_in_the_order_of_the_readme(checkout: Path) -> None:
    for command in commands():
        done = run(command, checkout)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert (checkout / "p01_in_g05.png").exists() and (checkout / "mine.png").exists()
    assert len(list((checkout / "pairs").glob("*.png"))) == 3


def test_python_example_runs(checkout: Path) -> None:
    code = "\n".join(blocks("python"))
    names: dict[str, object] = {}
    before = Path.cwd()
    os.chdir(checkout)
    try:
        exec(code, names)
    finally:
        os.chdir(before)
    result = names["result"]
    assert result.image.shape == (1024, 768, 3)  # type: ignore[attr-defined]
    assert result.edited.any()  # type: ignore[attr-defined]


def test_relative_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target
