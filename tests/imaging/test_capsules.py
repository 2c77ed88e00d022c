"""Limbs as capsules."""

from __future__ import annotations

import numpy as np

from viton_cli.imaging.capsules import capsule


def test_capsule_is_a_thick_line() -> None:
    region = capsule((40, 60), np.array((10, 20), np.float32), np.array((50, 20), np.float32), 5, 3)
    assert region[20, 10:51].all() and region[25, 10] and not region[26, 10] and region[23, 50] and not region[24, 50]
    assert region[20, 5] and not region[20, 4]
    point = capsule((40, 60), np.array((10, 20), np.float32), np.array((10, 20), np.float32), 2, 2)
    assert point.sum() == 13
