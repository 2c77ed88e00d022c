"""The garment of a product photo: its mask, how far it can be trusted, and what kind of garment it is.

    photo ─ alpha, if it has any ──────────────────────────────────────────╮
    photo ─ 384 pixels ─┬─ plain: departure from the border's background ──┤
                        ╰─ segmenter ─► graph cut, unless both agree ──────┴─► the best one ─► edge at full size
                                                                               ─► shape, inside of the back, checks

A mask given by the user replaces everything up to "the best one" and is never judged.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2lab

from viton_cli.errors import BadMask, NoGarmentFound
from viton_cli.perception import garment_edge, garment_plain, garment_segmenter, garment_shape
from viton_cli.perception.garment_graphcut import GraphCut, centre_prior
from viton_cli.perception.garment_plain import blur, snap, tidy
from viton_cli.perception.garment_quality import agreement, mask_quality
from viton_cli.records import Garment, Photo

WORK_SIZE = 384  # longer side at which the garment is found; the edge is then refined at the photo's own size
SMALLEST = 24  # shorter side of a photo, in pixels, in which a garment can be told
PLAIN, CLEAR = 0.8, 0.3  # plainness and quality above which the plain cut is never refused
AGREED = 0.8  # overlap with the segmenter's answer above which such a cut is taken, and no graph cut tried
USABLE = 0.55  # quality below which a cut is refused
DOUBTFUL = 0.8  # quality below which it carries a warning
PERSON = 0.5  # person score from which the photo is said to show a person
GIVE_MASK = "give a photo on a plainer background, or a mask (--clothes-mask)"

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


def cut_garment(photo: Photo, mask: Floats | None = None, *, person_score: float | None = None) -> Garment:
    """Cut the garment out of its photo.

    Args:
        photo: A product photo of any size.
        mask: (H, W) in [0, 1], 1 = garment, given by the user: it wins over everything found here. Another size of
            the same aspect is resized.
        person_score: [0, 1], how sure a pose network is that the photo shows a person; from 0.5 it becomes a check.

    Raises:
        BadMask: The given mask is empty or has another aspect than the photo.
        NoGarmentFound: Nothing in the photo can be told from its background with any confidence.
    """
    name = str(photo.source or photo.id)
    small = _shrink(photo.image)
    lab = rgb2lab(small / 255.0).astype(np.float32)
    quality = 1.0
    if mask is not None:
        full = _given(mask, photo, name)
    elif photo.alpha is not None and photo.alpha.min() < 250:
        full = photo.alpha.astype(np.float32) / 255.0
        if not (full > 0.5).any():
            raise NoGarmentFound(f"{name}: no garment found: the picture is wholly transparent")
    else:
        cut, quality = _find(photo, small, lab, name)
        full = garment_edge.refine(photo.image, small, cut)
    work = _resize(full, lab.shape[:2]) > 0.5
    if not work.any():
        raise NoGarmentFound(f"{name}: no garment found: what could be cut out is too thin or too small")
    shape = garment_shape.read_shape(work)
    inner = None
    if shape.kind != "lower":
        behind = garment_shape.inner_back(work, lab)
        if behind.any():
            inner = np.minimum(full, garment_edge.refine(photo.image, small, behind))
            full = full - inner
    checks = tuple(_checks(work, quality, shape, inner is not None, person_score))
    return Garment(photo, full, inner, quality, shape.kind, shape.sleeves, checks)


def _find(photo: Photo, small: Floats, lab: Floats, name: str) -> tuple[Bools, float]:
    """The best of several cuts at working size, and its quality."""
    height, width = lab.shape[:2]
    if min(photo.size) < SMALLEST:
        raise NoGarmentFound(f"{name}: no garment found: {photo.size[1]}x{photo.size[0]} pixels are too few")
    if float(small.std((0, 1)).max()) < 0.5:
        raise NoGarmentFound(f"{name}: no garment found: the picture shows one even colour")
    plain = garment_plain.cut_plain(small, lab)
    contour = mask_quality(plain.mask, lab)
    clear = plain.plainness > PLAIN and contour > CLEAR
    chance = _resize(garment_segmenter.garment_probability(photo.image, garment_segmenter.network()), (height, width))
    if clear and agreement(plain.mask, chance) > AGREED:
        return plain.mask, contour
    graph = GraphCut(lab)
    cuts = [plain.mask, _follow(graph.cut(0.5 * chance + 0.5 * centre_prior(height, width)), lab)]
    if clear:  # part of a faint garment may be missing
        cuts += [
            tidy(plain.mask | cuts[1]),
            tidy(plain.mask | _follow(graph.cut(0.5 * chance + 0.5 * plain.mask), lab)),
        ]
    # The contour says whether the edge is right, the segmenter whether the right thing has been cut out.
    trust = [(mask_quality(cut, lab) + agreement(cut, chance)) / 2.0 for cut in cuts]
    quality = max(trust)
    if quality < USABLE and not clear:
        raise NoGarmentFound(f"{name}: no garment found: no outline can be trusted ({quality:.2f}); {GIVE_MASK}")
    return cuts[trust.index(quality)], quality


def _follow(cut: Bools, lab: Floats) -> Bools:
    """A graph cut without the corners of its superpixels, back on the picture's own edges."""
    rounded = ndimage.gaussian_filter(tidy(cut).astype(np.float32), 2.5) > 0.5
    return tidy(snap(rounded, blur(lab, 1.5)))


