"""Pose from a folder of OpenPose JSON files: BODY_25 or COCO-18, keys `pose_keypoints_2d` or `pose_keypoints`.

Source: OpenPose `doc/02_output.md` and its keypoint scaler. `--keypoint_scale` 0 gives pixels of the photo, 3 gives
[0, 1] and 4 gives [-1, 1], both over width - 1 and height - 1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from viton_cli.errors import BadConfig, BadDataset
from viton_cli.files import read_keypoints
from viton_cli.imaging.frames import resized
from viton_cli.perception.people import largest_first
from viton_cli.records import Photo, Pose

PIXELS, ZERO_TO_ONE, PLUS_MINUS_ONE = 0, 3, 4
# No person is within so few pixels of the corner: such numbers are shares of the picture.
_NORMALISED = 2.0


class OpenPoseJson:
    """Reads `ID_keypoints.json` or `ID.json`; `ID` may hold sub-folders.

    Args:
        source: The folder, or one JSON file for one photo.
        keypoint_scale: OpenPose's setting of that name: 0, 3 or 4. None tells by the numbers, file by file, in which
            [-1, 1] with nobody left of or above the middle passes for [0, 1].

    Raises:
        BadDataset: `source` is missing. BadConfig: Another scale.
    """

    def __init__(self, source: Path | None = None, *, keypoint_scale: int | None = None) -> None:
        if source is None:
            raise BadDataset(
                "the pose backend 'openpose' reads a folder of JSON files and was given none: make one with "
                "`openpose --image_dir PHOTOS --write_json FOLDER --display 0 --render_pose 0`"
            )
        if keypoint_scale not in (None, PIXELS, ZERO_TO_ONE, PLUS_MINUS_ONE):
            raise BadConfig(f"keypoint_scale {keypoint_scale}: only 0 (pixels), 3 ([0, 1]) and 4 ([-1, 1]) can be read")
        self.source = Path(source)
        if not self.source.exists():
            raise BadDataset(f"{self.source}: no such folder of OpenPose JSON files")
        self.keypoint_scale = keypoint_scale

    def detect(self, photo: Photo) -> list[Pose]:
        """All people of the photo's file, largest first, in photo pixels; joints beyond the photo are unseen.

        Raises:
            BadDataset: No file for this photo, not OpenPose keypoints, or made for a photo of another size.
        """
        path = self._file(photo.id)
        people = largest_first(read_keypoints(path))
        if not people:
            return []
        height, width = photo.full_size
        size = np.array([width, height], np.float32)
        scale = self.keypoint_scale
        if scale is None:
            scale = _scale_of(people)
        if scale == ZERO_TO_ONE:
            people = [_moved(pose, size - 1, np.float32(0)) for pose in people]
        elif scale == PLUS_MINUS_ONE:
            people = [_moved(pose, (size - 1) / 2, np.float32(1)) for pose in people]
        found = [_cut_off(pose, size) for pose in people]
        if 2 * found[0].seen.sum() < people[0].seen.sum():
            reach = people[0].joints[people[0].seen].max(0)
            raise BadDataset(
                f"{path}: its joints reach ({reach[0]:.0f}, {reach[1]:.0f}) but the photo is {width}x{height}: "
                "made from a picture of another size or turning"
            )
        # A huge photo is worked on at a smaller size, and the files speak of the whole one.
        return [resized(pose, photo.full_size, photo.size) for pose in largest_first(found)]

    def _file(self, id: str) -> Path:
        if self.source.is_file():
            return self.source
        for name in (f"{id}_keypoints.json", f"{id}.json"):
            if (self.source / name).exists():
                return self.source / name
        raise BadDataset(f"{self.source}: neither {id}_keypoints.json nor {id}.json is there")


def _scale_of(people: list[Pose]) -> int:
    points = np.concatenate([pose.joints[pose.seen] for pose in people])
    if np.abs(points).max() > _NORMALISED:
        return PIXELS
    return PLUS_MINUS_ONE if points.min() < 0 else ZERO_TO_ONE


def _moved(pose: Pose, factor: np.ndarray, offset: np.float32) -> Pose:
    return Pose(np.asarray((pose.joints + offset) * factor, np.float32), pose.seen, pose.confidence)


def _cut_off(pose: Pose, size: np.ndarray) -> Pose:
    inside = ((pose.joints >= -0.5) & (pose.joints < size - 0.5)).all(1)
    return Pose(pose.joints, pose.seen & inside, np.where(inside, pose.confidence, 0).astype(np.float32))
