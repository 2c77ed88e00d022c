"""Numbers of the geometry have names: a function holds none but those that say themselves.

A named number stands at the top of its module, with its unit and where it was measured or that it was chosen by eye.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "viton_cli"
ROOMS = ("imaging", "compositing", "core/warp", "perception/garments")
# Counts and halves, the range of a byte, 0.5 as a threshold, and guards against division by nothing.
SPEAKING = {0, 1, 2, 3, 4, -1, 0.5, 0.25, 1.5, 255, 127.5, 128, 256, 180, 360, 100}
GUARDS = {10.0**-n for n in range(3, 13)} | {1e3, 1e6}
# What a number is to these is said by the parameter.
NAMED_BY_CALL = {"reshape", "permute", "transpose", "Field"}
PUBLISHED = {("core/warp/tps.py", 5)}  # coefficients of a polynomial whose source is given


def unnamed(source: str) -> list[tuple[int, float]]:
    """(line, value) of numbers in functions that have no name: not by themselves, a keyword, a default or an index."""
    found: list[tuple[int, float]] = []

    def walk(node: ast.AST, inside: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(node, ast.Subscript) and child is node.slice and not isinstance(child, ast.Compare):
                continue
            if isinstance(node, ast.arguments) or (isinstance(node, ast.keyword) and isinstance(child, ast.Constant)):
                continue
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in NAMED_BY_CALL:
                continue
            walk(child, inside or isinstance(child, (ast.FunctionDef, ast.Lambda)))
        number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
        if inside and number and node.value not in SPEAKING | GUARDS:
            found.append((node.lineno, node.value))

    walk(ast.parse(source), False)
    return sorted(found)


MODULES = sorted(path.relative_to(ROOT).as_posix() for room in ROOMS for path in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_numbers_have_names(module: str) -> None:
    lines = (ROOT / module).read_text(encoding="utf-8").splitlines()
    found = [one for one in unnamed("\n".join(lines)) if (module, one[1]) not in PUBLISHED]
    assert not found, "\n".join(f"{line}: {value:g} in: {lines[line - 1].strip()}" for line, value in found)


def test_what_counts_as_unnamed() -> None:
    assert unnamed("A = 0.3\ndef f(x, y=0.3):\n    return A * x + g(x, size=0.4)[7] + 0.5") == []
    assert unnamed("def f(x):\n    return 0.3 * x + max(x, 7)") == [(2, 0.3), (2, 7)]
