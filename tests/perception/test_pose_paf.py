"""The part-affinity-field decoder on drawn maps and fields, the network's names, and the way to the photo and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from viton_cli.core.labels import BONES, JOINTS, L_ANKLE, L_KNEE, NECK, R_ANKLE, R_ELBOW, R_KNEE, R_SHOULDER, R_WRIST
from viton_cli.errors import BadWeights
from viton_cli.perception.paf_decoder import LIMBS, Thresholds, assemble, connect, decode, find_peaks
from viton_cli.perception.paf_network import PartAffinityNet, published_names
from viton_cli.perception.pose_paf import PartAffinityPose, load_network
from viton_cli.records import Photo, Pose

SIZE = (368, 368)
# A person about 300 pixels tall, facing us, arms a little away from the body.
PERSON = np.array([
    (100, 50), (100, 95), (70, 95), (55, 140), (48, 180), (130, 95), (145, 140), (152, 180), (82, 185), (80, 250),
    (79, 315), (118, 185), (120, 250), (121, 315), (92, 42), (108, 42), (82, 48), (118, 48),
], np.float32)  # fmt: skip
ALL = np.ones(18, bool)


def draw(
    people: list[np.ndarray], hidden: list[list[int]] | None = None, size: tuple[int, int] = SIZE, sigma: float = 7.0
) -> tuple[np.ndarray, np.ndarray]:
    """The network's training targets: the highest of the people's Gaussians; the mean of the people's unit vectors
    within 8 pixels of each limb (sections 2.2 and 2.3 of the paper)."""
    height, width = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    maps = np.zeros((19, height, width), np.float32)
    fields = np.zeros((38, height, width), np.float32)
    count = np.zeros((19, height, width), np.float32)
    for person, missing in zip(people, hidden or [[] for _ in people]):
        for joint in set(range(18)) - set(missing):
            at = person[joint]
            heat = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * sigma**2))
            maps[joint] = np.maximum(maps[joint], heat)
        for limb, (start, end, channel) in enumerate(LIMBS):
            if start in missing or end in missing:
                continue
            bone = person[end] - person[start]
            length = np.linalg.norm(bone)
            unit = bone / length
            dx, dy = x - person[start, 0], y - person[start, 1]
            along, across = dx * unit[0] + dy * unit[1], np.abs(dx * unit[1] - dy * unit[0])
            on = (along >= -4) & (along <= length + 4) & (across <= 8 * sigma / 7)
            fields[channel][on] += unit[0]
            fields[channel + 1][on] += unit[1]
            count[limb] += on
    for limb, (_, _, channel) in enumerate(LIMBS):
        fields[channel : channel + 2] /= np.maximum(count[limb], 1)
    maps[18] = 1 - maps[:18].max(0)
    return maps, fields


def matching(poses: list[Pose], truth: np.ndarray) -> Pose:
    """The pose whose neck is nearest to the truth's."""
    return min(poses, key=lambda pose: float(np.linalg.norm(pose.joints[NECK] - truth[NECK])))


def errors(pose: Pose, truth: np.ndarray) -> np.ndarray:
    return np.linalg.norm(pose.joints - truth, axis=1)[pose.seen]


# --- peaks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("centre", [(20.0, 30.0), (20.3, 30.8), (20.5, 30.5), (19.77, 29.06)])
def test_the_top_of_a_gaussian_is_found_below_the_pixel(centre: tuple[float, float]) -> None:
    y, x = np.mgrid[:64, :48].astype(np.float32)
    heat = 0.9 * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * 5.0**2))
    peaks = find_peaks(heat, threshold=0.1, sigma=3)
    assert len(peaks) == 1
    np.testing.assert_allclose(peaks[0, :2], centre, atol=0.02)
    assert peaks[0, 2] == pytest.approx(0.9, abs=0.01)


def test_a_flat_top_is_one_peak_and_a_low_one_none() -> None:
    heat = np.zeros((20, 20), np.float32)
    heat[5:7, 5:7] = 0.5
    heat[15, 15] = 0.1
    (peak,) = find_peaks(heat, threshold=0.1, sigma=0)
    assert np.abs(peak[:2] - 5.5).max() <= 0.5


