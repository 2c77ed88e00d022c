"""What is done with the findings of pose backends."""

from __future__ import annotations

import numpy as np
import pytest

from viton_cli.perception.people import clarity
from viton_cli.records import Pose
from viton_cli.vocabulary import labels as L


def test_clarity_is_that_of_the_upper_body() -> None:
    legs = np.zeros(18, np.float32)
    legs[[L.R_HIP, L.L_HIP, L.R_KNEE, L.L_KNEE, L.R_ANKLE, L.L_ANKLE, L.NECK]] = 0.8
    joints, seen = np.zeros((18, 2), np.float32), np.ones(18, bool)
    assert clarity(Pose(joints, seen, legs)) == pytest.approx(0.2)
    bust = np.zeros(18, np.float32)
    bust[[L.NOSE, L.NECK, L.R_SHOULDER, L.L_SHOULDER]] = 0.8
    assert clarity(Pose(joints, seen, bust)) == pytest.approx(0.8)
