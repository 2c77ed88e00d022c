"""The garment laid into the photo: which pixels may change, and what they become."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_people import CASES, COARSE, GREEN, SIZE, beside, inside, lay, painted, person
from PIL import Image

from viton_cli.compositing.blend import lay_in
from viton_cli.compositing.by_joints import regions_by_joints
from viton_cli.compositing.painted import SKIN
from viton_cli.compositing.wearer import WORKING, Wearer
from viton_cli.perception.backends.fake import COLOURS
from viton_cli.records import Frame, Parsing, Photo
from viton_cli.vocabulary import labels as L


@pytest.mark.parametrize("case", CASES)
def test_only_the_change_of_garment_is_touched(case: str) -> None:
    who = person(**CASES[case])
    labels = who.parsing.labels
    old = labels == L.UPPER
    image, edited = lay(who, painted(who, old))
    assert edited.any()
    kept = np.isin(labels, (L.HAIR, L.FACE, L.BAG, L.PANTS, L.L_SHOE, L.R_SHOE)) & ~beside(old)
    x0, y0, x1, y1 = who.frame.box
    framed = np.zeros(labels.shape, bool)
    framed[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = True
    assert not edited[~framed].any()
    assert np.array_equal(image[kept], who.photo.image[kept])
    assert (image[old & framed] != COLOURS[L.UPPER]).any(-1).mean() > 0.97
    centre = inside(old & framed, max(who.photo.size[0] // 60, 2))
    assert centre.any()
    assert np.abs(image[centre].astype(int) - GREEN).max() <= 1


@pytest.mark.parametrize("sleeves", ["none", "short", "long"])
def test_hands_stay_in_front(sleeves: str) -> None:
    who = person(sleeves=sleeves)
    labels, pose = who.parsing.labels, who.pose
    everything = np.ones(labels.shape, bool)
    image, _ = lay(who, painted(who, everything))
    for elbow, wrist, arm in ((L.R_ELBOW, L.R_WRIST, L.R_ARM), (L.L_ELBOW, L.L_WRIST, L.L_ARM)):
        ys, xs = np.indices(labels.shape)
        way = pose.joints[wrist] - pose.joints[elbow]
        beyond = (xs - pose.joints[wrist][0]) * way[0] + (ys - pose.joints[wrist][1]) * way[1] > 0
        hand = beyond & (labels == arm)
        hand &= ~beside(labels == L.UPPER)
        assert hand.any() and np.array_equal(image[hand], who.photo.image[hand])


def test_bare_arms_stay_where_no_sleeve_is_predicted() -> None:
    who = person(sleeves="none")
    arms = np.isin(who.parsing.labels, L.ARMS)
    upper = who.parsing.labels == L.UPPER
    image, _ = lay(who, painted(who, upper))
    deep = inside(arms & ~upper, 2)
    assert deep.any() and np.array_equal(image[deep], who.photo.image[deep])


def test_a_sleeve_covers_the_arm_it_lies_on() -> None:
    who, long = person(sleeves="none"), person(sleeves="long")
    sleeve = (long.parsing.labels == L.UPPER) & np.isin(who.parsing.labels, L.ARMS)
    image, _ = lay(who, painted(who, long.parsing.labels == L.UPPER))
    ys = np.indices(sleeve.shape)[0]
    upper_arm = inside(sleeve & (ys < who.pose.joints[L.R_ELBOW, 1]), 2)
    assert upper_arm.any()
    assert (np.abs(image[upper_arm].astype(int) - GREEN).max(1) <= 1).mean() > 0.95


def test_what_the_old_garment_hid_is_painted_anew() -> None:
    """Long sleeves to none: every pixel of the old garment changes, to garment, skin or background."""
    long, bare = person(sleeves="long"), person(sleeves="none")
    old = long.parsing.labels == L.UPPER
    new = (bare.parsing.labels == L.UPPER) & old
    image, edited = lay(long, painted(long, new))
    assert edited[old].all()
    distance = np.abs(image[old].astype(int) - np.array(COLOURS[L.UPPER])).sum(1)
    assert (distance > 30).all(), "nothing of the old garment's colour is left"
    arm = inside(old & np.isin(bare.parsing.labels, L.ARMS), 3)
    assert arm.any()
    # Skin: the colour of the neck and the hands, that is all the person shows.
    assert np.median(np.abs(image[arm].astype(int) - COLOURS[L.L_ARM]).max(1)) < 40


def test_a_cropped_top_leaves_trousers_continued_above() -> None:
    who = person()
    labels = who.parsing.labels
    old = labels == L.UPPER
    waist = int(who.pose.joints[L.R_HIP, 1] - 0.05 * who.photo.size[0])
    short = old & (np.indices(old.shape)[0] < waist)
    image, _ = lay(who, painted(who, short))
    middle = int(who.pose.joints[L.NECK, 0])
    below = image[waist + 8 : int(who.pose.joints[L.R_HIP, 1]), middle - 6 : middle + 6].reshape(-1, 3).astype(int)
    assert np.abs(below - COLOURS[L.PANTS]).max(1).mean() < 25


def test_beside_the_trousers_there_is_background_not_more_trousers() -> None:
    who = person()
    labels = who.parsing.labels.copy()
    rows, columns = np.indices(labels.shape)
    trousers = np.flatnonzero((labels == L.PANTS).any(0))
    hem = int(who.pose.joints[L.R_HIP, 1])
    wide = (
        (labels == L.BACKGROUND) & (abs(rows - hem + 8) < 8) & (columns >= trousers[0] - 12) & (columns < trousers[0])
    )
    labels[wide] = L.UPPER  # the old garment stood out at its hem
    image, _ = lay(replace(who, parsing=Parsing(labels)), painted(who, (labels == L.UPPER) & ~wide))
    off = np.abs(image[wide].astype(int) - COLOURS[L.PANTS]).max(1)
    assert wide.any() and (off > 60).all()


def test_the_predicted_masks_grain_hardly_notches_the_outline() -> None:
    """A mask whose rim is missing in every other pair of rows: of the rim, less than a quarter changes."""
    who = person()
    garment = who.parsing.labels == L.UPPER
    rim = garment & ~inside(garment, 3)
    grainy = garment & ~(rim & (np.indices(garment.shape)[0] // 2 % 2 == 0))
    plain, _ = lay(who, painted(who, garment))
    notched, _ = lay(who, painted(who, garment, mask=grainy))
    assert (np.abs(plain.astype(int) - notched).max(2) > 40).sum() < 0.25 * rim.sum()


def test_a_photo_larger_than_the_working_size() -> None:
    """Only enlarged regions, but the photo's own pixels outside and the garment's own colour inside."""
    size = (WORKING + 1200, 1500)
    who = person(size)
    old = who.parsing.labels == L.UPPER
    assert who.frame.box[3] - who.frame.box[1] > WORKING
    image, edited = lay(who, painted(who, old))
    kept = np.isin(who.parsing.labels, (L.HAIR, L.FACE, L.PANTS))
    deep = inside(kept, 12)
    assert np.array_equal(image[deep], who.photo.image[deep])
    centre = inside(old, 30)
    assert np.abs(image[centre].astype(int) - GREEN).max() <= 1
    assert edited.sum() < 2 * old.sum()


def test_colours_arrive_unchanged_at_alpha_1_and_mixed_below() -> None:
    """Equation 2. On the trousers, which the new garment covers: nothing of an old garment has to be hidden there."""
    who = person()
    labels = who.parsing.labels
    long = (labels == L.UPPER) | (labels == L.PANTS)
    _, y0, _, y1 = who.frame.box
    centre = inside(labels == L.PANTS, 4)
    centre[: max(y0, 0)] = centre[y1 - 4 :] = False
    assert centre.sum() > 100
    for alpha in (1.0, 0.5, 0.0):
        image, _ = lay(who, painted(who, long, alpha))
        mixed = alpha * np.array(GREEN) + (1 - alpha) * COARSE
        assert np.abs(image[centre].astype(float) - mixed).max() <= 1, alpha


def test_detail_comes_from_the_product_photo_and_not_from_the_network() -> None:
    """Stripes finer than a network pixel arrive at the photo's resolution."""
    who = person((1024, 768))
    old = who.parsing.labels == L.UPPER
    base = painted(who, old)
    sharp = np.zeros((1024, 768, 3), np.uint8)
    sharp[::4] = sharp[1::4] = 200
    sharp_mask = np.asarray(Image.fromarray(base.product.sharp_mask).resize((768, 1024), 0))
    image, _ = lay(who, replace(base, product=replace(base.product, sharp=sharp, sharp_mask=sharp_mask)))
    ys, xs = np.nonzero(inside(old, 20))
    column = image[ys.min() : ys.max(), int(np.median(xs)), 0].astype(int)
    assert np.ptp(column) > 150 and np.abs(np.diff(column)).max() > 100


