"""What varies when a training pair is seen again: side, crop, the product's place, colours, light, background.

Garment and worn garment change colour together, so that the answer stays the product's; the photo's light changes
alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def view(
    image: Picture, matrix: NDArray[np.float64], size: tuple[int, int], fill: int, nearest: bool = False
) -> Picture:
    """`image` (H, W) or (H, W, 3) resampled by `matrix` (2, 3), a map from the view's pixel centres to the image's."""
    (a, b, c), (d, e, f) = matrix.tolist()
    # PIL reads at continuous coordinates with pixel edges at integers.
    coefficients = (a, b, c + 0.5 - 0.5 * (a + b), d, e, f + 0.5 - 0.5 * (d + e))
    method = Image.Resampling.NEAREST if nearest else Image.Resampling.BILINEAR
    colour = fill if image.ndim == 2 else (fill,) * 3
    picture = Image.fromarray(image)
    return np.array(
        picture.transform((size[1], size[0]), Image.Transform.AFFINE, coefficients, method, fillcolor=colour)
    )


def crop_matrix(
    box: tuple[float, float, float, float], size: tuple[int, int], rng: np.random.Generator | None, flip: bool
) -> NDArray[np.float64]:
    """(2, 3) from frame pixel centres to those of the stored crop, of which the frame shows `box` (edges), jittered."""
    x0, y0, x1, y1 = box
    scale, dx, dy = 1.0, 0.0, 0.0
    if rng is not None:
        scale = float(np.exp(rng.uniform(np.log(0.9), np.log(1.25))))
        dx, dy = rng.uniform(-0.06, 0.06, 2) * (x1 - x0, y1 - y0)
    sx, sy = scale * (x1 - x0) / size[1], scale * (y1 - y0) / size[0]
    if flip:
        sx = -sx
    cx, cy = (x0 + x1) / 2 + dx - 0.5, (y0 + y1) / 2 + dy - 0.5
    return np.array([[sx, 0, cx - sx * (size[1] - 1) / 2], [0, sy, cy - sy * (size[0] - 1) / 2]])


def product_matrix(size: tuple[int, int], rng: np.random.Generator, flip: bool) -> NDArray[np.float64]:
    """(2, 3) from and to pixels of a product picture of `size`: turned, scaled and shifted a little."""
    angle, scale = np.radians(np.clip(rng.normal(0, 3), -8, 8)), rng.uniform(0.97, 1.1)
    stretch = rng.uniform(0.97, 1.03)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale
    turn = turn * (stretch * (-1.0 if flip else 1.0), 1 / stretch)
    middle = np.array([(size[1] - 1) / 2, (size[0] - 1) / 2])
    shift = rng.uniform(-0.02, 0.02, 2) * (size[1], size[0])
    return np.concatenate([turn, (middle + shift - turn @ middle)[:, None]], 1)


@dataclass(frozen=True, eq=False)
class Recolouring:
    """A change of colour: hue turned and saturation scaled by `matrix` (3, 3), then gain and gamma."""

    matrix: Floats
    gain: Floats
    gamma: float

    def apply(self, image: Picture, alpha: Floats) -> Picture:
        """`image` (H, W, 3) changed where `alpha` (H, W) in [0, 1] is 1."""
        changed = np.clip(image.astype(np.float32) / 255 @ self.matrix.T, 0, 1) ** self.gamma * self.gain
        mixed = image + alpha[..., None] * (255 * np.clip(changed, 0, 1) - image)
        return np.asarray(np.clip(mixed + 0.5, 0, 255), np.uint8)


def random_recolouring(rng: np.random.Generator) -> Recolouring:
    """Any hue, more or less saturated, tinted, lighter or darker."""
    hue = rng.uniform(-np.pi, np.pi) if rng.random() < 0.6 else rng.normal(0, 0.15)
    saturation = float(np.exp(rng.normal(0, 0.25)))
    gain = np.full(3, rng.uniform(0.85, 1.1), np.float32)
    if rng.random() < 0.35:  # dye: a grey or white garment gets a colour
        tint = rng.uniform(0.35, 1.0, 3)
        gain *= (tint / tint.max()).astype(np.float32)
    gamma = float(np.exp(rng.normal(0, 0.22)))
    # A turn about the grey axis, in the plane of the colour differences.
    axis = np.full(3, 1 / np.sqrt(3))
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turn = np.eye(3) * np.cos(hue) + np.sin(hue) * cross + (1 - np.cos(hue)) * np.outer(axis, axis)
    grey = np.tile(_LUMA, (3, 1))
    # Luminance stays: what the turn did to it is taken back.
    colourful = (np.eye(3) - grey) @ turn
    return Recolouring((grey + saturation * colourful).astype(np.float32), gain, gamma)


def change_light(image: Picture, rng: np.random.Generator) -> Picture:
    """Brightness, contrast and white balance of a whole photo."""
    x = image.astype(np.float32)
    x = (x - 127.5) * rng.uniform(0.85, 1.15) + 127.5
    x = x * rng.uniform(0.85, 1.12) * (1 + rng.normal(0, 0.025, 3).astype(np.float32))
    return np.asarray(np.clip(x, 0, 255), np.uint8)


def plain_wall(size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """(h, w, 3) a studio wall: one tone, mostly light and grey, with a soft gradient."""
    tone = rng.uniform(110, 255)
    colour = tone + rng.normal(0, 6 if rng.random() < 0.7 else 40, 3)
    ys, xs = np.linspace(-1, 1, size[0])[:, None, None], np.linspace(-1, 1, size[1])[None, :, None]
    slope = rng.normal(0, 8, 3)
    wall = colour + slope[0] * ys + slope[1] * xs + slope[2] * (xs**2 + ys**2)
    return np.asarray(np.clip(wall + rng.normal(0, 1.5, (*size, 3)), 0, 255), np.uint8)


def photo_wall(photo: Picture, size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """(h, w, 3) a scene out of focus, made from another photo."""
    height, width = photo.shape[:2]
    h, w = int(height * rng.uniform(0.4, 1.0)), int(width * rng.uniform(0.4, 1.0))
    y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    part = Image.fromarray(photo[y : y + h, x : x + w]).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(part.filter(ImageFilter.GaussianBlur(rng.uniform(0.02, 0.06) * size[0])))


def replace_background(image: Picture, labels: Picture, wall: Picture, rng: np.random.Generator) -> Picture:
    """The person of `image` (H, W, 3) in front of `wall`, by the labels, edges softened."""
    person = Image.fromarray(((labels > 0) * 255).astype(np.uint8))
    alpha = np.asarray(person.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 0.9))), np.float32)[..., None] / 255
    return np.asarray(wall + alpha * (image.astype(np.float32) - wall) + 0.5, np.uint8)
