"""The packaged network on real and rendered photos, and on what shows nobody."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from numpy.typing import NDArray
from PIL import Image

from viton_cli.checkpoints import load_weights, packaged, save_weights
from viton_cli.errors import BadWeights
from viton_cli.files import read_photo
from viton_cli.imaging import frames
from viton_cli.perception.backends.fake import draw_person
from viton_cli.perception.builtin import backends
from viton_cli.perception.builtin.backends import BuiltinParsing, BuiltinPerception, BuiltinPose
from viton_cli.perception.builtin.enlarge import clean
from viton_cli.perception.builtin.look import Look, is_person
from viton_cli.perception.builtin.perceiver import Perceiver, labels_of, only, perceiver, pose_of
from viton_cli.perception.person import person_score
from viton_cli.records import Frame, Photo, Pose
from viton_cli.vocabulary import labels as L

PEOPLE = sorted((Path(__file__).parents[3] / "examples/people").glob("*.jpg"))
UPPER = (L.NECK, L.R_SHOULDER, L.L_SHOULDER)


@pytest.fixture(autouse=True)
def one_thread() -> object:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def astronaut(size: tuple[int, int] | None = None) -> Photo:
    image = skimage.data.astronaut()
    if size is not None:
        image = np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BILINEAR))
    return Photo("astronaut", image)


def found(photo: Photo) -> tuple[Pose, NDArray[np.uint8]]:
    """Pose and labels, both sound."""
    (seen,) = BuiltinPerception().perceive([photo])
    pose, labels = seen.pose, seen.parsing.labels
    assert pose is not None and (seen.people, seen.why) == (1, "")
    assert labels.shape == photo.size and labels.dtype == np.uint8 and labels.max() < L.N_LABELS
    assert pose.joints.shape == (18, 2) and (pose.confidence >= 0).all() and (pose.confidence <= 1).all()
    joints = pose.joints[pose.seen]
    assert (joints >= -0.5).all() and (joints < np.array(photo.size[::-1]) - 0.5).all()
    return pose, labels


def check_upper_body(photo: Photo, shoulders: int = 2) -> tuple[Pose, NDArray[np.uint8]]:
    """A person who faces us: joints and labels agree."""
    pose, labels = found(photo)
    assert pose.seen[[L.NECK, L.NOSE]].all() and pose.seen[[L.R_SHOULDER, L.L_SHOULDER]].sum() >= shoulders
    assert pose.joints[L.R_SHOULDER, 0] < pose.joints[L.L_SHOULDER, 0], "right is at our left"
    assert pose.joints[L.NOSE, 1] < pose.joints[L.NECK, 1]
    x, y = pose.joints[L.NOSE].round().astype(int)
    assert labels[y, x] in (L.FACE, L.SUNGLASSES)
    for shoulder in (L.R_SHOULDER, L.L_SHOULDER):
        x, y = pose.joints[shoulder].round().astype(int)
        around = labels[max(y - 6, 0) : y + 12, max(x - 6, 0) : x + 7]
        assert (around > 0).any()
    return pose, labels


def test_a_real_photo_of_a_person() -> None:
    # The collar of the space suit may hide where a shoulder is.
    pose, labels = check_upper_body(astronaut(), shoulders=1)
    # Eileen Collins's face is at about (225, 115), her suit fills the lower middle.
    assert np.hypot(*(pose.joints[L.NOSE] - (225, 125))) < 25
    assert labels[110, 225] == L.FACE
    assert np.isin(labels[330:380, 200:260], (*L.CLOTHES, L.SCARF, L.BAG)).mean() > 0.8
    assert (labels[:60, :60] == 0).mean() > 0.7


@pytest.mark.parametrize("path", PEOPLE[:4], ids=lambda path: path.stem)
def test_the_shipped_examples(path: Path) -> None:
    pose, labels = check_upper_body(read_photo(path))
    for label in (L.FACE, L.HAIR):
        assert (labels == label).any()
    assert np.isin(labels, L.CLOTHES).mean() > 0.03
    assert not labels[:3, :3].any()
    assert pose.seen.sum() >= 10


def grey(size: tuple[int, int], value: int) -> NDArray[np.uint8]:
    return np.full((*size, 3), value, np.uint8)


@pytest.mark.parametrize(
    "image",
    [
        grey((300, 200), 127),
        grey((200, 300), 255),
        grey((64, 64), 0),
        np.random.default_rng(0).integers(0, 256, (256, 192, 3)).astype(np.uint8),
        skimage.data.coffee(),
    ],
    ids=["grey", "white", "black", "noise", "coffee"],
)
def test_nobody(image: NDArray[np.uint8]) -> None:
    assert BuiltinPose().detect(Photo("nobody", image)) == []


@pytest.mark.parametrize("size", [(64, 64), (160, 160), (3000, 3000)])
def test_any_size(size: tuple[int, int]) -> None:
    pose, labels = found(astronaut(size))
    scale = size[0] / 512
    assert np.hypot(*(pose.joints[L.NOSE] - (np.array((225, 125)) * scale))) < 45 * scale
    assert labels[int(110 * scale), int(225 * scale)] in (L.FACE, L.HAIR)


@pytest.mark.parametrize(("right", "below"), [(700, 0), (0, 500)], ids=["landscape", "portrait"])
def test_any_shape(right: int, below: int) -> None:
    """The same person in a wider or a taller picture, on its plain grey wall."""
    image = np.pad(skimage.data.astronaut(), ((0, below), (0, right), (0, 0)), constant_values=190)
    pose, labels = found(Photo("wide", image))
    assert np.hypot(*(pose.joints[L.NOSE] - (225, 125))) < 30
    assert labels[110, 225] == L.FACE
    assert (labels[:, 560:] == 0).mean() > 0.97 if right else (labels[600:] == 0).mean() > 0.9


def test_somebody_small_in_a_wide_picture() -> None:
    person = read_photo(PEOPLE[1])
    small = np.asarray(Image.fromarray(person.image).resize((225, 300), Image.Resampling.LANCZOS))
    wide = np.full((300, 3000, 3), 190, np.uint8)
    wide[:, 2000:2225] = small
    pose, labels = check_upper_body(Photo("panorama", wide))
    assert (pose.joints[pose.seen, 0] > 2000).all() and (pose.joints[pose.seen, 0] < 2225).all()
    assert (labels[:, :1900] > 0).mean() < 0.01


@pytest.mark.parametrize("turns", [1, 3])
def test_a_photo_on_its_side_is_told(turns: int) -> None:
    photo = Photo("side", np.ascontiguousarray(np.rot90(read_photo(PEOPLE[1]).image, turns)))
    assert BuiltinPose().detect(photo) == []
    assert f"lying, or the photo lies on its side: turn it by {90 * turns} degrees" in BuiltinPose().why_nobody(photo)


def test_a_garment_photo_shows_a_person_or_not() -> None:
    assert all(person_score(read_photo(path)) >= 0.5 for path in PEOPLE[:3])
    clothes = sorted((PEOPLE[0].parents[1] / "clothes").glob("*.jpg"))[:3]
    assert clothes and all(person_score(read_photo(path)) < 0.5 for path in clothes)


class Counted(Perceiver):
    """The network, and on how many pictures it was run."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures = 0

    def look_all(self, views: Sequence[tuple[Photo, Frame]], both_ways: bool = False) -> list[Look]:
        self.pictures += len(views)
        return super().look_all(views, both_ways)


