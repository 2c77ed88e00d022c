"""What the machine refuses ends in one line that names the user's path, and in an object where --json was given."""

from __future__ import annotations

import errno
import io
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from viton_cli.cli import app
from viton_cli.cli.settings import guarded
from viton_cli.files import read_photo

Ran = tuple[int, str, str]
Viton = Callable[..., Ran]
ERRORS = [
    errno.EDQUOT, errno.EIO, errno.EFBIG, errno.ENAMETOOLONG, errno.ENOENT, errno.EROFS, errno.ENOSPC, errno.EACCES,
    errno.ESTALE, errno.EBUSY, errno.ENXIO, errno.EMFILE,
]  # fmt: skip


@pytest.fixture
def viton(fakes: SimpleNamespace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Viton:
    """Run a command line in this process: (exit code, stdout, stderr)."""

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(), isatty=lambda: False))
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            app([str(argument) for argument in arguments], prog_name="viton")
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return run


def tryon(folders: SimpleNamespace, *more: object) -> list[object]:
    return ["tryon", "--person", folders.people, "--clothes", folders.clothes, "--out", folders.out, *more]


def prepare(folders: SimpleNamespace, *more: object) -> list[object]:
    return ["prepare", "--person", folders.people, "--clothes", folders.clothes, "--out", folders.out, *more]


def one_pair(folders: SimpleNamespace, *more: object) -> list[object]:
    person, clothes = folders.people / "anna.png", folders.clothes / "red.png"
    return ["tryon", "--person", person, "--clothes", clothes, "--out", folders.root / "out.png", *more]


@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("call", [tryon, prepare, one_pair])
def test_every_error_of_the_machine_is_one_line(
    viton: Viton, folders: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, number: int, call: Callable[..., Any]
) -> None:
    def refuse(source: object, target: object) -> None:
        raise OSError(number, os.strerror(number), str(source), None, str(target))

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", refuse)
        code, out, err = viton(*call(folders, "--json"))
    err = err.removeprefix("warning: sleeves change\n")
    assert code in (1, 2) and err.startswith(f"error: {folders.root}/out") and err.count("\n") == 1
    assert os.strerror(number) in err and ".viton-" not in err and ".tmp" not in err
    told = json.loads(out)
    assert told == {"error": err.removeprefix("error: ").rstrip("\n"), "exit": code}
    assert not list(folders.root.rglob("*.tmp"))


