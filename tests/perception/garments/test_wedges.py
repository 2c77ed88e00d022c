"""Plain background between a sleeve and the trunk does not belong to the garment."""

from __future__ import annotations

import numpy as np
from skimage.color import rgb2lab

from viton_cli.perception.garments.wedges import open_wedges


def shirt(colour: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A shirt on near-white ground, its true mask, and a cut that fills the wedges beside the trunk."""
    true = np.zeros((200, 160), bool)
    true[30:180, 50:110] = True
    true[30:150, 20:38] = true[30:150, 122:140] = True
    true[30:60, 20:140] = True
    filled = true.copy()
    filled[30:150, 20:140] = True
    noise = np.random.default_rng(0).normal(0, 1, (200, 160, 3))
    image = np.where(true[..., None], colour, (250, 250, 250)) + noise
    return rgb2lab(image.clip(0, 255) / 255).astype(np.float32), true, filled


def test_wedges_open() -> None:
    lab, true, filled = shirt((60, 70, 120))
    assert (open_wedges(filled, lab) != true).sum() < 0.05 * (filled & ~true).sum()


def test_a_right_cut_is_left_alone() -> None:
    lab, true, _ = shirt((60, 70, 120))
    assert np.array_equal(open_wedges(true, lab), true)


def test_a_garment_in_the_grounds_colour_is_left_alone() -> None:
    lab, _, filled = shirt((249, 250, 250))
    assert np.array_equal(open_wedges(filled, lab), filled)
