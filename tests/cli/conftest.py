"""A command line, run in this process."""

from __future__ import annotations

import io
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from viton_cli.cli import app

Ran = tuple[int, bytes, str]
Viton = Callable[..., Ran]


@pytest.fixture
def viton(fakes: SimpleNamespace, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Viton:
    """Run a command line in this process: (exit code, stdout, stderr)."""

    def run(*arguments: object, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(stdin), isatty=lambda: False))
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as left:
            app([str(argument) for argument in arguments], prog_name="viton")
        out, err = capsysbinary.readouterr()
        return int(left.value.code or 0), out, err.decode()

    return run
