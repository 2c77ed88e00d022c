"""Train the garment segmenter on a prepared folder's `cloth/` and `cloth-mask/`.

Each step mixes photos as they are (their shadows are real), garments cut out by their masks and laid on other
backgrounds, and backgrounds alone, on which nothing must be found. Backgrounds are strips of the photos beside their
garments, mirrored until they fill the picture, and drawn plain ones. In a mask, 255 is garment, 0 is background, and
anything between 64 and 191 is unknown and not learned from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from torch import Tensor

from viton_cli.checkpoints import save_weights
from viton_cli.errors import NothingUsable
from viton_cli.files import list_photos, read_mask, read_photo
from viton_cli.perception.garment_segmenter import SIZE, GarmentSegmenter

Floats = NDArray[np.float32]
STORED = 120  # size pictures are kept at in memory, a little above the network's, for crops
AS_IT_IS, COMPOSED = 0.45, 0.45  # shares of a batch; the rest is background alone


@dataclass(frozen=True, eq=False)
class _Example:
    """One photo: `image` (120, 120, 3) in [0, 1], `mask` (120, 120), whether the mask has no unknown parts."""

    image: Floats
    mask: Floats
    complete: bool


def train_garment(
    data: list[Path],
    out: Path,
    steps: int = 1500,
    batch: int = 16,
    rate: float = 3e-3,
    seed: int = 0,
    report: Callable[[int, float], None] | None = None,
) -> Path:
    """Train from scratch and write `out` (safetensors, half precision).

    Args:
        data: Folders holding cloth/ID.* and cloth-mask/ID.png.
        out: The weight file.
        steps: Optimiser steps; the learning rate falls to zero over them (one cosine cycle after a short rise).
        batch: Pictures a step.
        rate: Highest learning rate.
        seed: Of everything random.
        report: Called with (step, mean loss of the last 50 steps).

    Raises:
        NothingUsable: No photo of `data` has a mask.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    examples = [example for folder in data for example in _read(folder)]
    if not examples:
        raise NothingUsable(
            f"{', '.join(map(str, data))}: no garment photo with a mask (cloth/ID.jpg, cloth-mask/ID.png)"
        )
    network = GarmentSegmenter().train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.1)
    recent: list[float] = []
    for step in range(1, steps + 1):
        drawn = [_draw(examples, rng) for _ in range(batch)]
        image = torch.from_numpy(np.stack([d[0] for d in drawn]))
        mask = torch.from_numpy(np.stack([d[1] for d in drawn]))[:, None]
        loss = segmentation_loss(network(image), mask)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        recent.append(loss.item())
        if report and (step % 50 == 0 or step == steps):
            report(step, float(np.mean(recent[-50:])))
    meta: dict[str, Any] = {"network": "GarmentSegmenter", "steps": steps, "batch": batch, "rate": rate, "seed": seed}
    meta["photos"] = len(examples)
    save_weights(out, network.state_dict(), meta, half=True)
    return out


def segmentation_loss(logits: Tensor, mask: Tensor) -> Tensor:
    """Cross entropy plus soft Dice against a mask of twice the size; unknown cells count for nothing.

    Args:
        logits: (B, 1, h, w).
        mask: (B, 1, 2h, 2w) in [0, 1]; 0.25 .. 0.75 is unknown.
    """
    known = ((mask < 0.25) | (mask > 0.75)).float()
    target = F.avg_pool2d(mask, 2)
    weight = (F.avg_pool2d(known, 2) > 0.99).float()
    # Pooled cells on the edge itself hold both kinds and carry a soft target.
    entropy = (
        F.binary_cross_entropy_with_logits(logits, target, reduction="none") * weight
    ).sum() / weight.sum().clamp(1)
    chance = torch.sigmoid(logits) * weight
    both = (chance * target).sum((1, 2, 3))
    either = (chance + target * weight).sum((1, 2, 3))
    dice = 1.0 - (2.0 * both + 20.0) / (either + 20.0)
    return entropy + dice.mean()


def _read(folder: Path) -> list[_Example]:
    examples = []
    for name, path in list_photos(folder / "cloth"):
        mask_path = folder / "cloth-mask" / f"{name}.png"
        if not mask_path.is_file():
            continue
        photo = read_photo(path, name)
        shrunk = Image.fromarray(photo.image).resize((STORED, STORED), Image.Resampling.BOX)
        image = np.asarray(shrunk, np.float32) / np.float32(255)
        mask = read_mask(mask_path, photo.size)
        small = np.asarray(Image.fromarray(mask).resize((STORED, STORED), Image.Resampling.BOX), np.float32)
        edge = ndimage.maximum_filter(small > 0.75, 5) & ndimage.maximum_filter(small < 0.25, 5)
        unknown = (small >= 0.25) & (small <= 0.75) & ~edge
        examples.append(_Example(image, np.where(edge, small > 0.5, small).astype(np.float32), unknown.mean() < 1e-3))
    return examples


