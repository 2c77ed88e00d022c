"""Photos are tried on as they arrive: whole ones, each pair once, until Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stand_ins import photo

from viton_cli.config import TryOnConfig
from viton_cli.engines.progress import Progress, Summary
from viton_cli.errors import BadConfig, NothingUsable
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon.run import fill
from viton_cli.pipelines.tryon.watch import watch

ROOT = Path(__file__).parents[3]


def watched(config: TryOnConfig, *happens: Callable[[], object], progress: Progress | None = None) -> Summary:
    """A watch in which something happens after each look, and then Ctrl-C."""
    events: Iterator[Callable[[], object]] = iter(happens)

    def wait(_: float) -> None:
        event = next(events, None)
        if event is None:
            raise KeyboardInterrupt
        event()

    return watch(config, Tools(config), progress or Progress(), fill, wait)


def settings(folders: SimpleNamespace, **more: Any) -> TryOnConfig:
    given = {"person": str(folders.people), "clothes": str(folders.clothes), "out": str(folders.out)}
    return TryOnConfig(**given, watch=True, **more)


def nothing() -> None:
    """Happens."""


def test_what_is_there_and_what_arrives_is_tried_on_once(folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
    made: list[int] = []

    def count() -> None:
        made.append(len(fakes.method.pairs))

    def arrive() -> None:
        count()
        photo(folders.people / "new.png", (1, 2, 3))

    done = watched(settings(folders), count, arrive, count, count, count)
    assert made == [0, 6, 6, 9, 9] and (done.ok, done.failed) == (9, 0)  # whole at the second look
    assert len(set(fakes.method.pairs)) == 9 and (folders.out / "sheet.jpg").exists()
    assert watched(settings(folders), nothing, nothing).ok == 0 and len(fakes.method.pairs) == 9


def test_a_file_that_grows_is_left_until_it_is_whole(folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
    whole = photo(folders.root / "aside" / "late.png", (9, 8, 7)).read_bytes()
    late = folders.people / "late.png"
    late.write_bytes(b"")

    def grow(upto: int) -> Callable[[], object]:
        return lambda: late.write_bytes(whole[:upto])

    done = watched(settings(folders), nothing, grow(20), grow(40), grow(60), grow(len(whole)), nothing, nothing)
    assert (done.ok, done.failed) == (9, 0)


def test_empty_folders_are_waited_for(folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
    aside = folders.root / "aside"
    shutil.move(folders.clothes, aside)
    folders.clothes.mkdir()
    done = watched(settings(folders), nothing, nothing, lambda: shutil.copytree(aside, folders.clothes / "x"), nothing)
    assert done.ok == 6
    with pytest.raises(NothingUsable, match="no such file or folder"):
        watched(settings(folders).model_copy(update={"person": [str(folders.root / "gone")]}))


def test_a_pair_that_failed_is_tried_again_when_its_photo_changes(
    folders: SimpleNamespace, fakes: SimpleNamespace
) -> None:
    nobody = photo(folders.people / "anna.png", (0, 0, 0))
    found: list[int] = []

    def count() -> None:
        found.append(fakes.finder.found.count("anna"))

    def mend() -> None:
        count()
        photo(nobody, (50, 60, 70))

    def other() -> None:
        photo(folders.people / "other.png", (5, 6, 7))

    done = watched(settings(folders), nothing, other, nothing, mend, nothing, count)
    assert found == [1, 2] and done.ok == 9 and done.failed == 3


def test_a_pairs_file_may_name_what_is_still_to_come(folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
    pairs = folders.root / "pairs.jsonl"
    pairs.write_text(
        '{"person": "anna", "garment": "red"}\n{"person": "late", "garment": "red", "output": "named"}\n'
        '{"person": "late", "garment": "green", "mask": "mask.png"}\n'
    )

    def arrive() -> None:
        photo(folders.people / "late.png", (5, 6, 7))

    def mask() -> None:
        photo(folders.root / "mask.png", (255, 255, 255))
        photo(folders.people / "one more.png", (5, 6, 7))

    config = settings(folders, pairing=str(pairs))
    done = watched(config, nothing, nothing, arrive, nothing, mask, nothing, nothing)
    assert done.ok == 3 and (folders.out / "named.png").exists()


def test_each_note_is_said_once(folders: SimpleNamespace, fakes: SimpleNamespace) -> None:
    said: list[str] = []

    class Noting(Progress):
        def note(self, text: str) -> None:
            said.append(text)

    os.mkfifo(folders.people / "pipe.png")
    watched(settings(folders), nothing, nothing, nothing, nothing, progress=Noting())
    assert sum("pipe.png" in text for text in said) == 1 and sum("watching" in text for text in said) == 1


@pytest.mark.parametrize(
    "more",
    [{"pairing": "zip"}, {"limit": 3}, {"shuffle": True}, {"shard": "1/2"}, {"dry_run": True}, {"person": "-"},
     {"out": "out.png"}, {"overwrite": True}],
)  # fmt: skip
def test_what_a_watch_cannot_follow(folders: SimpleNamespace, fakes: SimpleNamespace, more: dict[str, Any]) -> None:
    given = {"person": str(folders.people), "clothes": str(folders.clothes), "out": str(folders.out), **more}
    with pytest.raises(BadConfig, match="--watch takes whatever arrives"):
        watched(TryOnConfig(**given, watch=True))


SLOW = """
import time
import pytest, stand_ins
from viton_cli.pipelines.tryon import watch
stand_ins.install_fakes(pytest.MonkeyPatch())
watch.PAUSE = 0.1
dress = stand_ins.FakeMethod.dress
def slow(self, *given):
    time.sleep(0.5 if given[1].photo.id == "slow" else 0)
    return dress(self, *given)
stand_ins.FakeMethod.dress = slow
from viton_cli.__main__ import main
main()
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGINT")
@pytest.mark.parametrize("at_work", [False, True])
def test_ctrl_c_ends_it(folders: SimpleNamespace, tmp_path: Path, at_work: bool) -> None:
    """Idle: with the summary and 0. At work: with 130; what was finished stays."""
    if at_work:
        for number in range(40):
            photo(folders.people / f"{number}.png")
        photo(folders.clothes / "slow.png", (1, 2, 3))
    (tmp_path / "slow.py").write_text(SLOW)
    given = ["--person", folders.people, "--clothes", folders.clothes, "--out", folders.out]
    path = os.pathsep.join(map(str, (ROOT / "tests", ROOT)))
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "slow.py"), "tryon", *map(str, given), "--watch"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    try:
        wanted = next(folders.out.glob("*__slow.png"), None) if at_work else folders.out / "sheet.jpg"
        deadline = time.monotonic() + 240
        while not (wanted and wanted.exists()) and time.monotonic() < deadline:
            time.sleep(0.05)
            wanted = next(folders.out.glob("*__slow.png"), None) if at_work else folders.out / "sheet.jpg"
        time.sleep(0 if at_work else 1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    if at_work:
        assert process.returncode == 130 and "the same command carries on" in err
    else:
        assert process.returncode == 0 and "6 pairs done" in out and "0 failed" in out, err
    assert wanted and wanted.exists()
