"""VITON (Han et al., CVPR 2018), start to end. The file to read first.

    person ─ represent ─► p ─┐                       ┌─► coarse image I', mask M ────────────────┐
    garment ─ product view ──┴─ generator (stage 1) ─┴─► layout, places ─ warp ─► c' ────────────┴─ composer (stage 2)
    photo, I', c', alpha, layout ─► the photo with only the garment's region painted anew

The networks work in the paper's 256x192 frame; the garment is warped once, from its own photo to the person's.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from viton_cli.checkpoints import resolve
from viton_cli.compositing.blend import lay_in, trace
from viton_cli.compositing.painted import Painted
from viton_cli.compositing.wearer import Wearer
from viton_cli.core.composer import compose, light_gain, relight
from viton_cli.core.warp import Places, Warp, fit_places, fit_warp
from viton_cli.core.warp.target import whole_target
from viton_cli.imaging import frames
from viton_cli.imaging.product import Product, cut_product
from viton_cli.methods.both_ways import BothWays, paint_both_ways, represent_both_ways
from viton_cli.methods.networks import load_composer, load_generator
from viton_cli.records import Coarse, Frame, Garment, Person, Result, Warped

BF16_CHECKS = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
UNSURE = "the places predicted for this garment are too unsure to warp by; matched by outlines instead"


@dataclass(frozen=True, eq=False)
class PersonView:
    """What the method works out once a person.

    Attributes:
        person: As found. frame: The part of the photo the networks see, at their size.
        picture: (1, 3, h, w) the crop in [-1, 1]. labels: (1, h, w). joints: (1, 18, 2) and seen: (1, 18), of the crop.
        both_ways: p of the crop and of its mirror image.
        wearer: What the composition has to know.
    """

    person: Person
    frame: Frame
    picture: torch.Tensor
    labels: torch.Tensor
    joints: torch.Tensor
    seen: torch.Tensor
    both_ways: BothWays
    wearer: Wearer


@dataclass(frozen=True, eq=False)
class GarmentView:
    """What the method works out once a garment.

    Attributes:
        garment: As cut. product: The same as the networks see it, and sharp.
        picture: (1, 3, h, w) in [-1, 1], the garment on white. mask: (1, 1, h, w) in [0, 1].
    """

    garment: Garment
    product: Product
    picture: torch.Tensor
    mask: torch.Tensor


class Viton:
    """The method.

    Args:
        weights: A folder that holds stage1.safetensors and stage2.safetensors; by default the packaged ones.
        warp: "places" as stage 1 predicts them, "parts" or "paper" by matching outlines; a generator that predicts no
            places is warped by parts.

    Raises:
        BadWeights: They cannot be had.
    """

    def __init__(self, weights: str | None = None, warp: str = "places") -> None:
        stage1, stage2 = (
            resolve(kind) if weights is None else Path(weights) / f"{kind}.safetensors" for kind in ("stage1", "stage2")
        )
        self.generator, meta = load_generator(stage1)
        self.composer, _ = load_composer(stage2)
        self.variant = warp
        self.size: tuple[int, int] = (int(meta["size"][0]), int(meta["size"][1]))

    def run(self, person: Person, garment: Garment, steps: bool = False) -> Result:
        """Dress one person in one garment; see `dress`."""
        return self.dress(self.prepare_person(person), self.prepare_garment(garment), steps)

    @torch.inference_mode()
    def prepare_person(self, person: Person) -> PersonView:
        """The crop that stage 1 sees, and representation p (section 3.1)."""
        frame = sample_frame(person, self.size)
        picture = as_tensor(frames.crop(person.photo.image, frame).astype(np.uint8))
        labels = frames.crop(person.parsing.labels, frame, nearest=True, fill=0).astype(np.int64)
        joints = torch.from_numpy(frames.to_frame(person.pose.joints, frame))[None]
        seen = torch.from_numpy(np.asarray(person.pose.seen, bool))[None]
        shown = torch.from_numpy(labels)[None]
        both_ways = represent_both_ways(picture, shown, joints, seen)
        return PersonView(person, frame, picture, shown, joints, seen, both_ways, Wearer(person, frame))

    @torch.inference_mode()
    def prepare_garment(self, garment: Garment) -> GarmentView:
        """The product view."""
        product = cut_product(garment.photo.image, garment.mask, self.size)
        return GarmentView(garment, product, as_tensor(product.picture), torch.from_numpy(product.mask)[None, None])

    @torch.inference_mode()
    def dress(self, person: PersonView, garment: GarmentView, steps: bool = False) -> Result:
        """The person in the garment.

        Raises:
            NoGarmentFound: The predicted clothing mask is empty: there is nowhere to lay the garment.
        """
        clock = Clock()
        with torch.autocast("cpu", torch.bfloat16, enabled=fast_bfloat16()):
            coarse = paint_both_ways(self.generator, person.both_ways, garment.picture)
        clock.lap("generate")

        warp, notes = self.fit(person, garment, coarse)
        gain = torch.ones_like(coarse.image) if coarse.light is None else light_gain(coarse.light)
        # Drawn onto nothing beside its own coverage; the ground of c' is white, as that of the product's picture.
        layers = torch.cat([garment.picture, garment.mask, torch.ones_like(garment.mask)], 1)
        drawn = warp.apply(layers, self.size, fill=0.0).float()
        cloth = relight(drawn[:, :3] / drawn[:, 4:].clamp_min(1e-3), gain)
        warped = Warped(
            torch.lerp(torch.ones_like(cloth), cloth, drawn[:, 4:]), drawn[:, 3:4], warp.folded, warp.fallback
        )
        clock.lap("warp")

        alpha = self.composer(warped.image, coarse.image)
        clock.lap("compose")

        painted = Painted(
            as_picture(coarse.image), as_mask(coarse.mask), as_mask(alpha), garment.product, warp, as_mask(warped.mask),
            gain[0].permute(1, 2, 0).numpy(), None if coarse.layout is None else coarse.layout[0].numpy(),
        )  # fmt: skip
        laid = lay_in(person.wearer, painted)
        clock.lap("paste")

        shown = {}
        if steps:
            inside = alpha * warped.mask
            network_result = compose(inside, warped.image, coarse.image)
            shown = strip(person, garment, coarse, warped, inside, as_picture(network_result), laid.image)
        checks = (*person.person.checks, *garment.garment.checks, *notes)
        return Result(
            laid.image, laid.edited, shown, checks, clock.laps, warp.fallback,
            lambda: trace(laid, person.wearer, painted),
        )  # fmt: skip

    def fit(self, person: PersonView, garment: GarmentView, coarse: Coarse) -> tuple[Warp, tuple[str, ...]]:
        """The warp, and what is to be said of it in words.

        "places": splines through the places that stage 1 predicts; "parts" and "paper": shape contexts from the
        garment's mask to the predicted clothing mask (section 3.3).
        """
        notes: tuple[str, ...] = ()
        if self.variant == "places" and coarse.layout is not None:
            warp = fit_places(as_mask(garment.mask), as_places(coarse))
            if warp is not None:
                return warp, ()
            notes = (UNSURE,)
        joints, seen = person.joints[0].numpy(), person.seen[0].numpy()
        target = as_mask(coarse.mask)
        if self.variant != "paper":
            target = whole_target(target, person.labels[0].numpy().astype(np.uint8), joints, seen)
        variant = "paper" if self.variant == "paper" else "parts"
        warp = fit_warp(as_mask(garment.mask), target, variant=variant, joints=joints, seen=seen)
        if warp.fallback:
            notes = (*notes, f"the warp fell back to a {warp.fallback} map: {warp.reason}")
        return warp, notes


@cache
def fast_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 faster than float32 (AMX or AVX-512 BF16)."""
    checks = (getattr(torch.cpu, name, None) for name in BF16_CHECKS)  # older releases of PyTorch have not all of them
    return any(check() for check in checks if check is not None)


