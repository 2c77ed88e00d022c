"""ARCHITECTURE.md says what is: every module and name in it is there, and the paper is found where it says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PAPER = TEXT[TEXT.index("## Where the paper is") : TEXT.index("## Words")]
# What a newcomer looks for -> the module in the tree, and a function in it whose docstring names its source.
SOUGHT = {
    "equation 1": ("core/losses.py", "stage1_loss"),
    "equation 2": ("core/composer.py", "compose"),
    "equation 3": ("core/losses.py", "stage2_loss"),
    "22 channels": ("core/representation.py", "represent"),
    "12x5 bins": ("core/warp/shape_context.py", "shape_contexts"),
}


def tree() -> dict[str, str]:
    """Path to what it holds, of the tree of `core`."""
    found, folders = {}, ["core"]
    for line in re.findall(r"```text\n(.*?)```", PAPER, re.S)[0].splitlines()[1:]:
        name, what = re.split(r"\s{2,}", re.sub(r"^[│├└─ ]+", "", line).strip() + "  ", maxsplit=1)
        if name == "warp/":
            folders.append("warp")
        else:
            found["/".join([*folders, name])] = what
    return found


def test_every_module_that_is_named_is_there() -> None:
    named = set(re.findall(r"`((?:[a-z_0-9]+/)+[a-z_0-9]+\.py)`", TEXT))
    assert len(named) > 20
    gone = [path for path in named if not any((ROOT / top / path).is_file() for top in ("viton_cli", "."))]
    assert gone == []
    assert all((ROOT / "viton_cli" / path).is_file() for path in tree())


def test_every_name_of_the_papers_table_is_in_its_module() -> None:
    rows = re.findall(r"^\|.*?\| `([\w/]+\.py)`(.*)\|$", PAPER, re.M)
    assert len(rows) >= 7
    for path, rest in rows:
        names = [
            name
            for name in re.findall(r"`(\w+)`", rest)
            if not (ROOT / "viton_cli" / path).parent.joinpath(name).is_dir()
        ]
        source = (ROOT / "viton_cli" / path).read_text(encoding="utf-8")
        defined = {
            node.name for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        }
        defined |= set(re.findall(r"^ *([A-Z_]+)\b.*=", source, re.M))
        assert set(names) <= defined, path


@pytest.mark.parametrize("words", SOUGHT)
def test_the_paper_is_found_in_one_guess(words: str) -> None:
    path, name = SOUGHT[words]
    assert [where for where, what in tree().items() if words in what] == [path], "one place in the tree says so"
    module = ast.parse((ROOT / "viton_cli" / path).read_text(encoding="utf-8"))
    (function,) = (node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == name)
    said = f"{ast.get_docstring(module)} {ast.get_docstring(function)}"
    assert "Source:" in said and (words.split()[0] != "equation" or words.split()[1] in said)
