"""One self-contained page about a training run or a folder of results, opened from disk without a network."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viton_cli.files import open_picture, write_text
from viton_cli.pages.bundle import style_of

PLOT = (560, 240)  # width, height of a curve
TILE = 220  # height of a picture of a result
SAMPLE = 1600  # width of a sheet of samples


@dataclass(frozen=True)
class Curve:
    """A value over the steps, ready to be drawn.

    Attributes:
        name: Of the value.
        points: (step, value), finite ones.
        line: What an SVG polyline draws, in a box of `PLOT`.
        low, high, last: Of the values.
        end: The last step.
    """

    name: str
    points: list[tuple[float, float]]
    line: str
    low: float
    high: float
    last: float
    end: float


@dataclass(frozen=True)
class Shown:
    """A picture with what is to be read beside it.

    Attributes:
        caption: Words.
        images: (what it is, data URI).
    """

    caption: str
    images: list[tuple[str, str]]


@dataclass(frozen=True)
class Section:
    """A part of the page: whatever of it is there.

    Attributes:
        title: Heading.
        curves, samples, rows, shown: Curves; sheets by step; a table (its first row the header); pictures.
        warnings: One line each.
    """

    title: str
    curves: list[Curve] = field(default_factory=list)
    samples: list[tuple[int, str]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def write_page(path: Path, title: str, sections: Sequence[Section]) -> None:
    """Write the page."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("viton_cli.pages", "templates"), autoescape=True)
    text = environment.get_template("report.html").render(
        title=title, sections=sections, plot=PLOT, style=style_of("report")
    )
    write_text(path, text)


def curve(name: str, points: Sequence[tuple[float, float]]) -> Curve | None:
    """A curve; None if there is nothing finite to draw."""
    finite = [(step, value) for step, value in points if math.isfinite(value)]
    if not finite:
        return None
    values = [value for _, value in finite]
    low, high, end = min(values), max(values), max(finite[-1][0], 1.0)
    span = (high - low) or 1.0
    width, height = PLOT
    line = " ".join(f"{step / end * width:.1f},{(high - value) / span * height:.1f}" for step, value in finite)
    return Curve(name, finite, line, low, high, values[-1], end)


def as_uri(image: NDArray[np.uint8] | Path, height: int | None = None, width: int | None = None) -> str:
    """A picture, made smaller if it is higher or wider than that, as a data URI (JPEG)."""
    if isinstance(image, Path):
        with open_picture(image) as opened:
            picture = opened.convert("RGB")
    else:
        picture = Image.fromarray(image)
    scale = min((height or picture.height) / picture.height, (width or picture.width) / picture.width, 1.0)
    if scale < 1:
        picture = picture.resize((max(round(picture.width * scale), 1), max(round(picture.height * scale), 1)))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
