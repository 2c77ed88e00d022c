"""A photo read, with what its data set knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from viton_cli.files import WORKING_PIXELS, read_mask, read_photo
from viton_cli.imaging.frames import resized
from viton_cli.pipelines.prepare.jobs import Job
from viton_cli.records import Photo, Pose


@dataclass(frozen=True)
class Read:
    """A photo with what its data set knows of it."""

    photo: Photo
    mask: Any = None
    labels: Any = None
    pose: Pose | None = None

    @property
    def is_known(self) -> bool:
        """Whether nothing of a person is left to find."""
        return self.pose is not None and self.labels is not None


def read_job(job: Job) -> Read:
    """The photo of a job and what is known of it.

    Raises:
        VitonError: One of its files cannot be read.
    """
    photo = read_photo(job.source, job.id, WORKING_PIXELS)
    mask = read_mask(job.mask, photo.size) if job.mask else None
    labels = job.labels() if job.labels else None
    if labels is not None and labels.shape != photo.size:
        height, width = photo.size
        labels = np.asarray(Image.fromarray(labels).resize((width, height), Image.Resampling.NEAREST))
    pose = job.pose() if job.pose else None
    if pose is not None:
        pose = resized(pose, photo.full_size, photo.size)
    return Read(photo, mask, labels, pose)
