"""Training samples for perception: a photo with its joints and labels, seen through a random frame.

What varies: how much of the person the frame shows (whole body, head to thighs, a small figure, cut at neck, waist or
hip), rotation, side (left and right swapped in joints and labels together), light and colour, sharpness, JPEG damage,
what is behind the person (plain studio backgrounds, where labels say what is person), and things in front of it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from viton_cli.files import decode_pixels
from viton_cli.vocabulary import labels as L
from viton_cli.vocabulary.labels import IGNORE

NOBODY = 0.04  # share of samples cut from beside the person, so that an empty scene is known as one


@dataclass(frozen=True, eq=False)
class Example:
    """One photo with what is known of it.

    Attributes:
        image: (H, W, 3) uint8.
        joints: (18, 2) float32 in its pixels, seen: (18,) bool; None if the pose is not known.
        labels: (H, W) uint8 of `vocabulary.labels`, `IGNORE` where unknown; None if nothing is known.
    """

    image: NDArray[np.uint8]
    joints: NDArray[np.float32] | None
    seen: NDArray[np.bool_] | None
    labels: NDArray[np.uint8] | None


def negative(image: NDArray[np.uint8]) -> Example:
    """A photo that shows nobody: no joint is seen, everything is background."""
    return Example(
        image, np.zeros((L.N_JOINTS, 2), np.float32), np.zeros(L.N_JOINTS, bool), np.zeros(image.shape[:2], np.uint8)
    )


def _empty_scene(example: Example, size: tuple[int, int], rng: np.random.Generator) -> Example | None:
    """A part of the photo beside the person, as an example of nobody; None if there is none of useful size."""
    if example.labels is None:
        return None
    height, width = example.labels.shape
    for _ in range(6):
        h = int(rng.uniform(0.2, 0.7) * height)
        w = min(int(h * size[1] / size[0]), width)
        y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
        if not example.labels[y : y + h, x : x + w].any():
            return negative(example.image[y : y + h, x : x + w])
    return None


def _extent(example: Example) -> tuple[float, float, float, float]:
    """(left, top, right, bottom) of the person, from the labels or else from the joints."""
    height, width = example.image.shape[:2]
    if example.labels is not None:
        person = (example.labels > 0) & (example.labels != IGNORE)
        rows, columns = np.flatnonzero(person.any(1)), np.flatnonzero(person.any(0))
        if len(rows):
            return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
    if example.joints is not None and example.seen is not None and example.seen.any():
        points = example.joints[example.seen]
        (left, top), (right, bottom) = points.min(0), points.max(0)
        tall = max(bottom - top, 8.0)
        return left - 0.08 * tall, top - 0.1 * tall, right + 0.08 * tall, bottom + 0.06 * tall
    return 0.0, 0.0, float(width), float(height)


def random_box(example: Example, size: tuple[int, int], rng: np.random.Generator) -> tuple[float, float, float]:
    """(centre x, centre y, height) in photo pixels of a random view of the person."""
    left, top, right, bottom = _extent(example)
    tall, wide = bottom - top, right - left
    aspect = size[1] / size[0]
    view = rng.choice(4, p=(0.4, 0.38, 0.1, 0.12))
    joints, seen = example.joints, example.seen
    thigh = None
    if joints is not None and seen is not None and view in (1, 3):
        low = [i for i in (L.R_KNEE, L.L_KNEE) if seen[i]]
        mid = [i for i in (L.R_HIP, L.L_HIP) if seen[i]]
        if low and mid:
            thigh = 0.5 * (joints[low, 1].mean() + joints[mid, 1].mean())
        elif mid:
            thigh = min(joints[mid, 1].mean() + 0.2 * tall, bottom)
    if view == 0 or (view in (1, 3) and thigh is None):
        height = max(tall, wide / aspect) * rng.uniform(1.0, 1.45)
        cx, cy = (left + right) / 2, (top + bottom) / 2
    elif view == 1:
        assert thigh is not None and joints is not None and seen is not None
        upper = joints[:8][seen[:8]]
        span = max(np.ptp(upper[:, 0]) * 1.35 / aspect if len(upper) else 0.0, thigh - top)
        height = span * rng.uniform(0.95, 1.4)
        cx = upper[:, 0].mean() if len(upper) else (left + right) / 2
        cy = (top + thigh) / 2
    elif view == 2:
        height = max(tall, wide / aspect) * rng.uniform(1.45, 2.6)
        cx, cy = (left + right) / 2, (top + bottom) / 2
    else:  # cut somewhere: at the neck, the waist, the hip
        assert thigh is not None
        a = top + rng.uniform(-0.05, 0.18) * tall
        b = rng.uniform(a + 0.35 * tall, bottom + 0.05 * tall)
        height, cx, cy = b - a, (left + right) / 2, (a + b) / 2
    cx += rng.normal(0, 0.05) * height * aspect
    cy += rng.normal(0, 0.035) * height
    return cx, cy, max(height, 24.0)


def _view(
    image: Image.Image, matrix: NDArray[np.float64], size: tuple[int, int], nearest: bool, fill: int
) -> NDArray[np.uint8]:
    """Resample `image` by the affine map `matrix` (2, 3) from frame pixel centres to photo pixel centres."""
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    m = matrix.copy()
    if shrink > 1 and not nearest:  # shrink with antialiasing first, then turn
        small = max(round(image.width / shrink), 1), max(round(image.height / shrink), 1)
        fx, fy = small[0] / image.width, small[1] / image.height
        image = image.resize(small, Image.Resampling.BILINEAR, reducing_gap=2.0)
        m = np.diag([fx, fy]) @ m
        m[:, 2] += (0.5 * fx - 0.5, 0.5 * fy - 0.5)
    # PIL reads at continuous coordinates, pixel edges at integers
    (a, b, c), (d, e, f) = m.tolist()
    coefficients = (a, b, c + 0.5 - 0.5 * (a + b), d, e, f + 0.5 - 0.5 * (d + e))
    colour = fill if image.mode == "L" else (fill,) * 3
    method = Image.Resampling.NEAREST if nearest else Image.Resampling.BILINEAR
    out = image.transform((size[1], size[0]), Image.Transform.AFFINE, coefficients, method, fillcolor=colour)
    return np.asarray(out)


def _studio(image: NDArray[np.uint8], labels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The person in front of a plain wall with a soft gradient, the mask's edge softened."""
    height, width = labels.shape
    tone = rng.uniform(120, 255)
    colour = np.clip(tone + rng.normal(0, 6 if rng.random() < 0.7 else 45, 3), 0, 255)
    ys, xs = np.linspace(-1, 1, height)[:, None, None], np.linspace(-1, 1, width)[None, :, None]
    slope = rng.normal(0, 8, 3)
    wall = colour + slope[0] * ys + slope[1] * xs + slope[2] * (xs**2 + ys**2)
    person = Image.fromarray(((labels > 0) * 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(rng.uniform(0.4, 1.0))
    )
    alpha = np.asarray(person, np.float32)[:, :, None] / 255
    mixed = image * alpha + wall * (1 - alpha) + rng.normal(0, 1.5, image.shape)
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


def _occlude(
    image: NDArray[np.uint8], labels: NDArray[np.uint8] | None, joints: NDArray[np.float32], seen: NDArray[np.bool_],
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Put a patch (plain or noisy colour) in front of the person, in place; joints under it are no longer seen."""
    height, width = image.shape[:2]
    h, w = int(rng.uniform(0.08, 0.3) * height), int(rng.uniform(0.08, 0.4) * width)
    y, x = int(rng.integers(0, height - h)), int(rng.integers(0, width - w))
    image[y : y + h, x : x + w] = np.clip(
        rng.integers(0, 256, 3) + rng.normal(0, rng.uniform(0, 40), (h, w, 3)), 0, 255
    )
    if labels is not None:
        labels[y : y + h, x : x + w] = IGNORE  # whether it is a bag or part of the scene, nobody can say
    low, high = np.array([x, y]) - 0.5, np.array([x + w, y + h]) - 0.5  # pixel centres are at integers
    seen &= ~((joints >= low) & (joints < high)).all(1)


def _photometric(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Brightness, colour cast, saturation, contrast, noise, blur and JPEG damage."""
    x = image.astype(np.float32) / 255
    x = x ** rng.uniform(0.65, 1.5)
    x = x * (1 + rng.normal(0, 0.06, 3)) * rng.uniform(0.8, 1.2)
    grey = x.mean(2, keepdims=True)
    saturation = 0.0 if rng.random() < 0.06 else rng.uniform(0.5, 1.4)
    x = grey + (x - grey) * saturation
    x = (x - x.mean()) * rng.uniform(0.75, 1.25) + x.mean()
    if rng.random() < 0.3:
        x = x + rng.normal(0, rng.uniform(0.005, 0.04), x.shape)
    out = np.asarray(np.clip(x, 0, 1) * 255, np.uint8)
    if rng.random() < 0.12:
        out = np.array(Image.fromarray(out).filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.5))))
    if rng.random() < 0.12:
        buffer = io.BytesIO()
        Image.fromarray(out).save(buffer, "JPEG", quality=int(rng.integers(25, 80)))
        out = decode_pixels(buffer.getvalue(), "an augmented picture")
    return out


