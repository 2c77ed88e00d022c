"""A run on folders of stores (`s3://`, `gs://` ...): folders of this machine stand for them while it goes on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from viton_cli.config import Config, store_of
from viton_cli.engines.progress import Progress, Summary
from viton_cli.errors import BadConfig, VitonError
from viton_cli.files import PHOTO_ENDINGS
from viton_cli.files.mirrors import mirrored
from viton_cli.files.stores import Mirror, Store, forget, lay_out, spoken, stand_for

C = TypeVar("C", bound=Config)
FOLDERS = ("person", "clothes", "clothes_mask")
FILES = ("pairing", "pairs")


def on_stores(
    run: Callable[[C, Progress, Any], Summary], config: C, progress: Progress, tools: Any, watch: bool = False
) -> Summary:
    """Run a command whose folders may lie in stores.

    Args:
        run: The command, which works on folders of this machine.
        config, progress, tools: Of the run. watch: Whether it looks at its folders again and again.

    Raises:
        BadConfig: An address is read and written, or cannot be watched. MissingExtra: The store's library is missing.
        OSError: The store refuses, or does not answer; what was written until then is there.
    """
    addresses = _addresses(config)
    if not addresses:
        return run(config, progress, tools)
    if watch:
        raise BadConfig(f"{addresses[0]}: --watch follows folders of this machine")
    _check_apart(config)
    with tempfile.TemporaryDirectory(prefix="viton-") as name, _standing(config, Path(name)) as here:
        done = run(here, Renamed(progress), tools)
        done.out, done.problems = spoken(done.out), [spoken(text) for text in done.problems]
    return done


class Renamed(Progress):
    """Passes on what it hears, with addresses in place of what stands for them here."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.start = progress.start  # type: ignore[method-assign]
        self.advance = progress.advance  # type: ignore[method-assign]
        self.defect = progress.defect  # type: ignore[method-assign]

    def note(self, text: str) -> None:
        self.progress.note(spoken(text))

    def check(self, text: str, severity: str) -> None:
        self.progress.check(spoken(text), severity)

    def problem(self, text: str) -> None:
        self.progress.problem(spoken(text))


@contextmanager
def _standing(config: C, root: Path) -> Iterator[C]:
    """The settings with folders of this machine for every address."""
    try:
        with _in_words():
            here = {**_folders(config, root), **_files(config, root)}
            out = config.out  # type: ignore[attr-defined]
            if (url := store_of(out)) is None:
                yield config.model_copy(update=here)
                return
            stand_for(root / "out", url)
            with mirrored(Mirror(root / "out", url)):
                yield config.model_copy(update={**here, "out": type(out)(root / "out")})
    finally:
        forget(root)


def _folders(config: Config, root: Path) -> dict[str, Any]:
    here: dict[str, Any] = {}
    for setting in FOLDERS:
        entries = list(getattr(config, setting, None) or [])
        for number, entry in enumerate(entries):
            if url := store_of(entry):
                folder = root / f"{setting}-{number}"
                stand_for(folder, url)
                try:
                    entries[number] = str(lay_out(url, folder, PHOTO_ENDINGS))
                except FileNotFoundError:
                    entries[number] = str(folder)  # of which the run says that it is not there
        if entries:
            here[setting] = entries
    return here


def _files(config: Config, root: Path) -> dict[str, Any]:
    here: dict[str, Any] = {}
    for setting in FILES:
        value = getattr(config, setting, None)
        if url := store_of(value):
            path = root / setting / url.rsplit("/", 1)[-1]
            stand_for(path, url)
            try:
                Store(url).get("", path)
            except FileNotFoundError:
                raise BadConfig(f"{url}: no such file") from None
            here[setting] = path if isinstance(value, Path) else str(path)
    return here


@contextmanager
def _in_words() -> Iterator[None]:
    """Errors of a block say addresses."""
    try:
        yield
    except VitonError as error:
        error.args = tuple(spoken(part) if isinstance(part, str) else part for part in error.args)
        raise


def _addresses(config: Config) -> list[str]:
    given: list[object] = []
    for setting in (*FOLDERS, *FILES, "out"):
        value = getattr(config, setting, None)
        given += value if isinstance(value, list) else [value]
    return [url for value in given if (url := store_of(value))]


def _check_apart(config: Config) -> None:
    """See that nothing that is read of a store is written."""
    out = store_of(config.out)  # type: ignore[attr-defined]
    for url in _addresses(config)[: -1 if out else None]:
        ours, theirs = f"{out}/".replace("//", "/"), f"{url}/".replace("//", "/")
        if out and (ours.startswith(theirs) or theirs.startswith(ours)):
            raise BadConfig(f"--out {out}: is also read ({url}); give another --out")