def test_a_peak_on_the_border_stays_inside() -> None:
    heat = np.zeros((20, 20), np.float32)
    heat[0, 0], heat[19, 7] = 1, 1
    peaks = find_peaks(heat, threshold=0.1, sigma=0)
    np.testing.assert_allclose(peaks[:, :2], [(0, 0), (7, 19)], atol=0.5)


# --- line integrals -------------------------------------------------------------------------------------------------


def peaks_at(*points: tuple[float, float]) -> np.ndarray:
    return np.array([(x, y, 1.0) for x, y in points], np.float32).reshape(-1, 3)


@pytest.mark.parametrize("angle", [0.0, 0.7, 2.0, 4.0])
def test_the_integral_is_the_cosine_between_line_and_field(angle: float) -> None:
    field = np.ones((2, 101, 101), np.float32) * np.float32([np.cos(angle), np.sin(angle)])[:, None, None]
    for turn in (0.0, 0.5, 1.2):
        end = (50 + 30 * np.cos(angle + turn), 50 + 30 * np.sin(angle + turn))
        pairs = connect(peaks_at((50, 50)), peaks_at(end), field, Thresholds())
        np.testing.assert_allclose(pairs, [(0, 0, np.cos(turn))], atol=1e-5)


def test_a_line_against_the_field_is_refused() -> None:
    field = np.zeros((2, 50, 50), np.float32)
    field[0] = 1
    assert len(connect(peaks_at((30, 20)), peaks_at((10, 20)), field, Thresholds())) == 0


def test_long_lines_are_penalised_beyond_half_the_height() -> None:
    field = np.zeros((2, 40, 200), np.float32)
    field[0] = 1
    for length in (10, 20, 30, 39):
        score = connect(peaks_at((5, 20)), peaks_at((5 + length, 20)), field, Thresholds())[0, 2]
        assert score == pytest.approx(1 + min(0.5 * 40 / length - 1, 0), abs=1e-5)
    # a field half as strong cannot pay for a line so long
    assert len(connect(peaks_at((5, 20)), peaks_at((150, 20)), 0.5 * field, Thresholds())) == 0


@pytest.mark.parametrize(("erased", "found"), [(0, True), (1, True), (2, False), (5, False)])
def test_more_than_eight_of_ten_samples_must_agree(erased: int, found: bool) -> None:
    field = np.zeros((2, 200, 120), np.float32)
    field[0] = 1
    field[:, :, 10 : 10 + 10 * erased - 5 if erased else 10] = 0  # samples lie at x = 10, 20, ..., 100
    assert (len(connect(peaks_at((10, 15)), peaks_at((100, 15)), field, Thresholds())) == 1) is found


def test_each_candidate_is_used_once_the_best_pair_first() -> None:
    field = np.zeros((2, 60, 60), np.float32)
    field[0] = 1
    starts, ends = peaks_at((5, 10), (5, 30)), peaks_at((45, 30), (45, 12), (45, 50))
    pairs = connect(starts, ends, field, Thresholds())
    assert {(int(a), int(b)) for a, b, _ in pairs} == {(0, 1), (1, 0)}
    assert pairs[0, 2] >= pairs[1, 2]
    assert len(connect(starts, peaks_at(), field, Thresholds())) == 0


# --- people ---------------------------------------------------------------------------------------------------------


def test_the_limbs_are_the_skeleton_and_two_bridges() -> None:
    assert {(start, end) for start, end, _ in LIMBS[:17]} == set(BONES)
    assert [(JOINTS[start], JOINTS[end]) for start, end, _ in LIMBS[17:]] == [
        ("right shoulder", "right ear"),
        ("left shoulder", "left ear"),
    ]


def test_the_fields_lie_in_the_order_the_published_network_was_trained_with() -> None:
    in_order = sorted(LIMBS, key=lambda limb: limb[2])
    assert [channel for _, _, channel in in_order] == list(range(0, 38, 2))
    assert [f"{JOINTS[start]} - {JOINTS[end]}" for start, end, _ in in_order] == [
        "neck - right hip", "right hip - right knee", "right knee - right ankle",
        "neck - left hip", "left hip - left knee", "left knee - left ankle",
        "neck - right shoulder", "right shoulder - right elbow", "right elbow - right wrist",
        "right shoulder - right ear", "neck - left shoulder", "left shoulder - left elbow", "left elbow - left wrist",
        "left shoulder - left ear",
        "neck - nose", "nose - right eye", "nose - left eye", "right eye - right ear", "left eye - left ear",
    ]  # fmt: skip