def _draw(examples: list[_Example], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """One training picture (3, 96, 96) in [-1, 1] and its mask (96, 96)."""
    kind = rng.random()
    example = examples[rng.integers(len(examples))]
    if kind < AS_IT_IS:
        image, mask = _crop(example.image, example.mask, rng)
    else:
        image, mask = _background(examples, rng), np.zeros((SIZE, SIZE), np.float32)
        if kind < AS_IT_IS + COMPOSED:
            whole = [e for e in (examples[i] for i in rng.integers(len(examples), size=12)) if e.complete]
            if whole:
                image, mask = _lay(whole[0], image, rng)
    if rng.random() < 0.5:
        image, mask = image[:, ::-1], mask[:, ::-1]
    image = _disturb(image, rng)
    return np.ascontiguousarray(image.transpose(2, 0, 1) * 2 - 1, np.float32), np.ascontiguousarray(mask, np.float32)


def _crop(image: Floats, mask: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A slightly turned, scaled and moved view of a photo; beyond its border it is mirrored, and unknown."""
    matrix, offset = _affine(rng, 1 / rng.uniform(0.8, 1.15), turn=12, move=0.06)
    size = (SIZE, SIZE)
    channels = [ndimage.affine_transform(image[..., c], matrix, offset, size, order=1, mode="mirror") for c in range(3)]
    return np.stack(channels, -1), ndimage.affine_transform(mask, matrix, offset, size, order=1, mode="mirror")


def _lay(example: _Example, background: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A garment in another colour, size and direction, on a background, with a soft shadow."""
    matrix, offset = _affine(rng, 1 / rng.uniform(0.65, 1.25), turn=25, move=0.12)
    size = (SIZE, SIZE)
    layers = [
        ndimage.affine_transform(example.image[..., c], matrix, offset, size, order=1, mode="nearest") for c in range(3)
    ]
    garment = np.stack(layers, -1)
    mask = ndimage.affine_transform(example.mask, matrix, offset, size, order=1, mode="constant")
    garment = _recolour(garment, rng)
    shift = tuple(rng.integers(-4, 5, 2))
    shadow = ndimage.gaussian_filter(np.roll(mask, shift, (0, 1)), rng.uniform(1.0, 4.0)) * rng.uniform(0.0, 0.6)
    ground = background * (1 - shadow[..., None])
    return (garment * mask[..., None] + ground * (1 - mask[..., None])).astype(np.float32), mask


def _affine(rng: np.random.Generator, scale: float, turn: float, move: float) -> tuple[Floats, Floats]:
    """Matrix and offset that take output to stored coordinates."""
    angle = np.deg2rad(rng.uniform(-turn, turn))
    stretch = np.exp(rng.uniform(-0.15, 0.15, 2))
    c, s = np.cos(angle), np.sin(angle)
    matrix = (np.array([[c, -s], [s, c]]) * stretch * scale * STORED / SIZE).astype(np.float32)
    centre = (STORED - 1) / 2 + rng.uniform(-move, move, 2) * STORED
    return matrix, (centre - matrix @ np.full(2, (SIZE - 1) / 2)).astype(np.float32)


def _recolour(image: Floats, rng: np.random.Generator) -> Floats:
    """Mixed channels, another gamma, sometimes inverted or nearly one colour."""
    if rng.random() < 0.3:
        image = 1.0 - image
    mix = np.eye(3) + rng.normal(0, 0.35, (3, 3))
    image = np.clip(image @ (mix / np.maximum(0.3, mix.sum(0))).astype(np.float32), 0.0, 1.0)
    if rng.random() < 0.25:  # faint on faint: white on white, black on black
        image = rng.choice([0.05, 0.5, 0.93]) + (image - image.mean()) * 0.25
    return np.asarray(np.clip(image, 1e-3, 1.0) ** np.exp(rng.uniform(-0.5, 0.5)), np.float32)


def _background(examples: list[_Example], rng: np.random.Generator) -> Floats:
    if rng.random() < 0.35:
        y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
        tone = rng.choice([rng.uniform(0, 1), rng.uniform(0.8, 1)])
        colour = np.clip(tone + rng.normal(0, 0.06, 3), 0, 1)
        fall = 1 + rng.uniform(-0.25, 0.25) * x + rng.uniform(-0.25, 0.25) * y - rng.uniform(0, 0.25) * (x * x + y * y)
        return np.asarray(np.clip(fall[..., None] * colour, 0, 1), np.float32)
    for _ in range(20):
        example = examples[rng.integers(len(examples))]
        strip = _strip_beside(example)
        if strip is not None:
            break
    else:
        return np.full((SIZE, SIZE, 3), rng.random(), np.float32)
    height, width = min(strip.shape[0], SIZE), min(strip.shape[1], SIZE)
    filled = np.pad(strip, ((0, max(0, SIZE - height)), (0, max(0, SIZE - width)), (0, 0)), mode="symmetric")
    top, left = rng.integers(filled.shape[0] - SIZE + 1), rng.integers(filled.shape[1] - SIZE + 1)
    view = filled[top : top + SIZE, left : left + SIZE]
    return _recolour(view, rng) if rng.random() < 0.5 else view.astype(np.float32)


def _strip_beside(example: _Example) -> Floats | None:
    """The largest rectangle between a border of the photo and its garment, if it is wide enough to show a texture."""
    rows, columns = np.flatnonzero((example.mask > 0.2).any(1)), np.flatnonzero((example.mask > 0.2).any(0))
    if rows.size == 0:
        return example.image
    image, gap = example.image, 4
    strips = [
        image[: max(0, rows[0] - gap)],
        image[rows[-1] + gap :],
        image[:, : max(0, columns[0] - gap)],
        image[:, columns[-1] + gap :],
    ]
    best = max(strips, key=lambda strip: strip.shape[0] * strip.shape[1])
    return best if min(best.shape[:2]) >= 14 else None


def _disturb(image: Floats, rng: np.random.Generator) -> Floats:
    """Exposure, tint, contrast, noise, blur."""
    image = image * np.exp(rng.normal(0, 0.15)) * np.exp(rng.normal(0, 0.05, 3)) + rng.normal(0, 0.03)
    if rng.random() < 0.1:
        image = np.repeat(image.mean(-1, keepdims=True), 3, -1)
    if rng.random() < 0.3:
        image = ndimage.gaussian_filter(image, (rng.uniform(0.3, 1.0),) * 2 + (0,))
    noise = rng.normal(0, rng.uniform(0, 0.03), image.shape)
    return np.asarray(np.clip(image + noise, 0.0, 1.0), np.float32)