def augment(example: Example, size: tuple[int, int], rng: np.random.Generator) -> Example:
    """A random view of `example` at `size`. A joint outside the frame, or covered, is not seen.

    Args:
        example: The photo. size: (height, width) of the view. rng: All chance comes from it.
    """
    if rng.random() < NOBODY:
        example = _empty_scene(example, size, rng) or example
    cx, cy, height = random_box(example, size, rng)
    angle = np.deg2rad(np.clip(rng.normal(0, 9), -30, 30)) * (rng.random() < 0.6)
    scale = height / size[0] * np.array([rng.uniform(0.92, 1.08), 1.0])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale
    flip = rng.random() < 0.5
    if flip:
        turn = turn @ np.diag([-1.0, 1.0])
    middle = np.array([(size[1] - 1) / 2, (size[0] - 1) / 2])
    matrix = np.concatenate((turn, (np.array([cx, cy]) - turn @ middle)[:, None]), 1)  # frame -> photo

    image = _view(Image.fromarray(example.image), matrix, size, False, 127).copy()
    labels = None
    if example.labels is not None:
        labels = _view(Image.fromarray(example.labels), matrix, size, True, L.BACKGROUND).copy()
        if flip:
            table = np.arange(256, dtype=np.uint8)
            table[: L.N_LABELS] = L.FLIP_LABELS
            labels = table[labels]
        if rng.random() < 0.22 and (labels != IGNORE).all():
            image = _studio(image, labels, rng)
    joints, seen = np.zeros((L.N_JOINTS, 2), np.float32), np.zeros(L.N_JOINTS, bool)
    if example.joints is not None and example.seen is not None:
        joints = ((example.joints - matrix[:, 2]) @ np.linalg.inv(turn).T).astype(np.float32)
        seen = example.seen & (joints >= -0.5).all(1) & (joints < np.array([size[1], size[0]]) - 0.5).all(1)
        if flip:
            joints, seen = joints[list(L.FLIP_JOINTS)], seen[list(L.FLIP_JOINTS)]
    image = _photometric(image, rng)
    if rng.random() < 0.2:
        _occlude(image, labels, joints, seen, rng)
    return Example(image, None if example.joints is None else joints, None if example.joints is None else seen, labels)
