"""The guess that photos of people and of garments were given for each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from viton_cli.errors import NoPersonFound, VitonError
from viton_cli.files import WORKING_PIXELS, read_photo
from viton_cli.pipelines.tools import Tools

FIRST = 3  # photos of each kind that are looked at
SURE = 0.5  # score from which on a garment's photo shows a person
SWAPPED = "the photos of --person show nobody and those of --clothes show people: are the two swapped?"


class SwapGuess:
    """Watches a run's first photos of people; when none of them shows a person, looks at the garments' photos.

    Args:
        people: How many photos of people there are. garments: Files of garments.
        tools: Say whether a garment's photo shows a person.
    """

    def __init__(self, people: int, garments: Iterable[Path], tools: Tools) -> None:
        self.garments = list(garments)[:FIRST]
        self.tools = tools
        self.missed, self.enough = 0, min(people, FIRST)
        self.over = not self.garments

    def found(self) -> None:
        """A photo of a person does show one: nothing is swapped."""
        self.over = True

    def failed(self, error: BaseException) -> str:
        """A photo of a person failed; the guess in words as soon as it can be made, else ""."""
        if self.over or not isinstance(error, NoPersonFound):
            return ""
        self.missed += 1
        if self.missed < self.enough:
            return ""
        self.over = True
        return SWAPPED if self.garments and all(map(self._shows_a_person, self.garments)) else ""

    @contextmanager
    def explained(self) -> Iterator[None]:
        """An error of a block that looks for one person says the guess too."""
        try:
            yield
        except NoPersonFound as error:
            guess = self.failed(error)
            raise NoPersonFound(f"{error}; {guess}" if guess else str(error)) from None

    def _shows_a_person(self, path: Path) -> bool:
        try:
            return self.tools.person_score(read_photo(path, most=WORKING_PIXELS)) > SURE
        except VitonError:
            return False
