"""What the garment segmenter learns from: product photos with masks, photos labelled here, worn garments cut out.

Every mask is exact or was found in two independent ways; where those differ it is unknown and not learned from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2lab

from viton_cli.data.base import Dataset
from viton_cli.files import read_mask, read_photo
from viton_cli.imaging import flat_pose
from viton_cli.imaging.filling import grow
from viton_cli.imaging.flatten import NotFlattened, flatten
from viton_cli.perception.garments import segmenter as garment_segmenter
from viton_cli.perception.garments.edge import follow
from viton_cli.perception.garments.plain import cut_plain
from viton_cli.perception.garments.quality import agreement
from viton_cli.perception.garments.segmenter import KINDS, SLEEVES, GarmentSegmenter
from viton_cli.training.garments.graphcut import GraphCut, centre_prior, plausibility, without_corners
from viton_cli.vocabulary import labels as L

Picture = NDArray[np.uint8]
Bools = NDArray[np.bool_]

STORED = 288  # longer side at which pictures are kept in memory, in pixels: a little above the network's, for crops
LABELLED = 384  # longer side at which photos are labelled
UNKNOWN = 128
# Folders of the photo collection by kind of garment, and what each says of kind and sleeves.
FOLDERS = {
    "t-shirt": ("top", "short"),
    "longsleeve": ("top", "long"),
    "shirt": ("top", ""),
    "outwear": ("outerwear", "long"),
    "dress": ("dress", ""),
}
CONFIDENT = 0.86  # overlap of the network's map with its own cut from which the cut is learned from
SURE_SHORT, SURE_LONG = 0.9, 1.6  # where a worn sleeve ends: 1 = elbow, 2 = wrist


@dataclass(frozen=True, eq=False)
class Example:
    """One garment.

    Attributes:
        image: (h, w, 3), longer side 288.
        mask: (h, w) 255 = garment, 0 = background, 128 = unknown.
        ground: The same picture without the garment, filled from around; None if it has no background worth keeping.
        photo: Whether the picture is a photo of a garment as it is, background and shadows included.
        kind, sleeves: Index into KINDS and SLEEVES; -1 = not known.
    """

    image: Picture
    mask: Picture
    ground: Picture | None
    photo: bool
    kind: int = -1
    sleeves: int = -1

    @property
    def complete(self) -> bool:
        """Whether so little is unknown that what is known to be garment may be cut out and laid elsewhere."""
        return float((self.mask == UNKNOWN).mean()) < 0.05


def kept_in(paths: list[Path], keep_out: int) -> list[Path]:
    """Paths in order, without the first and every `keep_out`-th after it, which are kept for measuring (0: all)."""
    return [path for index, path in enumerate(sorted(paths)) if not keep_out or index % keep_out]


def masked(dataset: Dataset, split: str) -> Iterator[Example]:
    """Garments of a data set that have an exact mask."""
    for entry in dataset.entries(split):
        if entry.kind == "garment" and entry.mask is not None:
            photo = read_photo(entry.image, entry.id)
            yield _example(photo.image, read_mask(entry.mask, photo.size), ground=False)


def labelled(paths: list[Path], segmenter: GarmentSegmenter | None) -> Iterator[Example]:
    """Photos without masks, labelled where that can be done with confidence; the others are left out.

    With a network (a round of self-training), what it is sure of, moved onto the picture's edges; else, where the plain
    cut and the graph cut agree.

    Args:
        paths: Photos; the name of each one's folder tells the kind (`FOLDERS`).
        segmenter: None, or a network already trained.
    """
    for path in paths:
        image = _small(read_photo(path).image, LABELLED)
        lab = rgb2lab(image / 255.0).astype(np.float32)
        label = None if segmenter is None else _network_label(image, lab, segmenter)
        label = _two_ways(image, lab) if label is None else label
        if label is not None:
            kind, sleeves = FOLDERS.get(path.parent.name, ("", ""))
            yield _example(image, label, ground=True, kind=kind, sleeves=sleeves)


def _two_ways(image: Picture, lab: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Where the departure from the border's background and a graph cut from the middle agree; 0.5 where they do not."""
    plain = cut_plain(image.astype(np.float32), lab).mask
    graph = without_corners(GraphCut(lab).cut(centre_prior(*plain.shape)), lab)
    if agreement(plain, graph.astype(np.float32)) < 0.8:
        return None
    if plausibility(plain, lab) < 0.6 or plausibility(graph, lab) < 0.5:
        return None
    return np.where(plain == graph, plain, 0.5).astype(np.float32)


