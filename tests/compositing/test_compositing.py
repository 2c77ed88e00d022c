"""The garment laid into the photo: which pixels may change, and what they become.

The warp is a stand-in that lays the product view onto the network frame corner to corner, so that every region is known
exactly: the drawn person's clothes are the product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import map_coordinates
from torch import Tensor

from viton_cli.compositing import wearer as wearer_module
from viton_cli.compositing.blend import lay_in, trace
from viton_cli.compositing.by_joints import regions_by_joints
from viton_cli.compositing.painted import SKIN, Painted
from viton_cli.compositing.wearer import WORKING, Wearer
from viton_cli.core.warp import Places, Warp, fit_places
from viton_cli.imaging.frames import crop, person_frame, torso_length
from viton_cli.imaging.product import Product
from viton_cli.perception.backends.fake import COLOURS, draw_person
from viton_cli.records import Frame, Parsing, Person, Photo
from viton_cli.vocabulary import labels as L
from viton_cli.vocabulary.layout import GARMENT, LAYOUT, TRUNK, layout_table

SIZE = (256, 192)
GREEN = (30, 160, 60)
COARSE = 100  # the coarse image is this grey everywhere


@dataclass
class Straight:
    """The product view onto the frame, corner to corner."""

    def draw(
        self, image: Tensor, size: tuple[int, int], box: tuple[float, float, float, float], beyond: bool
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        x0, y0, x1, y1 = box
        sx, sy = image.shape[3] / (x1 - x0), image.shape[2] / (y1 - y0)
        out = [
            np.asarray(
                Image.fromarray(np.ascontiguousarray(plane, np.float32)).transform(
                    (size[1], size[0]), Image.Transform.AFFINE, (sx, 0, -x0 * sx, 0, sy, -y0 * sy),
                    Image.Resampling.NEAREST, fillcolor=0.0,
                )
            )
            for plane in (*image[0].numpy(), np.ones(image.shape[2:]))
        ]  # fmt: skip
        return np.stack(out), np.stack(out) if beyond else None


def person(size: tuple[int, int] = (400, 300), **drawing: Any) -> Person:
    """A drawn person whose background is noise, so that no pixel can be hit by chance."""
    image, labels, pose = draw_person(size, **drawing)
    noise = np.random.default_rng(0).integers(180, 250, (*size, 3)).astype(np.uint8)
    image = np.where((labels == L.BACKGROUND)[..., None], noise, image)
    return Person(Photo("drawn", image), pose, Parsing(labels), person_frame(pose, size, SIZE))


def painted(
    who: Person, garment: NDArray[np.bool_], alpha: float = 1.0, mask: NDArray[np.bool_] | None = None
) -> Painted:
    """A garment that covers `garment`, (H, W) of the photo; `mask`, likewise, is what the network predicts."""
    cover = crop(garment.astype(np.float32), who.frame, 0).astype(np.float32)
    predicted = cover if mask is None else crop(mask.astype(np.float32), who.frame, 0).astype(np.float32)
    colours = np.empty((*SIZE, 3), np.uint8)
    colours[:] = GREEN
    product = Product(colours, cover, colours, (cover > 0.5).astype(np.float32))
    coarse = np.full((*SIZE, 3), COARSE, np.uint8)
    gain = np.ones((*SIZE, 3), np.float32)
    return Painted(coarse, predicted, np.full(SIZE, alpha, np.float32), product, cast(Warp, Straight()), cover, gain)


def lay(who: Person, what: Painted) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    laid = lay_in(Wearer(who, who.frame), what)
    image, edited = laid.image, laid.edited
    assert image.shape == who.photo.image.shape and image.dtype == np.uint8
    assert edited.shape == who.photo.size and edited.dtype == bool
    assert np.array_equal(image[~edited], who.photo.image[~edited]), "outside the edited region it is the photo"
    return image, edited


def inside(region: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    from scipy.ndimage import binary_erosion

    return np.asarray(binary_erosion(region, iterations=by))


def beside(old: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels on the old garment's very edge: they may be a mixture, and go with it."""
    from scipy.ndimage import binary_dilation

    return np.asarray(binary_dilation(old, iterations=3))


CASES: dict[str, dict[str, Any]] = {
    "portrait": {},
    "landscape": {"size": (300, 620), "middle": 0.3},
    "frame beyond the photo": {"size": (300, 220), "scale": 1.5},
    "at the edge": {"size": (320, 240), "middle": 0.12},
    "long sleeves": {"sleeves": "long"},
    "bag": {"bag": True},
    "small": {"size": (96, 72)},
}


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


def by_layout(who: Person, layout: NDArray[np.uint8], garment: NDArray[np.bool_]) -> Painted:
    """What a generator paints that is sure of its layout, (H, W) of the photo."""
    what = painted(who, garment)
    seen = crop(layout, who.frame, 0, nearest=True).astype(np.uint8)
    shares = np.stack([(seen == k).astype(np.float32) for k in range(len(LAYOUT))])
    return replace(what, layout=shares)


def layout_of(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.where(layout_table()[labels] == GARMENT, TRUNK, layout_table()[labels]).astype(np.uint8)


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
