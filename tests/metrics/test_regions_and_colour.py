"""Measures of regions and colours, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from metric_pictures import case, value
from skimage.color import deltaE_ciede2000, rgb2lab

from viton_cli.metrics import METRICS, Tools
from viton_cli.vocabulary import labels as L

SIZE = (40, 30)
PHOTO = np.full((*SIZE, 3), 100, np.uint8)
TRUTH = PHOTO.copy()
TRUTH[10:30, 5:25] = (200, 40, 40)  # a red garment where the photo was grey: 400 pixels


def labelled(**boxes: tuple[int, slice, slice]) -> np.ndarray:
    found = np.zeros(SIZE, np.uint8)
    for label, rows, columns in boxes.values():
        found[rows, columns] = label
    return found


GARMENT = labelled(top=(L.UPPER, slice(10, 30), slice(5, 25)))


def test_region_is_the_error_where_there_was_something_to_do() -> None:
    result = TRUTH.copy()
    result[10:20, 5:25] -= np.uint8(9)
    result[0] = 0  # outside the region: of no matter
    assert value("region", result, TRUTH, PHOTO) == pytest.approx(4.5)
    assert value("region", PHOTO, TRUTH, PHOTO) == pytest.approx((100 + 60 + 60) / 3)
    assert value("region", TRUTH, TRUTH, PHOTO) == 0
    assert value("region", PHOTO, PHOTO, PHOTO) is None, "the person's own garment: nothing was to be done"


def test_differences_up_to_what_jpeg_makes_are_none() -> None:
    near = PHOTO + np.uint8(12)
    assert value("region", PHOTO, near, PHOTO) is None
    assert value("region", PHOTO, near + np.uint8(1), PHOTO) == 13


def test_iou_of_the_garment() -> None:
    half = labelled(top=(L.COAT, slice(10, 30), slice(5, 15)))
    parsed = {"truth": GARMENT, "result": half, "photo": labelled()}
    metric = METRICS.get("iou")(Tools())
    assert value("iou", TRUTH, TRUTH, PHOTO, parsed=parsed) == pytest.approx(0.5)
    assert metric.measure(case(TRUTH, TRUTH, PHOTO, parsed=parsed), "photo") == [0]
    assert value("iou", TRUTH, TRUTH, parsed={"truth": labelled(), "result": half}) is None


def test_spill_is_what_changed_though_it_had_to_stay() -> None:
    person = labelled(top=(L.UPPER, slice(10, 30), slice(5, 25)), legs=(L.PANTS, slice(30, 40), slice(5, 25)))
    result = TRUTH.copy()
    result[35:40, 5:15] += np.uint8(1)  # 50 of the 200 pixels below the garment
    result[0:5] = 0  # not in the person's box
    assert value("spill", result, TRUTH, PHOTO, labels={"truth": person}) == pytest.approx(50 / 200)
    assert value("spill", PHOTO, TRUTH, PHOTO, labels={"truth": person}) == 0


def test_outside_the_edited_mask_nothing_may_change() -> None:
    edited = GARMENT > 0
    assert value("outside", TRUTH, None, PHOTO, edited=edited) == 0
    result = TRUTH.copy()
    result[0, 0, 2] += 1
    assert value("outside", result, None, PHOTO, edited=edited) == pytest.approx(1 / 800)
    assert value("outside", result, None, PHOTO, edited=np.ones(SIZE, bool)) is None


@pytest.mark.parametrize(("name", "formula"), [("cie76", None), ("ciede2000", deltaE_ciede2000)])
def test_colour_errors_are_of_the_garment_alone(name: str, formula: object) -> None:
    result = TRUTH.copy()
    result[10:30, 5:25] = (180, 60, 40)
    result[:5] = 0
    first, second = (rgb2lab(np.array([[colour]], np.uint8))[0, 0] for colour in ((180, 60, 40), (200, 40, 40)))
    by_hand = np.linalg.norm(first - second) if formula is None else formula(second, first)  # type: ignore[operator]
    assert value(name, result, TRUTH, labels={"truth": GARMENT}) == pytest.approx(float(by_hand), rel=1e-6)
    assert value(name, TRUTH, TRUTH, labels={"truth": GARMENT}) == 0
    assert value(name, result, TRUTH, labels={"truth": labelled()}) is None


def test_skin_is_measured_where_the_new_garment_uncovers_it() -> None:
    bare = labelled(arm=(L.L_ARM, slice(10, 20), slice(5, 25)))
    truth, result = PHOTO.copy(), PHOTO.copy()
    truth[10:20, 5:25] = result[10:20, 5:25] = (220, 180, 160)
    result[10:20, 5:15] = (100, 100, 100)
    first, second = (rgb2lab(np.array([[c]], np.uint8))[0, 0] for c in ((220, 180, 160), (100, 100, 100)))
    given = {"truth": bare, "photo": GARMENT}
    assert value("skin", result, truth, PHOTO, labels=given) == pytest.approx(np.linalg.norm(first - second) / 2)
    assert value("skin", result, truth, PHOTO, labels={"truth": bare, "photo": labelled()}) is None


def test_a_measure_says_how_it_was_taken() -> None:
    words = {"region": "over 12", "cie76": "scikit-image", "ssim": "sigma 1.5", "spill": "at most 6", "face": "photo"}
    for name, word in words.items():
        assert word in METRICS.get(name)(Tools()).protocol(np.zeros((3, 1)), None)
