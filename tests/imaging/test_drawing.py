"""Pictures for the eye."""

from __future__ import annotations

import numpy as np

from viton_cli.imaging.drawing import colour_labels, draw_labels, draw_skeleton, tile
from viton_cli.vocabulary import labels as L


def test_a_skeleton_is_drawn_at_seen_joints_only_and_over_a_copy() -> None:
    image = np.zeros((90, 60, 3), np.uint8)
    joints, seen = np.zeros((18, 2), np.float32), np.zeros(18, bool)
    joints[L.NECK], joints[L.R_SHOULDER], joints[L.NOSE] = (30, 40), (10, 45), (30, 5)
    assert not draw_skeleton(image, joints, seen).any()
    seen[[L.NECK, L.R_SHOULDER]] = True
    drawn = draw_skeleton(image, joints, seen)
    assert drawn[40, 30].all() and drawn[45, 10].all()
    assert drawn[41:44, 18:22].any(), "the bone between them"
    assert not drawn[:30].any(), "the nose is not seen"
    assert not image.any()


def test_labels_have_their_palettes_colours_and_background_stays() -> None:
    labels = np.arange(L.N_LABELS, dtype=np.uint8)[None]
    colours = colour_labels(labels)
    assert len({tuple(c) for c in colours[0].tolist()}) == L.N_LABELS
    assert colours[0].reshape(-1).tolist() == L.palette()[: 3 * L.N_LABELS]
    image = np.full((1, L.N_LABELS, 3), 90, np.uint8)
    mixed = draw_labels(image, labels, strength=0.5)
    assert mixed[0, 0].tolist() == [90, 90, 90]
    assert np.abs(mixed[0, 1:].astype(int) - (90 + colours[0, 1:].astype(int)) // 2).max() <= 1


def test_tiles_lie_row_by_row_and_keep_their_aspect() -> None:
    first = np.full((20, 10, 3), 40, np.uint8)
    wide = np.full((10, 40, 3), 80, np.uint8)
    grey = np.full((20, 10), 120, np.uint8)
    sheet = tile([first, wide, grey], columns=2, gap=4)
    assert sheet.shape == (2 * 20 + 3 * 4, 2 * 10 + 3 * 4, 3)
    assert (sheet[4:24, 4:14] == 40).all()
    assert (sheet[28:48, 4:14] == 120).all()
    second = sheet[4:24, 18:28]
    rows = np.flatnonzero((second == 80).all((1, 2)))
    assert len(rows) == 2 and rows.mean() == 9.5, "40x10 becomes 10x2, in the middle of its tile"
    assert (sheet[28:48, 18:28] == 255).all() and (sheet[:4] == 255).all()


def test_captions_get_a_band_of_their_own() -> None:
    one = np.zeros((20, 30, 3), np.uint8)
    plain, named = tile([one], 3), tile([one], 3, captions=["name"])
    assert plain.shape == (28, 38, 3) and named.shape[0] > plain.shape[0] and named.shape[1] == 38
    band = named[4 : named.shape[0] - 24]
    assert (band == 255).any() and (band < 128).any()
    assert not named[-24:-4, 4:34].any()
