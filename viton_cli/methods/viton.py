"""VITON (Han et al., CVPR 2018), start to end. The file to read first.

    person ─ represent ─► p ─┐                       ┌─► coarse image I', mask M ────────────────┐
    garment ─ product view ──┴─ generator (stage 1) ─┴─► layout, places ─ warp ─► c' ────────────┴─ composer (stage 2)
    photo, I', c', alpha, layout ─► the photo with only the garment's region painted anew

The networks work in the paper's 256x192 frame; the garment is warped once, from its own photo to the person's.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from viton_cli.compositing.blend import lay_in, trace
from viton_cli.compositing.painted import Painted
from viton_cli.core.composer import compose, light_gain, relight
from viton_cli.core.warp import Places, Warp, fit_places, fit_warp
from viton_cli.core.warp.target import whole_target
from viton_cli.devices import placed
from viton_cli.imaging.tensors import as_mask, as_picture
from viton_cli.lights import Check
from viton_cli.methods.both_ways import paint_both_ways
from viton_cli.methods.by_hand import as_wished
from viton_cli.methods.judging import judge
from viton_cli.methods.networks import load_composer, load_generator, weight_file
from viton_cli.methods.views import Clock, GarmentView, PersonView, Views
from viton_cli.records import Coarse, Garment, Person, Result, Warped

BF16_CHECKS = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
UNSURE = Check(
    "the places predicted for this garment are too unsure to warp by; matched by outlines instead",
    "warn", "places", "a photo of the garment laid flat, upright and whole",
)  # fmt: skip


class FirstStage(Views):
    """VITON as far as the warp; what its methods do with coarse result and warped garment is theirs.

    Args:
        weights: A folder that holds stage1.safetensors; by default the packaged one.
        warp: "places" as stage 1 predicts them, "parts" or "paper" by matching outlines; a generator that predicts no
            places is warped by parts.

    Raises:
        BadWeights: It cannot be had.
    """

    def __init__(self, weights: str | None = None, warp: str = "places") -> None:
        generator, meta = load_generator(weight_file("stage1", weights))
        self.generator = placed(generator)
        self.variant = warp
        self.size: tuple[int, int] = (int(meta["size"][0]), int(meta["size"][1]))

    def paint(self, person: PersonView, garment: GarmentView) -> Coarse:
        """Stage 1's answer, changed as it is wished."""
        with torch.autocast("cpu", torch.bfloat16, enabled=fast_bfloat16()):
            coarse = paint_both_ways(self.generator, person.both_ways, garment.picture)
        return as_wished(coarse, person.wishes, person.joints[0].numpy(), person.seen[0].numpy())

    def fit(self, person: PersonView, garment: GarmentView, coarse: Coarse) -> tuple[Warp, tuple[Check, ...]]:
        """The warp, and what is to be said of it in words.

        "places": splines through the places that stage 1 predicts; "parts" and "paper": shape contexts from the
        garment's mask to the predicted clothing mask (section 3.3).
        """
        notes: tuple[Check, ...] = ()
        if self.variant == "places" and coarse.layout is not None:
            warp = fit_places(as_mask(garment.mask), as_places(coarse), garment.outline)
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
            text = f"the warp fell back to a {warp.fallback} map: {warp.reason}"
            notes = (*notes, Check(text, "bad", "warp", "a mask of the garment (--clothes-mask)"))
        return warp, notes


class Viton(FirstStage):
    """The method.

    Args:
        weights: A folder that holds stage1.safetensors and stage2.safetensors; by default the packaged ones.
        warp: See `FirstStage`.
        refine: Let stage 2 say where the coarse picture is better; else alpha is 1, and the warped garment shows.

    Raises:
        BadWeights: They cannot be had.
    """

    def __init__(self, weights: str | None = None, warp: str = "places", refine: bool = True) -> None:
        super().__init__(weights, warp)
        self.refine = refine
        composer, _ = load_composer(weight_file("stage2", weights))
        self.composer = placed(composer)

    def run(self, person: Person, garment: Garment, steps: bool = False) -> Result:
        """Dress one person in one garment; see `dress`."""
        return self.dress(self.prepare_person(person), self.prepare_garment(garment), steps)

    @torch.inference_mode()
    def dress(self, person: PersonView, garment: GarmentView, steps: bool = False) -> Result:
        """The person in the garment.

        Raises:
            NoGarmentFound: The predicted clothing mask is empty: there is nowhere to lay the garment.
        """
        clock = Clock()
        coarse = self.paint(person, garment)
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

        alpha = self.composer(warped.image, coarse.image) if self.refine else torch.ones_like(warped.mask)
        clock.lap("compose")

        painted = Painted(
            as_picture(coarse.image), as_mask(coarse.mask), as_mask(alpha), garment.product, warp, as_mask(warped.mask),
            gain[0].permute(1, 2, 0).numpy(), None if coarse.layout is None else coarse.layout[0].numpy(),
        )  # fmt: skip
        laid = lay_in(person.wearer, painted)
        clock.lap("paste")
        judged = judge(person, garment, coarse, warp, painted.laid)
        clock.lap("judge")

        shown = {}
        if steps:
            inside = alpha * warped.mask
            network_result = compose(inside, warped.image, coarse.image)
            shown = strip(person, garment, coarse, warped, inside, as_picture(network_result), laid.image)
        checks = (*person.person.checks, *garment.garment.checks, *notes, *judged.checks)
        return Result(
            laid.image, laid.edited, shown, checks, clock.laps, warp.fallback,
            lambda: trace(laid, person.wearer, painted), quality=judged.quality, signs=judged.signs,
        )  # fmt: skip


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


def strip(
    person: PersonView, garment: GarmentView, coarse: Coarse, warped: Warped, alpha: torch.Tensor,
    small: NDArray[np.uint8], finished: NDArray[np.uint8],
) -> dict[str, NDArray[np.uint8]]:  # fmt: skip
    """Every intermediate as a picture, in the order of the flow."""
    from viton_cli.imaging import drawing

    photo = as_picture(person.picture)
    predicted: dict[str, NDArray[np.uint8]] = {}
    if coarse.layout is not None:
        told = as_places(coarse)
        places = drawing.colour_places(told.at, told.layout)
        predicted = {"layout": drawing.colour_layout(told.layout), "places": places}
    return {
        "photo": photo,
        "garment": as_picture(garment.picture),
        "parse": drawing.colour_labels(person.labels[0].numpy().astype(np.uint8)),
        "pose": drawing.draw_skeleton(photo, person.joints[0].numpy(), person.seen[0].numpy()),
        "representation": drawing.draw_representation(person.both_ways.representation[0].numpy()),
        "coarse image": as_picture(coarse.image),
        "clothing mask": as_picture(coarse.mask * 2 - 1),
        **predicted,
        "warped clothing": as_picture(warped.image),
        "composition mask": as_picture(alpha * 2 - 1),
        "network result": small,
        "result": finished,
    }
