"""Label logits enlarged to pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.perception.builtin.enlarge import enlarge
from viton_cli.records import Frame


def logits(classes: int = 5, size: tuple[int, int] = (24, 18), seed: int = 0) -> NDArray[np.float32]:
    """Smooth random planes."""
    small = np.random.default_rng(seed).normal(size=(classes, 5, 4)).astype(np.float32)
    planes = [Image.fromarray(plane).resize(size[::-1], Image.Resampling.BICUBIC) for plane in small]
    return np.stack([np.asarray(plane) for plane in planes])


def test_it_is_the_most_likely_class_of_the_enlarged_planes() -> None:
    given = logits()
    for height, width in ((240, 180), (48, 36), (24, 18), (9, 7)):
        planes = [np.asarray(Image.fromarray(p).resize((width, height), Image.Resampling.BILINEAR)) for p in given]
        found = enlarge(given, Frame((0, 0, width, height), (48, 36)), (0, 0, width, height))
        assert (found != np.argmax(planes, 0)).mean() < 0.002, (height, width)


def test_a_part_is_cut_out_of_the_whole() -> None:
    given, frame = logits(), Frame((-30, 10, 150, 250), (48, 36))
    whole = enlarge(given, frame, (0, 10, 150, 250))
    part = enlarge(given, frame, (37, 61, 88, 120))
    assert part.shape == (59, 51) and (part != whole[51:110, 37:88]).mean() < 0.002


def test_a_class_that_wins_one_cell_is_there() -> None:
    given = np.zeros((3, 24, 18), np.float32)
    given[2, 10, 6] = 1
    found = enlarge(given, Frame((0, 0, 180, 240), (48, 36)), (0, 0, 180, 240))
    ys, xs = np.nonzero(found == 2)
    assert abs(ys.mean() - 104.5) < 1 and abs(xs.mean() - 64.5) < 1 and 90 < len(ys) < 500
