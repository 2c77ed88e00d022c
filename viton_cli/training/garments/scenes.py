"""Pictures for training the garment segmenter, drawn from examples: as they are, or laid on other grounds.

Hard cases on purpose: faint on a faint ground, patterned on patterned, two-tone, hangers, things lying beside, garments
that reach beyond the picture, and grounds with no garment at all.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

from viton_cli.files import decode_pixels
from viton_cli.perception.garments.segmenter import nearest_shape
from viton_cli.training.garments.examples import UNKNOWN, Example

Floats = NDArray[np.float32]
Shape = tuple[int, int]

AS_IT_IS, COMPOSED = 0.4, 0.53  # shares of a batch; the rest is ground alone
BILINEAR = Image.Resampling.BILINEAR


@dataclass(frozen=True, eq=False)
class Scene:
    """A training picture.

    Attributes:
        image: (3, h, w) in [-1, 1].
        mask: (h, w) in [0, 1]; 0.25 .. 0.75 is unknown.
        kind, sleeves: As in `Example`.
    """

    image: Floats
    mask: Floats
    kind: int
    sleeves: int


class Bank:
    """Examples, sorted by what they serve for."""

    def __init__(self, examples: list[Example]) -> None:
        self.photos = [e for e in examples if e.photo]
        self.cut_outs = [e for e in examples if not e.photo]
        self.complete = [e for e in self.photos if e.complete]
        self.grounds = [e.ground for e in examples if e.ground is not None]

    def draw(self, shape: Shape, rng: np.random.Generator) -> Scene:
        """One picture of `shape` (height, width)."""
        share = rng.random()
        fitting = [e for e in self.photos if nearest_shape(*e.mask.shape) == shape]
        if share < AS_IT_IS and fitting:
            example = fitting[rng.integers(len(fitting))]
            return _scene(example, *crop_garment(example, shape, rng), rng)
        return self.compose(shape, rng, empty=share > AS_IT_IS + COMPOSED)

    def compose(self, shape: Shape, rng: np.random.Generator, empty: bool = False) -> Scene:
        """A garment laid on another ground, or that ground alone."""
        ground = _ground(self.grounds, shape, rng)
        if rng.random() < 0.35:
            ground = _clutter(ground, self.grounds, rng)
        garments = self.cut_outs if self.cut_outs and rng.random() < 0.4 else self.complete or self.cut_outs
        if empty or not garments:
            return _scene(None, ground, np.zeros(shape, np.float32), rng)
        example = garments[rng.integers(len(garments))]
        return _scene(example, *lay(example, ground, rng), rng)


def _scene(example: Example | None, image: Floats, mask: Floats, rng: np.random.Generator) -> Scene:
    if rng.random() < 0.5:
        image, mask = image[:, ::-1], mask[:, ::-1]
    image = _disturb(image, rng).transpose(2, 0, 1) * 2 - 1
    kind, sleeves = (-1, -1) if example is None else (example.kind, example.sleeves)
    return Scene(np.ascontiguousarray(image, np.float32), np.ascontiguousarray(mask, np.float32), kind, sleeves)


def crop_garment(example: Example, shape: Shape, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A slightly turned, stretched and moved view of a photo; what lies beyond its border is unknown."""
    height, width = example.mask.shape
    zoom = rng.uniform(0.8, 1.03) * np.exp(rng.uniform(-0.06, 0.06, 2))
    scale = np.array([width / shape[1], height / shape[0]]) * zoom
    centre = np.array([width, height]) * (0.5 + rng.uniform(-0.5, 0.5, 2) * np.maximum(1 - zoom, 0.04))
    coefficients = _coefficients(shape, centre, scale, rng.uniform(-7, 7))
    fill = tuple(int(c) for c in example.image.reshape(-1, 3).mean(0))
    return _view(example.image, shape, coefficients, fill), _view(example.mask, shape, coefficients, UNKNOWN)


