"""The folder `viton prepare` writes: paths, pictures, manifest, pairs. `viton_cli.data.prepared` reads it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from viton_cli.config import PrepareConfig
from viton_cli.files import (
    Ledger,
    Manifest,
    write_image,
    write_keypoints,
    write_labels,
    write_text,
)
from viton_cli.imaging.drawing import colour_labels, draw_labels, draw_skeleton
from viton_cli.imaging.frames import crop, fit_box, to_frame, whole_photo
from viton_cli.pipelines.contents import Contents, made_with
from viton_cli.records import Frame, Garment, Person, Pose
from viton_cli.vocabulary.labels import LABELS

# Settings that change what is written; --overlays and --flatten only add to it.
DECISIVE = ("height", "pose", "pose_source", "parsing", "parsing_source", "label_set")
# What every run makes in its folder.
FIXED = (
    "config.yaml", "manifest.jsonl", "train_pairs.txt", "test_pairs.txt", "train_pairs_unpaired.txt",
    "test_pairs_unpaired.txt", "image", "image-parse-v3", "openpose_json", "overlay", "cloth", "cloth-mask", "laid",
)  # fmt: skip
HEIGHT = 512  # of person crops, where nothing asks for more
GARMENT_MARGIN = 0.04  # of the garment's longer side, left free around it


class PreparedFolder:
    """Paths and writers of a prepared folder. Writing is safe from several threads.

    Args:
        config: The run's settings.
        ledger: Of the folder (`files.look`).
        contents: Hashes of the files that are read.
        part: What this process's records are called by, where several share the work (`engines.share`).
    """

    def __init__(self, config: PrepareConfig, ledger: Ledger, contents: Contents, part: str = "") -> None:
        self.path = config.out
        self.config, self.ledger, self.contents = config, ledger, contents
        self.made_with = made_with(config, DECISIVE)
        self.manifest = Manifest(self.path / "manifest.jsonl", part)

    def files(self, kind: str, id: str) -> dict[str, Path]:
        """What is written for one photo."""
        return files_of(self.config, kind, id)

    def entries(self) -> dict[tuple[str, str], dict[str, Any]]:
        """(kind, id) to manifest line, also of the other processes that share the work."""
        return {(str(entry.get("kind")), str(entry.get("id"))): entry for entry in self.manifest.read()}

    def inputs(self, files: list[Path]) -> dict[str, Any]:
        """What a photo's files are made from: hashes of what is read, the photo first, and of settings and weights."""
        return {"files": [self.contents.of(path) for path in files], "made_with": self.made_with}

    def is_finished(self, kind: str, id: str, files: list[Path], before: dict[tuple[str, str], dict[str, Any]]) -> bool:
        """Whether a photo was prepared, by the entries of before, from what there is now, and all of it is there."""
        entry = before.get((kind, id))
        if self.config.overwrite or entry is None or entry.get("status") != "ok":
            return False
        there = all(self.ledger.is_finished(path) for path in self.files(kind, id).values())
        return there and entry.get("inputs") == self.inputs(files)

    def write_person(self, id: str, person: Person) -> None:
        """Crop, labels, joints and what else is wanted of a person."""
        height = self.config.height or HEIGHT
        frame = Frame(person.frame.box, (height, height * 3 // 4))
        files = self.files("person", id)
        image, labels, pose = seen_in(person, frame)
        write_image(files["image"], image)
        write_labels(files["labels"], labels)
        write_keypoints(files["pose"], [pose])
        if "overlay" in files:
            write_image(files["overlay"], overlay(image, labels, pose))

    def write_garment(self, id: str, garment: Garment) -> Frame:
        """The garment on white and its mask; returns the rectangle of the photo that they show."""
        height = self.config.height or HEIGHT
        frame = garment_frame(garment, (height, height * 3 // 4))
        mask = crop(garment.mask, frame, fill=0).astype(np.float32)
        shown = mask if garment.inner is None else np.maximum(mask, crop(garment.inner, frame, fill=0))
        image = crop(garment.photo.image, frame, fill=255).astype(np.float32)
        on_white = image * shown[:, :, None] + 255 * (1 - shown[:, :, None])
        files = self.files("garment", id)
        write_image(files["image"], np.round(on_white).astype(np.uint8))
        write_image(files["mask"], np.round(mask * 255).astype(np.uint8))
        return frame

    def write_pairs(self, name: str, pairs: list[tuple[str, str]]) -> None:
        """Write a pairs file: "person garment" ids with a tab between."""
        write_text(self.path / name, "".join(f"{person}\t{garment}\n" for person, garment in pairs))


def files_of(config: PrepareConfig, kind: str, id: str) -> dict[str, Path]:
    """What is written for one photo, by what it is."""
    out = config.out
    if kind == "garment":
        return {"image": out / "cloth" / f"{id}.jpg", "mask": out / "cloth-mask" / f"{id}.png"}
    wanted = {
        "image": out / "image" / f"{id}.jpg",
        "labels": out / "image-parse-v3" / f"{id}.png",
        "pose": out / "openpose_json" / f"{id}_keypoints.json",
    }
    if config.overlays:
        wanted["overlay"] = out / "overlay" / f"{id}.jpg"
    return wanted


def seen_in(person: Person, frame: Frame) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Pose]:
    """Image, labels and pose of a person as a frame shows them; joints outside it count as unseen."""
    image = crop(person.photo.image, frame).astype(np.uint8)
    labels = crop(person.parsing.labels, frame, fill=0, nearest=True).astype(np.uint8)
    joints = to_frame(person.pose.joints, frame)
    inside = ((joints >= -0.5) & (joints < np.array(frame.size[::-1]) - 0.5)).all(1)
    seen = person.pose.seen & inside
    return image, labels, Pose(joints, seen, person.pose.confidence * seen)


def garment_frame(garment: Garment, size: tuple[int, int]) -> Frame:
    """The whole photo if it has the frame's shape, as product photos of data sets do, else a box around the garment."""
    height, width = garment.photo.size
    if abs(height * size[1] - width * size[0]) <= 2 * max(size):
        return whole_photo(garment.photo.size, size)
    rows = np.flatnonzero((garment.mask > 0.5).any(1))
    columns = np.flatnonzero((garment.mask > 0.5).any(0))
    if not len(rows):
        return whole_photo(garment.photo.size, size)
    margin = GARMENT_MARGIN * max(np.ptp(rows), np.ptp(columns)) + 1
    left, top, right, bottom = columns[0] - margin, rows[0] - margin, columns[-1] + 1 + margin, rows[-1] + 1 + margin
    return Frame(fit_box(float(left), float(top), float(right), float(bottom), size), size)


def overlay(image: NDArray[np.uint8], labels: NDArray[np.uint8], pose: Pose) -> NDArray[np.uint8]:
    """Skeleton and label colours over a picture, with a legend of the labels that occur at its right."""
    picture = draw_skeleton(draw_labels(image, labels, strength=0.45), pose.joints, pose.seen)
    present = [int(label) for label in np.unique(labels) if 0 < label < len(LABELS)]
    line = max(image.shape[0] // (len(LABELS) + 1), 12)
    legend = Image.new("RGB", (120, image.shape[0]), "white")
    draw = ImageDraw.Draw(legend)
    for row, label in enumerate(present):
        colour = tuple(int(value) for value in colour_labels(np.array([[label]], np.uint8))[0, 0])
        draw.rectangle((6, row * line + 4, 18, row * line + 14), fill=colour, outline="black")
        draw.text((24, row * line + 3), LABELS[label], fill="black")
    return np.concatenate([picture, np.asarray(legend)], 1)


def in_test(id: str, share: float) -> bool:
    """Whether an id belongs to the test share: by hash, so that it stays where it is when others come or go."""
    return int(hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()[:8], 16) < share * 2**32
