"""Self-training: photos of which only the tags are known get a teacher's labels, as far as the tags allow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from viton_cli.checkpoints import packaged
from viton_cli.config import TrainPerceptionConfig
from viton_cli.data.base import Entry
from viton_cli.files import read_labels, write_image
from viton_cli.perception.backends.fake import draw_person
from viton_cli.training.perception import train_perception
from viton_cli.training.perception.train_perception import PerceptionTask
from viton_cli.vocabulary import labels as L

ALLOWED = frozenset({L.BACKGROUND, L.HAIR, L.FACE, L.COAT, L.PANTS})


class OneTagged:
    """A data set of one photo with labels and one with tags only."""

    def __init__(self, root: Path) -> None:
        image, labels, pose = draw_person((160, 120))
        write_image(root / "a.png", image)
        write_image(root / "b.png", image)
        self.known = Entry("a", "person", root / "a.png", read_labels=lambda: labels, read_pose=lambda: pose)
        self.tagged = Entry("b", "person", root / "b.png", read_pose=lambda: pose, read_possible=lambda: ALLOWED)

    def entries(self, split: str | None = None) -> Iterator[Entry]:
        yield from (self.known, self.tagged) if split == "train" else ()


def test_a_tagged_photo_is_labelled_within_its_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_perception, "open_sources", lambda _: [OneTagged(tmp_path)])
    config = TrainPerceptionConfig(
        data=["any"], out=tmp_path / "run", size=(64, 64), steps=1, width=16, teacher=str(packaged("perception")),
        labelled_repeats=2,
    )  # fmt: skip
    task = PerceptionTask(config)
    taught = read_labels(tmp_path / "run" / "taught" / "0" / "b.png")
    assert set(np.unique(taught)) <= ALLOWED
    assert len(task) == 3  # the photo labelled by hand twice, the taught one once
    example = task.example(1)
    assert example.labels is not None and np.array_equal(example.labels, taught)

    write_image(
        tmp_path / "run" / "taught" / "0" / "b.png", np.zeros((160, 120), np.uint8)
    )  # the next start reads what is there
    again = PerceptionTask(config).example(1).labels
    assert again is not None and not again.any()
