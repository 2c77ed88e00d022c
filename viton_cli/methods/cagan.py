"""The baseline CAGAN: the conditional analogy GAN of Jetchev and Bergmann with VITON's encoder-decoder.

    photo, product worn, product wanted ─► generator ─► picture, alpha; alpha * picture + (1 - alpha) * photo = result
    result with the product wanted, photo with the worn one, photo with the wanted one ─► discriminator
    result, product wanted, product worn ─► generator ─► the photo again

It learns without true answers: from photos, the products worn in them, and other products. In use the product worn is
the worn garment laid flat (`imaging.flatten`); where that cannot be, as it is in the photo, on white.

Source: Jetchev and Bergmann, The Conditional Analogy GAN, ICCV workshops 2017, section 2: losses and their factors.
VITON section 4.3: the generator is VITON's encoder-decoder, so that results have 256x192 pixels.

Departure: both sides are trained in one step (`adversarial`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from viton_cli.core.composer import compose
from viton_cli.core.generator import Generator, Painting
from viton_cli.errors import NoGarmentFound
from viton_cli.imaging import frames
from viton_cli.imaging.flatten import NotFlattened, flatten, top_garment
from viton_cli.imaging.product import product_view
from viton_cli.imaging.tensors import as_mask, as_picture, as_tensor
from viton_cli.methods.adversarial import Discriminator, Judged, judge, says
from viton_cli.methods.painting import load_baseline
from viton_cli.methods.views import Clock, GarmentView, PersonView, Views
from viton_cli.records import Person, Result
from viton_cli.vocabulary.labels import BACKGROUND

IDENTITY, CYCLE = 0.1, 1.0  # gamma_i and gamma_c
SEEN = 4e-3  # opacity below this changes no grey level


@dataclass(frozen=True, eq=False)
class CaganPainting(Painting):
    """One answer; `image` is what is painted, `mask` the logits of alpha.

    Attributes:
        result: (B, 3, H, W) in [-1, 1], photo and painting mixed.
        back: (B, 3, H, W), the result changed back into what was worn. judged: By the discriminator. Both None in use.
    """

    result: Tensor | None = None
    back: Tensor | None = None
    judged: Judged | None = None


class CaganNetwork(nn.Module):
    """Generator and discriminator.

    Args:
        width: Filters of the first layer of each.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.generator = Generator(width, inputs=9)
        self.discriminator = Discriminator(6, width, 3)

    def forward(self, photo: Tensor, worn: Tensor, wanted: Tensor, learn: bool = False) -> CaganPainting:
        """Change the garment.

        Args:
            photo: (B, 3, H, W) the person. worn, wanted: (B, 3, H, W) the product worn in it, and that to be worn; all
                in [-1, 1], H and W multiples of 64.
            learn: Change back again, and ask the discriminator.
        """
        there = self._swap(photo, worn, wanted)
        if not learn:
            return there
        assert there.result is not None
        back = self._swap(there.result, wanted, worn).result
        judged = judge(self.discriminator, photo, worn, there.result, wanted, other=wanted)
        return replace(there, back=back, judged=judged)

    def _swap(self, photo: Tensor, worn: Tensor, wanted: Tensor) -> CaganPainting:
        painting = self.generator(torch.cat((photo, worn), 1), wanted)
        result = compose(torch.sigmoid(painting.mask), painting.image, photo)
        return CaganPainting(painting.image, painting.mask, result=result)


def cagan_loss(painting: CaganPainting, photo: Tensor) -> dict[str, Tensor]:
    """Its equation 1: adversarial, alpha's size (nothing is changed without need), and the way back.

    Args:
        painting: With the way back and what the discriminator says. photo: (B, 3, H, W) in [-1, 1].

    Returns:
        "loss" and its terms.
    """
    judged, back = painting.judged, painting.back
    assert judged is not None and judged.other is not None and back is not None
    terms = {
        "fool": says(judged.fooled, real=True),
        "identity": torch.sigmoid(painting.mask).mean(),
        "cycle": (back - photo).abs().mean(),
        "discriminator": says(judged.real, real=True) + says(judged.fake, real=False) + says(judged.other, real=False),
    }
    loss = terms["fool"] + IDENTITY * terms["identity"] + CYCLE * terms["cycle"] + terms["discriminator"]
    return {"loss": loss, **terms}


