"""What the pipelines work with: a finder of people, a cutter of garments, a try-on method.

A pipeline takes them as an argument and asks no more of them than the protocols say. `Tools` makes from the settings
what it is not given, when it is first needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from viton_cli.config import MethodConfig, Perception
from viton_cli.devices import use_device
from viton_cli.errors import BadConfig, NoGarmentFound, NoPersonFound
from viton_cli.lights import SAY_KIND, Check, check_of
from viton_cli.methods import METHODS, Method
from viton_cli.pipelines.cached import CachedCutter, CachedFinder, Memory, open_memory
from viton_cli.records import Garment, Person, Photo, Result

if TYPE_CHECKING:
    from viton_cli.methods.by_hand import Wishes
    from viton_cli.perception.by_hand import Known

Size = tuple[int, int]


class Finder(Protocol):
    """Finds the person in a photo: `perception.person.PersonFinder`."""

    def find(self, photo: Photo, size: Size = (256, 192)) -> Person:
        """The person, framed for networks of that (height, width). Raises NoPersonFound."""
        ...

    def find_all(self, photos: Sequence[Photo], size: Size = (256, 192)) -> Sequence[Person | NoPersonFound]:
        """`find` for several photos at once, what it would raise returned."""
        ...


class Cutter(Protocol):
    """Cuts a garment out of its photo."""

    def __call__(self, photo: Photo, mask: NDArray[np.float32] | None) -> Garment:
        """The garment, along the given mask if there is one. Raises NoGarmentFound, BadMask."""
        ...


class Tools:
    """The three of them.

    Args:
        settings: Say what is made where nothing is given; a method needs those of `config.MethodConfig`.
        finder, cutter, method: To be used instead.

    Raises:
        UnknownName, BadConfig, BadDataset, BadWeights, MissingExtra: On first use of one that cannot be had.
    """

    def __init__(
        self,
        settings: Perception,
        finder: Finder | None = None,
        cutter: Cutter | None = None,
        method: Method[Any, Any] | None = None,
    ) -> None:
        self.settings = settings
        # A value in its place, and the property below is never worked out.
        given = {"finder": finder, "cutter": cutter, "method": method}
        self.__dict__.update({name: tool for name, tool in given.items() if tool is not None})

    @cached_property
    def finder(self) -> Finder:
        """Of people."""
        use_device(self.settings.device)
        finder = make_finder(self.settings)
        return finder if self.memory is None else CachedFinder(finder, self.memory)

    @cached_property
    def cutter(self) -> Cutter:
        """Of garments."""
        use_device(self.settings.device)
        cutter = make_cutter(self.settings)
        return cutter if self.memory is None else CachedCutter(cutter, self.memory)

    @cached_property
    def memory(self) -> Memory | None:
        """Of what is found, from run to run."""
        return open_memory(self.settings)

    def cut(self, photo: Photo, mask: NDArray[np.float32] | None) -> Garment:
        """Cut one garment; its cutter is made with the first. Masks get 8 bits, as those that are stored have, so that
        a result is the same from Python and from a folder.

        Raises:
            NoGarmentFound: None is found, or it is one for the lower body, or the photo shows a person.
        """
        garment = self.cutter(photo, mask)
        if isinstance(self.settings, MethodConfig):
            garment = of_kind(garment, self.settings.kind)
        inner = None if garment.inner is None else _eight_bits(garment.inner)
        return replace(garment, mask=_eight_bits(garment.mask), inner=inner)

    def find(self, photo: Photo, known: Known | None = None) -> Person:
        """Find the person of one photo; what is known of them goes before what is found.

        Raises:
            NoPersonFound: See `Finder.find`. BadMask: What is known is of another size.
        """
        if known is None:
            return self.finder.find(photo)
        from viton_cli.perception.by_hand import find_known

        return find_known(photo, known, lambda part: self.finder.find(part))

    def dress(self, person: Any, garment: Any, steps: bool, wishes: Wishes | None = None) -> Result:
        """Dress one person in one garment, both as the method sees them.

        Raises:
            BadConfig: The method lays down no layout in which sleeves and hem could be changed.
        """
        if wishes:
            from viton_cli.methods.viton import FirstStage

            if not isinstance(self.method, FirstStage):
                name = self.settings.method if isinstance(self.settings, MethodConfig) else "this"
                raise BadConfig(f"method '{name}' takes no --sleeves, --length or --tuck: it has no layout of its own")
            person = replace(person, wishes=wishes)
        return self.method.dress(person, garment, steps)

    def person_score(self, photo: Photo) -> float:
        """How sure the built-in network is that a photo, meant to show a garment, shows a person, [0, 1]."""
        return make_person_score(self.settings)(photo)

    @cached_property
    def method(self) -> Method[Any, Any]:
        """Of trying on."""
        assert isinstance(self.settings, MethodConfig), "these settings name no method"
        use_device(self.settings.device)
        return make_method(self.settings)


def of_kind(garment: Garment, kind: str) -> Garment:
    """The garment, of the kind that is given, or by its photo ("auto").

    A kind that is given settles the checks that it can, and turns what else is bad into a warning.

    Raises:
        NoGarmentFound: By its photo it is bad (for the lower body, or worn by somebody): put on, it would be a picture
            of nothing.
    """
    checks = [check_of(check) for check in garment.checks]
    if kind != "auto":
        left = (check for check in checks if check.cure != SAY_KIND)
        eased = [Check(c, "warn", c.step, c.cure) if c.severity == "bad" else c for c in left]
        return replace(garment, kind=kind, checks=tuple(eased))
    for check in checks:
        if check.severity == "bad":
            name = garment.photo.source or garment.photo.id
            raise NoGarmentFound(f"{name}: {check}; if it is to be tried on all the same, give --kind top")
    return garment


def make_finder(settings: Perception) -> Finder:
    """The finder that settings name."""
    from viton_cli.perception.perceive import open_perception
    from viton_cli.perception.person import PersonFinder

    s = settings
    return PersonFinder(open_perception(s.pose, s.parsing, s.pose_source, s.parsing_source, s.label_set))


def make_cutter(settings: Perception) -> Cutter:
    """A cutter that says so if a photo shows a person, as far as the built-in network can tell."""
    from viton_cli.perception.garments.cut import cut_garment

    score = make_person_score(settings)

    def cut(photo: Photo, mask: NDArray[np.float32] | None) -> Garment:
        return cut_garment(photo, mask, person_score=score(photo))

    return cut


def make_person_score(settings: Perception) -> Callable[[Photo], float]:
    """What tells how surely a garment's photo shows a person."""
    from viton_cli.perception.person import person_score

    weights = settings.pose_source if settings.pose == "builtin" else None
    return lambda photo: person_score(photo, weights)


def _eight_bits(mask: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.round(mask * 255).astype(np.uint8).astype(np.float32) / np.float32(255)


def make_method(settings: MethodConfig) -> Method[Any, Any]:
    """The method that settings name."""
    more = {} if settings.refine else {"refine": False}
    if more and settings.method != "viton":
        raise BadConfig(f"--no-refine: the method {settings.method} has no stage 2 to leave out")
    method: Method[Any, Any] = METHODS.get(settings.method)(weights=settings.weights, warp=settings.warp, **more)
    return method
