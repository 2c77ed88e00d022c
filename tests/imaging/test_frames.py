"""Changes of frame: points there and back, and what the cropped picture shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viton_cli.imaging.frames import GREY, crop, fit_box, person_frame, to_frame, to_photo, torso_length, whole_photo
from viton_cli.perception.backends.fake import draw_person
from viton_cli.records import Frame, Pose
from viton_cli.vocabulary import labels as L

corner = st.integers(-900, 4000)
side = st.integers(2, 5000)
sizes = st.tuples(st.integers(16, 1024), st.integers(16, 1024))


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    x0, y0 = draw(corner), draw(corner)
    return Frame((x0, y0, x0 + draw(side), y0 + draw(side)), draw(sizes))


def pose(**places: tuple[float, float]) -> Pose:
    """Only the joints named, such as r_shoulder=(x, y)."""
    joints, seen = np.zeros((18, 2), np.float32), np.zeros(18, bool)
    for name, place in places.items():
        index = getattr(L, name.upper())
        joints[index], seen[index] = place, True
    return Pose(joints, seen, seen.astype(np.float32))


@settings(max_examples=100, deadline=None)
@given(frames(), st.tuples(st.floats(-500, 5000), st.floats(-500, 5000)))
def test_to_photo_undoes_to_frame(frame: Frame, point: tuple[float, float]) -> None:
    there = to_frame(np.array(point), frame)
    # float32 holds a coordinate of the frame to 2^-24 of itself, which the way back enlarges.
    scale = max((frame.box[2] - frame.box[0]) / frame.size[1], (frame.box[3] - frame.box[1]) / frame.size[0])
    np.testing.assert_allclose(to_photo(there, frame), point, atol=1e-3 + 1e-6 * scale * np.abs(there).max())


@settings(max_examples=50, deadline=None)
@given(frames())
def test_edges_of_the_box_are_edges_of_the_frame(frame: Frame) -> None:
    x0, y0, x1, y1 = frame.box
    corners = to_frame(np.array([(x0 - 0.5, y0 - 0.5), (x1 - 0.5, y1 - 0.5)]), frame)
    np.testing.assert_allclose(corners, [(-0.5, -0.5), (frame.size[1] - 0.5, frame.size[0] - 0.5)], atol=1e-3)


@pytest.mark.parametrize("nearest", [False, True])
def test_a_crop_of_its_own_size_is_the_photo_pixel_by_pixel(nearest: bool) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (60, 50, 3)).astype(np.uint8)
    assert np.array_equal(crop(photo, Frame((0, 0, 50, 60), (60, 50)), nearest=nearest), photo)
    assert np.array_equal(crop(photo, Frame((7, 11, 47, 41), (30, 40)), nearest=nearest), photo[11:41, 7:47])


def test_beyond_the_photo_is_fill_and_the_rest_stays_in_place() -> None:
    photo = np.random.default_rng(1).integers(0, 100, (20, 30)).astype(np.uint8)
    seen = crop(photo, Frame((-4, -6, 36, 34), (40, 40)), fill=200)
    assert np.array_equal(seen[6:26, 4:34], photo)
    seen[6:26, 4:34] = 200
    assert (seen == 200).all()
    assert (crop(photo, Frame((100, 0, 140, 40), (8, 8))) == GREY).all(), "a frame that misses the photo"


def test_shrinking_averages_a_checkerboard_to_grey() -> None:
    board = (np.indices((128, 96)).sum(0) % 2 * 255).astype(np.uint8)
    small = crop(board, Frame((0, 0, 96, 128), (16, 12)))
    assert np.abs(small.astype(int) - 127).max() <= 2


def test_labels_are_never_mixed() -> None:
    labels = np.zeros((90, 70), np.uint8)
    labels[20:60, 10:50] = 21
    for size in ((32, 24), (256, 192)):
        assert set(np.unique(crop(labels, Frame((-9, -5, 80, 101), size), L.BACKGROUND, nearest=True))) == {0, 21}


@pytest.mark.parametrize("size", [(64, 48), (160, 120), (397, 301)])
def test_pictures_and_points_move_alike(size: tuple[int, int]) -> None:
    """The mean position of a bright square, seen through the frame, is where `to_frame` puts its middle."""
    photo = np.zeros((200, 150), np.float32)
    photo[80:120, 60:100] = 1.0
    for box in ((0, 0, 150, 200), (31, 40, 151, 200), (-33, -17, 200, 230)):
        frame = Frame(box, size)
        seen = crop(photo, frame, fill=0)
        ys, xs = np.indices(seen.shape)
        middle = np.array([(xs * seen).sum(), (ys * seen).sum()]) / seen.sum()
        np.testing.assert_allclose(middle, to_frame(np.array([79.5, 99.5]), frame), atol=0.06)


def test_a_ramp_keeps_its_values_at_every_pixel_inside() -> None:
    """Also where the box begins beyond the photo and a frame pixel covers many of the photo's."""
    photo = np.broadcast_to(np.arange(240, dtype=np.float32), (100, 240)).copy()
    for box, size in (((-30, 0, 270, 100), (10, 20)), ((-7, -3, 263, 103), (40, 90)), ((-20, 0, 300, 100), (300, 900))):
        frame = Frame(box, size)
        seen = crop(photo, frame, fill=-1000)[size[0] // 2]
        xs = to_photo(np.stack([np.arange(size[1]), np.zeros(size[1])], 1), frame)[:, 0]
        step = (box[2] - box[0]) / size[1]
        inside = (xs > step) & (xs < 239 - step)
        np.testing.assert_allclose(seen[inside], xs[inside], atol=0.05 * step)


def test_the_corner_pixel_of_the_photo_stays_where_points_say() -> None:
    photo = np.zeros((40, 30), np.uint8)
    photo[0, 0] = photo[39, 29] = 255
    frame = Frame((-10, -20, 50, 60), (80, 60))
    seen = crop(photo, frame, fill=0)
    for point in ((0, 0), (29, 39)):
        x, y = to_frame(np.array(point), frame).round().astype(int)
        assert seen[y, x] == 255
    assert (seen > 0).sum() == 2


@settings(max_examples=100, deadline=None)
@given(corner, corner, side, side, sizes)
def test_fit_box_is_the_smallest_box_of_that_aspect_with_the_same_centre(
    left: int, top: int, wide: int, tall: int, size: tuple[int, int]
) -> None:
    x0, y0, x1, y1 = fit_box(left, top, left + wide, top + tall, size)
    width, height, aspect = x1 - x0, y1 - y0, size[1] / size[0]
    assert width >= wide - 1 and height >= tall
    assert abs(width - height * aspect) <= 0.5 or width == 1
    assert height <= max(tall, wide / aspect) + 1, "one side touches"
    assert abs((x0 + x1) / 2 - (left + wide / 2)) <= 1 and abs((y0 + y1) / 2 - (top + tall / 2)) <= 1


def test_the_whole_photo_is_centred() -> None:
    assert whole_photo((400, 300), (256, 192)).box == (0, 0, 300, 400)
    assert whole_photo((300, 300), (256, 192)).box == (0, -50, 300, 350)
    assert whole_photo((400, 100), (256, 192)).box == (-100, 0, 200, 400)


@pytest.mark.parametrize("size", [(256, 192), (128, 128)])
@pytest.mark.parametrize("photo", [(512, 384), (400, 900), (1200, 500)])
def test_the_persons_frame_holds_head_arms_and_hips(photo: tuple[int, int], size: tuple[int, int]) -> None:
    _, labels, drawn = draw_person(photo)
    frame = person_frame(drawn, photo, size)
    upper = to_frame(drawn.joints[[*range(9), L.L_HIP]], frame)
    assert (upper > 0).all() and (upper < (size[1] - 1, size[0] - 1)).all()
    head = np.argwhere(np.isin(labels, L.HEAD))
    assert frame.box[1] <= head[:, 0].min()
    assert to_frame(drawn.joints[L.R_ANKLE], frame)[1] > size[0] or size[0] == size[1]
    assert frame.size == size and (frame.box[2] - frame.box[0]) * size[0] == pytest.approx(
        (frame.box[3] - frame.box[1]) * size[1], rel=0.01
    )


def test_a_photo_cut_above_the_hips_is_framed_to_just_below_its_end() -> None:
    cut = pose(nose=(200, 100), neck=(200, 180), r_shoulder=(120, 190), l_shoulder=(280, 190))
    torso = torso_length(cut)
    assert torso == pytest.approx(1.5 * 160)
    frame = person_frame(cut, (300, 400))
    # top = 100 - 0.55 torso, bottom = the photo's end and a tenth of the torso: the width rules here or does not,
    # either way the middle is theirs.
    assert (frame.box[1] + frame.box[3]) / 2 == pytest.approx((100 - 0.55 * torso + 300 + 0.1 * torso) / 2, abs=1)
    assert frame.box[0] <= 120 - 0.2 * torso + 1 and frame.box[2] >= 280 + 0.2 * torso - 1


@pytest.mark.parametrize(
    "few",
    [
        pose(neck=(50, 60)),
        pose(nose=(50, 60), r_eye=(47, 57)),
        pose(r_shoulder=(30, 40), l_shoulder=(70, 40)),
        pose(r_hip=(40, 80), l_hip=(60, 80), r_knee=(40, 120)),
        pose(l_ankle=(20, 90), l_knee=(20, 70)),
    ],
)
def test_few_joints_still_give_a_frame_around_them(few: Pose) -> None:
    frame = person_frame(few, (128, 96))
    x0, y0, x1, y1 = frame.box
    assert x1 > x0 and y1 > y0
    upper = [i for i in range(9) if few.seen[i]]
    for x, _ in few.joints[upper]:
        assert x0 <= x <= x1


def test_torso_length_is_neck_to_hips_else_from_the_shoulders_else_from_the_height() -> None:
    assert torso_length(pose(neck=(0, 0), r_hip=(-3, 40), l_hip=(3, 40))) == pytest.approx(40)
    assert torso_length(pose(neck=(0, 0), r_hip=(30, 40))) == pytest.approx(50)
    assert torso_length(pose(r_shoulder=(0, 0), l_shoulder=(20, 0))) == pytest.approx(30)
    assert torso_length(pose(nose=(0, 0), r_knee=(0, 100))) == pytest.approx(40)
    assert torso_length(pose()) == torso_length(pose(nose=(5, 5))) == 1.0