def test_joints_and_labels_come_from_the_same_looks_and_nothing_is_remembered() -> None:
    perception, photo = BuiltinPerception(), astronaut((256, 256))
    perception.network = network = Counted()
    perception.perceive([photo])
    once = network.pictures
    (looks,) = network.looks([photo])
    assert once == network.pictures - once == len(looks) and 1 <= len(looks) <= 3
    assert all(value is not photo and value is not looks for value in vars(network).values())
    heights = [look.frame.box[3] - look.frame.box[1] for look in looks]
    assert heights == sorted(heights, reverse=True), "from far to near"


def test_one_network_a_weight_file() -> None:
    assert BuiltinPose().network is BuiltinParsing().network is BuiltinPerception().network is perceiver(None)


def test_several_photos_at_once_give_what_each_gives_alone() -> None:
    """Photos of many sizes and shapes, somebody and nobody, so that they differ in how often they are looked at."""
    far = np.pad(skimage.data.astronaut(), ((900, 0), (700, 700), (0, 0)), constant_values=190)
    photos = [Photo("far", far), read_photo(PEOPLE[0]), Photo("nobody", grey((200, 300), 255)), astronaut((160, 160))]
    shared = perceiver(None)
    alone = [shared.looks([photo])[0] for photo in photos]
    assert len({len(looks) for looks in alone}) > 1
    for photo, looks, together in zip(photos, alone, shared.looks(photos)):
        assert [look.frame for look in together] == [look.frame for look in looks]
        (pose, share), (beside_others, share_beside) = pose_of(looks), pose_of(together)
        np.testing.assert_allclose(beside_others.joints, pose.joints, atol=0.01)
        np.testing.assert_array_equal(beside_others.seen, pose.seen)
        assert share_beside == pytest.approx(share, abs=1e-3)
        assert (labels_of(photo, together).labels != labels_of(photo, looks).labels).mean() < 1e-4


