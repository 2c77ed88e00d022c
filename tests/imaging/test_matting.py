"""The guided filter: a mask's edge moves to where the photo has it."""

from __future__ import annotations

import numpy as np

from viton_cli.imaging.matting import Guide
from viton_cli.imaging.planes import planes_of
from viton_cli.records import Frame

SIZE = (120, 90)
WHOLE = Frame((0, 0, SIZE[1], SIZE[0]), SIZE)


def two_colours() -> tuple[np.ndarray, np.ndarray]:
    """A red half beside a grey one with a little noise, and where it is red."""
    red = np.zeros(SIZE, bool)
    red[:, :50] = True
    noise = np.random.default_rng(0).normal(0, 3, (*SIZE, 3))
    image = np.where(red[..., None], (200, 40, 40), (150, 150, 150)) + noise
    return image.clip(0, 255).astype(np.uint8), red


def test_a_mask_that_is_four_pixels_off_is_set_right() -> None:
    image, red = two_colours()
    for shift in (-4, 4):
        mask = np.roll(red, shift, 1)
        mask[:, :20], mask[:, 70:] = True, False
        matte = Guide(image, 8).fit(mask).at(planes_of(image), WHOLE, WHOLE)
        wrong = (mask != red).sum()
        assert ((matte > 0.5) != red).sum() < 0.5 * wrong


def test_without_an_edge_in_the_photo_the_mask_only_softens() -> None:
    plain = np.full((*SIZE, 3), 120, np.uint8)
    mask = np.zeros(SIZE, bool)
    mask[:, :45] = True
    matte = Guide(plain, 4).fit(mask).at(planes_of(plain), WHOLE, WHOLE)
    assert matte[:, :30].min() > 0.95 and matte[:, 60:].max() < 0.05


def test_a_piece_of_a_larger_picture_gets_the_same_matte() -> None:
    image, red = two_colours()
    fit = Guide(image, 6).fit(red)
    large = np.repeat(np.repeat(image, 2, 0), 2, 1)
    everything = fit.at(planes_of(large), WHOLE, Frame(WHOLE.box, (240, 180)))
    piece = fit.at(planes_of(large[40:120, 60:140]), WHOLE, Frame((30, 20, 70, 60), (80, 80)))
    np.testing.assert_allclose(piece[4:-4, 4:-4], everything[44:116, 64:136], atol=0.02)
