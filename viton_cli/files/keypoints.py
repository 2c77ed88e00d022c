"""Joints of people as OpenPose JSON, read and written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viton_cli.errors import BadDataset
from viton_cli.files.atomic import write_text
from viton_cli.records import Pose
from viton_cli.vocabulary import labels


def write_keypoints(path: Path, poses: list[Pose]) -> None:
    """Write people as OpenPose JSON in BODY_25 order; joints that are not seen, and the feet, are 0, 0, 0."""
    write_openpose(path, [body25(pose) for pose in poses])


def write_openpose(path: Path, people: list[NDArray[np.float64]]) -> None:
    """Write people (25, 3) in BODY_25 order as OpenPose does with `--write_json`: x, y, confidence."""
    empty: dict[str, list[float]] = {
        f"{part}_keypoints_{n}d": [] for n in (2, 3) for part in ("face", "hand_left", "hand_right")
    }
    entries = [
        {"person_id": [-1], "pose_keypoints_2d": [round(float(value), 3) for value in points.ravel()]} | empty
        for points in people
    ]
    write_text(path, json.dumps({"version": 1.3, "people": entries}) + "\n")


def body25(pose: Pose) -> NDArray[np.float64]:
    """(25, 3) x, y, confidence in BODY_25 order; what is not seen, and the feet, are 0, 0, 0."""
    body = np.zeros((25, 3))
    for joint, place in enumerate(labels.COCO18_IN_BODY25):
        if pose.seen[joint]:
            # Readers take confidence 0 for "not found".
            body[place] = (*pose.joints[joint], max(float(pose.confidence[joint]), 0.001))
    hips = body[[9, 12]]
    if hips[:, 2].all():
        body[labels.BODY25_MID_HIP] = (*hips[:, :2].mean(0), hips[:, 2].min())
    return body


def read_keypoints(path: Path) -> list[Pose]:
    """Read the people of an OpenPose JSON file, in the file's order; an empty list if it holds nobody.

    BODY_25 (75 numbers) and COCO-18 (54), keys `pose_keypoints_2d` and `pose_keypoints`.

    Raises:
        BadDataset: Not such a file.
    """
    try:
        people = json.loads(Path(path).read_text(encoding="utf-8"))["people"]
        return [_pose(person.get("pose_keypoints_2d") or person["pose_keypoints"]) for person in people]
    except OSError as error:
        raise BadDataset(f"{path}: cannot be opened ({error.strerror or error})") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadDataset(f"{path}: not OpenPose keypoints ({_why(error)})") from None


def _pose(numbers: list[float]) -> Pose:
    if len(numbers) not in (54, 75):
        raise ValueError(f"{len(numbers)} numbers a person, BODY_25 has 75 and COCO-18 has 54")
    points = np.asarray(numbers, np.float32).reshape(-1, 3)
    if not np.isfinite(points).all():
        raise ValueError("a coordinate is not a number")
    if len(points) == 25:
        points = points[list(labels.COCO18_IN_BODY25)]
    seen = (points[:, 2] > 0) & points[:, :2].any(axis=1)
    return Pose(
        joints=np.ascontiguousarray(points[:, :2]),
        seen=seen,
        confidence=np.clip(points[:, 2], 0.0, 1.0) * seen.astype(np.float32),
    )


def _why(error: Exception) -> str:
    return f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split()) or type(error).__name__
