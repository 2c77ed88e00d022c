"""What every command has, walked over all of them, so that a new one has it too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from viton_cli.cli import COMMANDS, LateGroup, app

Viton = Callable[..., tuple[int, bytes, str]]


def walk(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, as it is typed: groups whose own action that is, and what is below them."""
    if words and (not hasattr(command, "commands") or command.invoke_without_command):
        yield words, command
    for name, below in getattr(command, "commands", {}).items():
        yield from walk(below, (*words, name))


def commands() -> dict[str, Any]:
    """Command line to command."""
    import importlib

    found = {}
    for name in COMMANDS:
        top = typer.main.get_command(importlib.import_module(f"viton_cli.cli.{name}").app)
        found.update({" ".join(words): command for words, command in walk(top, (name,))})
    return found


EVERY = commands()


@pytest.mark.parametrize("name", EVERY)
def test_has_the_flags_of_all(viton: Viton, name: str) -> None:
    code, out, _ = viton(*name.split(), "-h")
    assert code == 0 and out == viton(*name.split(), "--help")[1]
    flags = {flag for param in EVERY[name].params for flag in param.opts}
    assert {"--json", "--dry-run", "--quiet", "-q", "--verbose", "-v"} <= flags
    options = [param for param in EVERY[name].params if param.param_type_name == "option"]
    assert EVERY[name].help and all(param.help for param in options), "everything says what it is"


@pytest.mark.parametrize("name", EVERY)
def test_a_wrong_option_is_one_line_with_the_nearest_and_an_object(viton: Viton, name: str) -> None:
    code, out, err = viton(*name.split(), "--jsno", "--json")
    assert code == 2 and json.loads(out)["exit"] == 2, "also what Click itself refuses"
    assert err == f"error: no such option --jsno (did you mean --json?); viton {name} -h lists what there is\n"


@pytest.mark.parametrize("name", EVERY)
def test_an_address_is_answered_in_words(viton: Viton, name: str) -> None:
    """Whatever takes a path, as an option or as an argument, says that it takes no address."""
    address = "https://example.org/a.jpg"
    arguments = [p for p in EVERY[name].params if p.param_type_name == "argument"]
    options = [p for p in EVERY[name].params if (p.metavar or "").rstrip(".") in ("PATH", "FILE")]
    needed = ["x"] * sum(2 if p.nargs == -1 else 1 for p in arguments if p.required)
    asked = [[*needed, p.opts[0], address] for p in options] + [[address, address] for p in arguments if p.nargs == -1]
    asked += [[address] * len(arguments)] if arguments and arguments[0].nargs == 1 else []
    assert asked or name == "licences"
    for words in asked:
        code, out, err = viton(*name.split(), *words)
        assert code == 2 and f"{address}: an address;" in err and "download it" in err, (words, err)
        assert err.count("\n") == 1 and out == b""


@pytest.fixture
def asked(folders: SimpleNamespace, study: Callable[..., SimpleNamespace]) -> dict[str, list[object]]:
    """What each command can be asked, on tiny data; what needs more has its dry run tested where it is."""
    given = ["--person", folders.people, "--clothes", folders.clothes, "--out", folders.out]
    truth = ["--reference", folders.people, "--metrics", "ssim"]
    made = study()
    return {
        "tryon": given,
        "prepare": given,
        "evaluate": ["--results", folders.people, *truth],
        "evaluate table": [f"a={folders.people}", *truth],
        "evaluate report": [folders.people, *truth, "--out", folders.root / "page.html"],
        "evaluate sheet": [*made.folders, "--person", made.root / "people", "--clothes", made.root / "clothes",
                           "--out", folders.root / "sheet"],
        "doctor": [],
        "licences": [],
        "explain": [folders.people / "anna.png", folders.clothes / "red.png", "--out", folders.root / "why.png"],
    }  # fmt: skip


def test_a_dry_run_writes_nothing_and_says_so_on_stdout(
    viton: Viton, folders: SimpleNamespace, asked: dict[str, list[object]]
) -> None:
    before = sorted(folders.root.rglob("*"))
    for name, words in asked.items():
        code, out, err = viton(*name.split(), *words, "--dry-run")
        assert code == 0 and out, f"{name}: {err}"
        assert name == "doctor" or out.decode().splitlines()[-1].startswith(("would", "a: would")), name
        told = json.loads(viton(*name.split(), *words, "--dry-run", "--json")[1])
        assert isinstance(told, dict), name
    assert sorted(folders.root.rglob("*")) == before


def test_a_dry_run_of_doctor_fetches_and_throws_away_nothing(
    viton: Viton, folders: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from viton_cli.metrics import fetched

    monkeypatch.setattr(fetched, "fetch", lambda *_: pytest.fail("fetched"))
    assert "would fetch alexnet, 244 MB, from https://" in viton("doctor", "--fetch", "alexnet", "--dry-run")[2]
    entry = folders.root / "cache/ab/abcdef"
    entry.parent.mkdir(parents=True)
    entry.write_bytes(b"kept")
    given = ("doctor", "--clear-cache", "--cache", folders.root / "cache")
    assert b"would throw away" in viton(*given, "--dry-run")[1] and entry.exists()


@pytest.mark.parametrize("words", ["tryno", "tryon extra", "train stage3", "evaluate tabel", "evaluate votes", "-x"])
def test_what_click_refuses_is_one_line_as_every_other_error(viton: Viton, words: str) -> None:
    code, out, err = viton(*words.split())
    assert (code, out, err.count("\n")) == (2, b"", 1) and err.startswith("error: ") and " -h lists what" in err


@pytest.mark.parametrize("group", ["", *sorted({name.split()[0] for name in EVERY if " " in name})])
def test_no_line_of_a_list_of_commands_is_cut(viton: Viton, group: str) -> None:
    listed = viton(*group.split(), "-h")[1].decode().partition("\nCommands:\n")[2]
    assert listed and "..." not in listed


def test_the_commands_of_the_top_are_those_of_the_list() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, LateGroup) and set(COMMANDS) <= {name.split()[0] for name in EVERY}
