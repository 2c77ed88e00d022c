"""Training examples of stage 1 with a layout: p from the person's picture, the answer from the truth's.

person's picture ─┐                               ┌─ person, labels, joints
truth's picture ──┼─ one View, one light ─────────┼─ image, worn, layout ─┐
true places ──────┘                               │                       ├─ Answer
product ────────────── another View, its own light ┴─ clothing ─ places ──┘
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from torch import Tensor

from viton_cli.data import triplets as parts
from viton_cli.training.pairs import triplet_augment as colours
from viton_cli.training.pairs.packing import FOUND, TRUE, Packed
from viton_cli.training.pairs.pair_augment import random_recolouring
from viton_cli.training.pairs.shorten import Cut, random_cut, reframed
from viton_cli.training.pairs.views import View, nearest, person_view, plain_view, product_view, sample
from viton_cli.training.task import Batch
from viton_cli.vocabulary import labels as L
from viton_cli.vocabulary.layout import GARMENT, L_SLEEVE, R_SLEEVE, TRUNK, UNCOVERED, layout_table

LAID_SHARE = 1 / 8  # of what is trained on: garments laid flat, as far as there are others
LAID_TRUST = 0.3  # weight of their places
JUMP = 3.0  # pixels between neighbours' places that are not mixed: an edge of two parts lies between them
JOINT_NOISE = 1.0  # pixels of true joints, which perception does not find to the pixel
Bools = NDArray[np.bool_]
_LAYOUT = torch.from_numpy(layout_table().astype(np.int64))
# What a part of a garment is in the layout; -1 where that is not known.
_PARTS = torch.full((256,), -1)
_PARTS[[parts.TRUNK, parts.COLLAR]], _PARTS[parts.L_SLEEVE], _PARTS[parts.R_SLEEVE] = TRUNK, L_SLEEVE, R_SLEEVE
_FLIP_LABELS = torch.tensor(L.FLIP_LABELS, dtype=torch.uint8)


class TripletSet:
    """Packed triplets of several data sets, as examples.

    Args:
        packs: At least one of them with a triplet in it.
        size: (h, w) of the try-on frame.
        augment: Strength of the geometric augmentation; 1 is that of the figures in `views`.
        perceived: Share of examples whose labels and joints are those perception finds.
    """

    def __init__(self, packs: Sequence[Packed], size: tuple[int, int], augment: float, perceived: float) -> None:
        self.packs, self.size, self.augment, self.perceived = packs, size, augment, perceived
        exact = [(p, t) for p, pack in enumerate(packs) for t in range(len(pack)) if pack.exact[t]]
        laid = [(p, t) for p, pack in enumerate(packs) for t in range(len(pack)) if not pack.exact[t]]
        if exact and laid:  # seen again, or not all seen in one epoch, to make up their share
            wanted = max(round(len(exact) * LAID_SHARE / (1 - LAID_SHARE)), 1)
            laid = [laid[i % len(laid)] for i in range(max(wanted, len(laid)))]
        self.order = exact + laid

    def __len__(self) -> int:
        return len(self.order)

    def unpaired(self, most: int) -> list[int]:
        """At most so many examples whose truth is another picture than the person's, evenly spread."""
        found = [
            i for i, (p, t) in enumerate(self.order) if self.packs[p].triplets[t, 0] != self.packs[p].triplets[t, 2]
        ]
        return found[:: max(-(-len(found) // most), 1)]

    def sample(self, index: int, rng: np.random.Generator | None) -> Batch:
        """Example `index`, augmented with `rng`; without, as in use: the try-on crop and what perception finds.

        Returns:
            "person", "labels", "joints", "seen", "clothing", "clothing_mask", and the fields of `Answer`.
        """
        pack, (person, garment, truth) = self._triplet(index)
        height, width = pack.image.shape[1:3]
        flip = rng is not None and bool(rng.random() < 0.5)
        kind = FOUND if rng is None or rng.random() < self.perceived else TRUE
        view = plain_view(self.size, (height, width))
        shown = plain_view(self.size, self.size)
        if rng is not None:
            view = person_view(rng, self.augment, flip, self.size, (height, width))
            shown = product_view(rng, self.augment, flip, self.size)
        positions = view.positions()
        pictures = sample(torch.cat([_picture(pack.image[i]) for i in (person, truth)]), positions)
        spots = nearest(positions, (height, width))
        layers = (pack.labels[person, kind], pack.labels[truth, TRUE], pack.part[truth])
        labels, true_labels, part = (torch.from_numpy(layer).reshape(-1)[spots] for layer in layers)
        true_at = torch.from_numpy(pack.places[truth]).permute(2, 0, 1)
        cut = None if rng is None else random_cut(rng, pack.clothing_part[garment])
        solid, gone = _left_of(cut, pack, garment), torch.zeros(self.size, dtype=torch.bool)
        if cut is not None:
            shown = reframed(shown, solid)
            gone = cut.gone(part, *carried_places(true_at, positions, None))
        places = carried_places(true_at, positions, shown)
        joints, seen = carried_joints(pack.joints[person, kind], pack.seen[person, kind], view)
        if rng is not None and kind == TRUE:
            joints = joints + torch.from_numpy(rng.normal(0, JOINT_NOISE, (18, 2)).astype(np.float32))
        if flip:
            labels, true_labels, part = _FLIP_LABELS[labels.long()], _FLIP_LABELS[true_labels.long()], flip_parts(part)
        clothing, mask = _product(pack, garment, solid, shown)
        layout = torch.where(gone, UNCOVERED, layout_of(true_labels, part))
        worn = ((layout >= TRUNK) & (layout <= R_SLEEVE)) | (layout == GARMENT)
        image, before = pictures[3:], pictures[:3]
        if rng is not None:
            before, image, clothing = _repainted(
                before, image, clothing, (labels, true_labels), (worn.float()[None], mask), rng
            )
        tall = torch.from_numpy(solid).any(1).nonzero()
        scale = float(torch.linalg.det(shown.matrix).abs().sqrt())
        return {
            "person": _scaled(before), "labels": labels.long(), "joints": joints, "seen": seen,
            "clothing": _scaled(clothing), "clothing_mask": mask, "image": _scaled(image),
            "worn": worn.float()[None], "layout": layout, "places": torch.where(worn, places, torch.nan),
            "tall": torch.tensor((float(tall.max() - tall.min()) + 1) / scale if len(tall) else float(self.size[0])),
            "trust": torch.tensor(1.0 if pack.exact[self.order[index][1]] else LAID_TRUST),
        }  # fmt: skip

    def _triplet(self, index: int) -> tuple[Packed, tuple[int, int, int]]:
        pack = self.packs[self.order[index][0]]
        person, garment, truth = pack.triplets[self.order[index][1]].tolist()
        return pack, (person, garment, truth)


def carried_places(places: Tensor, positions: Tensor, product: View | None) -> Tensor:
    """True places (2, H, W), NaN where not known, seen at `positions` of theirs, in pixels of a view of the product, or
    of its stored picture."""
    size = places.shape[1], places.shape[2]
    flat = places.permute(1, 2, 0).reshape(-1, 2)
    closest = flat[nearest(positions, size).reshape(-1)].float()
    # The garment is a part of the picture, and all that follows is done there alone.
    near = torch.isfinite(closest[:, 0]).nonzero()[:, 0]
    at, closest = positions.reshape(-1, 2)[near], closest[near]
    corner = at.floor()
    total, share = torch.zeros_like(at), torch.zeros(len(at), 1)
    for step in (torch.tensor([x, y]) for x in (0.0, 1.0) for y in (0.0, 1.0)):
        value = flat[nearest(corner + step, size)].float()
        weight = (1 - (at - corner - step).abs()).prod(1, keepdim=True) * torch.isfinite(value[:, :1])
        total += value.nan_to_num() * weight
        share += weight
    mixed, enough = total / share.clamp_min(1e-3), share[:, 0] > 0.5
    jump = ((mixed - closest).abs() > JUMP).any(1, keepdim=True)
    out = torch.full((2, positions.shape[0] * positions.shape[1]), torch.nan)
    found = torch.where(jump, closest, mixed)[enough]
    out[:, near[enough]] = (found if product is None else product.carry(found)).T
    return out.reshape(2, *positions.shape[:2])


def carried_joints(joints: np.ndarray, seen: np.ndarray, view: View) -> tuple[Tensor, Tensor]:
    """Joints (18, 2) in the view, sides changed if it is flipped, and which of the seen are within it."""
    at, there = view.carry(torch.from_numpy(joints)), torch.from_numpy(seen)
    if view.flip:
        at, there = at[list(L.FLIP_JOINTS)], there[list(L.FLIP_JOINTS)]
    inside = (at >= -0.5).all(1) & (at < torch.tensor([view.size[1], view.size[0]]) - 0.5).all(1)
    return at, there & inside


def flip_parts(part: Tensor) -> Tensor:
    """Left sleeves become right ones."""
    left, right = part == parts.L_SLEEVE, part == parts.R_SLEEVE
    return torch.where(left, parts.R_SLEEVE, torch.where(right, parts.L_SLEEVE, part)).to(part.dtype)


def layout_of(labels: Tensor, part: Tensor) -> Tensor:
    """(h, w) int64 layout of true labels, the garment's parts told by `part` where they are known."""
    layout = _LAYOUT[labels.long()]
    named = _PARTS[part.long()]
    return torch.where((layout == GARMENT) & (named >= 0), named, layout)


def _left_of(cut: Cut | None, pack: Packed, garment: int) -> Bools:
    """(h, w) what a cut leaves of a product."""
    solid: Bools = pack.clothing_mask[garment] > 127
    if cut is None:
        return solid
    y, x = (torch.from_numpy(at) for at in np.indices(solid.shape))
    gone: Bools = cut.gone(torch.from_numpy(pack.clothing_part[garment]), x, y).numpy()
    return solid & ~gone


def _product(pack: Packed, garment: int, solid: Bools, view: View) -> tuple[Tensor, Tensor]:
    """The product's picture and mask, white where it is cut off: neither `solid` nor next to it."""
    left = torch.from_numpy(binary_dilation(solid))
    mask = torch.from_numpy(pack.clothing_mask[garment]).float() * left
    picture = torch.where(left, _picture(pack.clothing[garment]), 255.0)
    both = sample(torch.cat([picture, mask[None]]), view.positions())
    return both[:3], both[3:] / 255


def _scaled(picture: Tensor) -> Tensor:
    """From 0 .. 255 to -1 .. 1."""
    return (picture * (1 / 127.5)).sub_(1)


def _picture(image: np.ndarray) -> Tensor:
    return torch.from_numpy(image).permute(2, 0, 1).float()


def _repainted(
    person: Tensor, truth: Tensor, clothing: Tensor, labels: tuple[Tensor, Tensor], alphas: tuple[Tensor, Tensor],
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Another garment colour (in truth and product alike), another skin, other light, blur and grain."""
    if rng.random() < colours.RECOLOURED:
        changed = random_recolouring(rng)
        truth, clothing = colours.recolour(truth, alphas[0], changed), colours.recolour(clothing, alphas[1], changed)
    tone, light = colours.skin_tone(rng), colours.PhotoLight(rng)
    person, truth = light(colours.on_skin(person, labels[0], tone)), light(colours.on_skin(truth, labels[1], tone))
    clothing = colours.soften(colours.product_light(clothing, alphas[1], rng), rng)
    clothing = clothing + (colours.grain(clothing, rng, 3.0) - clothing) * alphas[1]
    person = colours.grain(colours.soften(person, rng), rng, 4.0)
    return person.clamp(0, 255), truth, clothing.clamp(0, 255)