def test_what_is_appended_names_its_file_too(
    viton: Viton, folders: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("os.write", full)
        code, _, err = viton(*tryon(folders))
    assert code == 1 and err == f"error: {folders.out}/.viton.jsonl: {os.strerror(errno.ENOSPC)}\n"


@pytest.mark.parametrize("part", ["a" * 300, "/".join(["a" * 200] * 30)])
def test_a_name_that_is_too_long(viton: Viton, folders: SimpleNamespace, part: str) -> None:
    for command in (tryon, prepare):
        folders.out = folders.root / part
        code, _, err = viton(*command(folders))
        assert code == 2 and err.startswith("error: /") and err.count("\n") == 1 and len(err) < 400
    for option in ("--person", "--clothes-mask", "--pairing", "--weights", "--config"):
        code, _, err = viton(*tryon(SimpleNamespace(**{**vars(folders), "out": folders.root / "o"}), option, part))
        assert code in (2, 3) and err.startswith("error: ") and err.count("\n") == 1, option


class TestObject:
    @pytest.mark.parametrize(
        ("arguments", "code", "text"),
        [
            (["tryon", "--persn", "x"], 2, "--persn"),
            (["tryonn"], 2, "tryonn"),
            (["tryon", "--person", "gone", "--clothes", "gone"], 2, "missing setting 'out'"),
            (["tryon", "--person", "gone", "--clothes", "gone", "--out", "o"], 3, "gone: no such file"),
            (["prepare", "--out", "o"], 2, "nothing to prepare"),
            (["evaluate", "--results", "gone", "--reference", "gone"], 3, "gone"),
            (["evaluate", "perception", "--data", "ccp:gone"], 3, "gone"),
        ],
    )  # fmt: skip
    def test_of_a_wrong_command_line(self, viton: Viton, arguments: list[str], code: int, text: str) -> None:
        got, out, err = viton(*arguments, "--json")
        told = json.loads(out)
        assert got == code == told["exit"] and text in told["error"] and text in err

    def test_of_an_interruption_and_a_defect(self, capsys: pytest.CaptureFixture[str]) -> None:
        def fail(error: BaseException) -> Callable[[], int]:
            def work() -> int:
                raise error

            return work

        assert guarded(fail(KeyboardInterrupt()), as_json=True) == 130
        assert json.loads(capsys.readouterr().out) == {"error": "interrupted", "exit": 130}
        with pytest.raises(ZeroDivisionError):
            guarded(fail(ZeroDivisionError("by\nzero")), as_json=True)
        told = json.loads(capsys.readouterr().out)
        assert told == {"error": "defect of the toolkit: ZeroDivisionError: by zero", "exit": 1}

    def test_beside_a_picture_on_stdout(self, viton: Viton, folders: SimpleNamespace) -> None:
        code, out, err = viton(*tryon(folders)[:-1], "-", "--json")
        assert code == 2 and out == "" and json.loads(err.splitlines()[-1])["exit"] == 2


START = "import stand_ins, pytest\nstand_ins.install_fakes(pytest.MonkeyPatch())\nfrom viton_cli.__main__ import main\n"


def shell(line: str, folders: SimpleNamespace, code: str = START + "main()\n", **options: Any) -> Any:
    """Run a line of `sh` in which $VITON is the command with stand-ins for its networks."""
    (folders.root / "viton.py").write_text(code)
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(os.path.isabs, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path, "VITON": f"{sys.executable} {folders.root}/viton.py"}
    return subprocess.run(
        ["sh", "-c", line], cwd=folders.root, env=environment, capture_output=True, text=True, timeout=60, **options
    )


DRESS = "$VITON tryon --person people --clothes clothes --out out"


@pytest.mark.parametrize("closed", ["2>&-", "<&-", "2>&- <&-", "2>/dev/full", ">&-"])
def test_closed_streams_stop_nothing(folders: SimpleNamespace, closed: str) -> None:
    folders.photo(folders.people / "two.png", (22, 30, 30))  # there is something to say on stderr
    (folders.people / "letter.jpg").write_text("dear reader")
    done = shell(f"{DRESS} {closed}; echo code $?", folders)
    assert "code 1" in done.stdout and "Traceback" not in done.stderr
    assert ("9 pairs done, 9 doubtful, 0 bad, 3 failed" in done.stdout) == (closed != ">&-")
    for path in (folders.out).glob("*.png"):
        assert read_photo(path).size == (64, 48), "nothing else was written into it"
    assert len(list(folders.out.glob("*.png"))) == 6


def test_a_closed_stdin_that_is_to_be_read_and_a_closed_stdout_to_be_written(folders: SimpleNamespace) -> None:
    done = shell("$VITON tryon --person - --clothes clothes --out out <&-; echo code $?", folders)
    assert done.stdout == "code 3\n" and done.stderr == "error: stdin: the file is empty\n"
    pair = "$VITON tryon --person people/anna.png --clothes clothes/red.png --out -"
    for closed, said in ((">&-", "stdout: is closed"), (">/dev/full", "stdout: No space left on device")):
        done = shell(f"{pair} {closed}", folders)
        assert done.returncode in (1, 2) and done.stderr.splitlines()[-1] == f"error: {said}"


def test_readers_that_go_away(folders: SimpleNamespace) -> None:
    done = shell(f"({DRESS} --json; echo code $? >&2) | true", folders)
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr and "code 1" in done.stderr
    done = shell(f"({DRESS} 2>&1 >told; echo code $? > code) | true", folders)
    assert (folders.root / "code").read_text() == "code 0\n"


def test_a_current_folder_that_is_not_there_any_more(folders: SimpleNamespace) -> None:
    line = f"mkdir gone; cd gone; rmdir ../gone; $VITON tryon --person {folders.people} --clothes {folders.clothes}"
    done = shell(f"{line} --out out --json", folders)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, (
        done.stderr
    )  # MKL says it itself where torch is loaded
    if done.stderr.startswith("error: "):
        assert json.loads(done.stdout)["exit"] == 2


def test_a_disk_that_takes_no_more(folders: SimpleNamespace) -> None:
    """A limit on the size of files: what a quota or a full disk does."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = shell(f"{DRESS} --json", folders, preexec_fn=limit)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert "File too large" in done.stderr and ".viton-" not in done.stderr and "out/" in done.stderr
    assert json.loads(done.stdout)["exit"] == 1 and not list(folders.root.rglob("*.tmp"))
    again = shell(f"{DRESS} --json", folders)
    assert again.returncode == 0 and json.loads(again.stdout)["failed"] == 0
