from __future__ import annotations

import re

import numpy as np
import pytest

from viton_cli.vocabulary import labels as L
from viton_cli.vocabulary.label_sets import (
    CLOTHES_UNDER_BELT,
    LABEL_SETS,
    PSEUDO,
    fill_from_nearest,
    from_labels,
    to_labels,
)

FILE_SETS = [name for name in LABEL_SETS if name != "ccp"]


def by_name(label_set: str) -> dict[str, int]:
    """Foreign word to what it becomes, on a picture that shows every index once, far from all others."""
    size = len(LABEL_SETS[label_set].names)
    return dict(zip(LABEL_SETS[label_set].names, to_labels(np.arange(size, dtype=np.uint8)[None], label_set)[0]))


@pytest.mark.parametrize("name", LABEL_SETS)
def test_every_index_has_a_word_and_a_label(name: str) -> None:
    known = LABEL_SETS[name]
    assert len(known.names) == len(known.labels) == len(set(known.names))
    assert set(known.labels) <= {*range(L.N_LABELS), *PSEUDO}


@pytest.mark.parametrize("name", FILE_SETS)
def test_words_that_are_ours_keep_their_meaning(name: str) -> None:
    becomes = by_name(name)
    shared = set(becomes) & set(L.LABELS)
    assert {word: L.LABELS[becomes[word]] for word in shared} == {word: word for word in shared}


def test_lip_and_cihp_differ_at_ten_only() -> None:
    indices = np.arange(20, dtype=np.uint8)[None]
    lip, cihp = to_labels(indices, "lip")[0], to_labels(indices, "cihp")[0]
    assert np.flatnonzero(lip != cihp).tolist() == [10]
    assert (lip[10], cihp[10]) == (L.JUMPSUITS, L.NECK_SKIN)


def test_sizes_of_the_published_sets() -> None:
    sizes = {name: len(known.labels) for name, known in LABEL_SETS.items()}
    assert sizes == {
        "viton": 22, "lip": 20, "cp-vton+": 21, "cihp": 20, "viton-hd": 20, "atr": 19, "dresscode": 18, "ccp": 59,
    }  # fmt: skip


def test_cp_vton_plus_has_the_neck_at_twenty() -> None:
    assert to_labels(np.uint8([[20]]), "cp-vton+")[0, 0] == L.NECK_SKIN


def test_atr_sides_are_the_persons_own() -> None:
    becomes = by_name("atr")
    for word in ("left shoe", "right shoe", "left leg", "right leg", "left arm", "right arm"):
        assert L.LABELS[becomes[word]] == word
    assert (becomes["bag"], becomes["face"], becomes["upper-clothes"]) == (L.BAG, L.FACE, L.UPPER)


def test_a_belt_is_part_of_the_nearest_garment() -> None:
    column = np.uint8([4, 4, 4, 8, 8, 8, 8, 6, 6, 6])[:, None]  # ATR: upper-clothes, belt, pants
    assert to_labels(column, "atr")[:, 0].tolist() == [L.UPPER] * 5 + [L.PANTS] * 5


def test_a_belt_far_from_any_garment_is_background() -> None:
    picture = np.zeros((40, 40), np.uint8)
    picture[20, 20] = 8
    picture[0, 0] = 4
    assert to_labels(picture, "atr")[20, 20] == L.BACKGROUND


def test_filling_touches_holes_only_and_asks_donors_only() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, L.N_LABELS, (30, 20)).astype(np.uint8)
    holes = np.zeros(picture.shape, bool)
    holes[10:14, 5:9] = True
    filled = fill_from_nearest(picture, holes, CLOTHES_UNDER_BELT)
    assert np.array_equal(filled[~holes], picture[~holes])
    assert set(np.unique(filled[holes])) <= {L.BACKGROUND, *CLOTHES_UNDER_BELT}
    assert filled[holes].any()


@pytest.mark.parametrize("name", FILE_SETS)
def test_an_index_beyond_the_set_is_named(name: str) -> None:
    beyond = len(LABEL_SETS[name].labels)
    with pytest.raises(ValueError, match=re.escape(f"label {beyond} is not in '{name}'")):
        to_labels(np.uint8([[0, beyond]]), name)


def test_unknown_sets_and_sets_without_sides_are_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown label set 'lipp'; known: .*lip"):
        to_labels(np.zeros((2, 2), np.uint8), "lipp")
    with pytest.raises(ValueError, match=r"joints"):
        to_labels(np.zeros((2, 2), np.uint8), "ccp")


@pytest.mark.parametrize("name", ["lip", "cp-vton+", "cihp", "viton-hd", "atr", "dresscode", "viton"])
def test_what_is_written_is_within_the_set_and_read_back(name: str) -> None:
    """Labels a set has no class for become the nearest one; a second round changes nothing."""
    labels = np.arange(L.N_LABELS, dtype=np.uint8).repeat(4)[None].repeat(4, 0)
    labels = np.concatenate([labels, np.full((4, 4), L.IGNORE, np.uint8)], 1)
    written = from_labels(labels, name)
    assert written.max() < len(LABEL_SETS[name].labels) and not written[:, -4:].any()
    back = to_labels(written, name)
    assert np.array_equal(from_labels(back, name), written)
    same = (back == labels).all(0)[:-4:4]
    changed = {L.LABELS[i] for i in np.flatnonzero(~same)}
    assert (
        changed
        == {
            "viton": set(),
            "lip": {"neck", "bag"},
            "cp-vton+": {"bag"},
            "cihp": {"jumpsuits", "bag"},
            "viton-hd": {"jumpsuits", "bag"},
            "atr": {"glove", "socks", "coat", "jumpsuits", "neck"},
            "dresscode": {"glove", "socks", "coat", "jumpsuits", "neck"},
        }[name]
    )


def test_gloves_and_socks_join_the_limb_they_are_on() -> None:
    labels = np.zeros((8, 24), np.uint8)
    labels[:4, :8], labels[:4, 8:12] = L.L_ARM, L.GLOVE
    labels[4:, :8], labels[4:, 8:12], labels[:4, 16:20] = L.R_LEG, L.SOCKS, L.GLOVE
    written = from_labels(labels, "dresscode")
    assert (written[:4, :12] == 14).all() and (written[4:, :12] == 13).all()


def test_nothing_is_written_in_tags() -> None:
    with pytest.raises(ValueError, match="nothing is written in label set 'ccp'"):
        from_labels(np.zeros((2, 2), np.uint8), "ccp")
