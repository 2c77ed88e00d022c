"""The course of the losses: a table that grows, and the learning curve, a plot with axes for each logged value."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from viton_cli.files import append_line, write_image

PLOT = (300, 190)  # width, height of one plot with its title and axes
LEFT, TOP, RIGHT, BOTTOM = 52, 24, 10, 30  # margins of a plot
COLUMNS = 3
LINE, AXIS, GRID, BEST = "#1f5fbf", "#555555", "#dddddd", "#c0392b"
Points = list[tuple[float, float]]


def draw_curve(log: Path, target: Path, best: int | None = None) -> None:
    """Plot every logged value over the steps, each in a plot of its own.

    Args:
        log: One JSON object a line; a line torn by a killed run is passed over. target: The picture to write.
        best: The step whose weights are kept, marked in each plot.
    """
    series = read_log(log)
    last = max((points[-1][0] for points in series.values()), default=1.0) or 1.0
    columns = max(min(COLUMNS, len(series)), 1)
    rows = max(-(-len(series) // columns), 1)
    picture = Image.new("RGB", (columns * PLOT[0], rows * PLOT[1]), "white")
    draw = ImageDraw.Draw(picture)
    for number, (name, points) in enumerate(series.items()):
        row, column = divmod(number, columns)
        _plot(draw, (column * PLOT[0], row * PLOT[1]), name, points, last, best)
    write_image(target, np.asarray(picture))


def read_log(log: Path) -> dict[str, Points]:
    """(step, value) of each value of a log, in the order of its first mention."""
    series: dict[str, Points] = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
            step = float(entry["step"])
            found = {key: float(value) for key, value in entry.items() if key not in ("step", "minutes", "lr")}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue
        for key, value in found.items():
            if math.isfinite(value) and math.isfinite(step):
                series.setdefault(key, []).append((step, value))
    return series


def append_row(table: Path, values: dict[str, float]) -> None:
    """Put a row under a CSV table, which is begun with the names if there is none yet."""
    if not table.exists():
        append_line(table, ",".join(values).encode())
    append_line(table, ",".join(f"{value:g}" for value in values.values()).encode())


def ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Round numbers from `low` to `high`: steps of 1, 2 or 5 times a power of ten, at most `most` + 1 of them."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * most >= span)
    return [round(n * step, 12) for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _plot(
    draw: ImageDraw.ImageDraw, corner: tuple[int, int], name: str, points: Points, last: float, best: int | None
) -> None:
    left, top = corner[0] + LEFT, corner[1] + TOP
    right, bottom = corner[0] + PLOT[0] - RIGHT, corner[1] + PLOT[1] - BOTTOM
    values = [value for _, value in points]
    low, high = min(values), max(values)
    margin = 0.05 * ((high - low) or abs(high) or 1.0)
    low, high = low - margin, high + margin

    def x(step: float) -> float:
        return left + step / last * (right - left)

    def y(value: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - top)

    for value in ticks(low, high):
        draw.line((left, y(value), right, y(value)), fill=GRID)
        draw.text((left - 5, y(value)), f"{value:g}", fill=AXIS, anchor="rm")
    for step in ticks(0, last):
        draw.line((x(step), bottom, x(step), bottom + 4), fill=AXIS)
        draw.text((x(step), bottom + 5), f"{step:g}", fill=AXIS, anchor="ma")
    draw.text((right, bottom + 17), "step", fill=AXIS, anchor="ra")
    draw.line((left, top, left, bottom, right, bottom), fill=AXIS)
    if best is not None and 0 <= best <= last:
        draw.line((x(best), top, x(best), bottom), fill=BEST)
    places = [(x(step), y(value)) for step, value in points]
    if len(places) > 1:
        draw.line(places, fill=LINE, width=2)
    else:
        draw.ellipse((places[0][0] - 2, places[0][1] - 2, places[0][0] + 2, places[0][1] + 2), fill=LINE)
    draw.text((left, corner[1] + 6), f"{name}  {points[-1][1]:.4g}", fill="black")
