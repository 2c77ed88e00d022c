"""Planes carried together are planes carried one by one."""

from __future__ import annotations

import numpy as np
import pytest

from viton_cli.imaging.frames import carry
from viton_cli.imaging.planes import carry_planes, planes_of
from viton_cli.records import Frame

FRAME = Frame((-10, 4, 110, 164), (80, 60))
PARTS = {
    "enlarged": Frame((3, 20, 93, 150), (260, 180)),
    "the same pixels": Frame((-10, 4, 110, 164), (80, 60)),
    "smaller": Frame((-10, 4, 110, 164), (31, 24)),
    "smaller one way": Frame((0, 4, 100, 164), (200, 20)),
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_as_each_plane_alone(part: Frame) -> None:
    planes = np.random.default_rng(0).random((3, *FRAME.size), dtype=np.float32)
    np.testing.assert_allclose(carry_planes(planes, FRAME, part), [carry(p, FRAME, part) for p in planes], atol=1e-4)


def test_planes_of_a_picture() -> None:
    picture = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    planes = planes_of(picture)
    assert planes.dtype == np.float32 and planes.flags.c_contiguous
    np.testing.assert_array_equal(planes[1], picture[..., 1])