def test_a_dress_keeps_its_skirt_below_the_new_hem() -> None:
    who = person()
    labels = who.parsing.labels.copy()
    labels[np.isin(labels, (L.UPPER, L.PANTS))] = L.DRESS
    image = who.photo.image.copy()
    image[labels == L.DRESS] = COLOURS[L.UPPER]
    dressed = replace(who, photo=Photo("dress", image), parsing=Parsing(labels))
    hips = int(who.pose.joints[L.R_HIP, 1])
    top = (labels == L.DRESS) & (np.indices(labels.shape)[0] < hips)
    out, edited = lay(dressed, painted(dressed, top))
    skirt = (labels == L.DRESS) & (np.indices(labels.shape)[0] > hips + 8)
    assert np.array_equal(out[skirt], image[skirt]) and not edited[skirt].any()
    assert edited[inside(top, 6)].all()


def test_a_frame_that_misses_the_photo_changes_nothing() -> None:
    who = person((200, 150))
    what = painted(who, who.parsing.labels == L.UPPER)
    laid = lay_in(Wearer(who, Frame((500, 0, 692, 256), SIZE)), what)
    assert np.array_equal(laid.image, who.photo.image) and not laid.edited.any()


def test_regions_share_each_pixel_out() -> None:
    long, bare = person(sleeves="long", bag=True), person(sleeves="none", bag=True)
    what = painted(long, bare.parsing.labels == L.UPPER)
    regions = regions_by_joints(Wearer(long, long.frame), what)
    np.testing.assert_allclose(regions.fills.sum(0), 1, atol=1e-6)
    assert (regions.fills[SKIN] * regions.old).any()
    held = np.isin(regions.labels, (L.BAG, L.HAIR, L.FACE))
    assert held.any() and regions.front[held].all() and not regions.old[held].any()
    for plane in (regions.limit, regions.gap):
        assert plane.min() >= 0 and plane.max() <= 1
