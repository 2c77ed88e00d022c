"""VITON (Han et al., CVPR 2018), start to end. The file to read first.

    person ─ represent ─► p ─┐                       ┌─► coarse image I' ─────────┐
    garment ─ product view ──┴─ generator (stage 1) ─┴─► mask M ─ warp ─► c' ─────┴─ composer (stage 2) ─► alpha
    photo, I', c', alpha ─► the photo with only the garment's region painted anew

The networks work in the paper's 256x192 frame; the garment is warped once, from its own photo to the person's.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from viton_cli.checkpoints import resolve
from viton_cli.compositing.blend import lay_in
from viton_cli.compositing.regions import Painted
from viton_cli.core.composer import Composer, compose
from viton_cli.core.generator import Generator
from viton_cli.core.representation import represent
from viton_cli.core.warp import Warp, fit_warp
from viton_cli.core.warp.target import whole_target
from viton_cli.imaging import frames
from viton_cli.imaging.product import Product, cut_product
from viton_cli.methods.networks import load_stage
from viton_cli.records import Coarse, Frame, Garment, Person, Result, Sample, Warped


class Viton:
    """The method.

    Args:
        weights: A folder that holds stage1.safetensors and stage2.safetensors; by default the packaged ones.
        warp: "parts", or "paper" for the published matching.

    Raises:
        BadWeights: They cannot be had.
    """

    def __init__(self, weights: str | None = None, warp: str = "parts") -> None:
        stage1, stage2 = (
            resolve(kind) if weights is None else Path(weights) / f"{kind}.safetensors" for kind in ("stage1", "stage2")
        )
        generator, meta = load_stage(stage1, "stage1")
        composer, _ = load_stage(stage2, "stage2")
        assert isinstance(generator, Generator) and isinstance(composer, Composer)
        self.generator, self.composer, self.variant = generator, composer, warp
        self.size: tuple[int, int] = (int(meta["size"][0]), int(meta["size"][1]))

    @torch.inference_mode()
    def run(self, person: Person, garment: Garment, steps: bool = False) -> Result:
        """Dress the person in the garment.

        Raises:
            NoGarmentFound: The predicted clothing mask is empty: there is nowhere to lay the garment.
        """
        clock = Clock()
        product = cut_product(garment.photo.image, garment.mask, self.size)
        sample = make_sample(person, product, self.size)
        p = represent(sample.person, sample.labels, sample.joints, sample.seen)
        clock.lap("represent")

        image, logits = self.generator(p, sample.clothing)
        coarse = Coarse(image, torch.sigmoid(logits))
        clock.lap("generate")

        warp = self.fit(sample, coarse)
        warped = Warped(
            warp.apply(sample.clothing, self.size, fill=1.0).float(),
            warp.apply(sample.clothing_mask, self.size, fill=0.0).float(),
            warp.folded,
            warp.fallback,
        )
        clock.lap("warp")

        alpha = self.composer(warped.image, coarse.image)
        clock.lap("compose")

        painted = Painted(as_picture(coarse.image), as_mask(coarse.mask), as_mask(alpha), product, warp)
        finished, edited = lay_in(person, sample_frame(person, self.size), painted)
        clock.lap("paste")

        shown = {}
        if steps:
            inside = alpha * warped.mask
            network_result = compose(inside, warped.image, coarse.image)
            shown = strip(person, sample, coarse, warped, inside, as_picture(network_result), finished)
        checks = (f"the warp fell back to a {warp.fallback} map: {warp.reason}",) if warp.fallback else ()
        return Result(finished, edited, shown, (*person.checks, *garment.checks, *checks), clock.laps, warp.fallback)

    def fit(self, sample: Sample, coarse: Coarse) -> Warp:
        """Shape-context or part matching from the garment's mask to the predicted clothing mask (section 3.3)."""
        joints, seen = sample.joints[0].numpy(), sample.seen[0].numpy()
        target = as_mask(coarse.mask)
        if self.variant != "paper":
            target = whole_target(target, sample.labels[0].numpy().astype(np.uint8), joints, seen)
        return fit_warp(as_mask(sample.clothing_mask), target, variant=self.variant, joints=joints, seen=seen)


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


def make_sample(person: Person, product: Product, size: tuple[int, int]) -> Sample:
    """Both pictures in the network frame, as tensors of one batch."""
    frame = sample_frame(person, size)
    crop = frames.crop(person.photo.image, frame).astype(np.uint8)
    labels = frames.crop(person.parsing.labels, frame, nearest=True, fill=0)
    return Sample(
        person=as_tensor(crop),
        labels=torch.from_numpy(labels.astype(np.int64))[None],
        joints=torch.from_numpy(frames.to_frame(person.pose.joints, frame))[None],
        seen=torch.from_numpy(np.asarray(person.pose.seen, bool))[None],
        clothing=as_tensor(product.picture),
        clothing_mask=torch.from_numpy(product.mask)[None, None],
    )


def strip(
    person: Person, sample: Sample, coarse: Coarse, warped: Warped, alpha: torch.Tensor, small: NDArray[np.uint8],
    finished: NDArray[np.uint8],
) -> dict[str, NDArray[np.uint8]]:  # fmt: skip
    """Every intermediate as a picture, in the order of the flow."""
    from viton_cli.imaging.drawing import colour_labels, draw_skeleton

    photo = as_picture(sample.person)
    return {
        "photo": photo,
        "garment": as_picture(sample.clothing),
        "parse": colour_labels(sample.labels[0].numpy().astype(np.uint8)),
        "pose": draw_skeleton(photo, sample.joints[0].numpy(), sample.seen[0].numpy()),
        "coarse image": as_picture(coarse.image),
        "clothing mask": as_picture(coarse.mask * 2 - 1),
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
