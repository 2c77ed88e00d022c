"""The drawn person, and the two backends that read a drawing."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from PIL import Image

from viton_cli.perception.backends.fake import COLOURS, FakeParsing, FakePose, draw_person, read_drawing
from viton_cli.records import Photo
from viton_cli.vocabulary import labels as L


@pytest.mark.parametrize(
    ("sleeves", "bag", "size"), product(("none", "short", "long"), (False, True), ((512, 384), (300, 500)))
)
def test_a_drawing_is_read_back_exactly(sleeves: str, bag: bool, size: tuple[int, int]) -> None:
    image, labels, pose = draw_person(size, sleeves=sleeves, bag=bag)
    assert image.shape == (*size, 3) and labels.shape == size
    assert np.array_equal(read_drawing(image), labels)
    assert np.array_equal(FakeParsing().parse(Photo("a", image), None).labels, labels)
    assert (L.BAG in labels) == bag
    (found,) = FakePose().detect(Photo("a", image))
    assert np.array_equal(found.seen, pose.seen) and pose.seen.all()
    np.testing.assert_allclose(found.joints, pose.joints, atol=0.02 * size[0])


def test_every_label_of_a_drawing_has_its_own_colour() -> None:
    assert len(set(COLOURS.values())) == len(COLOURS)


def test_joints_lie_on_their_labels_and_sides_are_the_persons_own() -> None:
    _, labels, pose = draw_person()
    for joint, label in {
        L.NOSE: L.FACE, L.R_WRIST: L.R_ARM, L.L_WRIST: L.L_ARM, L.R_KNEE: L.PANTS, L.R_SHOULDER: L.UPPER,
    }.items():  # fmt: skip
        x, y = pose.joints[joint].round().astype(int)
        assert labels[y, x] == label, L.JOINTS[joint]
    for joint, mirror in enumerate(L.FLIP_JOINTS):
        if "right" in L.JOINTS[joint]:
            assert pose.joints[joint, 0] < pose.joints[mirror, 0], "facing us, the right side is at our left"


def test_longer_sleeves_cover_more_of_the_arms() -> None:
    shares = [np.isin(draw_person(sleeves=s)[1], L.ARMS).sum() for s in ("none", "short", "long")]
    assert shares[0] > shares[1] > shares[2] > 0


def test_legs_may_be_cut_off() -> None:
    _, labels, pose = draw_person((300, 300), scale=1.6)
    assert not pose.seen[[L.R_ANKLE, L.L_ANKLE]].any() and pose.seen[[L.R_HIP, L.NOSE]].all()
    assert L.L_SHOE not in labels and (labels[-1] > 0).any()
    assert np.array_equal(pose.confidence, pose.seen)


def test_drawings_survive_a_jpeg_and_nobody_is_nobody() -> None:
    image, labels, _ = draw_person((400, 300))
    import io

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=95)
    again = read_drawing(np.asarray(Image.open(buffer)))
    merged = L.merge_table()
    assert (merged[again] == merged[labels]).mean() > 0.97
    for empty in (np.full((90, 60, 3), 235, np.uint8), np.zeros((90, 60, 3), np.uint8)):
        assert FakePose().detect(Photo("nobody", empty)) == []
        assert not FakeParsing().parse(Photo("nobody", empty), None).labels[empty.min(2) > 100].any()
