"""Work shared out among processes and machines that fill one folder."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from viton_cli.config import PrepareConfig, TryOnConfig
from viton_cli.engines.progress import Progress, Summary
from viton_cli.engines.share import Share
from viton_cli.errors import BadConfig
from viton_cli.files import Manifest, look
from viton_cli.pipelines.prepare import prepare
from viton_cli.pipelines.tryon import tryon

FORK = multiprocessing.get_context("fork") if hasattr(os, "fork") else None


def shards(out: Path, run: Callable[[str], Any], count: int, together: bool = False) -> None:
    """All shards of a run, one after the other or in processes at the same time."""
    names = [f"{number + 1}/{count}" for number in range(count)]
    if not together:
        for name in names:
            run(name)
        return
    assert FORK is not None
    processes = [FORK.Process(target=run, args=(name,)) for name in names]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * count


def told(folder: Path) -> list[dict[str, Any]]:
    """A manifest without seconds and order."""
    entries = [{k: v for k, v in e.items() if k != "seconds"} for e in Manifest(folder / "manifest.jsonl").read()]
    return sorted(entries, key=json.dumps)


def files(folder: Path, *without: str) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found if path.name not in without}


@pytest.fixture
def settings(folders: SimpleNamespace, fakes: SimpleNamespace) -> dict[str, str]:
    for number in range(3):
        folders.photo(folders.people / f"c{number}.png")
    folders.photo(folders.clothes / "white.png", (255, 255, 255))  # fails
    return {"person": str(folders.people), "clothes": str(folders.clothes)}


@given(st.integers(0, 50), st.integers(1, 12))
def test_shares_are_a_partition_and_differ_by_one_at_most(items: int, count: int) -> None:
    parts = [Share(f"{number + 1}/{count}").of(range(items)) for number in range(count)]
    assert [item for part in parts for item in part] == list(range(items))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("together", [False, pytest.param(True, marks=pytest.mark.skipif(not FORK, reason="no fork"))])
def test_four_shards_are_one_run(
    folders: SimpleNamespace, settings: dict[str, str], tmp_path: Path, together: bool
) -> None:
    """Byte for byte, page and sheet included; seconds, which the page shows too, aside."""
    one, four = tmp_path / "one", tmp_path / "four"
    tryon(TryOnConfig(**settings, out=str(one), steps=True))
    shards(four, lambda name: tryon(TryOnConfig(**settings, out=str(four), steps=True, shard=name)), 4, together)
    apart = ("manifest.jsonl", "index.html", "config.yaml")
    assert files(four, *apart) == files(one, *apart) and len(list(four.glob("**/*__*.png"))) == 15
    assert told(four) == told(one)
    assert sorted(path.name for path in four.glob("manifest*")) == ["manifest.jsonl"]  # the last one put them together
    assert (four / "config.yaml").read_text() == (one / "config.yaml").read_text().replace(str(one), str(four))
    assert (four / "index.html").read_text().count("__red") == (one / "index.html").read_text().count("__red") > 0


def test_resume_and_page_see_shards_as_one_run(
    folders: SimpleNamespace, settings: dict[str, str], fakes: SimpleNamespace
) -> None:
    """Two of three shards, then one process for all: it makes what is missing, and nothing else."""
    out = folders.out
    for name in ("1/3", "3/3"):
        tryon(TryOnConfig(**settings, out=str(out), shard=name))
    assert sorted(path.name for path in out.glob("manifest*")) == [
        "manifest-1-of-3.ended.jsonl", "manifest-3-of-3.ended.jsonl",
    ]  # fmt: skip
    assert not (out / "sheet.jpg").exists() and (out / "index.html").read_text().count("__red") > 0
    made = set(fakes.method.pairs)
    done = tryon(TryOnConfig(**settings, out=str(out)))
    assert len(set(fakes.method.pairs) - made) == done.ok and len(fakes.method.pairs) == len(made) + done.ok == 15
    assert [path.name for path in out.glob("manifest*")] == ["manifest.jsonl"] and (out / "sheet.jpg").exists()


def test_a_killed_shard_is_carried_on(folders: SimpleNamespace, settings: dict[str, str]) -> None:
    """Its lines are read, whichever number of shards the next run has."""
    out = folders.out
    tryon(TryOnConfig(**settings, out=str(out), shard="1/2"))
    os.replace(out / "manifest-1-of-2.ended.jsonl", out / "manifest-1-of-2.jsonl")  # as if it had not ended
    again = tryon(TryOnConfig(**settings, out=str(out), shard="1/2"))
    assert again.skipped > 0 and not again.ok
    os.replace(out / "manifest-1-of-2.ended.jsonl", out / "manifest-1-of-2.jsonl")
    skipped = [tryon(TryOnConfig(**settings, out=str(out), shard=f"{n}/3")).skipped for n in (1, 2, 3)]
    assert sum(skipped) == again.skipped
    assert [path.name for path in out.glob("manifest*")] == ["manifest.jsonl"] and len(told(out)) == 20


def test_what_a_later_run_says_counts(tmp_path: Path) -> None:
    """Whatever the number of shards, and whoever ended when."""
    path = tmp_path / "out" / "manifest.jsonl"
    look(path.parent, "tryon").begin()

    def run(part: str, status: str) -> None:
        manifest = Manifest(path, part)
        manifest.begin()
        manifest.append({"person": "a", "garment": "b", "status": status})
        manifest.end()
        assert [entry["status"] for entry in Manifest(path).read()] == [status]

    for part, status in [("-1-of-2", "failed"), ("", "ok"), ("-2-of-3", "failed"), ("-1-of-2", "ok"), ("", "failed")]:
        run(part, status)


def test_what_is_made_of_all_lines_is_made_again_if_another_ended(tmp_path: Path) -> None:
    path = tmp_path / "out" / "manifest.jsonl"
    look(path.parent, "tryon").begin()
    manifest, other = Manifest(path, "-1-of-2"), Manifest(path, "-2-of-2")
    seen: list[int] = []

    def write() -> None:
        seen.append(len(manifest.read()))
        if len(seen) == 1:
            other.append({"person": "a", "garment": "b", "status": "ok"})
            other.end()

    manifest.settle(write)
    assert seen == [0, 1]


def test_prepare_in_shards_is_one_run(folders: SimpleNamespace, settings: dict[str, str], tmp_path: Path) -> None:
    one, three = tmp_path / "one", tmp_path / "three"
    folders.photo(folders.clothes / "c1.png", (10, 10, 10))  # a pair by its name
    given = {**settings, "height": 96}
    prepare(PrepareConfig(**given, out=one))
    shards(three, lambda name: prepare(PrepareConfig(**given, out=three, shard=name)), 3, FORK is not None)
    assert files(three, "manifest.jsonl", "config.yaml") == files(one, "manifest.jsonl", "config.yaml")
    assert told(three) == told(one) and [path.name for path in three.glob("manifest*")] == ["manifest.jsonl"]


def test_only_the_main_process_tells_how_it_goes() -> None:
    share, said = Share(), []

    class Loud(Progress):
        def note(self, text: str) -> None:
            said.append(text)

        def problem(self, text: str) -> None:
            said.append(text)

    share.is_main = False
    heard = share.heard(Loud())
    heard.start(3, "pair")
    heard.note("note")
    heard.problem("problem")
    assert said == ["problem"] and share.sum(Summary("pair", "out")).is_main is False


@pytest.mark.parametrize("shard", ["0/4", "5/4", "1/0", "one/two", "2", 3, "1/2/3", "-1/4"])
def test_a_shard_that_is_none(shard: object) -> None:
    with pytest.raises(ValidationError, match="is no I/N"):
        TryOnConfig(person="p", clothes="c", out="o", shard=shard)


def test_a_shard_in_a_file_of_settings() -> None:
    config = TryOnConfig(person="p", clothes="c", out="o", shard=[2, 4])
    assert config.shard == "2/4" and Share(config.shard).part == "-2-of-4"


def test_what_a_shard_cannot_do(folders: SimpleNamespace, settings: dict[str, str]) -> None:
    with pytest.raises(BadConfig, match="--shard needs a folder"):
        tryon(TryOnConfig(**settings, out=str(folders.root / "out.png"), shard="1/2"))
    with pytest.raises(BadConfig, match="--export is of the whole folder"):
        prepare(PrepareConfig(**settings, out=folders.out, shard="1/2", export=["viton"]))


LAUNCH = """
import sys
import pytest, stand_ins
stand_ins.install_fakes(pytest.MonkeyPatch())
from viton_cli.__main__ import main
main()
"""


@pytest.mark.parametrize("command", ["tryon", "prepare"])
def test_two_launched_processes_are_one_run(
    folders: SimpleNamespace, settings: dict[str, str], tmp_path: Path, command: str
) -> None:
    """`accelerate launch` really starts two; one of them tells what both have done."""
    one, two, script = tmp_path / "one", tmp_path / "two", tmp_path / "launched.py"
    script.write_text(LAUNCH)
    if command == "tryon":
        alone = tryon(TryOnConfig(**settings, out=str(one)))
    else:
        alone = prepare(PrepareConfig(**settings, out=one))
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes=2", "--num_machines=1"]
    launcher += ["--mixed_precision=no", "--dynamo_backend=no", f"--main_process_port={20000 + os.getpid() % 20000}"]
    given = ["--person", settings["person"], "--clothes", settings["clothes"], "--out", str(two), "--json"]
    path = os.pathsep.join(map(str, (Path(__file__).parents[1], Path(__file__).parents[2])))
    done = subprocess.run(
        [*launcher, str(script), command, *given], capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": path, "ACCELERATE_USE_CPU": "true"},
    )  # fmt: skip
    (report,) = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert (report["ok"], report["failed"]) == (alone.ok, alone.failed), done.stderr
    apart = ("manifest.jsonl", "index.html", "config.yaml")
    assert files(two, *apart) == files(one, *apart) and told(two) == told(one)
    assert [path.name for path in two.glob("manifest*")] == ["manifest.jsonl"]
