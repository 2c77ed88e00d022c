from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import io

from viton_cli.data.viton import SIDE, Viton, upright
from viton_cli.errors import BadDataset
from viton_cli.vocabulary import labels as L


def stored(labels: np.ndarray) -> np.ndarray:
    """A label map as VITON keeps it: longer side 641, in the corner of a square, transposed."""
    height, width = labels.shape
    rows = (np.arange(round(SIDE * height / max(labels.shape))) + 0.5) * height / (SIDE * height / max(labels.shape))
    columns = (np.arange(round(SIDE * width / max(labels.shape))) + 0.5) * width / (SIDE * width / max(labels.shape))
    square = np.zeros((SIDE, SIDE), np.uint8)
    enlarged = labels[rows.astype(int).clip(0, height - 1)][:, columns.astype(int).clip(0, width - 1)]
    square[: len(rows), : len(columns)] = enlarged
    return square.T


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 20, (height, width)).astype(np.uint8)


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (50, 50), (80, 33)])
def test_upright_undoes_the_storage(size: tuple[int, int]) -> None:
    labels = picture(*size)
    assert np.array_equal(upright(stored(labels), size), labels)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(64, 48\), expected \(641, 641\)"):
        upright(np.zeros((64, 48), np.uint8), (64, 48))


@pytest.fixture
def root(tmp_path: Path, photo: Any) -> Path:
    data = tmp_path / "data"
    for id in ("000001", "000002", "000003", "000004"):
        for ending in ("_0", "_1"):
            photo(data / "women_top" / f"{id}{ending}.jpg", (64, 48))
    (data / "segment").mkdir()
    (data / "pose").mkdir()
    io.savemat(data / "segment" / "000001_0.mat", {"segment": stored(picture(64, 48))})
    small, large = (np.stack([np.arange(18.0) + 5, np.arange(18.0) * s + 4, np.full(18, 0.9)], 1) for s in (1, 3))
    candidate = np.column_stack([np.vstack([small, large]), np.arange(36)])
    subset = np.vstack([np.arange(18), np.arange(18, 36)])
    subset[1, L.R_WRIST] = -1
    scores = np.full((2, 2), 18)
    io.savemat(data / "pose" / "000001_0.mat", {"candidate": candidate, "subset": np.hstack([subset, scores])})
    io.savemat(data / "pose" / "000002_0.mat", {"candidate": np.zeros((0, 4)), "subset": np.zeros((0, 20))})
    (data / "viton_train_pairs.txt").write_text("000001_0.jpg 000001_1.jpg\n000002_0.jpg 000002_1.jpg\n")
    (data / "viton_test_pairs.txt").write_text("000003_0.jpg 000004_1.jpg\n000004_0.jpg 000003_1.jpg\n")
    return tmp_path


def test_entries_follow_the_lists(root: Path) -> None:
    assert [(entry.kind, entry.id) for entry in Viton(root).entries("train")] == [
        ("person", "000001_0"), ("person", "000002_0"), ("garment", "000001_1"), ("garment", "000002_1"),
    ]  # fmt: skip
    assert len(list(Viton(root / "data").entries())) == 8


def test_labels_and_the_largest_person(root: Path) -> None:
    entry = next(Viton(root).entries())
    labels, pose = entry.labels(), entry.pose()
    assert labels is not None and np.array_equal(labels, picture(64, 48))
    assert pose is not None and pose.joints[L.L_EAR].tolist() == [22, 55]
    assert np.flatnonzero(~pose.seen).tolist() == [L.R_WRIST]


def test_nobody_found_and_nothing_there(root: Path) -> None:
    second, third = list(Viton(root).entries())[1:3]
    assert second.pose() is None and second.labels() is None
    assert third.pose() is None


def test_pairs(root: Path) -> None:
    data = Viton(root)
    assert data.pairs("test", "unpaired") == [("000003_0", "000004_1"), ("000004_0", "000003_1")]
    assert data.pairs("test") == [("000003_0", "000003_1"), ("000004_0", "000004_1")]
    assert data.pairs("train")[0] == ("000001_0", "000001_1")


def test_pickles_are_reported_not_read(root: Path) -> None:
    (root / "data" / "pose.pkl").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    report = Viton(root).report()
    assert "3 of 4 label maps missing: segment/000002_0.mat, segment/000003_0.mat, segment/000004_0.mat" in report
    assert any("unpickling executes code" in line for line in report)


def test_rubbish_is_named(root: Path) -> None:
    io.savemat(root / "data" / "segment" / "000001_0.mat", {"segment": np.zeros((10, 10), np.uint8)})
    with pytest.raises(BadDataset, match=r"000001_0.mat: 'segment' is"):
        next(Viton(root).entries()).labels()
    io.savemat(root / "data" / "pose" / "000001_0.mat", {"candidate": np.zeros((2, 4)), "subset": np.full((1, 20), 7)})
    with pytest.raises(BadDataset, match=r"'subset' does not fit 'candidate'"):
        next(Viton(root).entries()).pose()
