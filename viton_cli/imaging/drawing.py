"""Pictures for the eye: skeletons and labels over photos, tiles with captions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from viton_cli.imaging.lettering import write_words
from viton_cli.vocabulary.labels import BONES, palette
from viton_cli.vocabulary.layout import COLOURS, GARMENT_LAYERS

LINES = 150  # of a skeleton's strokes that a picture is high
CAPTION = 14  # pixels that a line of text takes
BLUE = 0.4  # of all places, so that none is black
BODY = 110  # grey of a body's shape
_COLOURS = np.array(palette(), np.uint8).reshape(256, 3)
_LIMBS = (
    "#ff5500", "#ffaa00", "#ffff00", "#55ff00", "#00ff55", "#00ffaa", "#00aaff", "#0055ff", "#0000ff", "#aa00ff",
    "#ff00ff", "#ff0055", "#ffffff", "#ff66aa", "#ff99cc", "#66aaff", "#99ccff",
)  # fmt: skip


def draw_skeleton(image: NDArray[np.uint8], joints: NDArray[np.float32], seen: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Bones between seen joints over a copy of the picture, line width by picture size."""
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    width = max(round(image.shape[0] / LINES), 2)
    for (a, b), colour in zip(BONES, _LIMBS):
        if seen[a] and seen[b]:
            draw.line((*map(float, joints[a]), *map(float, joints[b])), fill=colour, width=width)
    for (x, y), visible in zip(joints.tolist(), seen):
        if visible:
            draw.ellipse((x - width, y - width, x + width, y + width), fill="white", outline="black")
    return np.asarray(picture)


def colour_labels(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) picture of a label map in the label palette."""
    return _COLOURS[labels]


def colour_layout(layout: NDArray[np.integer]) -> NDArray[np.uint8]:
    """(H, W, 3) picture of a layout."""
    return np.asarray(COLOURS[layout], np.uint8)


def colour_places(at: NDArray[np.float32], layout: NDArray[np.integer]) -> NDArray[np.uint8]:
    """(H, W, 3) picture of places on a product: red grows to its right, green downwards; black beside the garment.

    Args:
        at: (H, W, 2) (x, y) in pixels of a product of that size. layout: (H, W), of `vocabulary.layout.LAYOUT`.
    """
    height, width = layout.shape
    shares = (at / np.array((width, height), np.float32)).clip(0, 1)
    picture = np.dstack((shares[..., 0], shares[..., 1], np.full(layout.shape, BLUE, np.float32)))
    return np.asarray(np.where(np.isin(layout, GARMENT_LAYERS)[..., None], picture * 255, 0), np.uint8)


def draw_representation(representation: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W, 3) picture of the 22 channels: the head in its colours over the body's shape in grey, joints in white."""
    joints, shape, head = representation[:18].max(0), representation[18], representation[19:22]
    colours = (head.transpose(1, 2, 0) + 1) * 127.5
    body = np.repeat(shape[..., None] * BODY, 3, 2)
    picture = np.where(np.abs(head).max(0)[..., None] > 0, colours, body)
    return np.asarray(np.where(joints[..., None] > 0, 255, picture).clip(0, 255), np.uint8)


def draw_labels(image: NDArray[np.uint8], labels: NDArray[np.uint8], strength: float = 0.65) -> NDArray[np.uint8]:
    """Label colours mixed over the picture; background stays as it is."""
    picture = Image.fromarray(image)
    mixed = Image.blend(picture, Image.fromarray(_COLOURS[labels]), strength)
    return np.asarray(Image.composite(mixed, picture, Image.fromarray(labels > 0)))


def tile(
    pictures: list[NDArray[np.uint8]], columns: int, captions: list[str] | None = None, gap: int = 4
) -> NDArray[np.uint8]:
    """Pictures on a white sheet, row by row, each scaled into the first one's size, captions above."""
    height, width = pictures[0].shape[:2]
    band = CAPTION if captions else 0
    rows = -(-len(pictures) // columns)
    columns = min(columns, len(pictures))
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + band + gap) + gap), "white")
    draw = ImageDraw.Draw(sheet)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        x, y = gap + column * (width + gap), gap + row * (height + band + gap)
        if captions:
            write_words(draw, (x, y), captions[number], width)
        tile_image = Image.fromarray(picture).convert("RGB")
        scale = min(width / tile_image.width, height / tile_image.height)
        size = max(round(tile_image.width * scale), 1), max(round(tile_image.height * scale), 1)
        if size != tile_image.size:
            tile_image = tile_image.resize(size, Image.Resampling.BILINEAR)
        sheet.paste(tile_image, (x + (width - size[0]) // 2, y + band + (height - size[1]) // 2))
    return np.asarray(sheet)


def repeated(captions: Sequence[str], count: int) -> list[str]:
    """Captions for so many pictures that come in groups of `len(captions)`."""
    return [captions[number % len(captions)] for number in range(count)]