def lay(example: Example, ground: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A garment in another colour, size and direction, on a ground, with a soft shadow and perhaps a hanger."""
    shape = ground.shape[:2]
    rows, columns = np.flatnonzero((example.mask > 0).any(1)), np.flatnonzero((example.mask > 0).any(0))
    tall, wide = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    covered = rng.uniform(0.45, 0.95) if rng.random() < 0.85 else rng.uniform(0.95, 1.3)
    scale = max(tall / shape[0], wide / shape[1]) / covered * np.exp(rng.uniform(-0.1, 0.1, 2))
    centre = np.array([(columns[0] + columns[-1]) / 2, (rows[0] + rows[-1]) / 2])
    free = max(0.06, (1 - covered) / 2)
    centre = centre + rng.uniform(-free, free, 2) * np.array([shape[1], shape[0]]) * scale
    coefficients = _coefficients(shape, centre, scale, rng.normal(0, 10))
    # Labels are exact to a pixel: the outermost one may show the garment's old background.
    mask = _view(ndimage.minimum_filter(example.mask, 3), shape, coefficients, 0)
    garment = _view(example.image, shape, coefficients, (255, 255, 255))
    if rng.random() < 0.65:
        garment = _recolour(garment, rng)
    if rng.random() < 0.12:
        garment = _two_tone(garment, mask, rng)
    if rng.random() < 0.25:
        garment = _faint(garment, mask, ground, rng)
    shift = (int(rng.integers(-6, 7)), int(rng.integers(-6, 7)))
    cast = ndimage.gaussian_filter(np.roll(mask, shift, (0, 1)), rng.uniform(1.0, 7.0)) * rng.uniform(0.0, 0.6)
    ground = ground * (1 - cast[..., None])
    if rng.random() < 0.12:
        ground = hang(ground, mask, rng)
    return (garment * mask[..., None] + ground * (1 - mask[..., None])).astype(np.float32), mask


def _coefficients(shape: Shape, centre: NDArray[np.float64], scale: NDArray[np.float64], turn: float) -> list[float]:
    """Pillow's six numbers that take pixels (x, y) of a view of `shape` to those of its source."""
    c, s = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    matrix = np.array([[c, -s], [s, c]]) * scale
    offset = centre - matrix @ (np.array([shape[1], shape[0]]) / 2)
    return [*matrix[0], offset[0], *matrix[1], offset[1]]


def _view(picture: NDArray[np.uint8], shape: Shape, coefficients: list[float], fill: int | tuple[int, ...]) -> Floats:
    size = (shape[1], shape[0])
    method = Image.Transform.AFFINE
    seen = Image.fromarray(picture).transform(size, method, coefficients, BILINEAR, fillcolor=fill)
    return np.asarray(seen, np.float32) / np.float32(255)


def _recolour(image: Floats, rng: np.random.Generator) -> Floats:
    """Mixed channels, another gamma, sometimes inverted."""
    if rng.random() < 0.25:
        image = 1.0 - image
    mix = np.eye(3) + rng.normal(0, 0.35, (3, 3))
    image = np.clip(image @ (mix / np.maximum(0.3, mix.sum(0))).astype(np.float32), 1e-3, 1.0)
    return np.asarray(image ** np.float32(np.exp(rng.uniform(-0.6, 0.6))), np.float32)


def _two_tone(garment: Floats, mask: Floats, rng: np.random.Generator) -> Floats:
    """Another colour beyond a line through the garment."""
    y, x = np.nonzero(mask > 0.5)
    if y.size == 0:
        return garment
    k, angle = rng.integers(y.size), rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)])
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]]
    beyond = (columns - x[k]) * np.cos(angle) + (rows - y[k]) * np.sin(angle) > 0
    return np.asarray(np.where(beyond[..., None], _recolour(garment, rng), garment), np.float32)


def _faint(garment: Floats, mask: Floats, ground: Floats, rng: np.random.Generator) -> Floats:
    """Nearly the colour of the ground: white on white, dark on dark, anything on itself."""
    own, behind = garment[mask > 0.5], ground[mask > 0.5]
    if own.size == 0:
        return garment
    apart = rng.choice([-1, 1]) * rng.uniform(0.02, 0.1) + rng.normal(0, 0.01, 3)
    soft = behind.mean(0) + apart + (garment - own.mean(0)) * rng.uniform(0.1, 0.4)
    return np.asarray(np.clip(soft, 0, 1), np.float32)


def hang(ground: Floats, mask: Floats, rng: np.random.Generator) -> Floats:
    """A hook above the middle of the garment's top, and the shoulders of its hanger."""
    rows, columns = np.flatnonzero((mask > 0.5).any(1)), np.flatnonzero((mask > 0.5).any(0))
    if rows.size == 0:
        return ground
    x, y, size = float(columns.mean()), float(rows[0]), float(rng.uniform(8, 22))
    canvas = Image.fromarray((ground * 255).astype(np.uint8))
    draw, colour = ImageDraw.Draw(canvas), tuple(int(c) for c in rng.integers(0, 256, 3))
    wide = int(rng.integers(1, 5))
    draw.line([(x, y + size), (x, y - size / 2)], fill=colour, width=wide)
    draw.arc([x - size / 3, y - size, x + size / 3, y - size / 3], 150, 90, fill=colour, width=wide)
    draw.line([(x - 2 * size, y + 1.6 * size), (x, y + 0.5 * size), (x + 2 * size, y + 1.6 * size)], colour, wide + 1)
    return np.asarray(canvas, np.float32) / np.float32(255)


