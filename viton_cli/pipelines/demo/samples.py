"""The examples that the page offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from viton_cli.errors import VitonError
from viton_cli.files import list_inputs, read_photo, write_image

SOURCE = Path(__file__).parents[3]  # of a checkout; an installed package has no examples beside it
MOST = 48
THUMB = (180, 240)
THUMB_PIXELS = 500_000  # of a photo read to be shown small


@dataclass(frozen=True)
class Sample:
    """One example: its name, its file, and a small copy."""

    name: str
    path: Path
    thumb: Path


def samples(given: list[str] | None, kind: str, folder: Path, note: Callable[[str], None]) -> list[Sample]:
    """The examples to show, with small copies in a folder.

    Args:
        given: Files, folders and patterns; None for those that come with the source.
        kind: "people" or "clothes", the folder of `examples/`. folder: For the copies.
        note: Hears what is left out.

    Raises:
        NothingUsable: One that is given does not exist or holds no picture.
    """
    if given is None:
        here = [place / "examples" / kind for place in (SOURCE, Path())]
        given = [str(place) for place in here if place.is_dir()][:1]
    photos = list_inputs(given, note=note) if given else []
    if len(photos) > MOST:
        note(f"{MOST} of {len(photos)} examples are shown")
    found = []
    folder.mkdir(parents=True, exist_ok=True)
    for number, (id, path) in enumerate(photos[:MOST]):
        try:
            small = Image.fromarray(read_photo(path, id, THUMB_PIXELS).image)
        except VitonError as error:
            note(f"no example: {error}")
            continue
        small.thumbnail(THUMB)
        thumb = folder / f"{number}.jpg"
        write_image(thumb, small)
        found.append(Sample(id, path, thumb))
    return found
