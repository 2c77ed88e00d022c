"""Augmentation keeps picture, labels and joints together: every joint stays on its own label."""

from __future__ import annotations

import numpy as np
import pytest

from viton_cli.perception.backends.fake import draw_person
from viton_cli.training.perception import augment as module
from viton_cli.training.perception.augment import IGNORE, Example, augment, negative, random_box
from viton_cli.vocabulary import labels as L

SIZE = (128, 96)
# A label of its own for the disc at each of these joints; sides are labels with sides.
DISCS = {
    L.R_WRIST: L.R_ARM, L.L_WRIST: L.L_ARM, L.R_KNEE: L.R_LEG, L.L_KNEE: L.L_LEG, L.R_ANKLE: L.R_SHOE,
    L.L_ANKLE: L.L_SHOE, L.NECK: L.SCARF, L.NOSE: L.SUNGLASSES,
}  # fmt: skip
COLOUR = {label: (20 + 11 * label, 250 - 9 * label, (97 * label) % 256) for label in range(L.N_LABELS)}


def example(size: tuple[int, int] = (300, 220)) -> Example:
    """A drawn person, labelled all over as clothes, with labelled discs at the joints of `DISCS`."""
    _, labels, pose = draw_person(size)
    labels = np.where(labels > 0, L.UPPER, L.BACKGROUND).astype(np.uint8)
    ys, xs = np.indices(size)
    for joint, label in DISCS.items():
        x, y = pose.joints[joint]
        labels[np.hypot(xs - x, ys - y) <= 0.03 * size[0]] = label
    table = np.array([COLOUR[label] for label in range(L.N_LABELS)], np.uint8)
    return Example(table[labels], pose.joints, pose.seen, labels)


def checked(view: Example) -> int:
    """Number of joints seen in a view, each of which lies on its label."""
    assert view.labels is not None and view.joints is not None and view.seen is not None
    assert view.image.shape == (*SIZE, 3) and view.labels.shape == SIZE
    count = 0
    for joint, label in DISCS.items():
        if view.seen[joint]:
            x, y = view.joints[joint].round().astype(int)
            assert view.labels[y, x] == label, L.JOINTS[joint]
            count += 1
    return count


def test_joints_stay_on_their_labels() -> None:
    source = example()
    counts = [checked(augment(source, SIZE, np.random.default_rng(seed))) for seed in range(60)]
    assert np.mean(counts) > 3 and max(counts) == len(DISCS)


def test_unseen_is_outside_or_covered() -> None:
    source = example()
    outside = 0
    for seed in range(40):
        view = augment(source, SIZE, np.random.default_rng(seed))
        assert view.joints is not None and view.seen is not None and view.labels is not None
        for joint in range(L.N_JOINTS):
            x, y = view.joints[joint]
            within = -0.5 <= x < SIZE[1] - 0.5 and -0.5 <= y < SIZE[0] - 0.5
            if view.seen[joint]:
                assert within
            elif within and view.labels.any() and (view.labels != L.BACKGROUND).any():
                rows, columns = np.clip([round(float(y)), round(float(x))], 0, np.array(SIZE) - 1)
                assert view.labels[rows, columns] in (IGNORE, L.BACKGROUND)
            outside += not within
    assert outside > 0, "some views cut somebody off"


def test_both_sides_occur_and_swap_joints_with_labels() -> None:
    """In a mirrored view the person's right wrist is at the viewer's right, and is still labelled right."""
    sides = []
    for seed in range(40):
        view = augment(example(), SIZE, np.random.default_rng(seed))
        assert view.joints is not None and view.seen is not None
        if view.seen[L.R_SHOULDER] and view.seen[L.L_SHOULDER]:
            sides.append(view.joints[L.R_SHOULDER, 0] < view.joints[L.L_SHOULDER, 0])
    # The drawing is symmetric, so a mirrored person with swapped sides looks as before: right stays at the left.
    assert len(sides) > 20 and all(sides)


def test_a_mirrored_picture_is_told_from_its_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture itself is mirrored in about half of the views: the right wrist then shows the left one's colour."""
    monkeypatch.setattr(module, "_photometric", lambda image, rng: image)
    monkeypatch.setattr(module, "_occlude", lambda *_: None)
    monkeypatch.setattr(module, "_studio", lambda image, *_: image)
    kept = mirrored = 0
    for seed in range(60):
        view = augment(example(), SIZE, np.random.default_rng(seed))
        assert view.joints is not None and view.seen is not None
        if view.seen[L.R_KNEE]:
            x, y = view.joints[L.R_KNEE].round().astype(int)
            colour = view.image[y, x].astype(int)
            right, left = (np.abs(colour - COLOUR[label]).sum() for label in (L.R_LEG, L.L_LEG))
            kept, mirrored = kept + (right < left), mirrored + (left < right)
    assert kept > 5 and mirrored > 5


def test_the_same_generator_gives_the_same_view() -> None:
    a, b, c = (augment(example(), SIZE, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(a.image, b.image) and np.array_equal(a.labels, b.labels)
    assert np.array_equal(a.joints, b.joints) and not np.array_equal(a.image, c.image)


def test_the_example_itself_is_left_alone() -> None:
    source = example()
    before = [array.copy() for array in (source.image, source.joints, source.seen, source.labels) if array is not None]
    for seed in range(10):
        augment(source, SIZE, np.random.default_rng(seed))
    after = (source.image, source.joints, source.seen, source.labels)
    assert all(np.array_equal(a, b) for a, b in zip(before, after))


def test_what_is_not_known_stays_unknown() -> None:
    whole = example()
    for seed in range(15):
        rng = np.random.default_rng(seed)
        posed = augment(Example(whole.image, whole.joints, whole.seen, None), SIZE, rng)
        assert posed.labels is None and posed.joints is not None
        labelled = augment(Example(whole.image, None, None, whole.labels), SIZE, rng)
        if labelled.labels is not None and (labelled.labels != L.BACKGROUND).any():
            assert labelled.joints is None and labelled.seen is None


def test_unknown_pixels_stay_unknown_in_a_mirrored_view() -> None:
    whole = example()
    labels = np.full_like(whole.labels, IGNORE)
    for seed in range(10):
        view = augment(Example(whole.image, whole.joints, whole.seen, labels), SIZE, np.random.default_rng(seed))
        assert view.labels is not None and set(np.unique(view.labels)) <= {IGNORE, L.BACKGROUND}
        assert (view.labels == IGNORE).any()


@pytest.mark.parametrize("size", [(40, 300), (300, 40), (24, 24)])
def test_nobody_is_nobody_in_every_view(size: tuple[int, int]) -> None:
    scene = negative(np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8))
    for seed in range(12):
        view = augment(scene, SIZE, np.random.default_rng(seed))
        assert view.seen is not None and not view.seen.any()
        assert view.labels is not None and set(np.unique(view.labels)) <= {L.BACKGROUND, IGNORE}


def test_views_range_from_a_small_figure_to_a_cut_one() -> None:
    source = example()
    assert source.labels is not None
    rows = np.flatnonzero((source.labels > 0).any(1))
    tall = rows[-1] + 1 - rows[0]
    heights = np.array([random_box(source, SIZE, np.random.default_rng(seed))[2] for seed in range(200)]) / tall
    assert heights.min() < 0.6 and heights.max() > 1.8 and 0.2 < (heights < 1).mean() < 0.8