OFFSETS = [[(0, 0)], [(0, 0), (60, 10)], [(0, 0), (60, 10), (125, -20)], [(0, 0), (25, 14)]]


@pytest.mark.parametrize("offsets", OFFSETS)
def test_people_who_overlap_are_told_apart_joint_by_joint(offsets: list[tuple[int, int]]) -> None:
    people = [PERSON + np.float32(offset) for offset in offsets]
    poses = decode(*draw(people, sigma=4.0 if offsets[-1] == (25, 14) else 7.0))
    assert len(poses) == len(people)
    for truth in people:
        pose = matching(poses, truth)
        assert pose.seen.all()
        assert errors(pose, truth).max() < 1.0
        assert pose.confidence.min() > 0.9


def test_crossed_arms_of_two_people() -> None:
    left, right = PERSON.copy(), PERSON + np.float32((110, 0))
    left[[6, 7]] = [(165, 130), (215, 150)]  # the left person's left forearm reaches over the right person's
    right[[3, 4]] = [(165, 160), (120, 130)]
    poses = decode(*draw([left, right]))
    assert len(poses) == 2
    for truth in (left, right):
        pose = matching(poses, truth)
        assert pose.seen.all()
        assert errors(pose, truth).max() < 1.5


def test_one_person_to_a_hundredth_of_a_pixel_of_the_drawing() -> None:
    truth = PERSON + np.float32((40.37, 5.81))
    (pose,) = decode(*draw([truth]))
    assert errors(pose, truth).max() < 0.1


def test_joints_out_of_the_picture_are_unseen() -> None:
    cut = [R_KNEE, R_ANKLE, L_KNEE, L_ANKLE]
    (pose,) = decode(*draw([PERSON], [cut]))
    assert not pose.seen[cut].any()
    assert pose.confidence[cut].max() == 0
    assert pose.seen.sum() == 14
    assert errors(pose, PERSON).max() < 0.5


def test_without_a_neck_the_bridges_hold_head_and_arms_together() -> None:
    (pose,) = decode(*draw([PERSON], [[NECK]]))
    found = {JOINTS[i] for i in np.flatnonzero(pose.seen)}
    legs = {name for name in JOINTS if name.split()[-1] in ("hip", "knee", "ankle")}
    assert found == set(JOINTS) - legs - {"neck"}  # each leg alone has three joints: too few for a person


def test_a_hidden_elbow_loses_the_forearm_only() -> None:
    (pose,) = decode(*draw([PERSON], [[R_ELBOW]]))
    assert {JOINTS[i] for i in np.flatnonzero(~pose.seen)} == {"right elbow", "right wrist"}


def test_a_lone_arm_is_nobody() -> None:
    rest = [j for j in range(18) if j not in (R_SHOULDER, R_ELBOW, R_WRIST)]
    assert decode(*draw([PERSON], [rest])) == []


def test_peaks_without_fields_are_nobody() -> None:
    maps, fields = draw([PERSON])
    assert decode(maps, 0 * fields) == []
    assert decode(0 * maps, fields) == []


def test_a_person_must_score_four_tenths() -> None:
    maps, fields = draw([PERSON])
    whole = (18 + 17) / 18  # eighteen joints and seventeen limbs of height 1, over the joints
    assert len(decode(maps, fields, Thresholds(score=0.95 * whole))) == 1
    assert decode(maps, fields, Thresholds(score=1.05 * whole)) == []
    assert len(decode(0.25 * maps, fields)) == 1
    assert decode(0.2 * maps, 0.2 * fields) == []


@pytest.mark.parametrize("seed", range(3))
def test_noise_moves_joints_little_and_invents_nobody(seed: int) -> None:
    people = [PERSON, PERSON + np.float32((110, 10))]
    maps, fields = draw(people)
    noise = np.random.default_rng(seed)
    maps = maps + noise.normal(0, 0.05, maps.shape).astype(np.float32)
    fields = fields + noise.normal(0, 0.1, fields.shape).astype(np.float32)
    poses = decode(maps, fields)
    assert len(poses) == 2
    for truth in people:
        pose = matching(poses, truth)
        assert pose.seen.all()
        assert errors(pose, truth).max() < 2


