"""Every change of frame: from the photo's pixels to a network's frame and back.

Convention: a `Frame.box` has integer pixel *edges* in the photo, points have pixel *centres* at integers. A box of
width W seen at width w maps the photo's x to (x + 0.5 - x0) * w / W - 0.5 in the frame.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.records import Frame, Pose
from viton_cli.vocabulary.labels import L_HIP, L_KNEE, L_SHOULDER, L_WRIST, NECK, NOSE, R_HIP, R_KNEE, R_SHOULDER

GREY = 127  # what lies beyond the photo: zero once an image is scaled to [-1, 1]
# The try-on crop, in torso lengths; by eye, so that a crop shows people as VITON's photos do.
NECK_BELOW_NOSE = 0.45  # where the nose is not seen
ABOVE_NOSE = 0.55
BELOW_HIPS = 0.45  # where the knees are not seen
BELOW_HEAD = 2.1  # where the hips are not seen either
BELOW_PHOTO = 0.1  # no crop reaches farther beyond the photo's lower border
BESIDE = 0.2  # the outermost joints of arms and hips
# Torso length over shoulder width and over the way from nose to neck, and height of all that is seen over the torso's.
BY_SHOULDERS, BY_NECK, BY_HEIGHT = 1.5, 2.4, 2.5


def to_frame(points: NDArray[np.floating], frame: Frame) -> NDArray[np.float32]:
    """Points (..., 2) in photo pixels to points in pixels of the frame."""
    x0, y0, x1, y1 = frame.box
    scale = np.array([frame.size[1] / (x1 - x0), frame.size[0] / (y1 - y0)])
    return np.asarray((np.asarray(points, np.float64) + 0.5 - (x0, y0)) * scale - 0.5, np.float32)


def to_photo(points: NDArray[np.floating], frame: Frame) -> NDArray[np.float32]:
    """Inverse of `to_frame`."""
    x0, y0, x1, y1 = frame.box
    scale = np.array([(x1 - x0) / frame.size[1], (y1 - y0) / frame.size[0]])
    return np.asarray((np.asarray(points, np.float64) + 0.5) * scale + (x0, y0) - 0.5, np.float32)


def resized(pose: Pose, before: tuple[int, int], after: tuple[int, int]) -> Pose:
    """A pose in pixels of a picture of size (height, width) `before`, in those of the same picture of size `after`."""
    if before == after:
        return pose
    return replace(pose, joints=to_frame(pose.joints, Frame((0, 0, before[1], before[0]), after)))


def crop(image: NDArray[np.generic], frame: Frame, fill: int = GREY, nearest: bool = False) -> NDArray[np.generic]:
    """The frame's view of a photo: antialiased when it shrinks, `fill` beyond the photo.

    Args:
        image: (H, W) or (H, W, 3) uint8, or (H, W) float32.
        frame: Box and size.
        fill: Value beyond the photo.
        nearest: Take values as they are (labels) instead of mixing them.

    Returns:
        (h, w) or (h, w, 3) of the same kind.
    """
    height, width = image.shape[:2]
    x0, y0, x1, y1 = frame.box
    ix0, iy0, ix1, iy1 = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    out_h, out_w = frame.size
    sx, sy = out_w / (x1 - x0), out_h / (y1 - y0)
    out = np.full((out_h, out_w, *image.shape[2:]), fill, image.dtype)
    # The frame pixels whose centres lie inside the photo, and the exact part of the photo they show.
    ox0, ox1 = int(np.ceil((ix0 - x0) * sx - 0.5)), int(np.floor((ix1 - x0) * sx - 0.5)) + 1
    oy0, oy1 = int(np.ceil((iy0 - y0) * sy - 0.5)), int(np.floor((iy1 - y0) * sy - 0.5)) + 1
    if ox1 <= ox0 or oy1 <= oy0:
        return out
    box = (x0 + ox0 / sx, y0 + oy0 / sy, x0 + ox1 / sx, y0 + oy1 / sy)
    # The outermost of these may reach beyond the photo by half their width: its edge is continued there, since a
    # smaller box would move what the frame shows.
    before = max(int(np.ceil(-box[1] - 1e-6)), 0), max(int(np.ceil(-box[0] - 1e-6)), 0)
    after = max(int(np.ceil(box[3] - height - 1e-6)), 0), max(int(np.ceil(box[2] - width - 1e-6)), 0)
    if any(before) or any(after):
        image = np.pad(image, (*zip(before, after), *((0, 0),) * (image.ndim - 2)), mode="edge")
        height, width = image.shape[:2]
        box = (box[0] + before[1], box[1] + before[0], box[2] + before[1], box[3] + before[0])
    box = (max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(width)), min(box[3], float(height)))
    method = Image.Resampling.NEAREST if nearest else Image.Resampling.BILINEAR
    picture = Image.fromarray(image).resize((ox1 - ox0, oy1 - oy0), method, box=box)
    out[oy0:oy1, ox0:ox1] = np.asarray(picture)
    return out


def box_in(frame: Frame, part: Frame) -> tuple[float, float, float, float]:
    """The box of `frame` in the pixels in which `part` sees its own: (x0, y0, x1, y1), pixel edges."""
    a, b, c, d = part.box
    sx, sy = part.size[1] / (c - a), part.size[0] / (d - b)
    x0, y0, x1, y1 = frame.box
    return (x0 - a) * sx, (y0 - b) * sy, (x1 - a) * sx, (y1 - b) * sy


def carry(values: NDArray[np.float32], frame: Frame, part: Frame) -> NDArray[np.float32]:
    """Values (h, w) seen in `frame` at the pixels of `part`, which lies within it; bilinear."""
    x0, y0, x1, y1 = frame.box
    fx, fy = values.shape[1] / (x1 - x0), values.shape[0] / (y1 - y0)
    a, b, c, d = part.box
    left, top = max((a - x0) * fx, 0.0), max((b - y0) * fy, 0.0)
    right, bottom = min((c - x0) * fx, float(values.shape[1])), min((d - y0) * fy, float(values.shape[0]))
    picture = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(
        picture.resize((part.size[1], part.size[0]), Image.Resampling.BILINEAR, box=(left, top, right, bottom))
    )


def resize(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """(h, w) or (h, w, C) float values at another size, bilinear."""
    if values.shape[:2] == size:
        return values
    planes = values if values.ndim == 3 else values[:, :, None]
    pictures = [Image.fromarray(np.ascontiguousarray(planes[:, :, i], np.float32)) for i in range(planes.shape[2])]
    out = [np.asarray(picture.resize(size[::-1], Image.Resampling.BILINEAR)) for picture in pictures]
    return np.stack(out, 2) if values.ndim == 3 else out[0]


def fit_box(left: float, top: float, right: float, bottom: float, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The smallest box of `size`'s aspect around a rectangle, same centre, integer edges."""
    height, width = max(bottom - top, 2.0), max(right - left, 2.0)
    aspect = size[1] / size[0]
    height = max(height, width / aspect)
    h = int(np.ceil(height))
    w = max(round(h * aspect), 1)
    x0, y0 = round((left + right) / 2 - w / 2), round((top + bottom) / 2 - h / 2)
    return x0, y0, x0 + w, y0 + h


