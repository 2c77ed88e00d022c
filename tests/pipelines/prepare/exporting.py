"""A prepared folder, drawn here, its exports, and how their files are opened."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from viton_cli.config import PrepareConfig
from viton_cli.engines.progress import Progress, Summary
from viton_cli.files import Manifest, write_image, write_keypoints, write_labels
from viton_cli.perception.backends.fake import draw_person
from viton_cli.pipelines.prepare.export import export

HD = (1024, 768)
# Who wears what; p4 and p5 are test people, g6 is worn by nobody, d2 is a dress.
TRAIN, TEST, UNPAIRED = {"p1": "g1", "sub dir/p2": "d2", "p3": "g1"}, {"p4": "g4", "p5": "g5"}, {"p5": "g6"}
EXPORTS = ("viton", "cp-vton", "viton-hd", "hr-viton", "dresscode")
READERS = {"hr-viton": "viton-hd"}


class Notes(Progress):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def write_person(root: Path, id: str, size: tuple[int, int] = HD, **drawn: Any) -> None:
    image, labels, pose = draw_person(size, **drawn)
    write_image(root / "image" / f"{id}.jpg", image)
    write_labels(root / "image-parse-v3" / f"{id}.png", labels)
    write_keypoints(root / "openpose_json" / f"{id}_keypoints.json", [pose])
    Manifest(root / "manifest.jsonl").append({"kind": "person", "id": id, "status": "ok"})


def write_garment(root: Path, id: str, size: tuple[int, int] = HD) -> None:
    height, width = size
    mask = np.zeros(size, np.uint8)
    mask[height // 4 : height * 3 // 4, width // 4 : width * 3 // 4] = 255
    mask[height // 4 : height // 3, width // 8 : width * 7 // 8] = 255
    image = np.full((*size, 3), 255, np.uint8)
    image[mask > 0] = (90, 20 + len(id), 160)
    write_image(root / "cloth" / f"{id}.jpg", image)
    write_image(root / "cloth-mask" / f"{id}.png", mask)
    kind = "dress" if id.startswith("d") else "top"
    Manifest(root / "manifest.jsonl").append({"kind": "garment", "id": id, "status": "ok", "garment": kind})


def write_list(root: Path, name: str, pairs: dict[str, str]) -> None:
    (root / name).write_text("".join(f"{person}\t{garment}\n" for person, garment in pairs.items()))


def run(root: Path, *names: str, **settings: Any) -> tuple[Summary, list[str]]:
    done, notes = Summary("photo", str(root)), Notes()
    export(PrepareConfig(out=root, export=list(names), **settings), done, notes)
    return done, notes.said


def names(root: Path, layout: str) -> dict[tuple[str, str, str], int]:
    with (root / layout / "names.csv").open(newline="") as stream:
        return {(r["split"], r["person"], r["garment"]): int(r["number"]) for r in csv.DictReader(stream)}


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """A list as all loaders read it: two words a line."""
    for line in path.read_text().splitlines(keepends=True):
        first, second = line.strip().split()
        yield first, second


def opened(path: Path, mode: str, size: tuple[int, int] | None = None) -> np.ndarray[Any, Any]:
    with Image.open(path) as picture:
        assert picture.mode == mode, path
        assert size is None or picture.size == size[::-1], path
        return np.array(picture)


def joints_of(path: Path, key: str) -> np.ndarray[Any, Any]:
    return np.array(json.loads(path.read_text())["people"][0][key]).reshape(-1, 3)


def check_hd_joints(points: np.ndarray[Any, Any]) -> None:
    """VITON-HD's and HR-VITON's agnostic picture needs shoulders, hips apart and a neck, by x and y alone."""
    assert points.shape == (25, 3)
    assert all(points[joint, :2].any() for joint in (1, 2, 5, 9, 12))
    assert np.linalg.norm(points[12, :2] - points[9, :2]) > 1
