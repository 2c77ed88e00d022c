"""Pose from MediaPipe (BlazePose, 33 landmarks); the extra `mediapipe`.

Two ways in, since MediaPipe changed its interface: releases before 0.10.30 carry the model in their wheel and find one
person a photo; the later ones, and the earlier ones too, read a `.task` file that has to be fetched, and find several.

Source: Bazarevsky et al., BlazePose, 2020; MediaPipe's Pose Landmarker guide for the order of the 33 landmarks
(`labels.BLAZEPOSE_IN_COCO18`). `visibility` is MediaPipe's probability that a landmark is in the picture and not
hidden: it is our confidence, and a joint is seen from 0.5 on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from viton_cli.errors import BadWeights, MissingExtra
from viton_cli.perception.people import largest_first, to_coco18
from viton_cli.records import Photo, Pose
from viton_cli.vocabulary.labels import BLAZEPOSE_IN_COCO18

TASK_URL = (
    "https://storage.googleapis.com/mediapipe-models/pose_landmarker/pose_landmarker_full/float16/latest/"
    "pose_landmarker_full.task"
)

# From a photo to the landmarks of each person found.
Landmarker = Callable[[Photo], list[Any]]


class MediaPipePose:
    """BlazePose on a single photo.

    Args:
        source: A `pose_landmarker_*.task` file; None takes the model inside the wheel.
        least_confidence: Of a detection that counts as a person, [0, 1].
        most_people: How many to look for with a `.task` file (the model in the wheel finds one).

    Raises:
        MissingExtra: MediaPipe is not installed, or is a release without a model in it and `source` is None.
        BadWeights: `source` is not a model MediaPipe can read.
    """

    def __init__(self, source: Path | None = None, *, least_confidence: float = 0.5, most_people: int = 5) -> None:
        try:
            mediapipe = import_package()
        except ImportError as error:
            raise MissingExtra("the pose backend 'mediapipe' needs: pip install 'viton-cli[mediapipe]'") from error
        self._landmarks: Landmarker = (
            _model_in_wheel(mediapipe, least_confidence)
            if source is None
            else _task_file(mediapipe, source, least_confidence, most_people)
        )

    def detect(self, photo: Photo) -> list[Pose]:
        """The people found, largest first, joints in photo pixels; empty when nobody is found."""
        return largest_first([_pose(landmarks, photo.size) for landmarks in self._landmarks(photo)])


def import_package() -> Any:
    """`mediapipe`. Raises ImportError where it is not installed."""
    import mediapipe

    return mediapipe


def _model_in_wheel(mediapipe: Any, least_confidence: float) -> Landmarker:
    solutions = getattr(mediapipe, "solutions", None)
    if solutions is None:
        raise MissingExtra(
            f"mediapipe {mediapipe.__version__} carries no pose model: pip install 'mediapipe>=0.10.14,<0.10.30', or "
            f"curl -LO {TASK_URL} and name that file as the pose backend's source"
        )
    model = solutions.pose.Pose(static_image_mode=True, model_complexity=1, min_detection_confidence=least_confidence)

    def landmarks(photo: Photo) -> list[Any]:
        found = model.process(np.ascontiguousarray(photo.image)).pose_landmarks
        return [] if found is None else [found.landmark]

    return landmarks


def _task_file(mediapipe: Any, source: Path, least_confidence: float, most_people: int) -> Landmarker:
    if not source.is_file():
        raise BadWeights(f"{source}: no such file; fetch it with: curl -L -o {source} {TASK_URL}")
    vision = mediapipe.tasks.vision
    options = vision.PoseLandmarkerOptions(
        base_options=mediapipe.tasks.BaseOptions(model_asset_path=str(source)),
        num_poses=most_people,
        min_pose_detection_confidence=least_confidence,
    )
    try:
        model = vision.PoseLandmarker.create_from_options(options)
    except (RuntimeError, ValueError) as error:
        raise BadWeights(f"{source}: MediaPipe cannot read it ({' '.join(str(error).split())})") from None

    def landmarks(photo: Photo) -> list[Any]:
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(photo.image))
        return list(model.detect(image).pose_landmarks)

    return landmarks


def _pose(landmarks: Any, photo_size: tuple[int, int]) -> Pose:
    """Convention: MediaPipe's 0 and 1 are the picture's edges, ours are half a pixel outside the outer centres."""
    height, width = photo_size
    points = np.array([(mark.x * width - 0.5, mark.y * height - 0.5) for mark in landmarks])
    visibility = np.array([mark.visibility for mark in landmarks])
    return to_coco18(points, visibility, BLAZEPOSE_IN_COCO18, photo_size, threshold=0.5)
