from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import io

from viton_cli.data.ccp import Ccp, labels_from_tags
from viton_cli.errors import BadDataset
from viton_cli.imaging.limbs import standing_joints
from viton_cli.vocabulary import labels as L
from viton_cli.vocabulary.label_sets import LABEL_SETS

HEIGHT, WIDTH = 200, 100
TAG = {word: index for index, word in enumerate(LABEL_SETS["ccp"].names)}


@pytest.fixture
def joints() -> np.ndarray:
    return standing_joints(np.ones((HEIGHT, WIDTH), bool))


def tags(**areas: tuple[slice, slice]) -> np.ndarray:
    """A tag map: word (with _ for -) to (rows, columns), later ones on top."""
    out = np.zeros((HEIGHT, WIDTH), np.uint8)
    for word, box in areas.items():
        out[box] = TAG[word.replace("_", "-")]
    return out


def person() -> np.ndarray:
    """A t-shirt, trousers, shoes, bare head and arms."""
    return tags(
        skin=np.s_[5:110, 5:95], t_shirt=np.s_[36:100, 22:78], pants=np.s_[95:180, 28:72],
        shoes=np.s_[180:195, 25:75], hair=np.s_[0:8, 30:70],
    )  # fmt: skip


@pytest.fixture
def root(tmp_path: Path, photo: Any, joints: np.ndarray) -> Path:
    """0001 to 0003 with masks, 1005 with tags only, 1013 with nothing but its photo."""
    for id in ("0001", "0002", "0003", "1005", "1013"):
        photo(tmp_path / "photos" / f"{id}.jpg", (HEIGHT, WIDTH))
    for folder in ("pixel-level", "image-level"):
        (tmp_path / "annotations" / folder).mkdir(parents=True)
    for id in ("0001", "0002", "0003"):
        io.savemat(tmp_path / "annotations" / "pixel-level" / f"{id}.mat", {"groundtruth": person()})
    io.savemat(tmp_path / "annotations" / "image-level" / "1005.mat", {"tags": np.uint8([[0, 14, 19, 41]])})
    points = np.hstack([joints, np.ones((18, 1))])
    unsure = points.copy()
    unsure[L.L_ANKLE] = (50, HEIGHT + 40, 0.9)
    unsure[L.R_WRIST, 2] = 0.2
    bystander = points.copy()
    bystander[:, 0] = WIDTH - 1
    everyone = {"0001": points, "0002": bystander, "0003": None, "1005": unsure, "1013": None}
    (tmp_path / "keypoints").mkdir()
    written = {id: None if value is None else value.tolist() for id, value in everyone.items()}
    (tmp_path / "keypoints" / "coco18.json").write_text(json.dumps(written))
    return tmp_path


def test_splits_are_by_the_last_digit(root: Path) -> None:
    data = Ccp(root)
    assert [entry.id for entry in data.entries("val")] == ["0003", "1013"]
    assert [entry.id for entry in data.entries("train")] == ["0001", "0002", "1005"]
    assert [entry.id for entry in data.entries()] == ["0001", "0002", "0003", "1005", "1013"]
    assert {entry.kind for entry in data.entries()} == {"person"}
    with pytest.raises(BadDataset, match=r"no split 'test'"):
        list(data.entries("test"))


def test_labels_of_a_person(root: Path) -> None:
    labels = next(Ccp(root).entries()).labels()
    assert labels is not None and labels.shape == (HEIGHT, WIDTH) and labels.dtype == np.uint8
    assert labels[70, 50] == L.UPPER and labels[140, 50] == L.PANTS and labels[3, 50] == L.HAIR
    assert labels[14, 50] == L.FACE
    assert labels[80, 12] == L.R_ARM and labels[80, 88] == L.L_ARM
    assert labels[188, 35] == L.R_SHOE and labels[188, 65] == L.L_SHOE
    assert labels[150, 5] == L.BACKGROUND


def test_photos_without_masks_have_tags_but_no_labels(root: Path) -> None:
    data = Ccp(root)
    by_id = {entry.id: entry for entry in data.entries()}
    assert by_id["1005"].labels() is None and by_id["1013"].labels() is None
    assert data.tags("1005") == ["dress", "hair", "skin"]
    assert data.tags("1013") == []
    assert data.tags("0001") == ["hair", "pants", "shoes", "skin", "t-shirt"]


def test_joints_beyond_the_picture_or_unsure_are_unseen(root: Path) -> None:
    pose = Ccp(root).pose("1005")
    assert pose is not None
    assert np.flatnonzero(~pose.seen).tolist() == [L.R_WRIST, L.L_ANKLE]
    assert pose.confidence[L.R_WRIST] == np.float32(0.2)


