"""Writers of miniature data sets, in the layouts their authors publish."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Writer = Callable[..., Path]


@pytest.fixture
def photo() -> Writer:
    def write(path: Path, size: tuple[int, int] = (32, 24)) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size[::-1], (200, 180, 160)).save(path)
        return path

    return write


@pytest.fixture
def indexed() -> Writer:
    """An indexed PNG whose palette is off by one, as MATLAB writes LIP's: only the indices can be trusted."""

    def write(path: Path, indices: Any, mode: str = "P") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(np.asarray(indices, np.uint8))
        if mode == "P":
            picture.putpalette([254, 84, 0] * 256)
        picture.save(path)
        return path

    return write


@pytest.fixture
def openpose() -> Writer:
    """OpenPose JSON of people whose joint j is at (j + 2, 2 j + 2); joint 4 is missing."""

    def write(path: Path, joints: int = 18, key: str = "pose_keypoints_2d", people: int = 1) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        numbers: list[float] = []
        for joint in range(joints):
            numbers += [0, 0, 0] if joint == 4 else [joint + 2, 2 * joint + 2, 0.9]
        path.write_text(json.dumps({"version": 1.0, "people": [{"face_keypoints": [], key: numbers}] * people}))
        return path

    return write
