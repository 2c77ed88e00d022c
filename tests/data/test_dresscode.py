from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from viton_cli.data.dresscode import DressCode
from viton_cli.errors import BadDataset, BadPairs
from viton_cli.vocabulary import labels as L

SIZE = (1024, 768)  # as published: twice the size its keypoints are written for


@pytest.fixture
def root(tmp_path: Path, photo: Any, indexed: Any) -> Path:
    """Two categories, each with one training pair and two test pairs."""
    for category, first in (("upper_body", 0), ("dresses", 50)):
        folder = tmp_path / category
        for number in range(first, first + 3):
            photo(folder / "images" / f"{number:06}_0.jpg", SIZE)
            photo(folder / "images" / f"{number:06}_1.jpg", SIZE)
            indexed(folder / "label_maps" / f"{number:06}_4.png", np.tile(np.arange(18), (12, 1)))
            points = [[10 * joint, 20 * joint, 0.5, 1] for joint in range(18)]
            points[3] = [-1, -1, 0, 0]
            (folder / "keypoints").mkdir(exist_ok=True)
            (folder / "keypoints" / f"{number:06}_2.json").write_text(json.dumps({"keypoints": points}))
        names = [f"{number:06}" for number in range(first, first + 3)]
        (folder / "train_pairs.txt").write_text(f"{names[0]}_0.jpg {names[0]}_1.jpg\n")
        (folder / "test_pairs_paired.txt").write_text("".join(f"{name}_0.jpg\t{name}_1.jpg\n" for name in names[1:]))
        (folder / "test_pairs_unpaired.txt").write_text(
            f"{names[1]}_0.jpg\t{names[2]}_1.jpg\n{names[2]}_0.jpg\t{names[1]}_1.jpg\n"
        )
    return tmp_path


def test_ids_carry_the_category(root: Path) -> None:
    assert [(entry.kind, entry.id) for entry in DressCode(root).entries("train")] == [
        ("person", "upper_body/000000_0"), ("garment", "upper_body/000000_1"),
        ("person", "dresses/000050_0"), ("garment", "dresses/000050_1"),
    ]  # fmt: skip
    assert len(list(DressCode(root).entries())) == 12
    assert len(list(DressCode(root, categories=["dresses"]).entries("val"))) == 4


def test_keypoints_are_scaled_from_384x512(root: Path) -> None:
    pose = next(DressCode(root).entries()).pose()
    assert pose is not None
    assert pose.joints[L.L_ANKLE].tolist() == [260, 520]
    # 0 and -1 stand for joints that were not found, and the nose is at (0, 0).
    assert np.flatnonzero(~pose.seen).tolist() == [L.NOSE, L.R_ELBOW]


def test_atr_labels_with_the_belt_gone(root: Path) -> None:
    labels = next(DressCode(root).entries()).labels()
    assert labels is not None
    expected = [L.BACKGROUND, L.HAT, L.HAIR, L.SUNGLASSES, L.UPPER, L.SKIRT, L.PANTS, L.DRESS, L.DRESS, L.L_SHOE,
                L.R_SHOE, L.FACE, L.L_LEG, L.R_LEG, L.L_ARM, L.R_ARM, L.BAG, L.SCARF]  # fmt: skip
    assert labels[0].tolist() == expected


def test_pairs_of_the_categories(root: Path) -> None:
    data = DressCode(root)
    assert data.pairs("train") == [
        ("upper_body/000000_0", "upper_body/000000_1"), ("dresses/000050_0", "dresses/000050_1"),
    ]  # fmt: skip
    assert data.pairs("test", "unpaired")[:1] == [("upper_body/000001_0", "upper_body/000002_1")]
    assert all(person[:-2] == garment[:-2] for person, garment in data.pairs("test", "paired"))
    with pytest.raises(BadDataset, match=r"no unpaired training pairs"):
        data.pairs("train", "unpaired")


@pytest.mark.parametrize(("upper", "dress"), [("upper_body", "dresses"), ("0", "2"), ("upper", "dress"), ("", "")])
def test_lists_in_the_root_name_the_category(root: Path, upper: str, dress: str) -> None:
    """In a third column, or, where there is none, by the only category that has both pictures."""
    for category in ("upper_body", "dresses"):
        (root / category / "test_pairs_unpaired.txt").unlink()
    (root / "test_pairs_unpaired.txt").write_text(
        f"000001_0.jpg 000002_1.jpg {upper}\n000051_0.jpg 000052_1.jpg {dress}\n"
    )
    assert DressCode(root).pairs("test", "unpaired") == [
        ("upper_body/000001_0", "upper_body/000002_1"), ("dresses/000051_0", "dresses/000052_1"),
    ]  # fmt: skip
    assert len(DressCode(root, categories=("dresses",)).pairs("test", "unpaired")) == 1


def test_a_category_that_cannot_be_told_is_named(root: Path) -> None:
    for category in ("upper_body", "dresses"):
        (root / category / "train_pairs.txt").unlink()
    (root / "train_pairs.txt").write_text("000001_0.jpg 000051_1.jpg\n")
    with pytest.raises(BadPairs, match=r"000001_0.jpg 000051_1.jpg has no third column .* in no category"):
        DressCode(root).pairs("train")
    (root / "train_pairs.txt").write_text("000001_0.jpg 000001_1.jpg shoes\n")
    with pytest.raises(BadPairs, match=r"unknown category 'shoes'"):
        DressCode(root).pairs("train")


def test_a_mask_that_others_added_is_found(root: Path, indexed: Any) -> None:
    indexed(root / "dresses" / "masks" / "000050_1.png", np.zeros((4, 4)), mode="L")
    masks = {entry.id: entry.mask for entry in DressCode(root).entries() if entry.mask}
    assert masks == {"dresses/000050_1": root / "dresses" / "masks" / "000050_1.png"}


def test_the_report(root: Path) -> None:
    data = DressCode(root)
    assert data.report() == ["categories that are not there: lower_body"]
    (root / "dresses" / "label_maps" / "000051_4.png").unlink()
    (root / "upper_body" / "images" / "000002_1.jpg").unlink()
    (root / "dresses" / "test_pairs_unpaired.txt").write_text("000051_0.jpg 000051_1.jpg\n")
    report = "\n".join(data.report())
    assert "1 of 3 dresses label maps missing: dresses/label_maps/000051_4.png" in report
    assert "1 of 3 upper_body own garments missing: upper_body/images/000002_1.jpg" in report
    assert "1 of 3 unpaired test pairs are paired: dresses/000051_0" in report


def test_broken_keypoints_and_categories_are_named(root: Path) -> None:
    (root / "upper_body" / "keypoints" / "000000_2.json").write_text('{"keypoints": [[1, 2]]}')
    with pytest.raises(BadDataset, match=r"000000_2.json: not Dress Code keypoints .*expected 18 joints"):
        next(DressCode(root).entries()).pose()
    with pytest.raises(BadDataset, match=r"no category lower_body; there: upper_body, dresses"):
        DressCode(root, categories=("lower_body",))
