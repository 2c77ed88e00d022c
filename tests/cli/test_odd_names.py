"""Names of any bytes: shown escaped, valid JSON, the page written, and no terminal commanded."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from PIL import Image

from viton_cli.cli import app
from viton_cli.files import Manifest

FORGED = "x\nerror: all is lost\x1b[31m"
NO_TEXT = os.fsdecode(b"caf\xe9")


@pytest.fixture
def odd(fakes: SimpleNamespace, folders: SimpleNamespace) -> SimpleNamespace:
    """People whose names are plain, forged and no text; each also once as a file that is no picture."""
    if sys.platform in ("darwin", "win32"):
        pytest.skip("its file system refuses such names")
    for name in (FORGED, NO_TEXT):
        Image.new("RGB", (48, 64), (90, 120, 150)).save(folders.people / f"{name}.png")
        (folders.people / f"{name} torn.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    os.mkfifo(folders.people / f"{FORGED} fifo.jpg")
    return folders


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        app([str(argument) for argument in arguments], prog_name="viton")
    return int(left.value.code or 0), *capsys.readouterr()


def test_nothing_a_terminal_obeys_is_printed(odd: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(
        capsys, "tryon", "--person", odd.people, "--clothes", odd.clothes / "red.png", "--out", odd.out
    )
    assert code == 1 and out.startswith("4 pairs done, 4 doubtful, 0 bad, 2 failed")
    lines = err.splitlines()
    assert all(line.isprintable() for line in lines) and not any(
        line.startswith("error: all is lost") for line in lines
    )
    assert any(rf"{odd.people}/x\nerror: all is lost\x1b[31m torn.jpg: " in line for line in lines)
    assert any(r"x\nerror: all is lost\x1b[31m fifo.jpg: passed over" in line for line in lines)
    assert any(r"caf\xe9 torn.jpg: " in line for line in lines)
    code, _, err = run(capsys, "tryon", "--person", odd.root / FORGED, "--clothes", odd.clothes, "--out", odd.out)
    assert code == 3 and err.startswith(rf"error: {odd.root}/x\nerror: all is lost\x1b[31m: no file fits")
    assert err.count("\n") == 1, "a bracket makes it a pattern; it is one line all the same"


def test_json_and_manifest_are_valid(odd: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--person", odd.people, "--clothes", odd.clothes / "red.png", "--out", odd.out, "--json")
    _, out, _ = run(capsys, "tryon", *given)
    assert out.count("\n") == 1 and out[:-1].isprintable()
    problems = json.loads(out)["problems"]
    assert len(problems) == 2 and any("caf\\xe9 torn.jpg" in problem for problem in problems)
    text = (odd.out / "manifest.jsonl").read_bytes().decode("utf-8")
    people = {json.loads(line)["person"] for line in text.splitlines()}
    assert {FORGED, NO_TEXT, "anna"} <= people
    # What was finished is known again.
    assert (
        run(capsys, "tryon", *given)[1].startswith('{"unit": "pair"')
        and len(Manifest(odd.out / "manifest.jsonl").read()) == 6
    )
    assert run(capsys, "tryon", *given, "--dry-run")[1].count('"skipped": 4') == 1


def test_the_page_is_written(odd: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "tryon", "--person", odd.people, "--clothes", odd.clothes / "red.png", "--out", odd.out)
    page = (odd.out / "index.html").read_text(encoding="utf-8")
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    people = {person["id"]: person["thumb"] for person in data["people"]}
    assert {"anna", r"caf\xe9", r"x\nerror: all is lost\x1b[31m"} <= set(people) and "\x1b" not in page
    thumbs = [thumb for thumb in people.values() if thumb]
    assert len(thumbs) == 4 and all((odd.out / unquote(thumb)).is_file() for thumb in thumbs)


def test_prepare_too(odd: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "prepare", "--person", odd.people, "--out", odd.out, "--json")
    assert code == 1 and json.loads(out)["failed"] == 2 and all(line.isprintable() for line in err.splitlines())
    entries = Manifest(Path(odd.out) / "manifest.jsonl").read()
    assert len(entries) == 6 and len({entry["id"] for entry in entries}) == 6