def _network_label(image: Picture, lab: NDArray[np.float32], segmenter: GarmentSegmenter) -> NDArray[np.float32] | None:
    chance = garment_segmenter.look(image, segmenter).chance
    chance = np.asarray(Image.fromarray(chance).resize(image.shape[1::-1], Image.Resampling.BILINEAR))
    cut = follow(chance, lab)
    if agreement(cut, chance) < CONFIDENT or not 0.05 < cut.mean() < 0.9:
        return None
    doubtful = (chance > 0.2) & (chance < 0.8) & (ndimage.gaussian_filter(chance, 6.0) > 0.1)
    rim = ndimage.binary_dilation(cut, iterations=3) & ~ndimage.binary_erosion(cut, iterations=3)
    return np.where(doubtful & ~rim, 0.5, cut).astype(np.float32)


def worn(dataset: Dataset, step: int = 10) -> Iterator[Example]:
    """Garments of every `step`-th person: tops laid flat; dresses, skirts and trousers cut out as worn."""
    for entry in [entry for entry in dataset.entries("train") if entry.kind == "person"][::step]:
        labels = entry.labels()
        if labels is None:
            continue
        image = read_photo(entry.image).image
        person = labels != L.BACKGROUND
        ground = grow(image, ~ndimage.binary_dilation(person, iterations=8))
        pose = entry.pose()
        if pose is not None:
            try:
                flat = flatten(image, labels, pose.joints, pose.seen, (288, 216))
            except NotFlattened:
                pass
            else:
                bones = flat_pose.person_bones(pose.joints, pose.seen)
                reach = max(flat_pose.sleeve_reach(bones, labels == flat.label, np.isin(labels, L.ARMS)))
                kind = {L.UPPER: "top", L.COAT: "outerwear"}.get(flat.label, "")
                sleeves = (
                    "none" if reach == 0 else "short" if reach < SURE_SHORT else "long" if reach > SURE_LONG else ""
                )
                yield _example(flat.image, flat.mask, kind=kind, sleeves=sleeves)
        for kind, found in (("lower", (L.PANTS, L.SKIRT)), ("dress", (L.DRESS,))):
            mask = np.isin(labels, found)
            if mask.mean() > 0.04:
                example = _example(*_cut_out(image, mask), kind=kind)
                yield Example(example.image, example.mask, _small(np.asarray(ground, np.uint8)), False, example.kind)


def _cut_out(image: Picture, mask: Bools) -> tuple[Picture, NDArray[np.float32]]:
    """The part of a picture around a mask's largest piece."""
    pieces, _ = ndimage.label(mask)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    whole = ndimage.binary_fill_holes(pieces == sizes.argmax())
    rows, columns = np.flatnonzero(whole.any(1)), np.flatnonzero(whole.any(0))
    box = slice(max(0, rows[0] - 6), rows[-1] + 7), slice(max(0, columns[0] - 6), columns[-1] + 7)
    return image[box], whole[box].astype(np.float32)


def _example(
    image: Picture, mask: NDArray[np.float32], ground: bool | None = None, kind: str = "", sleeves: str = ""
) -> Example:
    """`ground`: None for a cut-out; whether the background of a photo is worth laying other garments on."""
    small = _small(image)
    size = small.shape[1::-1]
    chance = np.asarray(Image.fromarray(mask.astype(np.float32)).resize(size, Image.Resampling.BOX))
    # Cells on the edge are between 0 and 1 without being unknown.
    edge = ndimage.maximum_filter(chance > 0.75, 5) & ndimage.maximum_filter(chance < 0.25, 5)
    unknown = (chance >= 0.25) & (chance <= 0.75) & ~edge
    level = np.where(unknown, UNKNOWN, np.where(chance > 0.5, 255, 0)).astype(np.uint8)
    behind = None
    if ground:
        filled = grow(small, ~ndimage.binary_dilation(level > 0, iterations=5))
        behind = np.clip(filled, 0, 255).astype(np.uint8)
    return Example(
        small,
        level,
        behind,
        ground is not None,
        KINDS.index(kind) if kind else -1,
        SLEEVES.index(sleeves) if sleeves else -1,
    )


def _small(image: Picture, longer: int = STORED) -> Picture:
    height, width = image.shape[:2]
    scale = longer / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(
        Image.fromarray(image).resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR)
    )
