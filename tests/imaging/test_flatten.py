"""Garments laid flat, on a drawn person who already stands in the flat pose."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.draw import polygon2mask

from viton_cli.errors import NoGarmentFound
from viton_cli.imaging import flat_pose
from viton_cli.imaging.filling import fill, grow
from viton_cli.imaging.flatten import NotFlattened, flatten, top_garment
from viton_cli.imaging.product import product_view
from viton_cli.vocabulary import labels as L

UNIT, NECK = 100, np.array([130.0, 90.0])  # torso length in pixels, middle of the shoulders
SHAPE = (330, 261)


class Drawn:
    """A person in the flat pose, with sleeves down to `reach` (0 none, 1 elbow, 2 wrist)."""

    def __init__(self, reach: float = 1.0, label: int = L.UPPER, hem: float = 1.05) -> None:
        bones = flat_pose.CANONICAL
        self.joints, self.seen = np.zeros((18, 2), np.float32), np.ones(18, bool)
        upper_r, lower_r, upper_l, lower_l = (bone for bone in bones.arms if bone is not None)
        places = {
            L.NOSE: (0, -0.45), L.NECK: (0, 0), L.R_SHOULDER: bones.torso[0], L.L_SHOULDER: bones.torso[1],
            L.L_HIP: bones.torso[2], L.R_HIP: bones.torso[3], L.R_ELBOW: upper_r[1], L.R_WRIST: lower_r[1],
            L.L_ELBOW: upper_l[1], L.L_WRIST: lower_l[1], L.R_KNEE: (-0.2, 1.9), L.L_KNEE: (0.2, 1.9),
        }  # fmt: skip
        for joint, place in places.items():
            self.joints[joint] = NECK + UNIT * np.asarray(place)
        self.seen[[L.R_ANKLE, L.L_ANKLE, L.R_EYE, L.L_EYE, L.R_EAR, L.L_EAR]] = False
        self.labels = np.zeros(SHAPE, np.uint8)
        self._blob(L.FACE, L.NOSE, L.NOSE, 0.2)
        for arm, shoulder, elbow, wrist in (
            (L.R_ARM, L.R_SHOULDER, L.R_ELBOW, L.R_WRIST),
            (L.L_ARM, L.L_SHOULDER, L.L_ELBOW, L.L_WRIST),
        ):
            self._blob(arm, shoulder, elbow, 0.07)
            self._blob(arm, elbow, wrist, 0.07)
            if reach > 0:
                self._blob(label, shoulder, elbow, 0.09, min(reach, 1))
            if reach > 1:
                self._blob(label, elbow, wrist, 0.09, reach - 1)
        self._fill(L.PANTS, [(-0.25, 0.9), (0.25, 0.9), (0.3, 1.9), (-0.3, 1.9)])
        self._fill(label, [(-0.13, -0.1), (0.13, -0.1), (0.36, -0.02), (0.28, hem), (-0.28, hem), (-0.36, -0.02)])
        ys = np.arange(SHAPE[0])[:, None, None] * np.ones((1, SHAPE[1], 1))
        self.image = np.where(self.labels[..., None] == label, [200, 0.4, 40] * ys / ys.max() + [20, 60, 20], 90)
        self.image = self.image.clip(0, 255).astype(np.uint8)

    def _fill(self, label: int, corners: list[tuple[float, float]]) -> None:
        rows_columns = (NECK + UNIT * np.array(corners))[:, ::-1]
        self.labels[polygon2mask(SHAPE, rows_columns)] = label

    def _blob(self, label: int, start: int, end: int, radius: float, share: float = 1.0) -> None:
        a = self.joints[start]
        b = a + share * (self.joints[end] - a)
        line = np.ones(SHAPE, bool)
        for t in np.linspace(0, 1, 60):
            x, y = np.rint(a + t * (b - a)).astype(int)
            line[y, x] = False
        self.labels[ndimage.distance_transform_edt(line) <= radius * UNIT] = label

    def lay(self):
        return flatten(self.image, self.labels, self.joints, self.seen, (192, 144))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float(((a > 0.5) & (b > 0.5)).sum() / ((a > 0.5) | (b > 0.5)).sum())


@pytest.mark.parametrize("reach", [0.0, 0.6, 1.7])
def test_a_person_in_the_flat_pose_is_laid_flat_unchanged(reach):
    drawn = Drawn(reach)
    flat = drawn.lay()
    garment = (drawn.labels == L.UPPER).astype(np.float32)
    picture, mask, _ = product_view(drawn.image, garment, (192, 144), 0.08)
    assert overlap(flat.mask, mask) > 0.9
    inside = ndimage.binary_erosion((flat.mask > 0.5) & (mask > 0.5), iterations=4)
    assert np.abs(flat.image.astype(int) - picture)[inside].mean() < 8
    assert (flat.image[flat.mask == 0] == 255).all()
    assert flat.hidden < 0.08
    assert flat.front == pytest.approx(2 * flat_pose.SHOULDER, abs=0.02)


def test_the_picture_is_the_same_however_large_and_wherever_the_person_is():
    drawn, moved = Drawn(1.0), Drawn(1.0)
    moved.image = np.pad(drawn.image.repeat(2, 0).repeat(2, 1), [(9, 0), (31, 0), (0, 0)])
    moved.labels = np.pad(drawn.labels.repeat(2, 0).repeat(2, 1), [(9, 0), (31, 0)])
    moved.joints = 2 * drawn.joints + 0.5 + np.array([31, 9], np.float32)
    assert overlap(drawn.lay().mask, moved.lay().mask) > 0.96


@pytest.mark.parametrize("reach", [0.0, 0.5, 1.0, 1.6, 2.0])
def test_sleeves_end_where_the_arms_become_bare(reach):
    drawn = Drawn(reach)
    bones = flat_pose.person_bones(drawn.joints, drawn.seen)
    found = flat_pose.sleeve_reach(bones, drawn.labels == L.UPPER, np.isin(drawn.labels, L.ARMS))
    assert found == pytest.approx((reach, reach), abs=0.3 if 0 < reach < 2 else 0.0)


def test_a_sleeve_that_points_at_the_camera_is_taken_from_the_other_side():
    drawn = Drawn(1.6)
    whole = drawn.lay().mask
    for label in (L.R_ARM, L.UPPER):
        outer = (np.arange(SHAPE[1]) < NECK[0] - 0.45 * UNIT) & (drawn.labels == label)
        drawn.labels[outer] = L.BACKGROUND
    drawn.joints[[L.R_ELBOW, L.R_WRIST]] = drawn.joints[L.R_SHOULDER] + [[-3, 8], [-4, 12]]
    flat = drawn.lay()
    assert overlap(flat.mask, whole) > 0.88
    assert flat.hidden > 0.05


def test_what_a_bag_hides_is_taken_from_the_mirrored_side():
    drawn = Drawn(0.6)
    x, y = (NECK + UNIT * np.array([0.15, 0.5])).astype(int)
    mirrored = int(2 * NECK[0]) - x
    drawn.image[y - 9 : y + 9, x - 9 : x + 9] = (10, 240, 10)
    drawn.labels[y - 12 : y + 12, mirrored - 12 : mirrored + 12] = L.BAG
    flat = drawn.lay()
    green = (flat.image[..., 1] > 180) & (flat.image[..., 0] < 120)
    half = flat.image.shape[1] // 2
    assert green[:, :half].sum() == pytest.approx(green[:, half:].sum(), rel=0.35)
    assert flat.hidden == pytest.approx(24 * 24 / (drawn.labels == L.UPPER).sum(), abs=0.04)


def test_hair_on_the_middle_of_the_chest_leaves_no_hole():
    drawn = Drawn(0.6)
    drawn.labels[130:160, 115:146] = L.HAIR
    flat = drawn.lay()
    assert ndimage.binary_fill_holes(flat.mask > 0.5).sum() == (flat.mask > 0.5).sum()


def test_a_dress_counts_down_to_the_hips():
    drawn = Drawn(0.6, label=L.DRESS, hem=1.9)
    flat = drawn.lay()
    assert flat.label == L.DRESS
    rows = np.flatnonzero(flat.worn.any(1))
    assert rows[-1] == pytest.approx(NECK[1] + 1.1 * UNIT, abs=3)


def change(**changes):
    drawn = Drawn(0.6)
    for name, value in changes.items():
        value(drawn) if callable(value) else setattr(drawn, name, value)
    return drawn


def turn(drawn):
    drawn.joints[[L.R_SHOULDER, L.L_SHOULDER], 0] = NECK[0] + np.array([-20, 20])


def swap(drawn):
    drawn.joints = drawn.joints[list(L.FLIP_JOINTS)]


def lean(drawn):
    drawn.joints[[L.R_HIP, L.L_HIP], 0] += 60


def cover(drawn):
    drawn.labels[110:165, 112:190] = L.BAG


def open_coat(drawn):
    drawn.labels[100:190, 105:120] = L.COAT


def unseen(drawn):
    drawn.seen[L.L_HIP] = False


def shrink(drawn):
    drawn.labels[104:] = L.PANTS


@pytest.mark.parametrize(
    ("what", "cause"),
    [
        (turn, "sideways"), (swap, "from behind"), (lean, "leaning"), (cover, "too much hidden"),
        (open_coat, "several tops"), (unseen, "torso not seen"), (shrink, "too little garment"),
    ],
)  # fmt: skip
def test_photos_that_cannot_be_laid_flat_say_why(what, cause):
    with pytest.raises(NotFlattened, match=f"^{cause}$"):
        change(what=what).lay()


def test_the_largest_top_is_the_garment():
    labels = np.array([[L.UPPER] * 8 + [L.COAT] * 2 + [L.PANTS] * 30], np.uint8)
    assert top_garment(labels) == (L.UPPER, 0.25)


def test_grow_keeps_what_is_known_and_spreads_it():
    rng = np.random.default_rng(0)
    known = rng.random((37, 50)) < 0.1
    colour = np.where(known[..., None], 80, 7).astype(np.uint8).repeat(3, 2)
    assert np.allclose(grow(colour, known), 80, atol=1)


def test_fill_mirrors_texture_and_leaves_known_pixels_alone():
    rng = np.random.default_rng(1)
    colour = rng.integers(60, 200, (64, 80, 3)).astype(np.uint8)
    known = np.ones((64, 80), bool)
    known[20:44, :30] = False
    out = fill(colour, known, np.ones_like(known))
    assert (out[known] == colour[known]).all()
    centre = (slice(28, 36), slice(5, 20))
    assert np.abs(out[centre].astype(int) - colour[:, ::-1][centre]).mean() < 3


@pytest.mark.parametrize("shape", [(300, 200), (90, 400), (500, 120)])
def test_product_view_centres_the_garment_and_keeps_its_aspect(shape):
    image, mask = np.full((*shape, 3), 40, np.uint8), np.zeros(shape, np.float32)
    mask[20:-30, 10:-40] = 1
    picture, small, box = product_view(image, mask, (128, 96))
    rows, columns = np.flatnonzero((small > 0.5).any(1)), np.flatnonzero((small > 0.5).any(0))
    tall, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert tall / wide == pytest.approx((shape[0] - 50) / (shape[1] - 50), rel=0.05)
    assert max(tall / 128, wide / 96) == pytest.approx(0.9, abs=0.03)
    assert rows.mean() == pytest.approx(63.5, abs=1) and columns.mean() == pytest.approx(47.5, abs=1)
    assert (picture[small == 0] == 255).all() and (picture[small == 1] == 40).all()
    scale = 128 / (box[3] - box[1])
    assert (20 - box[1]) * scale == pytest.approx(rows[0], abs=1)
    assert (10 - box[0]) * scale == pytest.approx(columns[0], abs=1)


def test_product_view_of_nothing_is_an_error():
    with pytest.raises(NoGarmentFound):
        product_view(np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9), np.float32), (64, 48))
