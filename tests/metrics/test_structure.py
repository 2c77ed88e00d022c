"""SSIM, MS-SSIM, PSNR: fixed points, agreement with scikit-image and torchmetrics, strips, face and what is kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from metric_pictures import blurred, case, mirrored, noisy, shifted, smooth, value
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

from viton_cli.metrics import METRICS, Picture, Tools, structure
from viton_cli.metrics import case as case_module
from viton_cli.vocabulary import labels as L

A = smooth(1)
B = noisy(A, 40)


@pytest.mark.parametrize("name", ["ssim", "ms-ssim"])
def test_a_picture_is_like_itself_and_less_so_the_more_it_is_changed(name: str) -> None:
    assert value(name, A, A) == pytest.approx(1, abs=1e-6)
    order = [value(name, changed, A) for changed in (A, shifted(A), blurred(A), mirrored(A))]
    assert order == sorted(order, reverse=True) and len(set(order)) == 4
    assert value(name, A, B) == pytest.approx(value(name, B, A), abs=1e-6)


@pytest.mark.parametrize("size", [(40, 30), (61, 53), (192, 176)])
def test_ssim_is_that_of_scikit_image(size: tuple[int, int]) -> None:
    first = smooth(2, size)
    second = noisy(first, 30)
    theirs = structural_similarity(  # type: ignore[no-untyped-call]
        first, second, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    assert value("ssim", first, second) == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("size", [(176, 176), (193, 179), (256, 192)])
def test_ms_ssim_is_that_of_torchmetrics(size: tuple[int, int]) -> None:
    first = smooth(3, size)
    second = noisy(blurred(first, 1), 20)
    tensors = [torch.from_numpy(image).permute(2, 0, 1)[None].double() / 255 for image in (first, second)]
    theirs = float(multiscale_structural_similarity_index_measure(*tensors, data_range=1.0, normalize="relu"))
    assert value("ms-ssim", first, second) == pytest.approx(theirs, abs=1e-5)


def test_psnr_is_that_of_scikit_image_and_pools_the_error() -> None:
    theirs = peak_signal_noise_ratio(A, B, data_range=255)  # type: ignore[no-untyped-call]
    assert value("psnr", A, B) == pytest.approx(theirs, abs=1e-6)
    assert value("psnr", A, A) == float("inf")
    metric = METRICS.get("psnr")(Tools())
    rows = np.array([metric.measure(case(A, B), "result"), metric.measure(case(A, A), "result")])
    assert metric.scorer(rows, None)(None, None) == pytest.approx(theirs + 10 * np.log10(2), abs=1e-6)


def test_a_large_picture_waits_on_the_disk_and_is_measured_in_strips_to_the_same_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ("ssim", "ms-ssim", "psnr", "region", "spill", "kept")
    truth, photo = smooth(4), np.where(np.arange(176)[None, :, None] < 90, smooth(4), smooth(5)).astype(np.uint8)
    labels = {"truth": np.full(truth.shape[:2], L.UPPER, np.uint8)}
    whole = [value(name, B, truth, photo, labels=labels) for name in names]
    monkeypatch.setattr(case_module, "IN_MEMORY", 100)
    monkeypatch.setattr(case_module, "STRIP", 1500)
    monkeypatch.setattr(structure, "STRIP", 1)
    assert Picture(A)._image is None and np.array_equal(Picture(A).rows(10, 500), A[10:])
    in_strips = [value(name, B, truth, photo, labels=labels) for name in names]
    assert in_strips == pytest.approx(whole, abs=1e-6) and None not in whole


@pytest.mark.parametrize("height", [192, 191])
def test_a_large_picture_of_pil_is_taken_in_strips_as_an_array_is_whole(
    monkeypatch: pytest.MonkeyPatch, height: int
) -> None:
    array = A[:height]
    monkeypatch.setattr(case_module, "SMALL", 4000)
    whole = Picture(array)
    monkeypatch.setattr(case_module, "IN_MEMORY", 100)
    monkeypatch.setattr(case_module, "STRIP", 1500)
    picture = Picture(Image.fromarray(array))
    assert picture.factor == 3 and picture.shape == array.shape
    assert np.array_equal(picture.rows(0, height), array) and np.array_equal(picture.small, whole.small)


def test_a_large_picture_is_reduced_where_labels_and_networks_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_module, "SMALL", A.shape[0] * A.shape[1] // 4)
    picture = Picture(A)
    assert picture.factor == 2 and picture.small.shape == (96, 88, 3)
    assert abs(int(picture.small[3, 5, 1]) - A[6:8, 10:12, 1].mean()) < 1
    face = np.zeros((96, 88), np.uint8)
    face[20:60, 20:60] = L.FACE
    assert value("face", A, None, A, labels={"photo": face}) == pytest.approx(1, abs=1e-6)


def test_too_small_a_picture_says_nothing() -> None:
    assert value("ssim", A[:10], B[:10]) is None and value("ms-ssim", A[:175], B[:175]) is None


def test_the_face_is_compared_with_the_photo_and_only_there() -> None:
    face = np.zeros(A.shape[:2], np.uint8)
    face[30:80, 40:100] = L.FACE
    elsewhere, there = A.copy(), A.copy()
    elsewhere[90:] = 0
    there[50:60, 60:70] = 0
    seen = [value("face", image, None, A, labels={"photo": face}) for image in (A, elsewhere, there)]
    assert seen[:2] == pytest.approx([1, 1], abs=1e-6) and seen[2] is not None and seen[2] < 0.95
    assert value("face", A, None, A, labels={"photo": np.zeros_like(face)}) is None


def test_what_is_kept_is_where_truth_and_photo_agree() -> None:
    truth = A.copy()
    truth[:, 88:] = smooth(9)[:, 88:]  # the photo A is to change on the right
    only_right = truth.copy()
    only_right[:, 110:] = 0
    left = truth.copy()
    left[:, 20:40] = 0
    assert value("kept", only_right, truth, A) == pytest.approx(1, abs=2e-3)
    assert value("kept", left, truth, A) < 0.9  # type: ignore[operator]
    assert value("kept", A, 255 - A, A) is None
