"""The warp by predicted places: what is predicted is what is laid."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from viton_cli.core.warp import Places, fit_places
from viton_cli.core.warp.tps import fit_tps_least_squares
from viton_cli.errors import NoGarmentFound
from viton_cli.vocabulary.layout import L_SLEEVE, R_SLEEVE, TRUNK

SIZE = (256, 192)


def garment() -> NDArray[np.float32]:
    """A shirt laid flat: a trunk, and two sleeves that stand off it."""
    mask = np.zeros(SIZE, np.float32)
    mask[40:220, 60:132] = 1
    mask[40:90, 20:60] = mask[40:90, 132:172] = 1
    return mask


def placed(scale: float = 0.7, shift: tuple[float, float] = (30.0, 20.0), noise: float = 0.0) -> Places:
    """The garment `scale` times as large on the person, moved by `shift`; each part knows its pixels' places."""
    ys, xs = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    at = np.stack([(xs - shift[0]) / scale, (ys - shift[1]) / scale], 2)
    inside = (at >= 0).all(2) & (at[..., 0] < SIZE[1] - 1) & (at[..., 1] < SIZE[0] - 1)
    column, row = (np.clip(at[..., k].round().astype(int), 0, SIZE[1 - k] - 1) for k in (0, 1))
    worn = inside & (garment()[row, column] > 0.5)
    layout = np.zeros(SIZE, np.uint8)
    layout[worn] = TRUNK
    layout[worn & (at[..., 0] < 60)] = R_SLEEVE
    layout[worn & (at[..., 0] >= 132)] = L_SLEEVE
    at = at + np.random.default_rng(0).normal(0, noise, at.shape).astype(np.float32) if noise else at
    return Places(layout, np.where(worn[..., None], at, 5.0).astype(np.float32), np.full(SIZE, 0.02, np.float32))


@pytest.mark.parametrize(("noise", "error"), [(0.0, 0.5), (4.0, 1.2)])
def test_the_map_is_what_was_predicted_without_its_noise(noise: float, error: float) -> None:
    warp = fit_places(garment(), placed(noise=noise))
    assert warp is not None and warp.variant == "places" and warp.folded == 0
    found, true = warp.origins(SIZE), placed()
    worn = (true.layout > 0) & np.isfinite(found[..., 0])
    assert worn.sum() > 0.97 * (true.layout > 0).sum()
    assert np.hypot(*(found - true.at)[worn].T).mean() < error


def test_collar_cuffs_and_hem_end_where_the_layout_ends() -> None:
    """Places that put the garment's edge two pixels inside the layout's are pulled onto it."""
    true = placed()
    smaller = Places(true.layout, ((true.at - 96) * 1.03 + 96).astype(np.float32), true.scale)
    warp = fit_places(garment(), smaller)
    assert warp is not None
    laid, worn = warp.apply(garment(), SIZE, fill=0.0) > 0.5, true.layout > 0
    assert (laid & worn).sum() / (laid | worn).sum() > 0.95


def test_origins_are_where_the_picture_is_read() -> None:
    warp = fit_places(garment(), placed())
    assert warp is not None
    ys, xs = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    drawn, found = warp.apply(np.stack([xs, ys], 2), SIZE, fill=-1.0), warp.origins(SIZE)
    deep = (warp.apply(garment(), SIZE, fill=0.0) > 0.999) & np.isfinite(found[..., 0])
    assert deep.sum() > 3000 and np.abs(drawn - found)[deep].max() < 0.5


def test_unsure_places_and_missing_trunks_are_not_followed() -> None:
    true = placed()
    assert fit_places(garment(), Places(true.layout, true.at, np.full(SIZE, 0.5, np.float32))) is None
    assert fit_places(garment(), Places(np.zeros(SIZE, np.uint8), true.at, true.scale)) is None
    with pytest.raises(NoGarmentFound):
        fit_places(np.zeros(SIZE, np.float32), true)


def test_a_garment_turned_inside_out_is_not_followed() -> None:
    true = placed()
    mirrored = np.where(true.layout[..., None] > 0, [190.0, 0.0] + np.array([-1.0, 1.0]) * true.at, 5.0)
    assert fit_places(garment(), Places(true.layout, mirrored.astype(np.float32), true.scale)) is None


def test_least_squares_reproduces_affine_maps_and_smooths_noise() -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(0, 100, (400, 2))
    nodes = points[::10]
    matrix, shift = np.array([[1.2, 0.1], [-0.2, 0.9]]), np.array([3.0, -7.0])
    true = points @ matrix.T + shift
    for regularisation in (1e-3, 1e3):
        spline = fit_tps_least_squares(nodes, points, true, np.ones(400), regularisation)
        np.testing.assert_allclose(spline(torch.from_numpy(points)[None])[0].numpy(), true, atol=1e-4)
    noisy = true + rng.normal(0, 2, true.shape)
    errors = [
        np.abs(fit_tps_least_squares(nodes, points, noisy, np.ones(400), r)(torch.from_numpy(points)[None])[0] - true)
        .mean().item()
        for r in (1e-2, 1e5)
    ]  # fmt: skip
    assert errors[1] < 0.5 * errors[0]


def test_weights_decide_between_contradictions() -> None:
    points = np.array([[0, 0], [10, 0], [0, 10], [10, 10], [5, 5], [5, 5]], float)
    values = points + np.array([[0, 0]] * 4 + [[4, 0], [-4, 0]])
    for heavy, sign in ((4, 1), (5, -1)):
        weights = np.ones(6)
        weights[heavy] = 100
        spline = fit_tps_least_squares(points[:5], points, values, weights, 1e-6)
        moved = spline(torch.tensor([[[5.0, 5.0]]], dtype=torch.float64))[0, 0, 0].item() - 5
        assert np.sign(moved) == sign and abs(moved) > 3
