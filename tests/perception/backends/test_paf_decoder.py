"""The part-affinity-field decoder, proved on drawn maps and fields."""

from __future__ import annotations

import numpy as np
import pytest
from paf_drawings import PERSON, draw, errors, matching

from viton_cli.perception.backends.paf_decoder import LIMBS, Thresholds, assemble, connect, decode, find_peaks
from viton_cli.vocabulary.labels import (
    BONES,
    JOINTS,
    L_ANKLE,
    L_KNEE,
    NECK,
    R_ANKLE,
    R_ELBOW,
    R_KNEE,
    R_SHOULDER,
    R_WRIST,
)


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
