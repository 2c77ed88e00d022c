"""The example notebook runs from its first cell to its last, and its pictures can be shown."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


def run_cell(code: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line if that is an expression, as a notebook shows it."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = json.loads((ROOT / "examples/tryon.ipynb").read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4 and all("id" in cell for cell in notebook["cells"])
    assert not any(cell.get("outputs") for cell in notebook["cells"]), "kept without outputs"
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    shown = [run_cell(cell, names) for cell in cells]
    assert [value._repr_png_()[:4] for value in shown if hasattr(value, "_repr_png_")] == [b"\x89PNG"] * 2
    assert (tmp_path / "p01_in_g05.png").is_file() and names["report"].ok == 2
    assert len(names["report"].results) == 2 and not names["report"].problems


def test_pages_of_the_functions_are_made_from_their_docstrings(tmp_path: Path) -> None:
    pytest.importorskip("pdoc")
    done = subprocess.run(
        [sys.executable, "-m", "pdoc", "-d", "google", "-o", tmp_path, "viton_cli.api", "viton_cli.pipelines.tryon"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    functions = (tmp_path / "viton_cli/api.html").read_text(encoding="utf-8")
    classes = (tmp_path / "viton_cli/pipelines/tryon.html").read_text(encoding="utf-8")
    assert all(f'id="{name}"' in functions for name in ("tryon", "prepare", "train", "evaluate"))
    assert 'id="TryOn.run"' in classes and 'id="TryOnResult.save"' in classes
