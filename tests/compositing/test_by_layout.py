"""The garment laid into the photo by a layout, at every size; where each pixel came from; what is worked out once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from drawn_people import GREEN, SIZE, beside, by_layout, inside, lay, layout_of, person
from PIL import Image
from scipy.ndimage import map_coordinates

from viton_cli.compositing import wearer as wearer_module
from viton_cli.compositing.blend import lay_in, trace
from viton_cli.compositing.wearer import Wearer
from viton_cli.core.warp import Places, fit_places
from viton_cli.imaging.frames import torso_length
from viton_cli.perception.backends.fake import COLOURS
from viton_cli.records import Parsing, Photo
from viton_cli.vocabulary import labels as L
from viton_cli.vocabulary.layout import TRUNK


def test_by_layout_long_sleeves_give_way_to_bare_arms() -> None:
    long, bare = person(sleeves="long"), person(sleeves="none")
    old, new = long.parsing.labels == L.UPPER, bare.parsing.labels == L.UPPER
    image, edited = lay(long, by_layout(long, layout_of(bare.parsing.labels), new))
    assert edited[old].all()
    arm = inside(old & np.isin(bare.parsing.labels, L.ARMS), 3)
    assert arm.any() and np.median(np.abs(image[arm].astype(int) - COLOURS[L.L_ARM]).max(1)) < 40
    centre = inside(new & old, 6)
    assert np.abs(image[centre].astype(int) - GREEN).max() <= 1


def test_by_layout_a_forearm_stays_in_front_of_the_trunk() -> None:
    who = person(sleeves="none")
    labels = who.parsing.labels
    everything = np.full(labels.shape, TRUNK, np.uint8)
    image, _ = lay(who, by_layout(who, everything, np.ones(labels.shape, bool)))
    arms = inside(np.isin(labels, L.ARMS), 3)
    below = arms & (np.indices(labels.shape)[0] > who.pose.joints[L.R_ELBOW, 1] + 4)
    assert below.any() and np.array_equal(image[below], who.photo.image[below])
    above = arms & (np.indices(labels.shape)[0] < who.pose.joints[L.R_ELBOW, 1] - 0.06 * who.photo.size[0])
    assert above.any() and (np.abs(image[above].astype(int) - GREEN).max(1) <= 1).mean() > 0.9


def test_by_layout_a_high_collar_goes() -> None:
    """Neck skin in the colour of the old garment is its collar, and becomes skin."""
    who = person()
    image = who.photo.image.copy()
    neck = who.parsing.labels == L.NECK_SKIN
    image[neck] = COLOURS[L.UPPER]
    high = replace(who, photo=Photo("collar", image))
    worn = who.parsing.labels == L.UPPER
    out, _ = lay(high, by_layout(high, layout_of(who.parsing.labels), worn))
    deep = inside(neck, 2)
    assert deep.any() and (np.abs(out[deep].astype(int) - COLOURS[L.UPPER]).max(1) > 40).all()
    kept, _ = lay(who, by_layout(who, layout_of(who.parsing.labels), worn))
    far = neck & ~beside(worn)
    assert np.array_equal(kept[far], who.photo.image[far]), "a neck of skin is left alone"


def test_by_layout_a_gap_of_the_warp_is_filled_with_the_garments_colour() -> None:
    who = person(sleeves="long")
    worn = who.parsing.labels == L.UPPER
    middle = int(who.pose.joints[L.NECK, 0])
    slit = worn & (abs(np.indices(worn.shape)[1] - middle) < 3)
    image, _ = lay(who, by_layout(who, layout_of(who.parsing.labels), worn & ~slit))
    chest = who.pose.joints[L.NECK, 1] + 0.5 * torso_length(who.pose)
    deep = slit & inside(worn, 6) & (np.indices(worn.shape)[0] > chest)
    assert deep.any() and np.abs(image[deep].astype(int) - GREEN).max(1).mean() < 20


def test_the_same_picture_larger() -> None:
    """Twice the size, half of it again: the picture of the smaller photo, but for its resampling."""
    small, large = person((512, 384)), person((1024, 768))
    results = []
    for who in (small, large):
        labels = who.parsing.labels
        results.append(lay(who, by_layout(who, layout_of(labels), labels == L.UPPER))[0])
    halved = np.asarray(Image.fromarray(results[1]).resize((384, 512), Image.Resampling.BOX)).astype(int)
    changed = small.parsing.labels == L.UPPER
    assert np.abs(halved - results[0])[inside(changed, 5)].max() <= 2


def test_places_say_where_each_pixel_came_from() -> None:
    """The product sampled at `trace` is the garment that was laid."""
    who = person((512, 384))
    worn = who.parsing.labels == L.UPPER
    what = by_layout(who, layout_of(who.parsing.labels), worn)
    warp = fit_places(what.product.mask, Places(
        np.where(what.product.mask > 0.5, TRUNK, 0).astype(np.uint8),
        np.stack(np.meshgrid(np.arange(SIZE[1]), np.arange(SIZE[0])), 2).astype(np.float32),
        np.full(SIZE, 0.01, np.float32),
    ))  # fmt: skip
    assert warp is not None
    ramp = np.stack(np.meshgrid(np.linspace(20, 230, SIZE[1]), np.linspace(20, 230, SIZE[0])), 2)
    ramp = np.concatenate([ramp, np.full((*SIZE, 1), 90.0)], 2).astype(np.uint8)
    product = replace(what.product, sharp=ramp, box=(0, 0, SIZE[1], SIZE[0]))
    what = replace(what, product=product, warp=warp, laid=warp.apply(product.mask, SIZE, fill=0.0))
    wearer = Wearer(who, who.frame)
    laid = lay_in(wearer, what)
    origin, image = trace(laid, wearer, what), laid.image
    deep = inside(np.isfinite(origin[..., 0]), 8)
    assert deep.sum() > 2000
    x, y = np.moveaxis(origin[deep], -1, 0)
    sampled = np.stack([map_coordinates(ramp[..., k].astype(float), [y, x], order=1) for k in range(3)], 1)
    assert np.abs(image[deep] - sampled).max() <= 2


def test_one_persons_garments_do_not_depend_on_each_other() -> None:
    """What is remembered of a person changes no picture: after any other garment, each comes out as if alone."""
    who = person(sleeves="long")
    labels = who.parsing.labels.copy()
    labels[labels == L.PANTS] = L.DRESS  # whether its skirt goes depends on the garment
    who = replace(who, parsing=Parsing(labels))
    worn = np.isin(labels, (L.UPPER, L.DRESS))
    tops = [worn & (np.indices(worn.shape)[0] < row) for row in (worn.shape[0], int(who.pose.joints[L.R_HIP, 1]), 150)]
    garments = [by_layout(who, layout_of(labels), top) for top in tops]
    wearer = Wearer(who, who.frame)
    for index in (0, 1, 2, 1, 0):
        alone, _ = lay(who, garments[index])
        assert np.array_equal(lay_in(wearer, garments[index]).image, alone)
    assert not np.array_equal(lay(who, garments[0])[0], lay(who, garments[1])[0])


def test_what_is_the_persons_is_worked_out_once_for_all_garments(monkeypatch: pytest.MonkeyPatch) -> None:
    who = person(sleeves="long")
    labels = who.parsing.labels
    counts: dict[str, int] = {}

    def counted(name: str) -> None:
        function = getattr(wearer_module, name)

        def call(*arguments: Any) -> Any:
            counts[name] = counts.get(name, 0) + 1
            return function(*arguments)

        monkeypatch.setattr(wearer_module, name, call)

    for name in ("leftovers", "high_collar", "missed_fingers", "forearms", "hands", "throat", "long_garment", "Guide"):
        counted(name)
    wearer = Wearer(who, who.frame)
    for column in (0, 120, 140):
        garment = (labels == L.UPPER) & (np.indices(labels.shape)[1] >= column)
        lay_in(wearer, by_layout(who, layout_of(labels), garment))
    assert counts and set(counts.values()) == {1}
