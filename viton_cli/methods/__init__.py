"""Try-on methods: a person and a garment in, a `Result` at the photo's own size out. VITON and its peers.

What a method works out of a person alone, or of a garment alone, it says in views of its own, so that N people in M
garments cost N + M of that work and only the rest N x M times.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from viton_cli.records import Garment, Person, Result
from viton_cli.registry import Registry

PersonView = TypeVar("PersonView")
GarmentView = TypeVar("GarmentView")


class Method(Protocol[PersonView, GarmentView]):
    """Dresses a person in a garment. Built as `Method(weights=..., warp=...)`, see `config.MethodConfig`."""

    def prepare_person(self, person: Person) -> PersonView:
        """All that does not depend on the garment."""
        ...

    def prepare_garment(self, garment: Garment) -> GarmentView:
        """All that does not depend on the person. Raises NoGarmentFound when the garment's mask is empty."""
        ...

    def dress(self, person: PersonView, garment: GarmentView, steps: bool = False) -> Result:
        """The one in the other; with `steps`, every intermediate too.

        Raises NoGarmentFound when the garment cannot be laid onto this person.
        """
        ...


METHODS = Registry(
    "method",
    {
        "viton": "viton_cli.methods.viton:Viton",
        "encoder-decoder": "viton_cli.methods.encoder_decoder:EncoderDecoder",
        "non-parametric": "viton_cli.methods.non_parametric:NonParametric",
        "crn": "viton_cli.methods.crn:Crn",
        "prgan": "viton_cli.methods.prgan:Prgan",
        "cagan": "viton_cli.methods.cagan:Cagan",
    },
)
# The weight files of each method, NAME.safetensors, which are also the names of what `viton train` trains for it.
WEIGHTS = {
    "viton": ("stage1", "stage2"),
    "encoder-decoder": ("stage1",),
    "non-parametric": ("stage1",),
    "crn": ("crn",),
    "prgan": ("prgan",),
    "cagan": ("cagan",),
}