def _clutter(image: Floats, grounds: list[NDArray[np.uint8]], rng: np.random.Generator) -> Floats:
    """A few things lying about: ellipses and polygons of one colour or of another photo's texture."""
    height, width = image.shape[:2]
    for _ in range(rng.integers(1, 4)):
        stencil = Image.new("L", (width, height))
        x, y = rng.uniform(0, 1, 2) * (width, height)
        a, b = rng.uniform(0.03, 0.16, 2) * max(image.shape)
        if rng.random() < 0.5:
            ImageDraw.Draw(stencil).ellipse([x - a, y - b, x + a, y + b], fill=255)
        else:
            corners = (rng.uniform(-1, 1, (int(rng.integers(3, 6)), 2)) * (a, b) + (x, y)).ravel().tolist()
            ImageDraw.Draw(stencil).polygon(corners, fill=255)
        part = np.asarray(stencil.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.0))), np.float32)[..., None] / 255
        thing = rng.uniform(0, 1, 3).astype(np.float32)
        if grounds and rng.random() < 0.4:
            thing = _recolour(_photo_ground(grounds, (height, width), rng), rng)
        image = np.asarray(thing * part + image * (1 - part), np.float32)
    return image


def _ground(grounds: list[NDArray[np.uint8]], shape: Shape, rng: np.random.Generator) -> Floats:
    share = rng.random()
    if share < 0.5 and grounds:
        image = _photo_ground(grounds, shape, rng)
        return _recolour(image, rng) if rng.random() < 0.4 else image
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j].astype(np.float32)
    colour = rng.choice([rng.uniform(0, 1), rng.uniform(0.8, 1)]) + rng.normal(0, 0.06, 3)
    if rng.random() < 0.25:
        colour = rng.uniform(0, 1, 3)
    fall = 1 + rng.uniform(-0.25, 0.25) * x + rng.uniform(-0.25, 0.25) * y - rng.uniform(0, 0.3) * (x * x + y * y)
    flat = np.clip(fall[..., None] * np.clip(colour, 0, 1), 0, 1).astype(np.float32)
    return flat if share < 0.85 else _pattern(flat, rng)


def _photo_ground(grounds: list[NDArray[np.uint8]], shape: Shape, rng: np.random.Generator) -> Floats:
    """A view of a photo whose garment or person was filled from around."""
    ground = grounds[rng.integers(len(grounds))]
    height, width = ground.shape[:2]
    zoom = rng.uniform(0.5, 1.0)
    scale = np.full(2, min(width / shape[1], height / shape[0]) * zoom)
    room = np.array([width, height]) - scale * (shape[1], shape[0])
    centre = scale * (shape[1], shape[0]) / 2 + rng.uniform(0, 1, 2) * room
    return _view(ground, shape, _coefficients(shape, centre, scale, 0.0), (128, 128, 128))


def _pattern(flat: Floats, rng: np.random.Generator) -> Floats:
    """Stripes, checks, tiles, planks or blotches in two tones."""
    height, width = flat.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), rng.uniform(5, 45)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    kind = rng.integers(5)
    if kind == 0:
        level = np.sin(2 * np.pi * u / period) > rng.uniform(-0.6, 0.6)
    elif kind == 1:
        level = (np.sin(2 * np.pi * u / period) > 0) ^ (np.sin(2 * np.pi * v / period) > 0)
    elif kind == 2:  # joints between tiles or planks
        joint = rng.uniform(1, 3)
        level = (u % period < joint) | (v % (period * rng.uniform(1, 6)) < joint)
    elif kind == 3:  # grain along planks
        level = ndimage.gaussian_filter(rng.normal(0, 1, (height, width)), (rng.uniform(0.5, 1.5), rng.uniform(6, 20)))
        level = level / level.std() * 0.4 + 0.5
        level = level if rng.random() < 0.5 or height != width else level.T
    else:  # blotches, floral prints
        level = ndimage.gaussian_filter(rng.normal(0, 1, (height, width)), rng.uniform(1.5, 8)) > 0
    amount = np.asarray(level, np.float32)[..., None]
    other = np.clip(flat + rng.normal(0, 0.25, 3) + rng.normal(0, 0.15), 0, 1).astype(np.float32)
    return np.clip(flat * (1 - amount) + other * amount, 0, 1).astype(np.float32)


def _disturb(image: Floats, rng: np.random.Generator) -> Floats:
    """Exposure, tint, contrast, blur, noise, JPEG."""
    light = np.exp(rng.normal(0, 0.12)) * np.exp(rng.normal(0, 0.05, 3))
    image = (image * light + rng.normal(0, 0.02)).astype(np.float32)
    if rng.random() < 0.07:
        image = np.repeat(image.mean(-1, keepdims=True), 3, -1)
    if rng.random() < 0.25:
        image = ndimage.gaussian_filter(image, (rng.uniform(0.3, 1.2),) * 2 + (0,))
    if rng.random() < 0.5:
        image = image + rng.normal(0, rng.uniform(0, 0.05), image.shape).astype(np.float32)
    image = np.clip(image, 0.0, 1.0)
    if rng.random() < 0.35:
        stream = io.BytesIO()
        Image.fromarray((image * 255).astype(np.uint8)).save(stream, "JPEG", quality=int(rng.integers(25, 90)))
        return decode_pixels(stream.getvalue(), "a disturbed picture").astype(np.float32) / np.float32(255)
    return np.asarray(image, np.float32)
