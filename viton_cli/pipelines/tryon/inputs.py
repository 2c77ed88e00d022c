"""What a try-on run reads: photos of files, folders and pipes, and the rule that none of it is written."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from viton_cli.config import TryOnConfig
from viton_cli.errors import BadConfig
from viton_cli.files import (
    WORKING_PIXELS,
    check_apart,
    decode_photo,
    expand,
    is_lossless,
    list_inputs,
    read_photo,
    refuse_results,
)
from viton_cli.pipelines.names import pair_name
from viton_cli.pipelines.pairing import Pairing
from viton_cli.records import Photo

PIPE = "-"
STDIN = Path("-/stdin")  # what a photo from a pipe goes by where paths do
ENDINGS = (".png", ".jpg", ".jpeg", ".webp")  # of an --out that is a file
RESULT_ENDINGS = (".png", ".jpg", ".webp")  # of the results in a folder


@dataclass(frozen=True)
class Given:
    """Photos of a file, a folder or a pipe.

    Attributes:
        files: Id to path.
        given: Those that are in memory already, by id.
        hashes: SHA-256 of the latter, by path.
    """

    files: dict[str, Path]
    given: dict[str, Photo] = field(default_factory=dict)
    hashes: dict[Path, str] = field(default_factory=dict)

    def only(self, wanted: Callable[[Path], bool]) -> Given:
        """The same with some of the files alone; those in memory stay."""
        return replace(self, files={id: path for id, path in self.files.items() if id in self.given or wanted(path)})

    def read(self, id: str) -> Photo:
        """One of them."""
        return self.given[id] if id in self.given else read_photo(self.files[id], id, WORKING_PIXELS)


def list_given(entries: list[str], out: str, option: str, note: Callable[[str], None]) -> Given:
    """The photos of --person or --clothes: files, folders, patterns, and one from a pipe. `note` gets a line on what
    is passed over.

    Raises:
        BadConfig: A folder of results. NothingUsable: No photos there. BadImage: What is piped in is none.
    """
    files = [entry for entry in entries if entry != PIPE]
    for path in expand(files):
        refuse_results(path, option)
    found = dict(list_inputs(files, Path(out) if is_folder(out) else None, note)) if files else {}
    if len(files) == len(entries):
        return Given(found)
    if "stdin" in found:
        raise BadConfig(f"{option}: a photo called 'stdin' and one from stdin cannot be told apart: rename the file")
    data = sys.stdin.buffer.read()
    photo, digest = decode_photo(data, "stdin", WORKING_PIXELS), hashlib.sha256(data).hexdigest()
    return Given({"stdin": STDIN, **found}, {"stdin": photo}, {STDIN: digest})


def is_folder(out: str) -> bool:
    """Whether --out is a folder; else it is one picture, or a pipe."""
    return out != PIPE and (Path(out).is_dir() or Path(out).suffix.lower() not in ENDINGS)


def ending_of(config: TryOnConfig) -> str:
    """The ending of the results: of --image-format, else of an --out that is a file, else ".png".

    Raises:
        BadConfig: These two differ; --quality of a format that has none.
    """
    chosen = f".{config.image_format}" if config.image_format else None
    ending = chosen or ".png"
    if config.out != PIPE and not is_folder(config.out):
        ending = Path(config.out).suffix.lower()
        if chosen and chosen != ending.replace(".jpeg", ".jpg"):
            raise BadConfig(f"--out {config.out} is no {config.image_format}: leave --image-format away")
    if config.quality is not None and is_lossless(ending):
        raise BadConfig("--quality belongs to --image-format jpg or webp: a PNG keeps every pixel")
    return ending


def check_inputs(config: TryOnConfig, files: Iterable[Path], pairing: Pairing) -> None:
    """See that nothing that is read is written.

    Raises:
        BadConfig: See `files.check_apart`.
    """
    if config.out == PIPE:
        return
    out = Path(config.out)
    masks = expand(config.clothes_mask or [])
    folders = [path for path in (*masks, config.pose_source, config.parsing_source) if path]
    given = expand([entry for entry in (*config.person, *config.clothes) if entry != PIPE])
    given += [Path(config.weights)] if config.weights else []
    pairs = [] if config.pairing in ("all", "zip") else [Path(config.pairing)]
    written: list[Path] = []
    if is_folder(config.out):
        ending = ending_of(config)
        written = [out / f"{pairing.outputs.get(pair) or pair_name(*pair)}{ending}" for pair in pairing.pairs]
    check_apart(out, [*given, *folders, *pairs, *files], roots=folders, written=written)