def whole_photo(photo_size: tuple[int, int], size: tuple[int, int]) -> Frame:
    """The whole photo, centred in a box of `size`'s aspect."""
    return Frame(fit_box(0, 0, photo_size[1], photo_size[0], size), size)


def person_frame(pose: Pose, photo_size: tuple[int, int], size: tuple[int, int] = (256, 192)) -> Frame:
    """The try-on crop: from above the head to mid-thigh, as VITON's photos show a person.

    Args:
        pose: Joints in photo pixels, at least one of them seen.
        photo_size: (height, width) of the photo.
        size: Frame size, any aspect.
    """
    seen = pose.joints[pose.seen]
    torso = torso_length(pose)
    head = pose.joints[NOSE, 1] if pose.seen[NOSE] else pose.joints[NECK, 1] - NECK_BELOW_NOSE * torso
    if not pose.seen[NOSE] and not pose.seen[NECK]:
        head = seen[:, 1].min()
    top = head - ABOVE_NOSE * torso
    hips = [pose.joints[i, 1] for i in (R_HIP, L_HIP) if pose.seen[i]]
    knees = [pose.joints[i, 1] for i in (R_KNEE, L_KNEE) if pose.seen[i]]
    if hips and knees:
        bottom = (float(np.mean(hips)) + float(np.mean(knees))) / 2
    elif hips:
        bottom = float(np.mean(hips)) + BELOW_HIPS * torso
    else:
        bottom = head + BELOW_HEAD * torso
    bottom = min(bottom, photo_size[0] + BELOW_PHOTO * torso)
    upper = [i for i in range(L_WRIST + 1) if pose.seen[i]] + [i for i in (R_HIP, L_HIP) if pose.seen[i]]
    xs = pose.joints[upper, 0] if upper else seen[:, 0]
    left, right = xs.min() - BESIDE * torso, xs.max() + BESIDE * torso
    return Frame(fit_box(left, top, right, bottom, size), size)


def torso_length(pose: Pose) -> float:
    """Length of the torso in the pose's pixels, at least 1: neck to the middle of the hips; where these are not seen,
    by the width of the shoulders or the way from neck to nose, and without them by the height of what is seen."""
    hips = [pose.joints[i] for i in (R_HIP, L_HIP) if pose.seen[i]]
    if pose.seen[NECK] and hips:
        return max(float(np.linalg.norm(np.mean(hips, 0) - pose.joints[NECK])), 1.0)
    guesses = [
        factor * float(np.linalg.norm(pose.joints[a] - pose.joints[b]))
        for a, b, factor in ((R_SHOULDER, L_SHOULDER, BY_SHOULDERS), (NOSE, NECK, BY_NECK))
        if pose.seen[a] and pose.seen[b]
    ]
    if guesses:
        return max(*guesses, 1.0)
    seen = pose.joints[pose.seen]
    return max(float(np.ptp(seen[:, 1])) / BY_HEIGHT, 1.0) if len(seen) else 1.0
