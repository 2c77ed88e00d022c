"""The garment of a product photo: its mask, how far it can be trusted, and what kind of garment it is.

    photo ─ alpha, if it has any ──────────────────────────────────────────────────╮
    photo ─ 384 pixels ─┬─ segmenter ─► outline moved onto the picture's edges ────┤
                        ╰─ plain: departure from the border's background, if even ─┴─► the better one
                              ─► edge at full size ─► kind, sleeves, inside of the back, checks

A mask given by the user replaces everything up to "the better one" and is never judged.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import rgb2lab

from viton_cli.errors import BadMask, NoGarmentFound
from viton_cli.lights import SAY_KIND, Check, Severity
from viton_cli.perception.garments import edge as garment_edge
from viton_cli.perception.garments import plain as garment_plain
from viton_cli.perception.garments import segmenter as garment_segmenter
from viton_cli.perception.garments import shape as garment_shape
from viton_cli.perception.garments.quality import mask_quality, signs
from viton_cli.perception.garments.wedges import open_wedges
from viton_cli.records import Garment, Photo

WORK_SIZE = 384  # longer side at which the garment is found; the edge is then refined at the photo's own size
SMALLEST = 24  # shorter side of a photo, in pixels, in which a garment can be told
PLAIN = 0.8  # plainness of the background above which departures from it are tried as a cut
# Sharpness of the contour, alone and over that of the network's cut, from which the plain cut is taken: less sharp ones
# may follow the blocks of JPEG or the rims of shadows.
SHARP, SHARPER = 0.9, 0.02
PRESENT = 0.01  # share of the picture that must look like garment
USABLE = 0.85  # quality (expected overlap with the true mask) below which a cut is refused
DOUBTFUL = 0.9  # quality below which it carries a warning
# Probability at which the network decides kind or sleeves, alone or against the outline, or lets the outline decide
SURE, SURER, POSSIBLE = 0.75, 0.9, 0.15
# Chance of trousers or a skirt, by the network, from which the garment is one, and from which it may be one: of 41
# rendered ones 36 had .76 or more and the other five .13 to .24; 123 rendered and 65 photographed tops and dresses had
# .09 at most.
LOWER_SURE, LOWER_POSSIBLE = 0.5, 0.1
DEEP = 0.3  # depth of a deep neckline, in widths of the trunk
# Person score from which the photo is said to show a person: one rendered product of 61 scores .63, the rest and 50
# photos of real garments 0; 40 street photos of people score .85 and more.
PERSON = 0.75
OPAQUE = 250  # of 255: a picture whose alpha is nowhere below has no mask of its own
ASPECT = 0.005  # of a mask's width: by so much, and a pixel, it may have another shape than the photo
CUT_OFF, SMALL = 0.03, 0.05  # of a border, and of the picture: more garment on it, and less in it, is told
ALONE = "a photo of the garment alone, laid flat or hanging; or its mask (--clothes-mask)"
WHOLE = "a photo that the whole garment fills"
GIVE_MASK = "give a photo on a plainer background, or a mask (--clothes-mask)"

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


def cut_garment(photo: Photo, mask: Floats | None = None, *, person_score: float | None = None) -> Garment:
    """Cut the garment out of its photo.

    Args:
        photo: A product photo of any size.
        mask: (H, W) in [0, 1], 1 = garment, given by the user: it wins over everything found here. Another size of
            the same aspect is resized.
        person_score: [0, 1], how sure a pose network is that the photo shows a person; from `PERSON` on it is a check,
            a bad one unless the mask is given.

    Raises:
        BadMask: The given mask is empty or has another aspect than the photo.
        NoGarmentFound: Nothing in the photo can be told from its background with any confidence.
    """
    name = str(photo.source or photo.id)
    small = shrink(photo.image)
    lab = rgb2lab(small / 255.0).astype(np.float32)
    network = garment_segmenter.network()
    view = garment_segmenter.look(photo.image, network)
    quality = 1.0
    if mask is not None:
        full = _given(mask, photo, name)
    elif photo.alpha is not None and photo.alpha.min() < OPAQUE:
        full = photo.alpha.astype(np.float32) / 255.0
        if not (full > 0.5).any():
            raise NoGarmentFound(f"{name}: no garment found: the picture is wholly transparent")
    else:
        cut, quality = _find(photo, small, lab, resize(view.chance, lab.shape[:2]), name)
        full = garment_edge.refine(photo.image, small, cut)
    work = resize(full, lab.shape[:2]) > 0.5
    if not work.any():
        raise NoGarmentFound(f"{name}: no garment found: what could be cut out is too thin or too small")
    shape = garment_shape.read_shape(work)
    kinds, lengths = garment_segmenter.describe(view, work.astype(np.float32), network)
    kind = "lower" if kinds["lower"] > LOWER_SURE else settle(shape.kind, kinds)
    sleeves = "unknown" if kind == "lower" else settle(shape.sleeves, lengths)
    inner = None
    if kind != "lower":
        behind = garment_shape.inner_back(work, lab)
        if behind.any():
            inner = np.minimum(full, garment_edge.refine(photo.image, small, behind))
            full = full - inner
    front = work if inner is None else work & ~behind
    deep = kind != "lower" and garment_shape.neckline_depth(front) > DEEP
    checks = tuple(
        _checks(work, quality, kind, kinds["lower"], deep, inner is not None, person_score, mask is not None)
    )
    return Garment(photo, full, inner, quality, kind, sleeves, checks)


def settle(outline: str, network: dict[str, float]) -> str:
    """One answer from what the outline says ("unknown": nothing) and the network's probabilities.

    The network's where it is sure (surer if the outline says another thing), the outline's where the network is not
    against it, else "unknown".
    """
    best = max(network, key=lambda answer: network[answer])
    if network[best] >= (SURE if outline in (best, "unknown") else SURER):
        return best
    return outline if network.get(outline, 0.0) >= POSSIBLE else "unknown"


def _find(photo: Photo, small: Floats, lab: Floats, chance: Floats, name: str) -> tuple[Bools, float]:
    """The better of two cuts at working size, and its quality."""
    if min(photo.size) < SMALLEST:
        raise NoGarmentFound(f"{name}: no garment found: {photo.size[1]}x{photo.size[0]} pixels are too few")
    if float(small.std((0, 1)).max()) < 0.5:
        raise NoGarmentFound(f"{name}: no garment found: the picture shows one even colour")
    cut = garment_edge.follow(chance, lab)
    quality = mask_quality(cut, lab, chance)
    plain = garment_plain.cut_plain(small, lab)
    if plain.plainness > PLAIN:
        sharpness = signs(plain.mask, lab, chance)[0]
        if sharpness > max(SHARP, signs(cut, lab, chance)[0] + SHARPER):
            cut, quality = plain.mask, mask_quality(plain.mask, lab, chance)
        cut = open_wedges(cut, lab)
    if float((chance > 0.5).mean()) < PRESENT and quality < DOUBTFUL:
        raise NoGarmentFound(f"{name}: no garment found: nothing in the picture looks like one; {GIVE_MASK}")
    if quality < USABLE:
        raise NoGarmentFound(
            f"{name}: no garment found: its outline cannot be told from the background ({quality:.2f}); {GIVE_MASK}"
        )
    return cut, quality


def _given(mask: Floats, photo: Photo, name: str) -> Floats:
    """The user's mask at the photo's size."""
    if mask.ndim != 2 or min(mask.shape) == 0:
        raise BadMask(f"{name}: the given mask must be one (height, width) plane")
    if mask.shape != photo.size:
        (height, width), (mask_height, mask_width) = photo.size, mask.shape
        # One pixel of rounding on the smaller of the two is no other aspect.
        scale = mask_height / height
        if abs(mask_width - width * scale) > 1.0 + ASPECT * mask_width:
            raise BadMask(
                f"{name}: the mask is {mask_width}x{mask_height}, another shape than the photo's {width}x{height}"
            )
        mask = resize(mask.astype(np.float32), photo.size)
    full = np.clip(mask, 0.0, 1.0).astype(np.float32)
    if not (full > 0.5).any():
        raise BadMask(f"{name}: the given mask is empty")
    return full


def _checks(
    work: Bools,
    quality: float,
    kind: str,
    lower: float,
    deep: bool,
    inner: bool,
    person_score: float | None,
    given: bool,
) -> Iterable[Check]:
    def say(text: str, cure: str = "", severity: Severity = "warn") -> Check:
        return Check(text, severity, "product", cure)

    if person_score is not None and person_score >= PERSON:
        # A mask by hand says which of the clothes is meant.
        yield say(
            "shows a person: a photo of the garment alone gives a better try-on", ALONE, "info" if given else "bad"
        )
    if quality < DOUBTFUL:
        yield say(f"outline uncertain (quality {quality:.2f}): look at the mask, or give one", GIVE_MASK)
    sides = {"top": work[0], "bottom": work[-1], "left": work[:, 0], "right": work[:, -1]}
    cut_off = [side for side, line in sides.items() if line.mean() > CUT_OFF]
    if cut_off:
        yield say(f"cut off at the {' and '.join(cut_off)}", WHOLE)
    if work.mean() < SMALL:
        yield say(f"small in its photo ({100 * work.mean():.0f} % of it)", WHOLE)
    if kind == "lower":
        yield say("looks like trousers or a skirt: only clothes for the upper body can be tried on", SAY_KIND, "bad")
    if kind != "lower" and lower > LOWER_POSSIBLE:
        yield say(f"unknown kind: it may be trousers or a skirt ({lower:.2f}), which cannot be tried on", SAY_KIND)
    elif kind == "unknown":
        yield say("unknown kind: it may be a top or a dress", SAY_KIND, "info")
    if kind == "dress":
        yield say("looks like a dress: it is tried on as a long top", SAY_KIND, "info")
    if deep:
        yield say("deep neckline: the skin that it shows has to be made up", severity="info")
    if inner:
        yield say("inside of the back, seen behind the neckline, left out", severity="info")


def shrink(image: NDArray[np.uint8]) -> Floats:
    """(h, w, 3) float32 RGB 0..255 with a longer side of at most WORK_SIZE."""
    height, width = image.shape[:2]
    scale = min(1.0, WORK_SIZE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = Image.fromarray(image).resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(resized, np.float32)


def resize(values: Floats, size: tuple[int, int]) -> Floats:
    """A plane of numbers at another (height, width)."""
    resized = Image.fromarray(values).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float32)
