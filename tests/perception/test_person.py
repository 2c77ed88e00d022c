"""From backends to a `Person`, and what is odd about a photo, in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from viton_cli.errors import BadConfig, NoPersonFound, UnknownName
from viton_cli.perception.backends.fake import draw_person
from viton_cli.perception.perceive import OneByOne, open_perception
from viton_cli.perception.person import PersonFinder, check_pose, count_heads, count_people, largest_person
from viton_cli.records import Parsing, Person, Photo, Pose
from viton_cli.vocabulary import labels as L

SIZE = (400, 300)


def finder() -> PersonFinder:
    return PersonFinder(open_perception("fake", "fake"))


def drawn(**changes: tuple[float, float] | None) -> tuple[Pose, np.ndarray]:
    """The drawing's pose with some joints moved by (x, y) of the torso's length from the neck, or hidden."""
    _, labels, pose = draw_person(SIZE)
    joints, seen = pose.joints.copy(), pose.seen.copy()
    neck = joints[L.NECK].copy()
    torso = joints[L.R_HIP, 1] - neck[1]
    for name, place in changes.items():
        index = getattr(L, name.upper())
        if place is None:
            seen[index] = False
        else:
            joints[index] = neck + torso * np.array(place)
    return Pose(joints, seen, seen.astype(np.float32)), labels


def test_an_ordinary_person_has_nothing_odd() -> None:
    image, labels, pose = draw_person(SIZE)
    found = finder().find(Photo("anna", image))
    assert found.checks == () and found.score == pytest.approx(1)
    assert np.array_equal(found.parsing.labels, labels)
    np.testing.assert_allclose(found.pose.joints, pose.joints, atol=6)
    assert found.frame.size == (256, 192) and finder().find(Photo("anna", image), (128, 128)).frame.size == (128, 128)


def test_nobody_is_an_error_that_names_the_file() -> None:
    grey = np.full((100, 80, 3), 235, np.uint8)
    with pytest.raises(NoPersonFound, match=r"^people/empty\.jpg: no person found") as caught:
        finder().find(Photo("empty", grey, Path("people/empty.jpg")))
    assert "\n" not in str(caught.value)
    with pytest.raises(NoPersonFound, match=r"^given: "):
        finder().find(Photo("given", grey))


class Only:
    """A backend that answers what it is told."""

    def __init__(self, poses: list[Pose], labels: np.ndarray) -> None:
        self.poses, self.labels = poses, labels

    def detect(self, photo: Photo) -> list[Pose]:
        return self.poses

    def parse(self, photo: Photo, pose: Pose | None) -> Parsing:
        return Parsing(self.labels)


def told(poses: list[Pose], labels: np.ndarray) -> PersonFinder:
    only = Only(poses, labels)
    return PersonFinder(OneByOne(only, only))


def test_a_pose_without_shoulders_or_without_labels_is_no_person() -> None:
    image, labels, _ = draw_person(SIZE)
    legs, _ = drawn(neck=None, r_shoulder=None, l_shoulder=None)
    with pytest.raises(NoPersonFound, match="shoulders cannot be seen"):
        told([legs], labels).find(Photo("legs", image))
    whole, _ = drawn()
    with pytest.raises(NoPersonFound, match="nothing of it is labelled"):
        told([whole], np.zeros_like(labels)).find(Photo("bare", image))


def two(scale: float = 0.6) -> tuple[np.ndarray, np.ndarray, Pose, Pose]:
    """A large person at the left and a smaller one at the right."""
    image, labels, big = draw_person((400, 700), middle=0.25)
    other, other_labels, small = draw_person((400, 700), scale=scale, middle=0.8)
    there = other_labels > 0
    return np.where(there[..., None], other, image), np.where(there, other_labels, labels), big, small


def test_of_several_people_the_largest_is_taken_and_that_is_said() -> None:
    image, labels, big, small = two()
    found = told([big, small], labels).find(Photo("two", image))
    assert found.checks[0] == "2 people found, the largest is taken"
    assert (found.parsing.labels[:, :350] == labels[:, :350]).all() and not found.parsing.labels[:, 420:].any()
    # Also when the pose backend reports only one: the labels show two.
    found = told([big], labels).find(Photo("two", image))
    assert found.checks[0] == "2 people found, the largest is taken"
    assert found.frame.box[2] < 420


def test_people_are_regions_with_the_parts_of_a_person_and_a_quarter_of_the_largest() -> None:
    _, labels, big, small = two()
    assert count_people(labels) == 2
    _, far, *_ = two(scale=0.25)
    assert count_people(far) == 1
    right = np.arange(700) > 420
    without_head = np.where(np.isin(labels, L.HEAD) & right, L.BACKGROUND, labels).astype(np.uint8)
    assert count_people(without_head) == 2, "a head may be cut off"
    dummy = np.where((labels > 0) & right, L.UPPER, labels).astype(np.uint8)
    assert count_people(dummy) == 1, "clothes alone are nobody"
    assert count_people(np.zeros((50, 50), np.uint8)) == 0
    assert count_people(np.kron(labels, np.ones((3, 3), np.uint8))) == 2, "at any size"
    for pose, side in ((big, slice(0, 350)), (small, slice(420, 700))):
        kept = largest_person(labels, pose)
        assert np.array_equal(kept[:, side], labels[:, side]) and (kept > 0).sum() == (labels[:, side] > 0).sum()


def test_people_who_touch_are_counted_by_their_heads() -> None:
    image, labels, big = draw_person((400, 700), middle=0.4)
    other_image, other, _ = draw_person((400, 700), scale=0.9, middle=0.62)
    touching = np.where(labels > 0, labels, other).astype(np.uint8)
    touching[300:310, 280:430] = L.UPPER
    assert count_people(touching) == 1 and count_heads(touching) == 2
    found = told([big], touching).find(Photo("pair", np.where((labels > 0)[..., None], image, other_image)))
    assert found.checks[0].startswith("2 people found who touch")
    assert count_heads(labels) == 1 and count_heads(np.zeros((40, 40), np.uint8)) == 0
    assert count_heads(np.where(labels == L.FACE, L.HAIR, labels)) == 0, "the back of a head is nobody's face"
    _, far, _ = draw_person((400, 700), scale=0.25, middle=0.85)
    assert count_heads(np.where(labels > 0, labels, far)) == 1, "somebody far off"


def test_a_person_without_a_head() -> None:
    pose, labels = drawn()
    without = np.where(np.isin(labels, (*L.HEAD, L.NECK_SKIN)), L.BACKGROUND, labels).astype(np.uint8)
    assert "the head cannot be seen" in check_pose(pose, without)
    assert "the head cannot be seen" not in check_pose(pose, labels)
    from_behind = np.where(labels == L.FACE, L.HAIR, labels).astype(np.uint8)
    assert "the head cannot be seen" not in check_pose(pose, from_behind)


def test_an_unsure_pose_is_told() -> None:
    image, labels, pose = draw_person(SIZE)
    unsure = Pose(pose.joints, pose.seen, np.full(18, 0.6, np.float32))
    assert told([unsure], labels).find(Photo("fog", image)).checks == (
        "the person is hard to make out (score 0.60): look at the result with care",
    )


def test_a_backend_may_say_why_there_is_nobody() -> None:
    class Explains(Only):
        def why_nobody(self, photo: Photo) -> str:
            return "it is night" if photo.id == "dark" else ""

    image, labels, _ = draw_person(SIZE)
    made = PersonFinder(OneByOne(Explains([], labels), Only([], labels)))
    with pytest.raises(NoPersonFound, match=r"^dark: no person found in the photo \(it is night\)$"):
        made.find(Photo("dark", image))
    with pytest.raises(NoPersonFound, match=r"^day: no person found in the photo$"):
        made.find(Photo("day", image))


def test_a_backend_may_take_several_photos_at_once() -> None:
    class AllAtOnce(Only):
        def detect_all(self, photos: list[Photo]) -> list[list[Pose]]:
            together.append([photo.id for photo in photos])
            return [[] if photo.id == "empty" else self.poses for photo in photos]

        def parse_all(self, photos: list[Photo], poses: list[Pose | None]) -> list[Parsing]:
            together.append([photo.id for photo, pose in zip(photos, poses) if pose is not None])
            return [Parsing(self.labels) for _ in photos]

    together: list[list[str]] = []
    image, labels, pose = draw_person(SIZE)
    photos = [Photo(name, image) for name in ("a", "empty", "b")]
    both = AllAtOnce([pose], labels)
    found = PersonFinder(OneByOne(both, both)).find_all(photos)
    assert together == [["a", "empty", "b"], ["a", "b"]]
    assert [isinstance(one, NoPersonFound) for one in found] == [False, True, False]
    one_by_one = told([pose], labels).find_all(photos[:1])
    assert isinstance(found[0], Person) and isinstance(one_by_one[0], Person)
    assert found[0].frame == one_by_one[0].frame and found[0].photo is photos[0]


def test_cut_off() -> None:
    pose, labels = drawn(r_hip=None, l_hip=None)
    assert check_pose(pose, labels) == ["the torso is cut off above the hips"]
    pose, labels = drawn(l_shoulder=None)
    assert "the left shoulder cannot be seen" in check_pose(pose, labels)
    pose, labels = drawn(r_shoulder=None)
    assert "the right shoulder cannot be seen" in check_pose(pose, labels)
    # A drawing that ends above the hips.
    image, _, whole = draw_person((400, 300))
    end = int(whole.joints[L.R_HIP, 1]) - 10
    assert "the torso is cut off above the hips" in finder().find(Photo("cut", image[:end])).checks


def test_lying() -> None:
    turned, labels = drawn()
    joints = turned.joints[:, ::-1].copy()
    lying = Pose(joints, turned.seen, turned.confidence)
    assert "the person is lying or leaning far over" in check_pose(lying, labels.T.copy())
    assert "lying" not in " ".join(check_pose(turned, labels))


def test_back_view_needs_swapped_shoulders_and_no_face() -> None:
    pose, labels = drawn()
    back = Pose(pose.joints[list(L.FLIP_JOINTS)], pose.seen, pose.confidence)
    hidden = np.where(np.isin(labels, (L.FACE, L.NECK_SKIN)), L.HAIR, labels).astype(np.uint8)
    assert "the person is seen from the back" in check_pose(back, hidden)
    assert "the person is seen from the back" not in check_pose(back, labels), "a face looks at us"
    assert "the person is seen from the back" not in check_pose(pose, hidden), "hair over the face"


def test_side_view() -> None:
    pose, labels = drawn(r_shoulder=(-0.05, 0.03), l_shoulder=(0.05, 0.03))
    assert "the person is seen from the side" in check_pose(pose, labels)


def test_arms_crossed_over_the_chest() -> None:
    crossed, labels = drawn(r_wrist=(0.2, 0.4), l_wrist=(-0.2, 0.4))
    assert "the arms are crossed over the chest" in check_pose(crossed, labels)
    one, _ = drawn(r_wrist=(0.2, 0.4))
    hanging, _ = drawn()
    folded_low, _ = drawn(r_wrist=(0.1, 0.95), l_wrist=(-0.1, 0.95))
    hidden, _ = drawn(r_wrist=(0.2, 0.4), l_wrist=None)
    for pose in (one, hanging, folded_low, hidden):
        assert "the arms are crossed over the chest" not in check_pose(pose, labels)
    back = Pose(crossed.joints[list(L.FLIP_JOINTS)], crossed.seen, crossed.confidence)
    assert "the arms are crossed over the chest" in check_pose(back, labels), "whichever way the person faces"


def test_arms_folded_so_that_the_hands_are_hidden() -> None:
    folded, labels = drawn(r_wrist=(-0.1, 0.4), l_wrist=(0.1, 0.4))
    wrists = np.isin(np.arange(18), (L.R_WRIST, L.L_WRIST))
    for confidence, said in ((0.3, True), (0.05, False)):  # a guess, and none at all
        sure = np.where(wrists, np.float32(confidence), folded.confidence).astype(np.float32)
        pose = Pose(folded.joints, folded.seen & ~wrists, sure)
        assert ("the arms are crossed over the chest" in check_pose(pose, labels)) == said


def test_an_unknown_backend_is_named() -> None:
    with pytest.raises(UnknownName, match="pose backend"):
        open_perception("buildin", "fake")


def test_a_label_set_for_a_parser_that_has_its_own_is_wrong_usage() -> None:
    for parsing in ("builtin", "fake"):
        with pytest.raises(BadConfig, match=rf"--label-set lip: parsing backend '{parsing}' has labels of its own"):
            open_perception("fake", parsing, label_set="lip")