def test_each_backend_alone_says_what_both_in_one_say() -> None:
    photos = [astronaut((96, 96)), Photo("nobody", grey((60, 60), 255))]
    both = BuiltinPerception().perceive(photos)
    assert [seen.people for seen in both] == [1, 0] and both[1].pose is None
    ((pose,), none), parsed = BuiltinPose().detect_all(photos), BuiltinParsing().parse_all(photos, [None, None])
    assert both[0].pose is not None and none == []
    np.testing.assert_array_equal(pose.joints, both[0].pose.joints)
    for seen, labels in zip(both, parsed):
        np.testing.assert_array_equal(labels.labels, seen.parsing.labels)


def test_labels_are_the_same_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = astronaut((300, 300))
    whole = perceiver(None).labels(photo).labels
    monkeypatch.setattr("viton_cli.perception.builtin.perceiver.STRIP", 5000)
    assert np.array_equal(perceiver(None).labels(photo).labels, whole)


def test_two_looks_agree() -> None:
    """The same joints in photo pixels, whichever frame they were seen in."""
    shared, photo = perceiver(None), read_photo(PEOPLE[1])
    first = shared.look(photo, frames.whole_photo(photo.size, shared.size))
    x0, y0, x1, y1 = first.frame.box
    shifted = shared.look(photo, frames.Frame((x0 - 48, y0 - 32, x1 + 24, y1 + 64), shared.size))
    both = first.pose.seen & shifted.pose.seen
    assert both[list(UPPER)].all()
    distance = np.linalg.norm(first.pose.joints[both] - shifted.pose.joints[both], axis=1)
    assert np.median(distance) < 24 and distance[: L.R_ELBOW].max() < 60


def test_the_answer_does_not_depend_on_what_was_asked_before() -> None:
    photo = astronaut((256, 256))
    first, _ = found(photo)
    found(astronaut((200, 200)))
    again, _ = found(photo)
    np.testing.assert_array_equal(first.joints, again.joints)


def test_small_islands_are_dropped() -> None:
    labels = draw_person((600, 400))[1]
    spotted = labels.copy()
    spotted[5:12, 5:12] = L.UPPER
    assert np.array_equal(clean(spotted), labels)
    half = labels.copy()
    half[20:300, 380:398] = L.PANTS
    assert np.array_equal(clean(half), half), "a region of some size stays"
    nothing = np.zeros((30, 30), np.uint8)
    assert np.array_equal(clean(nothing), nothing)


def test_a_person_needs_labels_and_key_joints() -> None:
    joints, none, sure = np.zeros((18, 2), np.float32), np.zeros(18, np.float32), np.ones(18, np.float32)
    seen = np.ones(18, bool)
    assert is_person(Pose(joints, seen, sure), 0.2)
    assert not is_person(Pose(joints, seen, sure), 0.001) and not is_person(Pose(joints, seen, none), 0.2)
    limbs = np.where(np.isin(np.arange(18), (L.R_ANKLE, L.L_ANKLE, L.R_WRIST, L.L_WRIST)), 1, 0).astype(np.float32)
    assert not is_person(Pose(joints, seen, limbs), 0.2)


def test_a_few_joints_of_an_upper_body_are_nobody() -> None:
    photo, confidence = astronaut((64, 64)), np.zeros(18, np.float32)
    confidence[[L.R_SHOULDER, L.R_HIP, L.L_HIP]] = 0.95
    few = Pose(np.zeros((18, 2), np.float32), confidence > 0.25, confidence)
    network = perceiver(None)
    looks = [Look(frames.whole_photo(photo.size, network.size), np.zeros((22, 2, 2), np.float32), few, 0.4)]
    assert is_person(few, 0.4) and backends.people_of(network, photo, looks) == ([], "")
    confidence[[L.NECK, L.L_SHOULDER]] = 0.5
    ((pose,), _) = backends.people_of(network, photo, looks)
    np.testing.assert_array_equal(pose.confidence, confidence)


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(BadWeights, match=r"weights of 'stage1', not of 'perception'"):
        Perceiver(packaged("stage1"))
    tensors, meta = load_weights(packaged("perception"))
    save_weights(tmp_path / "torn.safetensors", dict(list(tensors.items())[3:]), meta)
    with pytest.raises(BadWeights, match=r"torn\.safetensors: does not fit its own description") as caught:
        Perceiver(tmp_path / "torn.safetensors")
    assert "\n" not in str(caught.value)


def test_labels_that_cannot_occur_do_not() -> None:
    logits = np.zeros((L.N_LABELS, 4, 4), np.float32)
    logits[L.COAT], logits[L.UPPER] = 2.0, 1.0
    assert (only(logits, None).argmax(0) == L.COAT).all()
    assert (only(logits, frozenset({L.BACKGROUND, L.UPPER})).argmax(0) == L.UPPER).all()
