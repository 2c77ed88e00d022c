"""What is wrong with a result, in checks: what perception believes of the product, compared with what was painted, and
the quality figure put into words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from viton_cli.core.warp import Warp
from viton_cli.lights import Check, Severity
from viton_cli.methods.quality import quality_model
from viton_cli.methods.signs import Cloth, Floats, Worn, share_shown, signs_of, worn_of
from viton_cli.records import Coarse, Garment

if TYPE_CHECKING:
    from viton_cli.methods.views import GarmentView, PersonView

# Quality below which a result is doubtful, and below which it is bad: set on half of the pairs of
# tests/benchmarks/bench_lights.py, which reports the other half.
DOUBTFUL, BAD = 0.1, 0.02
# Share of an arm that shows skin, by what is believed of the sleeves. On 82 rendered try-ons, whose sleeves came out as
# they should, long ones (among them of three quarters) left .05 to .60 bare and short ones, some of which are none, .53
# to 1: only what lies beyond is a contradiction.
BARE = {"none": (0.5, 1.0), "short": (0.3, 1.0), "long": (0.0, 0.75)}
LOST = 0.45  # share of a product's sleeve that is not to be seen, from which it was lost; of those 82 at most .09
HEM_LOST = 0.7  # the same of the hem; what is tucked in was up to .46
NECK = 0.35  # difference of depth, in widths of the trunk, from which a neckline is another one
GIVE_KIND = "say what it is (--kind), or give a mask (--clothes-mask)"


@dataclass(frozen=True)
class Judgement:
    """What there is to say of a result: checks, quality and the signs it rests on; nothing where no layout is known."""

    checks: tuple[Check, ...] = ()
    quality: float | None = None
    signs: dict[str, float] = field(default_factory=dict)


def judge(person: PersonView, garment: GarmentView, coarse: Coarse, warp: Warp, laid: Floats) -> Judgement:
    """Judge a result by what was made on the way.

    Args:
        person, garment: As the method sees them. coarse, warp: What it made of them.
        laid: (h, w) in [0, 1], where the warp lays the garment.
    """
    if coarse.layout is None:
        return Judgement()
    joints, seen = person.joints[0].numpy(), person.seen[0].numpy()
    worn = worn_of(coarse, warp, joints, seen, garment.cloth.solid.shape)
    signs = signs_of(person, garment, coarse, warp, laid, worn)
    quality = quality_model()(signs)
    believed = replace(garment.garment, sleeves=person.wishes.sleeves or garment.garment.sleeves)
    return Judgement(tuple(checks_of(believed, garment.cloth, worn, signs, quality)), quality, signs)


def checks_of(garment: Garment, cloth: Cloth, worn: Worn, signs: dict[str, float], quality: float) -> Iterator[Check]:
    """What is to be said of a result.

    Args:
        garment: What perception believes of the product. cloth: What its outline tells.
        worn: What was painted. signs, quality: Of `signs_of` and `quality_model`.
    """
    yield from _sleeves(garment.sleeves, cloth, worn)
    hem = share_shown(cloth.hem, worn.shown)
    if hem < 1 - HEM_LOST:
        text = f"length: {1 - hem:.0%} of the product's lowest fifth is not to be seen"
        yield Check(text, "info" if garment.kind == "dress" else "warn", "places", GIVE_KIND)
    deeper = worn.neckline - cloth.neckline
    if deeper > NECK:
        yield Check("neckline: painted much deeper than the product's", "warn", "layout", GIVE_KIND)
    if quality < DOUBTFUL:
        severity: Severity = "bad" if quality < BAD else "warn"
        step, cure = REASONS[quality_model().blame(signs)]
        yield Check(f"quality {quality:.2f}: most likely the {WORDS[step]}", severity, step, cure)


WORDS = {
    "product": "product photo (its cut, or how busy it is)",
    "joints": "person's joints or labels",
    "layout": "layout",
    "places": "places on the garment",
    "warp": "warp",
}
# Each sign's step and cure.
REASONS = {
    "detail": ("product", "a photo of the garment laid flat, evenly lit"),
    "bright": ("product", "a photo of the garment laid flat, evenly lit"),
    "cut": ("product", "a mask of the garment (--clothes-mask)"),
    "pose": ("joints", "another photo of the person, or joints by hand (--joints)"),
    "unsure": ("places", "a photo of the garment laid flat, upright and whole"),
    "apart": ("places", "a photo of the garment laid flat, upright and whole"),
    "torn": ("layout", "labels by hand (--labels), or another photo of the person"),
    "vague": ("layout", "labels by hand (--labels), or another photo of the person"),
    "mismatch": ("layout", "labels by hand (--labels), or another photo of the person"),
    "open": ("warp", "a mask of the garment (--clothes-mask)"),
    "unused": ("warp", "a mask of the garment (--clothes-mask), or its kind (--kind)"),
    "folded": ("warp", "a photo of the garment laid flat, upright and whole"),
    "matched": ("places", "a photo of the garment laid flat, upright and whole"),
}


def _sleeves(believed: str, cloth: Cloth, worn: Worn) -> Iterator[Check]:
    """Sleeves that are another length than the product's, or of which the warp shows nothing."""
    lost = max((1 - share_shown(sleeve, worn.shown) for sleeve in cloth.sleeves), default=0.0)
    low, high = BARE.get(believed, (0.0, 1.0))
    if worn.bare and believed == "long" and min(worn.bare) > high:
        yield Check("sleeves: the product's are long, painted are short ones or none", "bad", "layout", GIVE_KIND)
    elif worn.bare and max(worn.bare) < low:
        told = "has none" if believed == "none" else "has short ones"
        yield Check(f"sleeves: the product {told}, painted are long ones", "warn", "layout", GIVE_KIND)
    elif lost > LOST:
        yield Check(f"sleeves: {lost:.0%} of one of the product's is not to be seen", "warn", "places", GIVE_KIND)