def test_joints_of_a_bystander_are_not_taken(root: Path) -> None:
    """Their labels come from the outline, as for a photo without joints."""
    data = Ccp(root)
    assert data.pose("0002") is None and data.pose("0003") is None
    assert np.array_equal(data.labels("0002"), data.labels("0003"))  # type: ignore[arg-type]
    assert set(np.unique(data.labels("0003"))) >= {L.FACE, L.L_ARM, L.R_ARM, L.L_SHOE, L.R_SHOE}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("coat", L.COAT), ("blazer", L.COAT), ("jacket", L.COAT), ("cape", L.COAT), ("suit", L.COAT),
        ("cardigan", L.UPPER), ("sweater", L.UPPER), ("hoodie", L.UPPER), ("vest", L.UPPER), ("top", L.UPPER),
        ("bra", L.UPPER), ("dress", L.DRESS), ("romper", L.JUMPSUITS), ("jeans", L.PANTS), ("shorts", L.PANTS),
        ("leggings", L.PANTS), ("skirt", L.SKIRT), ("socks", L.SOCKS), ("scarf", L.SCARF), ("gloves", L.GLOVE),
        ("hat", L.HAT), ("glasses", L.SUNGLASSES), ("sunglasses", L.SUNGLASSES), ("bag", L.BAG), ("purse", L.BAG),
        ("wallet", L.BAG),
    ],
)  # fmt: skip
def test_tags_without_sides(word: str, label: int, joints: np.ndarray) -> None:
    picture = tags(**{word.replace("-", "_"): np.s_[60:90, 40:60]})
    assert set(np.unique(labels_from_tags(picture, joints))) == {0, label}


@pytest.mark.parametrize("word", ["stockings", "tights"])
def test_stockings_follow_the_leg(word: str, joints: np.ndarray) -> None:
    labels = labels_from_tags(tags(**{word: np.s_[110:180, 25:75]}), joints)
    assert labels[140, 35] == L.R_LEG and labels[140, 65] == L.L_LEG


@pytest.mark.parametrize("word", ["jumper", "bodysuit"])
def test_a_jumper_is_a_top_unless_nothing_else_covers_the_legs(word: str, joints: np.ndarray) -> None:
    alone = tags(**{word: np.s_[36:150, 25:75]})
    assert set(np.unique(labels_from_tags(alone, joints))) == {0, L.JUMPSUITS}
    with_skirt = tags(**{word: np.s_[36:90, 25:75], "skirt": np.s_[90:140, 25:75]})
    assert set(np.unique(labels_from_tags(with_skirt, joints))) == {0, L.UPPER, L.SKIRT}


def test_belts_and_jewellery_belong_to_what_they_lie_on(joints: np.ndarray) -> None:
    picture = tags(shirt=np.s_[36:90, 25:75], pants=np.s_[96:180, 25:75], belt=np.s_[90:96, 25:75])
    labels = labels_from_tags(picture, joints)
    assert labels[91, 50] == L.UPPER and labels[95, 50] == L.PANTS
    worn = tags(shirt=np.s_[36:90, 25:75], necklace=np.s_[50:52, 48:52], earrings=np.s_[60:62, 48:52])
    assert set(np.unique(labels_from_tags(worn, joints))) == {0, L.UPPER}


def test_accessories_are_held_if_large_and_worn_if_small(joints: np.ndarray) -> None:
    picture = tags(shirt=np.s_[36:90, 25:75], accessories=np.s_[60:85, 30:55])
    assert labels_from_tags(picture, joints)[70, 40] == L.BAG
    picture = tags(shirt=np.s_[36:90, 25:75], accessories=np.s_[60:63, 30:33])
    assert labels_from_tags(picture, joints)[61, 31] == L.UPPER


def test_a_watch_is_the_arm_that_wears_it(joints: np.ndarray) -> None:
    column, row = joints[L.L_WRIST].astype(int)
    labels = labels_from_tags(tags(watch=np.s_[row - 2 : row + 3, column - 2 : column + 3]), joints)
    assert labels[row, column] == L.L_ARM


def test_an_unknown_tag_is_named(joints: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"tag 59 "):
        labels_from_tags(np.full((4, 4), 59, np.uint8), joints)


def test_the_report_names_what_is_missing(root: Path) -> None:
    assert Ccp(root).report() == [
        "1 of 2 tag lists of photos without masks missing: annotations/image-level/1013.mat",
        "2 of 5 photos have no pixel masks, among them 1005.jpg",
        "2 of 5 photos have no joints: 0003, 1013",
    ]


def test_without_a_keypoints_file_labels_are_still_told(root: Path) -> None:
    (root / "keypoints" / "coco18.json").unlink()
    data = Ccp(root)
    assert data.pose("0001") is None
    assert np.array_equal(data.labels("0001"), data.labels("0003"))  # type: ignore[arg-type]
    assert any("coco18.json" in line for line in data.report())


def test_what_cannot_be_read_is_named(root: Path) -> None:
    (root / "annotations" / "pixel-level" / "0001.mat").write_text("rubbish")
    with pytest.raises(BadDataset, match=r"0001.mat: not a MATLAB file"):
        Ccp(root).labels("0001")
    with pytest.raises(BadDataset, match=r"photos of people only"):
        Ccp(root).pairs("train")
    (root / "keypoints" / "coco18.json").write_text("{")
    with pytest.raises(BadDataset, match=r"coco18.json: not JSON"):
        Ccp(root)


def test_tags_say_which_labels_can_occur(root: Path) -> None:
    possible = Ccp(root).possible("1005")  # dress, hair, skin
    assert possible is not None and {L.BACKGROUND, L.DRESS, L.HAIR, L.FACE, L.L_ARM, L.R_SHOE} <= possible
    assert not {L.UPPER, L.COAT, L.PANTS, L.BAG, L.HAT} & possible
    assert Ccp(root).possible("1013") is None
    entry = next(entry for entry in Ccp(root).entries() if entry.id == "1005")
    assert entry.labels() is None and entry.possible() == possible