def even(shares: torch.Tensor) -> torch.Tensor:
    """Shares (1, C, h, w) without the grain of single pixels, which would notch outlines."""
    return F.avg_pool2d(F.avg_pool2d(shares, 3, 1, 1, count_include_pad=False), 3, 1, 1, count_include_pad=False)


def as_places(coarse: Coarse) -> Places:
    """The places of the first of a batch, as the warp takes them."""
    assert coarse.layout is not None and coarse.places is not None and coarse.scale is not None
    layout = even(coarse.layout)[0].argmax(0).numpy().astype(np.uint8)
    return Places(layout, coarse.places[0].permute(1, 2, 0).numpy(), coarse.scale[0, 0].numpy())


class Clock:
    """Seconds of each stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Note the time since the last lap under `name`."""
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 4)
        self._last = now


def sample_frame(person: Person, size: tuple[int, int]) -> Frame:
    """The person's frame at the networks' size."""
    if person.frame.size == size:
        return person.frame
    return frames.person_frame(person.pose, person.photo.size, size)


def strip(
    person: PersonView, garment: GarmentView, coarse: Coarse, warped: Warped, alpha: torch.Tensor,
    small: NDArray[np.uint8], finished: NDArray[np.uint8],
) -> dict[str, NDArray[np.uint8]]:  # fmt: skip
    """Every intermediate as a picture, in the order of the flow."""
    from viton_cli.imaging.drawing import colour_labels, colour_layout, draw_skeleton

    photo = as_picture(person.picture)
    layout = {} if coarse.layout is None else {"layout": colour_layout(coarse.layout[0].argmax(0).numpy())}
    return {
        "photo": photo,
        "garment": as_picture(garment.picture),
        "parse": colour_labels(person.labels[0].numpy().astype(np.uint8)),
        "pose": draw_skeleton(photo, person.joints[0].numpy(), person.seen[0].numpy()),
        "coarse image": as_picture(coarse.image),
        "clothing mask": as_picture(coarse.mask * 2 - 1),
        **layout,
        "warped clothing": as_picture(warped.image),
        "composition mask": as_picture(alpha * 2 - 1),
        "network result": small,
        "result": finished,
    }


def as_tensor(image: NDArray[np.uint8]) -> torch.Tensor:
    """(H, W, 3) uint8 to (1, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float() / 127.5 - 1


def as_picture(image: torch.Tensor) -> NDArray[np.uint8]:
    """(1, 1 or 3, H, W) in [-1, 1] to (H, W, 3) uint8, with fixed scaling."""
    array = ((image[0].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    return np.ascontiguousarray(np.broadcast_to(array, (*array.shape[:2], 3)))


def as_mask(mask: torch.Tensor) -> NDArray[np.float32]:
    """(1, 1, H, W) to (H, W) float32."""
    return np.asarray(mask[0, 0].float().numpy(), np.float32)
