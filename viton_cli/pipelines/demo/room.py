"""The fitting room behind the page: two files in, the finished picture and what is to be said of it out."""

from __future__ import annotations

import logging
import re
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.config import DemoConfig, MethodConfig
from viton_cli.errors import BadConfig, BadImage, VitonError
from viton_cli.files import WORKING_PIXELS, read_mask, read_photo, write_bytes, write_image
from viton_cli.pipelines.names import pair_name
from viton_cli.pipelines.receipts import receipt_of, weights_of
from viton_cli.pipelines.tools import Tools
from viton_cli.pipelines.tryon.api import TryOn
from viton_cli.pipelines.tryon.finish import encode
from viton_cli.pipelines.tryon.folder import steps_of
from viton_cli.pipelines.tryon.lights import verdict_of
from viton_cli.records import Photo

log = logging.getLogger(__name__)
KINDS: tuple[str, ...] = get_args(MethodConfig.model_fields["kind"].annotation)
# What a cause recommends on the command line -> the same in the page.
IN_THE_PAGE = {
    r"(, or )?(joints|labels) by hand \(--\w+\)(, or )?": "",  # the page takes neither
    r"give --kind \w+": "say so under Corrections",
    r"--kind( [\w, ]+)?|--clothes-mask( [A-Z]+)?": "under Corrections",
}
SHOWN = 1400  # pixels of the longer side of a picture in the page; the file to keep has all of them


@dataclass(frozen=True)
class Wish:
    """What a visitor asks for.

    Attributes:
        person, garment: Files of the photos. mask: File of the garment's mask; None: it is found.
        kind: One of KINDS.
    """

    person: Path
    garment: Path
    mask: Path | None = None
    kind: str = "auto"

    @property
    def files(self) -> list[Path]:
        """All that were given."""
        return [path for path in (self.person, self.garment, self.mask) if path is not None]


@dataclass(frozen=True)
class Fitting:
    """What a visitor gets.

    Attributes:
        picture: The finished picture, PNG at the photo's full size with its receipt.
        before, after: The photo and the picture, to be looked at in a page.
        steps: (file, name) of every intermediate, in the order of the flow.
        told: Light, quality and checks as a manifest has them, the share of the photo that changed, and seconds.
    """

    picture: Path
    before: Path
    after: Path
    steps: list[tuple[Path, str]]
    told: dict[str, Any]

    @property
    def files(self) -> list[Path]:
        """All that were written."""
        return [self.picture, self.before, self.after, *(path for path, _ in self.steps)]


class FittingRoom:
    """Dresses one visitor at a time; the networks are loaded once.

    Args:
        config: The settings. folder: Where results are written, each in a folder of its own.
        tools: Finder, cutter and method to work with, instead of those that the settings name.
    """

    def __init__(self, config: DemoConfig, folder: Path, tools: Tools | None = None) -> None:
        self.config, self.folder = config, folder
        self.tools = tools or Tools(config)
        self._busy = threading.Lock()

    def load(self) -> None:
        """Load the networks.

        Raises:
            UnknownName, BadWeights, MissingExtra: They cannot be had.
        """
        TryOn(self.config, self.tools).load()
        self.weights = weights_of(self.config)

    def dress(self, wish: Wish, steps: bool = True) -> Fitting:
        """Grant a wish.

        Raises:
            VitonError: It cannot be done; the text is for the page, and names files by what the visitor calls them.
        """
        with self._busy:
            try:
                return self._dress(wish, steps)
            except VitonError as error:
                raise type(error)(in_the_page(str(error), wish.files)) from error
            except Exception as error:
                log.exception("%s", wish)
                raise VitonError(f"a defect of the toolkit ({type(error).__name__}: {error})") from error

    def _dress(self, wish: Wish, steps: bool) -> Fitting:
        if wish.kind not in KINDS:
            raise BadConfig(f"kind: '{wish.kind}' is none of {', '.join(KINDS)}")
        config = self.config.model_copy(update={"kind": wish.kind})
        engine = TryOn(config, Tools(config, self.tools.finder, self.tools.cutter, self.tools.method))
        photo, product = (_read(path) for path in (wish.person, wish.garment))
        mask = None if wish.mask is None else read_mask(wish.mask, product.size)
        person, garment = engine.find(photo), engine.cut(product, mask)
        result = engine.dress(person, garment, steps)
        receipt = receipt_of(photo, garment, self.weights, config)
        finished = encode(photo, result, ".png", strip=False, receipt=receipt)

        folder = self.folder / secrets.token_hex(16)  # nobody guesses the address of another visitor's picture
        folder.mkdir(parents=True)
        picture, before, after = folder / f"{pair_name(photo.id, product.id)}.png", folder / "a.jpg", folder / "b.jpg"
        write_bytes(picture, finished)
        _show(before, photo.image)
        _show(after, result.image)
        strip = []
        for number, (name, image) in enumerate(steps_of(person, result).items() if steps else ()):
            path = folder / f"step{number:02d}.jpg"
            _show(path, image.astype(np.uint8))
            strip.append((path, name))
        told = verdict_of(result.checks, result.quality)
        told |= {"changed": round(float(result.edited.mean()), 4), "seconds": result.seconds}
        return Fitting(picture, before, after, strip, told)


def in_the_page(text: str, files: Iterable[Path] = ()) -> str:
    """A cause as the page tells it: by the names of the visitor's files, and with what can be done about it there."""
    for path in files:
        text = text.replace(str(path), path.name)
    for pattern, words in IN_THE_PAGE.items():
        text = re.sub(pattern, words, text)
    return text


def _read(path: Path) -> Photo:
    if not path.is_file():
        raise BadImage(f"{path}: is deleted by now; choose it again")
    return read_photo(path, path.stem, WORKING_PIXELS)


def _show(path: Path, image: NDArray[np.uint8]) -> None:
    picture = Image.fromarray(image)
    picture.thumbnail((SHOWN, SHOWN))
    write_image(path, picture)