def test_a_bridge_joins_people_and_makes_none() -> None:
    peaks = [peaks_at((0, 0)) for _ in range(18)]
    none, one = np.zeros((0, 3), np.float32), np.array([(0, 0, 1)], np.float32)
    limbs = [none] * 19
    limbs[17] = one  # right shoulder - right ear
    assert assemble(peaks, limbs) == []
    limbs[2], limbs[14] = one, one  # right shoulder - right elbow, right eye - right ear
    (person,) = assemble(peaks, limbs)
    assert sorted(person.peaks) == [2, 3, 14, 16]
    assert person.score == 4 + 3


def test_a_limb_from_either_end_adds_the_other_and_replaces_nothing() -> None:
    peaks = [peaks_at((0, 0), (1, 1)) for _ in range(18)]
    none = np.zeros((0, 3), np.float32)
    limbs = [none] * 19
    limbs[6] = np.float32([(0, 0, 1)])  # neck - right hip
    limbs[7] = np.float32([(0, 0, 1)])  # right hip - right knee
    limbs[8] = np.float32([(1, 0, 1)])  # another right knee - right ankle: a second person
    people = assemble(peaks, limbs)
    assert [person.peaks for person in people] == [{1: 0, 8: 0, 9: 0}, {9: 1, 10: 0}]
    assert people[0].score == 5
    limbs[8] = np.float32([(0, 1, 0.5), (1, 1, 0.25)])
    assert [person.peaks for person in assemble(peaks, limbs)] == [{1: 0, 8: 0, 9: 0, 10: 1}]


# --- network and weights --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small() -> PartAffinityNet:
    torch.manual_seed(0)
    return PartAffinityNet(stages=2).eval()


def test_the_network_has_the_papers_shape(small: PartAffinityNet) -> None:
    with torch.no_grad():
        fields, maps = small(torch.zeros(2, 3, 64, 48))
    assert fields.shape == (2, 38, 8, 6)
    assert maps.shape == (2, 19, 8, 6)
    with torch.device("meta"):
        network = PartAffinityNet()
    # The published file has 209,267,595 bytes: 52.3 million parameters of four bytes and a little bookkeeping.
    assert sum(p.numel() for p in network.parameters()) == 52_311_446
    assert len(network.state_dict()) == 2 * (12 + 2 * 5 + 5 * 2 * 7)


def bare(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.split(".", 1)[1]: tensor for name, tensor in state.items()}


def numbered(network: PartAffinityNet) -> dict[str, Tensor]:
    """The spelling of ports whose blocks are unnamed sequences of convolutions, activations and poolings."""
    return {
        f"{block}.{place}.{kind}": tensor
        for block, layers in network.named_children()
        for place, layer in enumerate(layers.children())
        for kind, tensor in layer.state_dict().items()
    }


def test_three_spellings_of_the_published_weights_mean_the_same() -> None:
    with torch.device("meta"):
        network = PartAffinityNet()
    own = {name: tuple(t.shape) for name, t in network.state_dict().items()}
    for state in (network.state_dict(), bare(network.state_dict()), numbered(network)):
        assert {name: tuple(t.shape) for name, t in published_names(state).items()} == own


@pytest.mark.parametrize("spelling", ["bare", "numbered", "parallel"])
def test_weights_come_back_from_a_file(tmp_path: Path, small: PartAffinityNet, spelling: str) -> None:
    path = tmp_path / "body_pose_model.pth"
    state = small.state_dict()
    parallel = {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}, "epoch": 5}
    content = {"bare": bare(state), "numbered": numbered(small), "parallel": parallel}[spelling]
    # the published files are older than the zip format
    torch.save(content, path, _use_new_zipfile_serialization=spelling == "parallel")
    image = torch.rand(1, 3, 24, 32) - 0.5
    with torch.no_grad():
        for expected, got in zip(small(image), load_network(path, stages=2)(image)):
            torch.testing.assert_close(got, expected)


