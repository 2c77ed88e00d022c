"""Imports point down only, read from the source of every module.

cli -> {pipelines, pages, engines} -> {methods, training} -> {perception, data, metrics, compositing} -> checkpoints ->
{core, imaging, files} -> {config, devices, registry, records} -> {vocabulary, errors, threads}. Rooms in a row do not
import each other, but for `ALLOWED`.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import viton_cli

ROOT = Path(viton_cli.__file__).parent
ROWS = (
    ("errors", "lights", "threads", "vocabulary"),
    ("config", "devices", "registry", "records", "quantisation"),
    ("core", "imaging", "files"),
    ("checkpoints",),
    ("perception", "data", "metrics", "compositing", "weights"),
    ("methods", "training"),
    ("pipelines", "pages", "engines"),
    ("cli", "api"),
    ("__main__", "__init__"),
)
LEVEL = {unit: level for level, row in enumerate(ROWS) for unit in row}
FREE = ("viton_cli.__version__",)
# Imports between rooms of one row: from -> to, and why.
ALLOWED = {
    ("training", "methods"): "stage 1 and stage 2 train the networks that the method builds and reads",
    ("pipelines", "pages"): "a try-on run ends with its contact sheet and index.html",
    ("pages", "pipelines"): "for type checking only: the page is drawn from `TryOnFolder`",
    ("pipelines", "engines"): "commands share their work out, read ahead, write behind and report through them",
}
# Functions of more than 60 lines, by module.
LONG: dict[str, set[str]] = {}
MODULES = sorted(path for path in ROOT.rglob("*.py"))


def unit_of(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def imports(tree: ast.AST) -> list[str]:
    """Everything of the package that a module imports, wherever in it, as dotted names."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in found if name.split(".")[0] == "viton_cli"]


def offences(unit: str, names: list[str]) -> list[str]:
    bad = []
    for name in names:
        if name.startswith(FREE):
            continue
        target = name.split(".")[1]
        if target not in LEVEL:
            bad.append(f"{name} is in no row")
        elif (unit, target) in ALLOWED:
            continue
        elif target != unit and LEVEL[target] >= LEVEL[unit]:
            bad.append(name)
    return bad


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_down(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert offences(unit_of(path), imports(ast.parse(source))) == []


@pytest.mark.parametrize(
    ("unit", "line"),
    [
        ("core", "from viton_cli.files import read_photo"),
        ("core", "from viton_cli.imaging.frames import crop"),
        ("vocabulary", "from viton_cli.records import Pose"),
        ("imaging", "from viton_cli.core.warp import fit_warp"),
        ("compositing", "from viton_cli.perception.person import PersonFinder"),
        ("perception", "from viton_cli.training.task import Task"),
        ("methods", "from viton_cli.training.fit import fit"),
        ("engines", "from viton_cli.pipelines.names import safe"),
        ("data", "from viton_cli.perception import POSE"),
        ("files", "def f():\n    import viton_cli.pipelines.tryon"),
        ("errors", "from viton_cli.registry import Registry"),
        ("methods", "from viton_cli.unknown import x"),
    ],
)
def test_upward_and_sideways_imports_are_noticed(unit: str, line: str) -> None:
    assert len(offences(unit, imports(ast.parse(line)))) == 1


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_another_module_imports_has_a_public_name(path: Path) -> None:
    if unit_of(path) == "training":
        return
    names = [name.rsplit(".", 1)[-1] for name in imports(ast.parse(path.read_text(encoding="utf-8")))]
    assert [name for name in names if name.startswith("_") and not name.startswith("__")] == []


def test_every_module_says_what_it_is() -> None:
    for path in MODULES:
        source = path.read_text(encoding="utf-8")
        assert not source.strip() or ast.get_docstring(ast.parse(source)), path


def test_every_exception_is_one_and_is_used() -> None:
    used = {
        (unit_of(path), name.split(".")[1])
        for path in MODULES
        for name in imports(ast.parse(path.read_text(encoding="utf-8")))
        if not name.startswith(FREE)
    }
    assert set(ALLOWED) <= used
    assert all(LEVEL[unit] == LEVEL[target] for unit, target in ALLOWED)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_modules_stay_readable(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 300
    functions = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    long = {node.name for node in functions if (node.end_lineno or 0) - node.lineno >= 60}
    assert long == LONG.get(path.relative_to(ROOT).as_posix(), set())


@pytest.mark.parametrize("room", ["core", "imaging", "compositing", "vocabulary"])
def test_method_and_pictures_have_no_paths_and_no_console(room: str) -> None:
    for path in (ROOT / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            assert not {"os", "pathlib", "sys", "logging", "typer", "rich"} & set(names), path.name
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            assert called not in ("print", "open"), path.name