def _given(mask: Floats, photo: Photo, name: str) -> Floats:
    """The user's mask at the photo's size."""
    if mask.ndim != 2 or min(mask.shape) == 0:
        raise BadMask(f"{name}: the given mask must be one (height, width) plane")
    if mask.shape != photo.size:
        (height, width), (mask_height, mask_width) = photo.size, mask.shape
        # One pixel of rounding on the smaller of the two is no other aspect.
        scale = mask_height / height
        if abs(mask_width - width * scale) > 1.0 + 0.005 * mask_width:
            raise BadMask(
                f"{name}: the mask is {mask_width}x{mask_height}, another shape than the photo's {width}x{height}"
            )
        mask = _resize(mask.astype(np.float32), photo.size)
    full = np.clip(mask, 0.0, 1.0).astype(np.float32)
    if not (full > 0.5).any():
        raise BadMask(f"{name}: the given mask is empty")
    return full


def _checks(
    work: Bools, quality: float, shape: garment_shape.Shape, inner: bool, person_score: float | None
) -> Iterable[str]:
    if person_score is not None and person_score >= PERSON:
        yield "shows a person: a photo of the garment alone gives a better try-on"
    if quality < DOUBTFUL:
        yield f"outline uncertain (quality {quality:.2f}): look at the mask, or give one"
    sides = {"top": work[0], "bottom": work[-1], "left": work[:, 0], "right": work[:, -1]}
    cut_off = [side for side, line in sides.items() if line.mean() > 0.03]
    if cut_off:
        yield f"cut off at the {' and '.join(cut_off)}"
    if work.mean() < 0.05:
        yield f"small in its photo ({100 * work.mean():.0f} % of it)"
    if shape.kind == "lower":
        yield "looks like trousers: only clothes for the upper body can be tried on"
    if inner:
        yield "inside of the back, seen behind the neckline, left out"


def _shrink(image: NDArray[np.uint8]) -> Floats:
    """(h, w, 3) float32 RGB 0..255 with a longer side of at most WORK_SIZE."""
    height, width = image.shape[:2]
    scale = min(1.0, WORK_SIZE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = Image.fromarray(image).resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(resized, np.float32)


def _resize(values: Floats, size: tuple[int, int]) -> Floats:
    """A plane of numbers at another (height, width)."""
    resized = Image.fromarray(values).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float32)