def build_cagan(meta: Mapping[str, Any]) -> CaganNetwork:
    """The network that `meta` describes by its "width"."""
    return CaganNetwork(int(meta["width"]))


@dataclass(frozen=True, eq=False, kw_only=True)
class CaganPersonView(PersonView):
    """A person, and the product worn.

    Attributes:
        worn: (1, 3, h, w) in [-1, 1]. notes: What is to be said of it.
    """

    worn: Tensor
    notes: tuple[str, ...] = ()


class Cagan(Views):
    """The method.

    Args:
        weights: A folder that holds cagan.safetensors; none ship.
        warp: "places", the default of all methods: nothing is warped here.

    Raises:
        BadConfig: Another warp was asked for. BadWeights: There are none, or they are of something else.
    """

    def __init__(self, weights: str | None = None, warp: str = "places") -> None:
        self.net, self.size = load_baseline("cagan", build_cagan, weights, warp)

    def prepare_person(self, person: Person) -> CaganPersonView:
        """The crop, and the worn garment as a product.

        Raises:
            NoGarmentFound: No garment of the upper body is worn.
        """
        view = super().prepare_person(person)
        # Before white, as in training: what is behind a person is not the garment's.
        view = replace(view, picture=torch.where((view.labels == BACKGROUND)[:, None], 1.0, view.picture))
        worn, notes = worn_product(person, self.size)
        return CaganPersonView(**vars(view), worn=worn, notes=notes)

    @torch.inference_mode()
    def dress(self, person: CaganPersonView, garment: GarmentView, steps: bool = False) -> Result:
        """The person in the garment: the painting mixed with the photo by alpha, at the photo's own size."""
        clock = Clock()
        painting = self.net(person.picture, person.worn, garment.picture)
        alpha = torch.sigmoid(painting.mask)
        clock.lap("generate")
        result = _mixed(person, as_mask(alpha), as_picture(painting.image))
        clock.lap("paste")
        shown = {}
        if steps:
            shown = {
                "photo": as_picture(person.picture), "worn": as_picture(person.worn),
                "garment": as_picture(garment.picture), "painting": as_picture(painting.image),
                "alpha": as_picture(alpha * 2 - 1), "result": result[0],
            }  # fmt: skip
        return Result(*result, shown, (*person.person.checks, *garment.garment.checks, *person.notes), clock.laps)


def worn_product(person: Person, size: tuple[int, int]) -> tuple[Tensor, tuple[str, ...]]:
    """(1, 3, h, w) in [-1, 1], the worn garment as a product photo would show it, and what is to be said of it.

    Raises:
        NoGarmentFound: No garment of the upper body is worn.
    """
    image, labels = person.photo.image, person.parsing.labels
    try:
        flat = flatten(image, labels, person.pose.joints, person.pose.seen, size)
        return as_tensor(flat.image), ()
    except NotFlattened as why:
        worn = (labels == top_garment(labels)[0]).astype(np.float32)
        try:
            picture, _, _ = product_view(image, worn, size)
        except NoGarmentFound:
            name = person.photo.source or person.photo.id
            raise NoGarmentFound(f"{name}: wears no garment of the upper body that could be changed") from None
        return as_tensor(picture), (
            f"the worn garment cannot be laid flat ({why}); shown to the network as it is worn",
        )


def _mixed(person: PersonView, alpha: Any, picture: Any) -> tuple[Any, Any]:
    """The photo with the painting mixed in by alpha, and where it may differ."""
    photo = person.person.photo.image
    out, edited = photo.copy(), np.zeros(photo.shape[:2], bool)
    x0, y0, x1, y1 = person.frame.box
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, photo.shape[1]), min(y1, photo.shape[0])
    if right <= left or bottom <= top:
        return out, edited
    part = replace(person.frame, box=(left, top, right, bottom), size=(bottom - top, right - left))
    share = frames.carry(alpha, person.frame, part)[..., None]
    planes = [frames.carry(plane.astype(np.float32), person.frame, part) for plane in picture.transpose(2, 0, 1)]
    changed = share[..., 0] > SEEN
    here = photo[top:bottom, left:right]
    mixed = np.clip(compose(share, np.stack(planes, 2), here.astype(np.float32)) + 0.5, 0, 255).astype(np.uint8)
    out[top:bottom, left:right] = np.where(changed[..., None], mixed, here)
    edited[top:bottom, left:right] = changed
    return out, edited
