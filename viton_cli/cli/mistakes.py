"""What a command says when the machine refuses: one line that names the user's path, and the exit code."""

from __future__ import annotations

import difflib
import errno
import json
import os
import sys
from contextlib import suppress

import typer

from viton_cli.cli.screen import write
from viton_cli.cli.streams import drop_stdout

# The disk's fault and not the command line's: what was finished is there, and the same command carries on.
DISK = {errno.ENOSPC, errno.EIO, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
INTERRUPTED = 130
LONGEST = 200  # letters of a path that are shown


def cause(error: OSError) -> str:
    """An error of the operating system in one line."""
    name = "input or output" if error.filename is None else os.fsdecode(os.fspath(_path(error.filename)))
    if error.filename is None and not _has_folder():
        name = "the current folder"
    if len(name) > LONGEST:
        name = f"{name[: LONGEST // 2]}...{name[-LONGEST // 2 :]}"
    return f"{name}: {' '.join((error.strerror or str(error) or type(error).__name__).split())}"


def is_disk(error: OSError) -> bool:
    """Whether the disk is to blame and not the command line."""
    return error.errno in DISK


def refused(error: Exception, as_json: bool) -> int:
    """Tell what Click refuses of a command line in one line, and return the exit code.

    Raises:
        Exception: It is nothing of Click's.
    """
    if type(error).__name__ == "Abort":
        write("interrupted", bad=True)
        return INTERRUPTED
    if not hasattr(error, "format_message") or not hasattr(error, "exit_code"):
        raise error
    code = int(error.exit_code)
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()  # type: ignore[attr-defined]
        return code
    text = " ".join(str(error.format_message()).split())
    if (option := getattr(error, "option_name", None)) and hasattr(error, "possibilities"):
        near = difflib.get_close_matches(option, error.possibilities or (), 1)
        text = f"no such option {option}" + (f" (did you mean {near[0]}?)" if near else "")
    text = text[:1].lower() + text[1:].rstrip(".")
    context = getattr(error, "ctx", None)
    help = f"; {context.command_path} -h lists what there is" if context is not None else ""
    write(f"error: {text}{help}", bad=True)
    if as_json:
        print_object(text, code)
    return code


def print_object(text: str, code: int, aside: bool = False) -> None:
    """What --json prints of a command that failed; on stderr if stdout is for a picture."""
    line = as_json_line({"error": text, "exit": code})
    with suppress(ValueError):
        try:
            typer.echo(line, err=aside)
            if sys.stdout is not None:
                sys.stdout.flush()
        except OSError:
            drop_stdout()


def as_json_line(value: object) -> str:
    """JSON on one line; letters of any language stand as they are, what a terminal would obey is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)


def _path(name: object) -> str | bytes | os.PathLike[str]:
    return name if isinstance(name, (str, bytes, os.PathLike)) else str(name)


def _has_folder() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True
