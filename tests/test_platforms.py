"""What differs on Windows and macOS, as far as it can be simulated here (docs/platforms.md)."""

from __future__ import annotations

import builtins
import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from viton_cli.cli import streams
from viton_cli.files import list_photos, temporary
from viton_cli.threads import cores

ROOT = Path(__file__).parents[1]


def test_a_console_that_lacks_letters_gets_them_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows' consoles often know 256 letters, and Python refuses to write others there."""
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", console)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    monkeypatch.setattr(sys, "stdin", sys.stdin)
    streams.mend_streams()
    print("Ольга in ä", file=sys.stdout, flush=True)
    assert console.buffer.getvalue().decode("cp1252").strip() == r"\u041e\u043b\u044c\u0433\u0430 in ä"  # type: ignore[attr-defined]


def test_help_is_printed_in_ascii() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-m", "viton_cli", "-h"], env=environment, capture_output=True)
    assert done.returncode == 0 and b"tryon" in done.stdout, done.stderr


def test_names_that_differ_in_case_alone_keep_what_tells_them_apart(tmp_path: Path) -> None:
    for name in ("anna.jpg", "Anna.png"):
        (tmp_path / name).write_bytes(b"x")
    assert [id for id, _ in list_photos(tmp_path)] == ["Anna.png", "anna.jpg"]


def test_without_what_posix_alone_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from viton_cli.training.estimate import _peak

    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert cores() == os.cpu_count()
    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", lambda name, *more: _absent(name) or real(name, *more))
    monkeypatch.delitem(sys.modules, "resource", raising=False)
    assert _peak() is None
    monkeypatch.undo()
    # Signal 0 would end the process there: who wrote a half-written file is told by its age alone.
    monkeypatch.setattr(temporary, "os", SimpleNamespace(name="nt", kill=lambda *_: pytest.fail("sent a signal")))
    half = tmp_path / f".viton-{temporary._HOST}-1-{'0' * 16}.tmp"
    half.write_bytes(b"half")
    assert not temporary._is_left(half, temporary._HOST, "1")


def _absent(name: str) -> None:
    if name == "resource":
        raise ImportError(name)


def test_the_signals_of_a_training_exist_everywhere() -> None:
    from viton_cli.training.stopping import SIGNALS

    assert set(SIGNALS) <= {signal.SIGINT, signal.SIGTERM}, "Windows has no others"
