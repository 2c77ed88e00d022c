"""The learning curve as a small picture, drawn again whenever the log grows."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from viton_cli.files import write_image

SIZE = (640, 360)
COLOURS = ("#1f5fbf", "#c0392b", "#1e8449", "#8e44ad", "#d68910", "#148f77")


def draw_curve(log: Path, target: Path) -> None:
    """Plot every logged value over the steps, each scaled to its own range, with its last value in the legend.

    Args:
        log: One JSON object a line; a line torn by a killed run is passed over. target: The picture to write.
    """
    series: dict[str, list[tuple[float, float]]] = {}
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
    picture = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(picture)
    left, top, right, bottom = 12, 12, SIZE[0] - 12, SIZE[1] - 24
    draw.rectangle((left, top, right, bottom), outline="#999999")
    last = max((points[-1][0] for points in series.values()), default=1.0) or 1.0
    for number, (key, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        values = np.array([v for _, v in points])
        low, high = float(values.min()), float(values.max())
        span = (high - low) or 1.0
        line_points = [
            (left + s / last * (right - left), bottom - (v - low) / span * (bottom - top)) for s, v in points
        ]
        if len(line_points) > 1:
            draw.line(line_points, fill=colour, width=2)
        draw.text(
            (right - 190, top + 6 + 14 * number), f"{key} {points[-1][1]:.4g} [{low:.4g}, {high:.4g}]", fill=colour
        )
    draw.text((left, bottom + 4), f"step 0 ... {last:.0f}", fill="#555555")
    write_image(target, np.asarray(picture))