def test_files_that_are_not_these_weights(tmp_path: Path, small: PartAffinityNet) -> None:
    path = tmp_path / "other.pth"
    with pytest.raises(BadWeights, match="no such weight file"):
        PartAffinityPose(path)
    torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(BadWeights, match=r"other\.pth: not the part-affinity-field network .* missing"):
        PartAffinityPose(path)
    torch.save({"weight": tmp_path}, path)  # a pickle of something that is no tensor
    with pytest.raises(BadWeights, match="not a file of plain tensors"):
        PartAffinityPose(path)
    path.write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(BadWeights, match="not a whole weight file"):
        PartAffinityPose(path)
    torch.save({"epoch": 3}, path)
    with pytest.raises(BadWeights, match="no tensors"):
        PartAffinityPose(path)
    state = bare(small.state_dict())
    state["conv1_1.weight"] = torch.zeros(64, 1, 3, 3)
    torch.save(state, path)
    with pytest.raises(BadWeights, match=r"model0.conv1_1.weight' is \[64, 1, 3, 3\]"):
        load_network(path, stages=2)


def test_without_a_file_the_error_holds_the_command() -> None:
    with pytest.raises(BadWeights, match=r"curl -L -o body_pose_model\.pth https://") as caught:
        PartAffinityPose()
    assert "\n" not in str(caught.value)


# --- the photo ------------------------------------------------------------------------------------------------------


class DrawnNetwork(nn.Module):
    """Answers as a perfect network would for people at given places of a photo, at the input's size and stride 8."""

    def __init__(self, people: list[np.ndarray], photo_rows: int) -> None:
        super().__init__()
        self.people, self.photo_rows = people, photo_rows
        self.rows: list[int] = []

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        _, _, height, width = image.shape
        assert height % 8 == 0
        assert width % 8 == 0
        assert image.abs().max() <= 0.5
        self.rows.append(height)
        scale = round(height / 184) * 184 / self.photo_rows
        people = [(person + 0.5) * scale - 0.5 for person in self.people]
        maps, fields = draw(people, size=(height, width))
        # a cell's centre lies at 8 i + 3.5
        cells = [torch.from_numpy(a[None, :, 3::8, 3::8] + a[None, :, 4::8, 4::8]) / 2 for a in (fields, maps)]
        return cells[0], cells[1]


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: PartAffinityNet) -> PartAffinityPose:
    monkeypatch.setattr("viton_cli.perception.pose_paf.load_network", lambda source: small)
    return PartAffinityPose(tmp_path / "body_pose_model.pth")


@pytest.mark.parametrize("scales", [(1.0,), (0.5, 1.0)])
def test_joints_come_back_in_photo_pixels_largest_person_first(
    backend: PartAffinityPose, scales: tuple[float, ...]
) -> None:
    factor = 736 / 368
    big = PERSON * factor
    little = (PERSON * 0.8 + np.float32((160, 20))) * factor
    network = DrawnNetwork([little, big], photo_rows=736)
    backend.network, backend.scales = network, scales
    photo = Photo("two", np.full((736, 630, 3), 200, np.uint8))
    poses = backend.detect(photo)
    assert network.rows == [round(368 * scale) for scale in scales]
    assert len(poses) == 2
    for pose, truth in zip(poses, (big, little)):
        assert pose.seen.all()
        assert errors(pose, truth).max() < (2.0 if scales == (1.0,) else 5.0)
    maps, fields = backend.maps_and_fields(photo)
    assert maps.shape == (19, 368, 315)
    assert 0.85 < maps[:18].max() < 1.15  # a mean over the scales, not a sum
    assert 0.85 < fields.max() < 1.5  # bicubic overshoots the drawn edges


def test_an_untrained_network_sees_nobody_and_the_picture_is_bgr(backend: PartAffinityPose) -> None:
    seen: list[Tensor] = []
    backend.network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    backend.scales = (0.25,)
    image = np.zeros((46, 31, 3), np.uint8)
    image[..., 0], image[..., 2] = 255, 64
    assert backend.detect(Photo("red", image)) == []
    (given,) = seen
    assert given.shape == (1, 3, 96, 64)
    blue, green, red = (float(channel[40, 30]) for channel in given[0])
    assert (blue, green, red) == pytest.approx((64 / 256 - 0.5, -0.5, 255 / 256 - 0.5))
    assert float(given[0, 0, 95, 63]) == 0  # grey where the stride needs more pixels
